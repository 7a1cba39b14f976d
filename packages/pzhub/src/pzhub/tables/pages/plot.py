"""A plot as a page shows it: its drawing, its numbers as a table, and conditions to follow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pzhub.tables.drawing.density import Density, density_plot
from pzhub.tables.drawing.histogram import Look, histogram
from pzhub.tables.drawing.numbers import value_label
from pzhub.tables.drawing.series import Series
from pzhub.tables.drawing.values import value_bars
from pzhub.tables.pages.conditions import written_name, written_text

#: A longer table has a page of its own.
SHORT_TABLE: Final = 120


@dataclass(frozen=True, slots=True)
class PlotRow:
    """One bin: what it is, how many, and the condition that finds its rows."""

    cells: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing and everything around it.

    Attributes
    ----------
    name
        In addresses: ``nz``, ``magnitude-i``, ``density-0``.
    kind
        ``histogram``, ``values``, ``density`` or ``split``; scripts know what to do with it.
    title
        The heading.
    wide, narrow
        The drawing for wide windows and, where that would be too small, for phones.
    head, make_rows
        The same as a table; its rows are made when they are asked for.
    notes
        What a reader must know to read it rightly.
    script
        Numbers for scripts: edges, counts, and the column as the language writes it.
    legend
        Least and most of the ramp, where there is one.
    """

    name: str
    kind: str
    title: str
    wide: SafeString
    narrow: SafeString | None = None
    head: tuple[str, ...] = ()
    make_rows: Callable[[], tuple[PlotRow, ...]] = tuple
    n_rows: int = 0
    notes: tuple[str, ...] = ()
    script: Mapping[str, Any] = field(default_factory=dict)
    legend: tuple[int, int] | None = None

    @property
    def rows(self) -> tuple[PlotRow, ...]:
        """The numbers of the drawing, a line for each bin."""
        return self.make_rows()

    @property
    def is_short(self) -> bool:
        """Whether the numbers fit below the drawing."""
        return self.n_rows <= SHORT_TABLE

    @property
    def script_json(self) -> str:
        """What scripts read, as JSON."""
        return json.dumps(self.script, ensure_ascii=False)


def between(column: str, low: float, high: float, *, is_last: bool = False) -> str:
    """Return the condition of a bin; the last one holds its right edge too."""
    return f"{low!r} <= {column} {'<=' if is_last else '<'} {high!r}"


def histogram_plot(
    name: str,
    title: str,
    column: str,
    series: Series,
    look: Look,
    notes: Iterable[str] = (),
    *,
    width: float = 720,
    is_cumulative: bool = False,
) -> Plot:
    """Return the plot of a histogram, for both widths.

    Parameters
    ----------
    name, title
        In addresses; the heading.
    column
        Its name in the table, or an expression of the language.
    series, look
        What is drawn, and how.
    notes
        Beside those on values that are not drawn.
    width
        Of the drawing for wide windows, CSS pixels.
    is_cumulative
        Whether a bin counts all below its right edge.
    """
    reference = written_name(column)
    return Plot(
        name=name,
        kind="histogram",
        title=title,
        wide=mark_safe(histogram([series], look, width)),
        narrow=mark_safe(histogram([series], look, 340, 220)),
        head=(_("from"), _("to"), _("rows")),
        make_rows=partial(_bin_rows, series, reference, is_cumulative=is_cumulative),
        n_rows=len(series.counts),
        notes=(*outside_notes(series), *notes),
        script={"column": reference, "edges": series.edges, "counts": series.counts},
    )


def _bin_rows(
    series: Series, reference: str, *, is_cumulative: bool = False
) -> tuple[PlotRow, ...]:
    last = len(series.counts) - 1
    bins = zip(series.edges[:-1], series.edges[1:], series.counts, strict=True)
    rows = []
    for number, (low, high, count) in enumerate(bins):
        where = between(reference, low, high, is_last=number == last)
        if is_cumulative:
            where = f"{reference} {'<=' if number == last else '<'} {high!r}"
        rows.append(PlotRow((_edge(low), _edge(high), str(count)), where))
    return tuple(rows)


def outside_notes(series: Series) -> list[str]:
    """Say how many values are beyond the ends of a histogram."""
    notes = []
    if series.below:
        low = value_label(series.edges[0])
        notes.append(
            ngettext(
                "%(n)s value lies below %(edge)s and is not drawn.",
                "%(n)s values lie below %(edge)s and are not drawn.",
                series.below,
            )
            % {"n": f"{series.below:,}", "edge": low}
        )
    if series.above:
        high = value_label(series.edges[-1])
        notes.append(
            ngettext(
                "%(n)s value lies above %(edge)s and is not drawn.",
                "%(n)s values lie above %(edge)s and are not drawn.",
                series.above,
            )
            % {"n": f"{series.above:,}", "edge": high}
        )
    return notes


def values_plot(
    name: str,
    title: str,
    column: str,
    values: Sequence[tuple[Any, int]],
    *,
    other: int = 0,
    missing: int = 0,
    is_log: bool = False,
) -> Plot:
    """Return the plot of named values: a bar for each, then the others and those without."""
    reference = written_name(column)
    named = [(_told(value), count, _equals(reference, value)) for value, count in values]
    if other:
        named.append((_("other values"), other, ""))
    if missing:
        named.append((_("no value"), missing, f"{reference} is None"))
    bars = [(label, count) for label, count, _where in named]
    sentence = _("Bars: how many rows have each value of %(column)s") % {"column": column}
    return Plot(
        name=name,
        kind="values",
        title=title,
        wide=mark_safe(value_bars(bars, sentence, is_log=is_log)),
        head=(_("value"), _("rows")),
        make_rows=lambda: tuple(PlotRow((label, str(n)), where) for label, n, where in named),
        n_rows=len(named),
        script={
            "labels": [b[0] for b in bars],
            "counts": [b[1] for b in bars],
            "where": [row[2] for row in named],
        },
    )


def density_plot_of(
    name: str, title: str, density: Density, x: str, y: str, *, is_large: bool = False
) -> Plot:
    """Return the plot of a pair's density.

    Parameters
    ----------
    name, title
        In addresses; the heading.
    density
        What is drawn.
    x, y
        Both sides as the language of conditions writes them.
    is_large
        Whether it has a page's width and a second drawing for phones.
    """
    least, most = density.ends
    sentence = _("Density of %(y)s against %(x)s: %(n)s rows, up to %(most)s in a cell") % {
        "y": density.y_title,
        "x": density.x_title,
        "n": f"{density.n:,}",
        "most": f"{most:,}",
    }
    notes = []
    if density.outside:
        notes.append(
            _("%(n)s rows lie beyond the axes and are not drawn.") % {"n": f"{density.outside:,}"}
        )
    wide = (
        density_plot(density, sentence, 720, 440) if is_large else density_plot(density, sentence)
    )
    return Plot(
        name=name,
        kind="density",
        title=title,
        wide=mark_safe(wide),
        narrow=mark_safe(density_plot(density, sentence)) if is_large else None,
        head=(*_sides(density.x_title), *_sides(density.y_title), _("rows")),
        make_rows=partial(_density_rows, density, x, y),
        n_rows=sum(1 for line in density.counts for count in line if count),
        notes=tuple(notes),
        script={"x": x, "y": y},
        legend=(least, most) if most else None,
    )


def _density_rows(density: Density, x: str, y: str) -> tuple[PlotRow, ...]:
    rows = []
    for iy, line in enumerate(density.counts):
        for ix, count in enumerate(line):
            if count:
                x_low, x_high = density.x_edges[ix : ix + 2]
                y_low, y_high = density.y_edges[iy : iy + 2]
                where = (
                    f"{between(x, x_low, x_high, is_last=ix == len(line) - 1)} and "
                    f"{between(y, y_low, y_high, is_last=iy == len(density.counts) - 1)}"
                )
                edges = tuple(_edge(edge) for edge in (x_low, x_high, y_low, y_high))
                rows.append(PlotRow((*edges, str(count)), where))
    return tuple(rows)


def _sides(title: str) -> tuple[str, str]:
    return (
        _("%(side)s from") % {"side": title},
        _("%(side)s to") % {"side": title},
    )


def _edge(value: float) -> str:
    return f"{value:.10g}"


def _told(value: Any) -> str:
    if value is None:
        return _("no value")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equals(reference: str, value: Any) -> str:
    if value is None:
        return f"{reference} is None"
    return f"{reference} == {written_text(value) if isinstance(value, str) else repr(value)}"
