"""How many products each choice of each facet of a list would leave: one look for all of them.

The database gives the products of a tab, a search and spans, one narrow row each; what the facets
leave of them is counted here. The rows of 10,000 products are read and counted in a few
milliseconds each; to group by all facets at once would give as many groups as products.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import compress
from operator import and_
from typing import Any, Final

from django.db.models import Case, CharField, F, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce

from pzhub.accounts.models import User
from pzhub.catalog.facet_rows import FORMATS, SIZES, WANTED_ROLES
from pzhub.catalog.models import ProductType, Release
from pzhub.catalog.product_list import (
    FACETS,
    SAVED_VIEW,
    UPLOADED,
    ProductFilter,
    products_list,
)

#: Facets by how the values of a product are told: the place of a number in its row, or a part of
#: its code (`_CODE`).
_COLUMNS: Final = {"type": 0, "release": 1, "owner": 2, "origin": 3}
_ROLES, _FORMATS, _SIZES = 1 << len(WANTED_ROLES), len(FORMATS) + 1, len(SIZES) + 1
#: Meanings, format and size as one number: three columns less to fetch of every product.
_CODE: Final = F("facets__roles") + _ROLES * (F("facets__format") + _FORMATS * F("facets__size"))


@dataclass(frozen=True, slots=True)
class Listed:
    """The products of a list before its facets narrow it.

    Attributes
    ----------
    n_products
        How many they are.
    columns
        By facet, of every product: its number; ``code`` and ``surveys`` as they are stored.
    masks
        By facet in which something was chosen: whether each product is among it.
    names
        By facet of numbers: what they stand for.
    """

    n_products: int
    columns: Mapping[str, Sequence[Any]]
    masks: Mapping[str, Sequence[bool]]
    names: Mapping[str, Mapping[Any, str]]

    def left_by(self, facets: Iterable[str], column: str) -> Iterable[Any]:
        """Return a column of the products that the choices in some facets leave."""
        masks = [self.masks[facet] for facet in facets if facet in self.masks]
        if not masks:
            return self.columns[column]
        mask = masks[0]
        for other in masks[1:]:
            mask = list(map(and_, mask, other))
        return compress(self.columns[column], mask)


def listed_products(user: User, wanted: ProductFilter) -> Listed:
    """Return the products of a tab, a search and spans, told by what facets count."""
    surveys = wanted.chosen.get("survey", ())
    in_survey = _as_number(FACETS["survey"](surveys)) if surveys else Value(1)
    rows = list(
        products_list(user, replace(wanted, chosen={}))
        .order_by()
        .values_list(
            "product_type_id",
            Coalesce("release_id", 0),
            "user_id",
            _ORIGIN,
            Coalesce(_CODE, 0),
            "facets__surveys",
            in_survey,
        )
    )
    *numbers, codes, texts, is_in_survey = zip(*rows, strict=True) if rows else [()] * 7
    columns = {name: numbers[place] for name, place in _COLUMNS.items()}
    names = _names(columns)
    masks = {
        name: _mask(name, frozenset(values), columns, codes, names)
        for name, values in wanted.chosen.items()
        if values and name != "survey"
    }
    if surveys:
        masks["survey"] = list(map(bool, is_in_survey))
    return Listed(len(rows), {**columns, "code": codes, "surveys": texts}, masks, names)


def facet_counts(listed: Listed, name: str) -> dict[str, int]:
    """Return how many products each value of a facet would leave, all else as it is.

    Spellings of surveys that differ in case only are one, called as most products call it.
    """
    others = [facet for facet in listed.masks if facet != name or facet == "has"]
    if name == "survey":
        return _survey_counts(Counter(listed.left_by(others, "surveys")))
    counts: Counter[str] = Counter()
    if name in _COLUMNS:
        for number, n_products in Counter(listed.left_by(others, name)).items():
            counts[listed.names[name][number]] += n_products
    else:
        for code, n_products in Counter(listed.left_by(others, "code")).items():
            for value in _READERS[name](code):
                counts[value] += n_products
    return counts


def n_products_of(listed: Listed) -> int:
    """Return how many products the list has."""
    return sum(1 for _ in listed.left_by(listed.masks, "code"))


def _as_number(condition: Q) -> Case:
    # Not a boolean: Django would convert it once more for every row.
    return Case(When(condition, then=1), default=0, output_field=IntegerField())


_ORIGIN: Final = Case(
    When(process__isnull=False, then=F("process__pipeline__name")),
    When(saved_view__isnull=False, then=Value(SAVED_VIEW)),
    default=Value(UPLOADED),
    output_field=CharField(),
)


def _mask(
    name: str,
    values: frozenset[str],
    columns: Mapping[str, Sequence[Any]],
    codes: Sequence[int],
    names: Mapping[str, Mapping[Any, str]],
) -> list[bool]:
    """Return of every product whether it fits what was chosen in a facet."""
    if name in _COLUMNS:
        fitting = {number for number, text in names[name].items() if text in values}
        return [number in fitting for number in columns[name]]
    read = _READERS[name]
    fits = values.issubset if name == "has" else (lambda read: not values.isdisjoint(read))
    fitting = {code for code in set(codes) if fits(read(code))}
    return [code in fitting for code in codes]


def _roles_of(code: int) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(WANTED_ROLES) if code >> bit & 1)


def _format_of(code: int) -> tuple[str, ...]:
    place = code // _ROLES % _FORMATS
    return FORMATS[place - 1 : place] if place else ()


def _size_of(code: int) -> tuple[str, ...]:
    place = code // (_ROLES * _FORMATS)
    return tuple(SIZES)[place - 1 : place] if place else ()


_READERS: Final[Mapping[str, Callable[[int], tuple[str, ...]]]] = {
    "has": _roles_of,
    "format": _format_of,
    "size": _size_of,
}


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


def _names(columns: Mapping[str, Sequence[Any]]) -> dict[str, dict[Any, str]]:
    """Return what the numbers of columns stand for."""
    owners = set(columns["owner"])
    people = User.objects.filter(pk__in=owners) if len(owners) < 500 else User.objects.all()
    return {
        "type": dict(ProductType.objects.values_list("pk", "name")),
        "release": {0: "none", **dict(Release.objects.order_by().values_list("pk", "name"))},
        "owner": dict(people.values_list("pk", "username")),
        "origin": {name: name for name in set(columns["origin"])},
    }
