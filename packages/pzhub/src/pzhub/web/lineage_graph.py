"""The provenance of a product as a graph in SVG text, from left to right.

Products are boxes, one column per generation; each run is a dashed box before what it made.
Colours come from classes, so a change of theme needs no redraw.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pzhub.catalog.lineage import Lineage, MakingRun
from pzhub.catalog.models import Product, ProductStatus

#: Sizes in pixels of the drawing.
_PRODUCT: Final = 196
_RUN: Final = 186
_HEIGHT: Final = 50
_GAP: Final = 32
_ROW: Final = 66
_MARGIN: Final = 4
#: Letters that fit into a box, at 12 px.
_LETTERS_PER_PIXEL: Final = 0.153


@dataclass(slots=True)
class _Layout:
    """Where everything is: the left upper corners of products, the size of the whole."""

    lineage: Lineage
    columns: dict[int, list[int]] = field(default_factory=dict)
    y: dict[int, float] = field(default_factory=dict)

    @property
    def height(self) -> float:
        most = max(len(column) for column in self.columns.values())
        return most * _ROW - (_ROW - _HEIGHT) + 2 * _MARGIN

    @property
    def first(self) -> int:
        """Return the leftmost generation; a run without visible sources needs room before it."""
        outputs = [self.lineage.generation[run.output] for run in self.lineage.runs]
        return min([*self.columns, *(generation - 1 for generation in outputs)])

    @property
    def left(self) -> float:
        """Return how much of the first column is empty: it may have runs only."""
        return 0 if self.first in self.columns else _PRODUCT + _GAP

    @property
    def width(self) -> float:
        return self.x_of(max(self.columns)) + _PRODUCT + _MARGIN

    def x_of(self, generation: int) -> float:
        step = _PRODUCT + _RUN + 2 * _GAP
        return _MARGIN + (generation - self.first) * step - self.left

    def x(self, pk: int) -> float:
        return self.x_of(self.lineage.generation[pk])

    def run_x(self, run: MakingRun) -> float:
        return self.x(run.output) - _GAP - _RUN


def draw(lineage: Lineage) -> SafeString:
    """Return the graph; its boxes are links, and its label says in words what it shows."""
    layout = _laid_out(lineage)
    size = (f"{layout.width:g}", f"{layout.height:g}")
    return format_html(
        '<svg class="prov-graph" viewBox="0 0 {} {}" width="{}" height="{}" role="group"'
        ' aria-label="{}"><defs><marker id="prov-arrow" viewBox="0 0 8 8" refX="7" refY="4"'
        ' markerWidth="8" markerHeight="8" orient="auto"><path d="M0 1l7 3-7 3" class="edge"/>'
        "</marker></defs>{}{}{}</svg>",
        *size,
        *size,
        summary(lineage),
        _edges(layout),
        format_html_join("", "{}", ((_run_box(layout, run),) for run in lineage.runs)),
        format_html_join("", "{}", ((_product_box(layout, pk),) for pk in lineage.products)),
    )


def summary(lineage: Lineage) -> str:
    """Say in one sentence what the graph shows."""
    before = sum(1 for generation in lineage.generation.values() if generation < 0)
    after = len(lineage.products) - before - 1
    sources = ngettext("%(n)s product before it", "%(n)s products before it", before)
    results = ngettext("%(n)s product after it", "%(n)s products after it", after)
    return _("Provenance of %(name)s: %(sources)s, %(results)s.") % {
        "name": lineage.here.display_name,
        "sources": sources % {"n": before},
        "results": results % {"n": after},
    }


def _laid_out(lineage: Lineage) -> _Layout:
    """Place column after column, from the product outwards, each box near its neighbours."""
    layout = _Layout(lineage)
    for pk, generation in lineage.generation.items():
        layout.columns.setdefault(generation, []).append(pk)
    for generation in sorted(layout.columns, key=abs):
        column = layout.columns[generation]
        column.sort(key=lambda pk: _mean(layout.y[near] for near in _placed(layout, pk)))
        top = (layout.height - (len(column) * _ROW - (_ROW - _HEIGHT))) / 2
        layout.y |= {pk: top + row * _ROW for row, pk in enumerate(column)}
    return layout


def _placed(layout: _Layout, pk: int) -> list[int]:
    """Return the neighbours of a product that already have a place."""
    near = [run.output for run in layout.lineage.runs if pk in run.inputs]
    made_by = [run for run in layout.lineage.runs if run.output == pk]
    near += [source for run in made_by for source in run.inputs]
    return [other for other in near if other in layout.y]


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0


def _edges(layout: _Layout) -> SafeString:
    lines = []
    for run in layout.lineage.runs:
        middle = layout.y[run.output] + _HEIGHT / 2
        left = layout.run_x(run)
        lines.append((f"M{left + _RUN:g} {middle:g}H{left + _RUN + _GAP - 1:g}",))
        for pk in run.inputs:
            start, y = layout.x(pk) + _PRODUCT, layout.y[pk] + _HEIGHT / 2
            bend = left - _GAP / 2
            path = f"M{start:g} {y:g}C{bend:g} {y:g} {bend:g} {middle:g} {left - 1:g} {middle:g}"
            lines.append((path,))
    return format_html_join("", '<path class="edge" d="{}" marker-end="url(#prov-arrow)"/>', lines)


def _product_box(layout: _Layout, pk: int) -> SafeString:
    product = layout.lineage.products[pk]
    here = product.pk == layout.lineage.here.pk
    box = _box(layout.x(pk), layout.y[pk], _PRODUCT, product.display_name, _second_line(product))
    if here or product.status == ProductStatus.DELETED:
        kind = "is-here" if here else "is-gone"
        return format_html('<g class="node {}">{}</g>', kind, box)
    address = reverse("catalog:detail", args=[product.internal_name])
    return format_html('<g class="node"><a href="{}">{}</a></g>', address, box)


def _second_line(product: Product) -> str:
    if product.status == ProductStatus.DELETED:
        return _("deleted")
    if product.status == ProductStatus.PROCESSING:
        return _("in the making")
    if product.status == ProductStatus.FAILED:
        return _("failed")
    return product.product_type.display_name


def _run_box(layout: _Layout, run: MakingRun) -> SafeString:
    second = _("version %(version)s") % {"version": run.version} if run.version else ""
    if run.hides_inputs:
        second = _("also from products you may not see")
    box = _box(layout.run_x(run), layout.y[run.output], _RUN, run.pipeline, second)
    return format_html('<g class="node is-job">{}</g>', box)


def _box(x: float, y: float, width: int, first: str, second: str) -> SafeString:
    """Draw a box with two lines of text, cut to its width; the whole shows under the pointer."""
    return format_html(
        '<title>{}</title><rect x="{}" y="{}" width="{}" height="{}" rx="6"/>'
        '<text class="strong" x="{}" y="{}">{}</text><text x="{}" y="{}">{}</text>',
        f"{first}, {second}",
        f"{x:g}",
        f"{y:g}",
        width,
        _HEIGHT,
        f"{x + 10:g}",
        f"{y + 21:g}",
        _cut(first, width),
        f"{x + 10:g}",
        f"{y + 38:g}",
        _cut(second, width),
    )


def _cut(text: str, width: int) -> str:
    most = int((width - 20) * _LETTERS_PER_PIXEL)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
