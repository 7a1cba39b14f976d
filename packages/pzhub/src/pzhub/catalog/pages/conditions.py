"""What narrows a list, in words; and, where nothing is left, what to take away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pzhub.accounts.models import User
from pzhub.catalog.pages.address import ListQuery
from pzhub.catalog.pages.facets import FacetView
from pzhub.catalog.pages.rows import ProductRow, rows_of, with_row_relations
from pzhub.catalog.product_list import ProductFilter, products_list
from pzhub.catalog.spans import Span

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

#: How many products that come near are shown.
MOST_NEAR: Final = 5
#: How spans are called; what is asked for stands after it.
SPAN_LABELS: Final[Mapping[str, str | _StrPromise]] = {
    "rows": gettext_lazy("Rows"),
    "date": gettext_lazy("Created"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that narrows the list, and the address without it."""

    label: str
    without: str
    query: ListQuery


@dataclass(frozen=True, slots=True)
class Loosening:
    """What taking one condition away would leave."""

    condition: Condition
    n_products: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why a list is empty: what each condition keeps out, and what comes near."""

    loosened: list[Loosening]
    near: list[ProductRow]

    @property
    def culprit(self) -> Condition | None:
        """The condition without which something is left, where it is the only such one."""
        helpful = [entry.condition for entry in self.loosened if entry.n_products]
        return helpful[0] if len(helpful) == 1 and len(self.loosened) > 1 else None


def conditions_of(query: ListQuery, facets: Sequence[FacetView]) -> Iterator[Condition]:
    """Say in words what narrows the list; each can be taken away by itself."""
    if query.q:
        yield _condition(f"“{query.q}”", query.narrowed(q=""))
    for facet in facets:
        for choice in facet.choices:
            if choice.chosen:
                rest = tuple(n for n in query.wanted.chosen[facet.name] if n != choice.value)
                chosen = {**query.wanted.chosen, facet.name: rest}
                yield _condition(choice.label, query.narrowed(chosen=chosen))
    for name, span in query.wanted.spans.items():
        rest_spans = {n: s for n, s in query.wanted.spans.items() if n != name}
        yield _condition(_span_label(name, span), query.narrowed(spans=rest_spans))


def _condition(label: str, without: ListQuery) -> Condition:
    return Condition(label, without.address, without)


def _span_label(name: str, span: Span) -> str:
    words = {"name": SPAN_LABELS[name], "low": span.low, "high": span.high}
    if not span.high:
        return _("%(name)s from %(low)s") % words
    if not span.low:
        return _("%(name)s up to %(high)s") % words
    return _("%(name)s %(low)s to %(high)s") % words


def nothing_of(user: User, conditions: Sequence[Condition]) -> Nothing:
    """Return why an empty list is empty."""
    loosened = [
        Loosening(condition, _count(user, condition.query.wanted)) for condition in conditions
    ]
    helpful = sorted(
        (entry for entry in loosened if entry.n_products), key=lambda entry: entry.n_products
    )
    near: dict[int, ProductRow] = {}
    for entry in helpful:
        if len(near) < MOST_NEAR:
            found = with_row_relations(products_list(user, entry.condition.query.wanted))
            for row in rows_of(found[:MOST_NEAR], user):
                near.setdefault(row.product.pk, row)
    return Nothing(loosened, list(near.values())[:MOST_NEAR])


def _count(user: User, wanted: ProductFilter) -> int:
    return products_list(user, wanted).order_by().count()
