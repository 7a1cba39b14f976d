"""OPTIONS: what a list can be filtered, searched and ordered by."""

from __future__ import annotations

from typing import Any

from django_filters import FilterSet
from django_filters.filters import Filter
from rest_framework.metadata import SimpleMetadata
from rest_framework.request import Request

from pzhub.core.errors import ForbiddenError


class PzMetadata(SimpleMetadata):
    """The framework's description and the legal filter keys, which the client asks for."""

    def determine_metadata(self, request: Request, view: Any) -> dict[str, Any]:
        """Return the whole answer to OPTIONS."""
        # contract: the published client refuses keys that are not named here before it asks.
        metadata: dict[str, Any] = dict(super().determine_metadata(request, view))
        metadata["description"] = ""  # what a view is for is in the API's documentation
        filterset: type[FilterSet] | None = getattr(view, "filterset_class", None)
        if filterset is not None and not getattr(view, "filterset_names", ()):
            filters = filterset.base_filters.items()
            metadata["filter_classes"] = [_filter_facts(name, item) for name, item in filters]
        for key, attribute in _LISTS.items():
            values = getattr(view, attribute, None)
            if values and not isinstance(values, str):  # "__all__" names no field
                metadata[key] = list(values)
        return metadata

    def determine_actions(self, request: Request, view: Any) -> dict[str, Any]:
        """Return the fields to send; none to those who may only read."""
        try:
            actions: dict[str, Any] = super().determine_actions(request, view)
        except ForbiddenError:
            return {}
        return actions


_LISTS = {"filterset": "filterset_names", "search": "search_fields", "ordering": "ordering_fields"}


def _filter_facts(name: str, item: Filter) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": name, "type": type(item).__name__}
    if choices := item.extra.get("choices"):
        facts["choices"] = [{"value": value, "display_name": label} for value, label in choices]
    return facts
