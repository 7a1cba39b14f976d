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
from pzhub.catalog.product_list import products_list
from pzhub.catalog.spans import Cone, Span

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

#: How many products that come near are shown.
MOST_NEAR: Final = 5
#: How spans are called; what is asked for stands after it.
SPAN_LABELS: Final[Mapping[str, str | _StrPromise]] = {
    "z": gettext_lazy("Redshift"),
    "rows": gettext_lazy("Rows"),
    "date": gettext_lazy("Created"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that narrows the list: the list without it, and the list with nothing else."""

    label: str
    query: ListQuery
    only: ListQuery

    @property
    def without(self) -> str:
        """The address of the list without it."""
        return self.query.address


@dataclass(frozen=True, slots=True)
class Remedy:
    """A list to go on with from an empty one, and how many products it has."""

    label: str
    query: ListQuery
    n_products: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why a list is empty, and what comes near.

    Attributes
    ----------
    loosened
        What taking each condition away would leave.
    alone
        What each condition leaves by itself, where taking one away does not help.
    near
        Products that fulfil most.
    """

    loosened: list[Remedy]
    alone: list[Remedy]
    near: list[ProductRow]

    @property
    def culprit(self) -> str:
        """The condition without which something is left, where it is the only such one."""
        helpful = [remedy.label for remedy in self.loosened if remedy.n_products]
        return helpful[0] if len(helpful) == 1 and len(self.loosened) > 1 else ""


def conditions_of(query: ListQuery, facets: Sequence[FacetView]) -> Iterator[Condition]:
    """Say in words what narrows the list; each can be taken away by itself."""
    wanted, bare = query.wanted, query.narrowed(q="", chosen={}, spans={}, cone=None)
    if query.q:
        yield Condition(f"“{query.q}”", query.narrowed(q=""), bare.narrowed(q=query.q))
    for facet in facets:
        for choice in facet.choices:
            if choice.chosen:
                rest = tuple(n for n in wanted.chosen[facet.name] if n != choice.value)
                without = query.narrowed(chosen={**wanted.chosen, facet.name: rest})
                only = bare.narrowed(chosen={facet.name: (choice.value,)})
                yield Condition(choice.label, without, only)
    for name, span in wanted.spans.items():
        others = {n: s for n, s in wanted.spans.items() if n != name}
        only = bare.narrowed(spans={name: span})
        yield Condition(_span_label(name, span), query.narrowed(spans=others), only)
    if wanted.cone is not None:
        only = bare.narrowed(cone=wanted.cone)
        yield Condition(_cone_label(wanted.cone), query.narrowed(cone=None), only)


def _cone_label(cone: Cone) -> str:
    words = {"radius": cone.radius, "ra": cone.ra, "dec": cone.dec}
    return _("within %(radius)s° of %(ra)s, %(dec)s") % words


def _span_label(name: str, span: Span) -> str:
    words = {"name": SPAN_LABELS[name], "low": span.low, "high": span.high}
    if not span.high:
        return _("%(name)s from %(low)s") % words
    if not span.low:
        return _("%(name)s up to %(high)s") % words
    return _("%(name)s %(low)s to %(high)s") % words


def nothing_of(user: User, conditions: Sequence[Condition]) -> Nothing:
    """Return why an empty list is empty."""
    loosened = [_remedy(user, condition, condition.query) for condition in conditions]
    alone: list[Remedy] = []
    if len(conditions) > 2 and not any(remedy.n_products for remedy in loosened):
        alone = [_remedy(user, condition, condition.only) for condition in conditions]
    return Nothing(loosened, alone, _near(user, [*loosened, *alone]))


def _remedy(user: User, condition: Condition, query: ListQuery) -> Remedy:
    n_products = products_list(user, query.wanted).order_by().count()
    return Remedy(condition.label, query, n_products)


def _near(user: User, remedies: Sequence[Remedy]) -> list[ProductRow]:
    """Return a few products of the shortest lists that are not empty."""
    helpful = [remedy for remedy in remedies if remedy.n_products]
    near: dict[int, ProductRow] = {}
    for remedy in sorted(helpful, key=lambda remedy: remedy.n_products):
        if len(near) < MOST_NEAR:
            found = with_row_relations(products_list(user, remedy.query.wanted))
            for row in rows_of(found[:MOST_NEAR], user):
                near.setdefault(row.product.pk, row)
    return list(near.values())[:MOST_NEAR]
