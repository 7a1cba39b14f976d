"""The plots of one product, made from its stored profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from django.http import QueryDict
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from pzhub.tables import profiles
from pzhub.tables.drawing.fields import fields_of
from pzhub.tables.drawing.histogram import Look, histogram, small_multiples
from pzhub.tables.drawing.numbers import value_label
from pzhub.tables.drawing.projections import Field
from pzhub.tables.drawing.series import Series
from pzhub.tables.drawing.sky import Sky, SkyLook, field_map, sky_map
from pzhub.tables.pages.conditions import written_name
from pzhub.tables.pages.plot import (
    SHORT_TABLE,
    Plot,
    PlotRow,
    density_plot_of,
    histogram_plot,
    values_plot,
)
from pzhub.tables.pages.plot_forms import RedshiftForm, SkyForm

_MOST_PARTS: Final = 10
_NARROW: Final = 340
_SMALL_DEG2: Final = 100.0
#: Drawings are made for their width, so that letters keep their size.
PRODUCT_WIDTH: Final = 720
PAGE_WIDTH: Final = 580


@dataclass(frozen=True, slots=True)
class RedshiftPanel:
    """N(z), and the form that says how it is drawn."""

    form: RedshiftForm
    plot: Plot
    query: str


@dataclass(frozen=True, slots=True)
class SkyPanel:
    """A map, and the form that says how it is drawn."""

    form: SkyForm
    layers: set[str]
    wide: SafeString
    narrow: SafeString
    sky: Sky
    whole: Sky
    field: Field | None
    has_moc: bool
    is_one_position: bool
    query: str

    @property
    def ends(self) -> tuple[int, int]:
        """The least and the most of a cell."""
        return (min(self.sky.counts), max(self.sky.counts)) if self.sky.counts else (0, 0)

    @property
    def area_deg2(self) -> str:
        """The area covered, with three digits at least."""
        area = self.whole.area_deg2 or 0.0
        return f"{area:,.0f}" if area >= 1000 else value_label(float(f"{area:.3g}"))

    @property
    def cell_deg2(self) -> str:
        """The area of a cell with three digits."""
        return value_label(float(f"{self.sky.cell_deg2:.3g}"))

    @property
    def rows(self) -> tuple[PlotRow, ...]:
        """The cells of the map as a table."""
        return sky_rows(self.sky)

    @property
    def is_short(self) -> bool:
        """Whether the numbers fit below the map."""
        return len(self.sky.cells) <= SHORT_TABLE


def redshift_panel(
    stored: Mapping[str, Any], sent: QueryDict, width: float = PRODUCT_WIDTH
) -> RedshiftPanel | None:
    """Return N(z) as it is asked for; nothing without redshifts."""
    series = profiles.redshifts_in(stored)
    if series is None:
        return None
    names = {"other": _("other values"), "null": _("no value")}
    found = profiles.splits_in(stored, names)
    splits = {split.by: split for split in found if len(split.series) > 1}
    form = RedshiftForm(sent or None, n_bins=len(series.counts), parts=tuple(splits))
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    bins = int(chosen.get("bins") or 0) or series.sensible_bins()
    split = splits.get(chosen.get("split", ""))
    look = _redshift_look(series, chosen)
    column = str(stored["redshift"].get("column", "z"))
    if split is not None:
        parts = [_redrawn(one, bins, chosen) for one in split.series[:_MOST_PARTS]]
        plot = _split_plot(parts, split.column, look, width)
    else:
        drawn = _redrawn(series, bins, chosen)
        plot = histogram_plot(
            "nz",
            _("Redshift distribution"),
            column,
            drawn,
            look,
            _notes(stored, series),
            width=width,
            is_cumulative=bool(chosen.get("cumulative")),
        )
    return RedshiftPanel(form, plot, sent.urlencode())


def _redrawn(series: Series, bins: int, chosen: Mapping[str, Any]) -> Series:
    merged = series.merged(bins)
    return merged.cumulated() if chosen.get("cumulative") else merged


def _redshift_look(series: Series, chosen: Mapping[str, Any]) -> Look:
    median = value_label(float(f"{series.median or 0:.3g}"))
    cumulative = bool(chosen.get("cumulative"))
    return Look(
        x_title=_("redshift z"),
        y_title=_("redshifts up to z") if cumulative else _("redshifts per bin"),
        title=_("Histogram of redshift, median %(median)s") % {"median": median},
        is_redshift=True,
        is_log=chosen.get("scale") == "log",
        median_title="" if chosen.get("split") else _("median z"),
    )


def _notes(stored: Mapping[str, Any], series: Series) -> list[str]:
    redshift = stored["redshift"]
    low, high = redshift.get("min"), redshift.get("max")
    if low is not None and low == high:
        return [_("All redshifts are %(z)s.") % {"z": value_label(low)}]
    if 0 < series.total < 30:
        return [_("Only %(n)s redshifts: the shape says little.") % {"n": series.total}]
    return []


def _split_plot(parts: Sequence[Series], column: str, look: Look, width: float) -> Plot:
    head = (_("from"), _("to"), *(one.label for one in parts))
    title = _("Histograms of redshift by %(column)s") % {"column": column}
    drawn = Look(look.x_title, "", title, is_redshift=True, is_log=look.is_log)
    return Plot(
        name="nz",
        kind="split",
        title=_("Redshift distribution"),
        wide=mark_safe(small_multiples(parts, drawn, width)),
        narrow=mark_safe(small_multiples(parts, drawn, _NARROW)),
        head=head,
        make_rows=partial(_split_rows, parts),
        n_rows=len(parts[0].counts),
        notes=(_("Every row has its own height; the number is that of its redshifts."),),
    )


def _split_rows(parts: Sequence[Series]) -> tuple[PlotRow, ...]:
    edges = parts[0].edges
    return tuple(
        PlotRow(
            (
                f"{edges[number]:.10g}",
                f"{edges[number + 1]:.10g}",
                *(str(one.counts[number]) for one in parts),
            )
        )
        for number in range(len(edges) - 1)
    )


def sky_panel(
    stored: Mapping[str, Any], sent: QueryDict, width: float = PRODUCT_WIDTH
) -> SkyPanel | None:
    """Return the sky as it is asked for; nothing without positions."""
    whole, fine = profiles.sky_in(stored), profiles.fine_sky_in(stored)
    if whole is None or fine is None:
        return None
    fields = fields_of(whole, fine)
    names = [(str(number), _field_name(*one)) for number, one in enumerate(fields)]
    # A field of a degree is a dot on the whole sky.
    is_small = len(fields) == 1 and (whole.area_deg2 or 0) < _SMALL_DEG2
    form = SkyForm(sent or None, fields=names, usual="0" if is_small else "all")
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    layers = form.shown_layers() if chosen else {"dp1"}
    number = form.chosen_field()
    field = fields[number][0] if number is not None else None
    sky = whole if field is None else fine.inside(field)
    look = SkyLook(
        _sky_title(sky, field),
        chosen.get("projection") or "mollweide",
        shows_dp1="dp1" in layers,
        shows_rubin="rubin" in layers,
    )

    def draw(width: float) -> SafeString:
        drawn = sky_map(sky, look, width) if field is None else field_map(sky, field, look, width)
        return mark_safe(drawn)

    return SkyPanel(
        form=form,
        layers=layers,
        wide=draw(width),
        narrow=draw(_NARROW),
        sky=sky,
        whole=whole,
        field=field,
        has_moc=bool((stored.get("sky") or {}).get("moc")),
        is_one_position=_is_one_position(stored),
        query=sent.urlencode(),
    )


def _is_one_position(stored: Mapping[str, Any]) -> bool:
    sky = stored["sky"]
    ends = {c["name"]: (c["min"], c["max"]) for c in stored["columns"]}
    return all(len(set(ends.get(sky[side], (0, 1)))) == 1 for side in ("ra", "dec"))


def _sky_title(sky: Sky, field: Field | None) -> str:
    if field is None:
        return _("Map of the sky: %(n)s cells with data") % {"n": len(sky.cells)}
    return _("Map of a field at RA %(ra)s°, Dec %(dec)s°: %(n)s cells with data") % {
        "ra": value_label(round(field.ra, 2)),
        "dec": value_label(round(field.dec, 2)),
        "n": len(sky.cells),
    }


def _field_name(field: Field, rows: int) -> str:
    return _("RA %(ra)s°, Dec %(dec)s°: %(n)s rows") % {
        "ra": value_label(round(field.ra, 1)),
        "dec": value_label(round(field.dec, 1)),
        "n": f"{rows:,}",
    }


def sky_rows(sky: Sky) -> tuple[PlotRow, ...]:
    """Return the cells of a map, the fullest first, as a table."""
    if not sky.cells:
        return ()
    ra, dec = sky.centres()
    order = sorted(range(len(sky.cells)), key=lambda number: -sky.counts[number])
    return tuple(
        PlotRow(
            (
                str(sky.order),
                str(sky.cells[number]),
                f"{ra[number]:.4f}",
                f"{dec[number]:.4f}",
                str(sky.counts[number]),
            ),
        )
        for number in order
    )


def more_plots(stored: Mapping[str, Any]) -> list[Plot]:
    """Return errors and flags of redshifts, magnitudes, and densities of a training set."""
    return [*_quality_plots(stored), *_magnitude_plots(stored), *_density_plots(stored)]


def _quality_plots(stored: Mapping[str, Any]) -> list[Plot]:
    flags = stored.get("flags") or {}
    plots = []
    error = flags.get("z_err")
    series = profiles.series_in(error)
    if error and series:
        is_log = error.get("scale") == "log"
        look = _small_look(error["column"], is_log_x=is_log)
        notes = [_("The axis is logarithmic.")] if is_log else []
        plots.append(_small("z_err", _("Redshift errors"), error["column"], series, look, notes))
    flag = flags.get("z_flag")
    if flag and (flag["values"] or flag.get("n_null")):
        values = [(one["value"], one["count"]) for one in flag["values"]]
        plots.append(
            values_plot(
                "z_flag",
                _("Quality flags"),
                flag["column"],
                values,
                other=flag.get("other") or 0,
                missing=flag.get("n_null") or 0,
            )
        )
    return plots


def _magnitude_plots(stored: Mapping[str, Any]) -> list[Plot]:
    plots = []
    for one in stored.get("magnitudes") or ():
        series = profiles.series_in(one)
        if series is None:
            continue
        title = _("Magnitude in %(band)s") % {"band": one["band"]}
        look = _small_look(one["column"])
        plots.append(_small(f"magnitude-{one['band']}", title, one["column"], series, look, []))
    return plots


def _small_look(column: str, *, is_log_x: bool = False) -> Look:
    return Look(
        x_title=column,
        y_title=_("rows per bin"),
        title=_("Histogram of %(column)s") % {"column": column},
        is_log_x=is_log_x,
    )


def _small(
    name: str, title: str, column: str, series: Series, look: Look, notes: Sequence[str]
) -> Plot:
    plot = histogram_plot(name, title, column, series, look, notes)
    drawn = mark_safe(histogram([series], look, _NARROW, 220))
    return replace(plot, wide=drawn, narrow=None)


def _density_plots(stored: Mapping[str, Any]) -> list[Plot]:
    plots = []
    for number, (one, density) in enumerate(profiles.densities_in(stored)):
        if not density.n:
            continue
        y = " - ".join(written_name(column) for column in one["y"])
        y = f"({y})" if len(one["y"]) > 1 else y
        title = (
            _("Magnitude %(y)s and redshift")
            if one["kind"] == "magnitude_redshift"
            else _("Colour %(y)s and redshift")
        ) % {"y": density.y_title}
        x = written_name(one["x"])
        plots.append(density_plot_of(f"density-{number}", title, density, x, y))
    return plots
