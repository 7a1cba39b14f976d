"""Tags of densities and of files that are described, not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from pzhub.catalog.models import Product
from pzhub.core.errors import ConflictError, NotFoundError
from pzhub.tables.pages.pdfs import DensityPanel, panel_of
from pzhub.tables.pdfs import described_ensemble, ensemble_of

register = template.Library()


@register.simple_tag
def densities_of(product: Product) -> DensityPanel | None:
    """Draw the densities of a product's page."""
    try:
        facts = described_ensemble(product)
    except (NotFoundError, ConflictError):
        return None
    ensemble = None if facts.get("problem") else ensemble_of(facts)
    return None if ensemble is None else panel_of(ensemble)


@register.filter
def of_kind(imports: list[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    """Return the imports of a kind: known, other or suspicious."""
    return [each for each in imports if each["kind"] == kind]
