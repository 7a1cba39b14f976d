"""Filters of lists: search, ordering, and comma lists of values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError as FormError
from django.db.models import Model, QuerySet
from django_filters import rest_framework as filters
from django_filters.filters import QuerySetRequestMixin
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.request import Request
from rest_framework.views import APIView

from pzhub.core.search import AnyCaseContains, require_few_words

#: Largest number of a column that a database has.
MAX_ID: Final = 2**63 - 1


class PzSearch(SearchFilter):
    """``search=``: split at blanks and commas; every word is part of some search field."""

    def get_search_terms(self, request: Request) -> list[str]:
        """Return the words asked for."""
        text = request.query_params.get(self.search_param, "")
        if "\0" in text:
            raise ValidationError({self.search_param: ["Null characters are not allowed."]})
        words = [word for word in re.split(r"[\s,]+", text) if word]
        require_few_words(words)
        return words

    def construct_search(self, field_name: str, queryset: QuerySet[Any]) -> str:
        """Return how a field is compared: in any case of any alphabet."""
        return f"{field_name}__{AnyCaseContains.lookup_name}"


class PzOrdering(OrderingFilter):
    """``ordering=a,-b``: unknown names are ignored; equal rows are ordered by id."""

    def get_ordering(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> Sequence[str] | None:
        """Return the order asked for, else the default, made total."""
        order = super().get_ordering(request, queryset, view)
        if not order or {"id", "-id", "pk", "-pk"} & set(order):
            return order
        return [*order, "-id" if order[0].startswith("-") else "id"]


class CharInFilter(filters.BaseInFilter, filters.CharFilter):
    """A comma list of exact texts."""


class NumberInFilter(filters.BaseInFilter, filters.NumberFilter):
    """A comma list of whole numbers; larger ones than a database has are in no row."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """Keep the rows with one of the numbers."""
        known = [number for number in value or () if abs(number) <= MAX_ID]
        return qs.none() if value and not known else super().filter(qs, known)


class _ManyRowsField(forms.Field):
    """A comma list of primary keys of existing rows."""

    def __init__(self, *, queryset: QuerySet[Model], **options: Any) -> None:
        self.queryset = queryset
        super().__init__(**options)

    def clean(self, value: Any) -> list[int] | None:
        """Return the keys, when each one exists."""
        texts = [part.strip() for part in str(value or "").split(",") if part.strip()]
        if not texts:
            return None
        if not all(re.fullmatch(r"[0-9]{1,18}", text) for text in texts):
            raise FormError("A comma list of ids is expected.")
        keys = {int(text) for text in texts}
        known = set(self.queryset.filter(pk__in=keys).values_list("pk", flat=True))
        if missing := sorted(keys - known):
            raise FormError(f"There is no such id: {', '.join(map(str, missing))}.")
        return sorted(keys)


class ModelChoiceInFilter(QuerySetRequestMixin, filters.Filter):
    """A comma list of ids of existing rows; ``queryset`` may be a function of the request."""

    field_class = _ManyRowsField

    def __init__(self, **options: Any) -> None:
        super().__init__(lookup_expr="in", **options)  # type: ignore[call-arg]  # passed on


class _BooleansField(forms.Field):
    """A comma list of ``true`` and ``false``; other words do not filter."""

    def clean(self, value: Any) -> list[bool] | None:
        """Return the truth values named."""
        words = {word.strip().lower() for word in str(value or "").split(",")}
        named = [truth for word, truth in (("true", True), ("false", False)) if word in words]
        return named or None


class BooleanInFilter(filters.Filter):
    """A comma list of truth values."""

    field_class = _BooleansField

    def __init__(self, **options: Any) -> None:
        super().__init__(lookup_expr="in", **options)
