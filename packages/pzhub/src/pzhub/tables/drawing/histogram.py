"""Histograms as step lines: one series filled, more of them as dashed lines over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils.html import escape

from pzhub.tables.drawing.axes import Axis, Frame, count_axis, grid, value_axis, value_ticks
from pzhub.tables.drawing.numbers import coordinate, value_label
from pzhub.tables.drawing.series import Series

_WIDE: Final = 400.0
_LETTER: Final = 6.6


@dataclass(frozen=True, slots=True)
class Look:
    """How histograms are drawn.

    Attributes
    ----------
    x_title, y_title
        Of the axes, in the reader's language.
    title
        A sentence for who cannot see it.
    is_redshift
        Whether it is copper: only redshifts are.
    is_log, is_log_x
        Whether counts, or values, are on a logarithmic axis.
    median_title
        What the dotted line at the median is called; nothing is drawn without.
    """

    x_title: str
    y_title: str
    title: str
    is_redshift: bool = False
    is_log: bool = False
    is_log_x: bool = False
    median_title: str = ""


def histogram(series: Sequence[Series], look: Look, width: float = 720, height: float = 280) -> str:
    """Draw histograms on shared axes.

    Parameters
    ----------
    series
        The first is filled; up to five more are dashed lines over it.
    look
        Titles and scales.
    width, height
        Of the drawing, CSS pixels at its natural size.

    Returns
    -------
    an ``svg`` element
    """
    frame = _frame(series, look, width, height)
    lines = [_steps(frame, one, look, number) for number, one in reversed(list(enumerate(series)))]
    parts = 6 if width > _WIDE else 4
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(look.title)}"'
        f" {frame.attributes()}>{grid(frame, look.y_title)}{''.join(lines)}"
        f"{value_ticks(frame, look.x_title, parts)}{_median(frame, series[0], look)}</svg>"
    )


def _frame(series: Sequence[Series], look: Look, width: float, height: float) -> Frame:
    left, right, above, below = 50.0, 12.0, 26.0, 40.0
    most = max((max(one.counts, default=0) for one in series), default=0)
    ends = [min(one.edges[0] for one in series), max(one.edges[-1] for one in series)]
    if all(len(one.counts) == 1 for one in series) and not look.is_log_x:
        room = 5 * (ends[1] - ends[0])  # one bin from end to end would look like a flat spread
        ends = [ends[0] - room, ends[1] + room]
    x = value_axis(ends, left, width - right, is_log=look.is_log_x)
    y = count_axis(most, height - below, above, is_log=look.is_log)
    return Frame(width, height, x, y)


def outline(x: Axis, y: Axis, series: Series) -> str:
    """Return the path of a series' steps, from the floor back to it."""
    floor = coordinate(y.start)
    bins = zip(series.counts, series.edges[1:], strict=True)
    steps = "".join(
        f"V{coordinate(y.place(count))}H{coordinate(x.place(edge))}" for count, edge in bins
    )
    return f"M{coordinate(x.place(series.edges[0]))} {floor}{steps}V{floor}"


def _steps(frame: Frame, series: Series, look: Look, number: int) -> str:
    line = outline(frame.x, frame.y, series)
    if number:
        return f'<path class="cmp-line dash-{number}" d="{line}"/>'
    colour = "z" if look.is_redshift else "grey"
    return f'<path class="{colour}-fill" d="{line}z"/><path class="{colour}-line" d="{line}"/>'


def _median(frame: Frame, series: Series, look: Look) -> str:
    median = series.median
    if not look.median_title or median is None or not frame.x.low <= median <= frame.x.high:
        return ""
    text = f"{look.median_title} = {value_label(float(f'{median:.3g}'))}"
    x, top = frame.x.place(median), frame.y.end
    is_late = x + 6 + len(text) * _LETTER > frame.width
    place = f'x="{coordinate(x - 6)}" text-anchor="end"' if is_late else f'x="{coordinate(x + 6)}"'
    return (
        f'<path class="axis" stroke-dasharray="2 3" d="M{coordinate(x)} {top:g}'
        f'V{coordinate(frame.y.start)}"/>'
        f'<text class="halo" {place} y="{top + 11:g}">{escape(text)}</text>'
    )


def small_multiples(
    series: Sequence[Series], look: Look, width: float = 720, row_height: float = 52
) -> str:
    """Draw histograms one under another on one axis of values; each has heights of its own.

    Their label and total are written above each. Lines over one another cannot be told apart
    from four on; rows can, in every colour vision and in print.
    """
    left, right, above, below = 8.0, 12.0, 6.0, 40.0
    height = above + len(series) * row_height + below
    ends = [series[0].edges[0], series[0].edges[-1]]
    x = value_axis(ends, left, width - right, is_log=look.is_log_x)
    rows = [
        _row(one, x, look, above + number * row_height, row_height)
        for number, one in enumerate(series)
    ]
    frame = Frame(width, height, x, Axis(0, 1, height - below, above))
    parts = 6 if width > _WIDE else 4
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(look.title)}"'
        f" {frame.attributes()}>{''.join(rows)}{value_ticks(frame, look.x_title, parts)}</svg>"
    )


def _row(series: Series, x: Axis, look: Look, top: float, height: float) -> str:
    most = max(series.counts, default=0)
    y = replace(
        count_axis(most, top + height, top + 18, is_log=look.is_log), high=max(most, 1) * 1.02
    )
    line = outline(x, y, series)
    colour = "z" if look.is_redshift else "grey"
    median = ""
    if look.median_title and series.median is not None:
        median = f"{look.median_title} = {value_label(float(f'{series.median:.3g}'))}"
    return (
        f'<path class="grid" d="M{x.start:g} {coordinate(y.start)}H{x.end:g}"/>'
        f'<path class="{colour}-fill" d="{line}z"/><path class="{colour}-line" d="{line}"/>'
        f'<text class="halo strong" x="{x.start:g}" y="{top + 13:g}">{escape(series.label)}</text>'
        f'<text class="halo" x="{x.end:g}" y="{top + 13:g}" text-anchor="end">'
        f"{series.total:,}{f' · {escape(median)}' if median else ''}</text>"
    )
