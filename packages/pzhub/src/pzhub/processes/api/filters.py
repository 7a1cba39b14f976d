"""What lists of pipelines and processes are narrowed by."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.views import APIView

from pzhub.accounts.models import User
from pzhub.accounts.selectors import users_list
from pzhub.catalog.models import Product, Release
from pzhub.catalog.selectors import (
    matching_words,
    products_visible_to,
    releases_visible_to,
    search_words,
)
from pzhub.core.api.filters import PzSearch
from pzhub.processes.models import Pipeline, Process
from pzhub.processes.pipelines import pipeline_specs
from pzhub.processes.selectors import WIRE_STATUS, with_wire_status

# contract: Queued is a word of the wire; what waits here is shown as Pending, as the published
# client stops waiting at Queued.
_WORDS = [*dict.fromkeys([*WIRE_STATUS.values(), "Stopping", "Queued"])]


def _releases(request: Any) -> QuerySet[Release]:
    return Release.objects.none() if request is None else releases_visible_to(request.user)


def _products(request: Any) -> QuerySet[Product]:
    if request is None:
        return Product.objects.none()
    return products_visible_to(request.user, include_deleted=True)


def _users(request: Any) -> QuerySet[User]:
    return users_list()


class PipelineFilters(filters.FilterSet):
    """Filters of pipelines."""

    id = filters.NumberFilter()
    name = filters.CharFilter()

    class Meta:
        model = Pipeline
        fields = ()


class PipelineSearch(PzSearch):
    """``search=`` in what pipelines say of themselves, which is in no column."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        """Keep the pipelines of which every word is in some text."""
        words = [word.lower() for word in self.get_search_terms(request)]
        found = [
            name
            for name, spec in pipeline_specs().items()
            if all(word in f"{spec.display_name}\n{spec.description}".lower() for word in words)
        ]
        return queryset.filter(name__in=found)


class ProcessFilters(filters.FilterSet):
    """Filters of processes."""

    pipeline = filters.CharFilter(method="filter_pipeline")
    status = filters.ChoiceFilter(choices=[(word, word) for word in _WORDS], method="filter_status")
    release = filters.ModelChoiceFilter(queryset=_releases)  # type: ignore[arg-type]  # of the request
    upload = filters.ModelChoiceFilter(queryset=_products)  # type: ignore[arg-type]  # of the request
    user = filters.ModelChoiceFilter(queryset=_users)  # type: ignore[arg-type]  # of the request
    release__isnull = filters.BooleanFilter(field_name="release", lookup_expr="isnull")
    pipeline__or = filters.CharFilter(method="filter_any_pipeline")
    release_name__or = filters.CharFilter(method="filter_any_release_name")
    release_name = filters.CharFilter(method="filter_release_name")

    class Meta:
        model = Process
        fields = ()

    def filter_status(self, rows: QuerySet[Process], name: str, value: str) -> QuerySet[Process]:
        """Keep the runs whose word is this one."""
        return rows.filter(with_wire_status(value))

    def filter_pipeline(self, rows: QuerySet[Process], name: str, value: str) -> QuerySet[Process]:
        """Keep the pipelines whose names hold all the words."""
        return rows.filter(pipeline__name__in=_pipelines_with(value, any_word=False))

    def filter_any_pipeline(
        self, rows: QuerySet[Process], name: str, value: str
    ) -> QuerySet[Process]:
        """Keep the pipelines whose names hold one of the words."""
        return rows.filter(pipeline__name__in=_pipelines_with(value, any_word=True))

    def filter_release_name(
        self, rows: QuerySet[Process], name: str, value: str
    ) -> QuerySet[Process]:
        """Keep the releases whose names hold all the words."""
        return matching_words(rows, value, ("release__name", "release__display_name"))

    def filter_any_release_name(
        self, rows: QuerySet[Process], name: str, value: str
    ) -> QuerySet[Process]:
        """Keep the releases whose names hold one of the words."""
        names = ("release__name", "release__display_name")
        return matching_words(rows, value, names, any_word=True)


def _pipelines_with(text: str, *, any_word: bool) -> list[str]:
    """Return the pipelines whose name, or name for people, holds all the words, or one."""
    words = [word.lower() for word in search_words(text)]
    enough = any if any_word else all
    return [
        name
        for name, spec in pipeline_specs().items()
        if enough(word in f"{name} {spec.display_name}".lower() for word in words)
    ]
