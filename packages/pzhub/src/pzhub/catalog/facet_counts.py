"""How many products each choice of each facet of a list would leave: one look for all of them.

The database gives the products of a tab, a search and spans, one narrow row each; what the facets
leave of them is counted here. The rows of 10,000 products are read and counted in a few
milliseconds each; to group by all facets at once would give as many groups as products.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import compress
from operator import and_
from typing import Any, Final

from django.db.models import Case, CharField, Q, Value, When

from pzhub.accounts.models import User
from pzhub.catalog.facet_rows import FORMATS, SIZES, WANTED_ROLES
from pzhub.catalog.models import Product, ProductType, Release
from pzhub.catalog.product_list import (
    FACETS,
    SAVED_VIEW,
    UPLOADED,
    ProductFilter,
    products_list,
)

#: What is read of every product. No sums and no conversions in Python: each would be for all rows.
_READ: Final = {
    "pk": "pk",
    "type": "product_type_id",
    "release": "release_id",
    "owner": "user_id",
    "has": "facets__roles",
    "format": "facets__format",
    "size": "facets__size",
    "survey": "facets__surveys",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """The products of a list before its facets narrow it.

    Attributes
    ----------
    columns
        By facet, of every product in the order of the list: what is stored; ``pk`` is its id.
    masks
        By facet in which something was chosen: whether each product is among it.
    names
        By facet: what stored numbers stand for.
    """

    columns: Mapping[str, Sequence[Any]]
    masks: Mapping[str, Sequence[bool]]
    names: Mapping[str, Mapping[Any, tuple[str, ...]]]

    @property
    def numbers(self) -> list[int]:
        """The ids of the products that all choices leave, in the order of the list."""
        return list(self.left_by(self.masks, "pk"))

    def left_by(self, facets: Iterable[str], column: str) -> Iterable[Any]:
        """Return a column of the products that the choices in some facets leave."""
        masks = [self.masks[facet] for facet in facets if facet in self.masks]
        if not masks:
            return self.columns[column]
        mask = masks[0]
        for other in masks[1:]:
            mask = list(map(and_, mask, other))
        return compress(self.columns[column], mask)


def listed_products(user: User, wanted: ProductFilter, releases: Sequence[Release]) -> Listed:
    """Return the products of a tab, a search and spans, told by what facets count.

    Parameters
    ----------
    user
        Who looks.
    wanted
        What the list shows.
    releases
        Those that the user may see.
    """
    surveys = wanted.chosen.get("survey", ())
    extra = {"in_survey": _as_number(FACETS["survey"](surveys))} if surveys else {}
    found = products_list(
        user, replace(wanted, chosen={}), [release.pk for release in releases]
    ).values_list(*_READ.values(), *extra.values())
    names = (*_READ, *extra)
    values: Iterable[Sequence[Any]] = zip(*found, strict=True) if found else [()] * len(names)
    columns = dict(zip(names, values, strict=True))
    origins = _origins()
    columns["origin"] = [origins.get(number, UPLOADED) for number in columns["pk"]]
    meanings = _meanings(columns)
    masks = {
        name: _mask(columns[name], meanings[name], frozenset(values), every=name == "has")
        for name, values in wanted.chosen.items()
        if values and name != "survey"
    }
    if surveys:
        masks["survey"] = list(map(bool, columns["in_survey"]))
    return Listed(columns, masks, meanings)


def facet_counts(listed: Listed, name: str) -> dict[str, int]:
    """Return how many products each value of a facet would leave, all else as it is.

    Spellings of surveys that differ in case only are one, called as most products call it.
    """
    others = [facet for facet in listed.masks if facet != name or facet == "has"]
    stored = Counter(listed.left_by(others, name))
    if name == "survey":
        return _survey_counts(stored)
    counts: Counter[str] = Counter()
    for number, n_products in stored.items():
        for value in listed.names[name].get(number, ()):
            counts[value] += n_products
    return counts


def _as_number(condition: Q) -> Case:
    # Not a boolean, nor a whole number: Django would convert it once more for every row.
    return Case(When(condition, then=Value("1")), default=Value(""), output_field=CharField())


def _origins() -> dict[int, str]:
    """Return what made the products that were not uploaded, of everybody: they are few."""
    products = Product.objects.order_by()
    made = products.filter(process__isnull=False)
    views = products.filter(saved_view__isnull=False)
    return {
        **dict.fromkeys(views.values_list("pk", flat=True), SAVED_VIEW),
        **dict(made.values_list("pk", "process__pipeline__name")),
    }


def _mask(
    column: Sequence[Any],
    names: Mapping[Any, tuple[str, ...]],
    values: frozenset[str],
    *,
    every: bool,
) -> list[bool]:
    """Return of every product whether it fits what was chosen in a facet."""
    fitting = {
        number
        for number, found in names.items()
        if (values.issubset(found) if every else not values.isdisjoint(found))
    }
    return [number in fitting for number in column]


def _survey_counts(texts: Mapping[str, int]) -> dict[str, int]:
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text, n_products in texts.items():
        for folded, name in _surveys_in(text):
            spellings[folded][name] += n_products
    return {found.most_common(1)[0][0]: found.total() for found in spellings.values()}


@lru_cache(maxsize=20_000)
def _surveys_in(text: str) -> tuple[tuple[str, str], ...]:
    """Return the surveys of a summary, each also without case; many products have the same."""
    names = {str(name) for name in json.loads(text)} if text else set()
    return tuple((name.casefold(), name) for name in sorted(names))


def _meanings(columns: Mapping[str, Sequence[Any]]) -> dict[str, dict[Any, tuple[str, ...]]]:
    """Return what the values that columns have stand for; three queries."""
    owners = set(columns["owner"])
    people = User.objects.filter(pk__in=owners) if len(owners) < 500 else User.objects.all()
    types, releases = ProductType.objects.order_by(), Release.objects.order_by()
    return {
        "type": _told(types.values_list("pk", "name")),
        "release": _told([(None, "none"), *releases.values_list("pk", "name")]),
        "owner": _told(people.values_list("pk", "username")),
        "origin": _told((name, name) for name in set(columns["origin"])),
        "has": {roles: _roles_in(roles) for roles in set(columns["has"])},
        "format": {None: (), 0: (), **_told(enumerate(FORMATS, 1))},
        "size": {None: (), 0: (), **_told(enumerate(SIZES, 1))},
    }


def _told(pairs: Iterable[tuple[Any, str]]) -> dict[Any, tuple[str, ...]]:
    return {number: (name,) for number, name in pairs}


def _roles_in(bits: int | None) -> tuple[str, ...]:
    return tuple(name for place, name in enumerate(WANTED_ROLES) if (bits or 0) >> place & 1)
