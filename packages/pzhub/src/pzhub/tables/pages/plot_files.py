"""Plots as files: SVG, CSV, a table to read, and the coverage as a MOC."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Product
from pzhub.catalog.pages.rows import row_of
from pzhub.catalog.selectors import product_for
from pzhub.core.errors import InvalidError, NotFoundError
from pzhub.tables.drawing.standalone import as_file
from pzhub.tables.pages.column_plot import column_panel
from pzhub.tables.pages.plot import PlotRow
from pzhub.tables.pages.plot_panels import (
    RedshiftPanel,
    SkyPanel,
    more_plots,
    redshift_panel,
    sky_panel,
)
from pzhub.uploads.profiles import read_profile

_MOST_LINES: Final = 5_000
_MOC_TYPES: Final = {
    "fits": "application/fits",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
}
#: Spreadsheets take such a beginning for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class NoPlotError(NotFoundError):
    """The product has no such plot."""

    code = "no_plot"


class PlotOptionError(InvalidError):
    """A plot is asked for in a way that it cannot be drawn."""

    code = "plot_option"


class _Found:
    """A plot's drawing and numbers, whichever panel it is from."""

    def __init__(self, title: str, svg: str, head: Sequence[str], rows: Sequence[PlotRow]) -> None:
        self.title, self.svg, self.head, self.rows = title, svg, head, rows


@login_required
@require_GET
def plot_file(request: SignedInRequest, key: str, name: str, suffix: str) -> HttpResponse:
    """Send a plot as it is shown: its drawing, or its numbers."""
    product = product_for(request.user, key)
    if suffix not in ("svg", "csv"):
        raise NoPlotError(f"A plot is sent as .svg or .csv, not as .{suffix}.")
    found = _found(request, product, name)
    if suffix == "svg":
        response = HttpResponse(as_file(found.svg), content_type="image/svg+xml")
        # Opened by itself it has a style of its own, and nothing else.
        policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        response["Content-Security-Policy"] = policy
    else:
        response = HttpResponse(_csv(found), content_type="text/csv; charset=utf-8")
    filename = f"{product.internal_name}_{name}.{suffix}"
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


@login_required
@require_GET
def plot_table(request: SignedInRequest, key: str, name: str) -> HttpResponse:
    """Show the numbers of a plot as a table."""
    product = product_for(request.user, key)
    found = _found(request, product, name)
    context = {
        "product": product,
        "found": found,
        "name": name,
        "rows": found.rows[:_MOST_LINES],
        "query": request.GET.urlencode(),
        "is_cut": len(found.rows) > _MOST_LINES,
    }
    return render(request, "tables/plot_table.html", context)


@login_required
@require_GET
def moc_file(request: SignedInRequest, key: str, suffix: str) -> HttpResponse:
    """Send the coverage of a product: FITS, JSON or ASCII of the IVOA."""
    product = product_for(request.user, key)
    stored = read_profile(row_of(product, request.user).profile_path) or {}
    text = (stored.get("sky") or {}).get("moc")
    if suffix not in _MOC_TYPES:
        raise NoPlotError(f"A MOC is sent as .fits, .json or .txt, not as .{suffix}.")
    if not text:
        raise NoPlotError(
            f"{product.display_name} has no coverage: associate its columns with RA and Dec, or "
            "wait until its profile is made."
        )
    response = HttpResponse(_moc(text, suffix), content_type=_MOC_TYPES[suffix])
    filename = f"{product.internal_name}_moc.{suffix}"
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _moc(text: str, suffix: str) -> str | bytes:
    from mocpy import MOC

    if suffix == "txt":
        return text
    moc = MOC.from_string(text, "ascii")
    if suffix == "json":
        return str(moc.to_string("json"))
    target = io.BytesIO()
    moc.serialize("fits").writeto(target)
    return target.getvalue()


def _found(request: SignedInRequest, product: Product, name: str) -> _Found:
    stored = read_profile(row_of(product, request.user).profile_path)
    if stored is None:
        raise NoPlotError(f"{product.display_name} has no profile yet: try again in a moment.")
    sent = request.GET
    if name == "sky":
        sky = sky_panel(stored, sent)
        if sky is not None:
            _require_valid(sky.form)
            return _of_sky(sky)
    elif name == "nz":
        redshifts = redshift_panel(stored, sent)
        if redshifts is not None:
            _require_valid(redshifts.form)
            return _of_plot(redshifts)
    elif name == "column":
        panel = column_panel(request.user, product, stored, sent)
        _require_valid(panel.form)
        if panel.plot is not None:
            return _Found(panel.plot.title, panel.plot.wide, panel.plot.head, panel.plot.rows)
    else:
        for plot in more_plots(stored):
            if plot.name == name:
                return _Found(plot.title, plot.wide, plot.head, plot.rows)
    raise NoPlotError(f"{product.display_name} has no plot {name}.")


def _of_plot(panel: RedshiftPanel) -> _Found:
    return _Found(panel.plot.title, panel.plot.wide, panel.plot.head, panel.plot.rows)


def _of_sky(panel: SkyPanel) -> _Found:
    head = (_("HEALPix order"), _("cell (nested)"), "RA", "Dec", _("rows"))
    return _Found(_("Sky coverage"), panel.wide, head, panel.rows)


def _require_valid(form: Any) -> None:
    if not form.is_bound or form.is_valid():
        return
    name, errors = next(iter(form.errors.items()))
    raise PlotOptionError(f"{name}: {errors[0]}", fields={name: list(errors)})


def _csv(found: _Found) -> str:
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow([_plain(cell) for cell in found.head])
    for row in found.rows:
        writer.writerow([_plain(cell) for cell in row.cells])
    return target.getvalue()


def _plain(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay as they are."""
    if cell.startswith(_FORMULA):
        try:
            float(cell)
        except ValueError:
            return f"'{cell}"
    return cell
