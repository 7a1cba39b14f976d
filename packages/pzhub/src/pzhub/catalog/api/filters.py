"""Filters of the catalog's lists; names, kinds and order are on the wire."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from pzhub.accounts.models import User
from pzhub.accounts.selectors import users_list
from pzhub.catalog.models import Column, Product, ProductStatus, ProductType, Release
from pzhub.catalog.selectors import matching_words, products_visible_to, releases_visible_to
from pzhub.core.api.filters import (
    BooleanInFilter,
    CharInFilter,
    ModelChoiceInFilter,
    NumberInFilter,
)

_WORD_FIELDS: Final = {
    "uploaded_by": ("user__username", "user__first_name", "user__last_name"),
    "product_type_name": ("product_type__name", "product_type__display_name"),
    "release_name": ("release__name", "release__display_name"),
    "product_name": ("display_name",),
}


def _releases(request: Any) -> QuerySet[Release]:
    return Release.objects.none() if request is None else releases_visible_to(request.user)


def _products(request: Any) -> QuerySet[Product]:
    return Product.objects.none() if request is None else products_visible_to(request.user)


def _users(request: Any) -> QuerySet[User]:
    return users_list()


class ProductFilters(filters.FilterSet):
    """Exact values, comma lists (``__in``), and words in names (all of them, or any: ``__or``)."""

    internal_name = filters.CharFilter()
    internal_name__in = CharInFilter(field_name="internal_name", lookup_expr="in")
    display_name = filters.CharFilter()
    display_name__in = CharInFilter(field_name="display_name", lookup_expr="in")
    release = filters.ModelChoiceFilter(queryset=_releases)  # type: ignore[arg-type]  # of the request
    release__in = ModelChoiceInFilter(field_name="release", queryset=_releases)
    product_type = filters.ModelChoiceFilter(queryset=ProductType.objects.all())
    product_type__in = ModelChoiceInFilter(
        field_name="product_type", queryset=ProductType.objects.all()
    )
    official_product = filters.BooleanFilter()
    official_product__in = BooleanInFilter(field_name="official_product")
    status = filters.ChoiceFilter(choices=ProductStatus.choices)
    status__in = NumberInFilter(field_name="status", lookup_expr="in")
    user = filters.ModelChoiceFilter(queryset=_users)  # type: ignore[arg-type]  # of the request
    user__in = ModelChoiceInFilter(field_name="user", queryset=_users)
    release__isnull = filters.BooleanFilter(field_name="release", lookup_expr="isnull")
    uploaded_by__or = filters.CharFilter(method="filter_words")
    uploaded_by = filters.CharFilter(method="filter_words")
    product_type_name__or = filters.CharFilter(method="filter_words")
    product_type_name = filters.CharFilter(method="filter_words")
    release_name__or = filters.CharFilter(method="filter_words")
    release_name = filters.CharFilter(method="filter_words")
    product_name__or = filters.CharFilter(method="filter_words")
    product_name = filters.CharFilter(method="filter_words")

    def filter_words(self, rows: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        """Keep products whose names hold every word of a comma list, or any of them."""
        words = [word.strip() for word in value.split(",") if word.strip()]
        fields = _WORD_FIELDS[name.removesuffix("__or")]
        return matching_words(rows, words, fields, any_word=name.endswith("__or"))


class ColumnFilters(filters.FilterSet):
    """By id, and by a product that the caller may see."""

    product = filters.ModelChoiceFilter(queryset=_products)  # type: ignore[arg-type]  # of the request

    class Meta:
        model = Column
        fields = ("id", "product")


class NamedFilters(filters.FilterSet):
    """By id and by exact name."""

    id = filters.NumberFilter()
    name = filters.CharFilter()
