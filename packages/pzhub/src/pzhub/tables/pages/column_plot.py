"""Any column's histogram, and any pair's density: of all rows, or of those that fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.core import sentences
from pzhub.core.errors import HubError, InvalidError
from pzhub.tables import profiles
from pzhub.tables.drawing.density import Density
from pzhub.tables.drawing.histogram import Look
from pzhub.tables.drawing.series import Series
from pzhub.tables.pages.conditions import written_name
from pzhub.tables.pages.plot import Plot, density_plot_of, histogram_plot, values_plot
from pzhub.tables.pages.plot_forms import ColumnForm
from pzhub.tables.query import Question
from pzhub.tables.selectors import table_for
from pzhub.tables.services.density import Axis, read_density

_ASKED = ("x", "y", "where", "n", "log")


@dataclass(frozen=True, slots=True)
class ColumnPanel:
    """The plot of a column or a pair, the form that chooses it, and why there is none."""

    form: ColumnForm
    plot: Plot | None
    reason: str
    query: str


def column_panel(
    user: User, product: Product, stored: Mapping[str, Any], sent: QueryDict
) -> ColumnPanel:
    """Return the plot that is asked for; a refusal stands beside the field that it concerns."""
    columns = [one["name"] for one in stored["columns"]]
    numbers = [one["name"] for one in stored["columns"] if one["histogram"]]
    is_asked = any(name in sent for name in _ASKED)
    form = ColumnForm(sent if is_asked else None, columns=columns, numbers=numbers)
    if not is_asked or not form.is_valid() or not form.cleaned_data["x"]:
        return ColumnPanel(form, None, "", sent.urlencode())
    try:
        plot = _plot(user, product, stored, form.cleaned_data)
    except HubError as refusal:
        form.add_error(_field_of(refusal), sentences.told(refusal.message))
        return ColumnPanel(form, None, "", sent.urlencode())
    reason = "" if plot else _("Column %(x)s has no values to draw.") % form.cleaned_data
    return ColumnPanel(form, plot, reason, sent.urlencode())


def _field_of(refusal: HubError) -> str | None:
    """Return the field that a refusal of the engine is about."""
    named = refusal.fields if isinstance(refusal, InvalidError) else {}
    ours = {"bins": "n", "ybins": "n"}
    return next((ours.get(name, name) for name in named if ours.get(name, name) in _ASKED), None)


def _plot(
    user: User, product: Product, stored: Mapping[str, Any], asked: Mapping[str, Any]
) -> Plot | None:
    is_whole = not (asked["y"] or asked["where"].strip() or asked["n"])
    if is_whole and (plot := _stored_plot(stored, asked)):
        return plot
    _product, table = table_for(user, product.pk)
    y = Axis(asked["y"], asked["n"]) if asked["y"] else None
    found = read_density(table, Question(where=asked["where"]), Axis(asked["x"], asked["n"]), y)
    if found["kind"] == "density":
        return _pair(found, asked)
    if found["kind"] == "values":
        pairs = [(one["value"], one["count"]) for one in found["values"]]
        return _values(asked, pairs, found["other"], found["missing"])
    series = Series("", tuple(found["edges"]), tuple(found["counts"]), above=found["outside"])
    return _histogram(asked, series, found["missing"]) if any(series.counts) else None


def _stored_plot(stored: Mapping[str, Any], asked: Mapping[str, Any]) -> Plot | None:
    """Return the plot of a whole column from the profile, without a look into the table."""
    column = next(one for one in stored["columns"] if one["name"] == asked["x"])
    series = profiles.series_in(column["histogram"])
    if series is not None:
        return _histogram(asked, series, column["n_null"] + column["n_nan"])
    if not column["top"]:
        return None
    pairs = [(one["value"], one["count"]) for one in column["top"]]
    missing = column["n_null"] + column["n_nan"]
    other = stored["n_rows"] - missing - sum(count for _value, count in pairs)
    return _values(asked, pairs, max(other, 0), missing)


def _title(asked: Mapping[str, Any]) -> str:
    if asked["y"]:
        return _("%(y)s against %(x)s") % asked
    return str(asked["x"])


def _histogram(asked: Mapping[str, Any], series: Series, missing: int) -> Plot:
    look = Look(
        x_title=asked["x"],
        y_title=_("rows per bin"),
        title=_("Histogram of %(column)s") % {"column": asked["x"]},
        is_log=asked["log"],
    )
    notes = [_("%(n)s rows have no value.") % {"n": f"{missing:,}"}] if missing else []
    return histogram_plot("column", _title(asked), asked["x"], series, look, notes)


def _values(
    asked: Mapping[str, Any], pairs: list[tuple[Any, int]], other: int, missing: int
) -> Plot:
    return values_plot(
        "column",
        _title(asked),
        asked["x"],
        pairs,
        other=other,
        missing=missing,
        is_log=asked["log"],
    )


def _pair(found: Mapping[str, Any], asked: Mapping[str, Any]) -> Plot | None:
    counts = tuple(zip(*found["counts"], strict=True))
    if not any(any(row) for row in counts):
        return None
    density = Density(
        asked["x"],
        asked["y"],
        tuple(found["x_edges"]),
        tuple(found["y_edges"]),
        counts,
        found["rows"] - found["missing"],
        found["outside"],
    )
    x, y = written_name(asked["x"]), written_name(asked["y"])
    return density_plot_of("column", _title(asked), density, x, y, is_large=True)
