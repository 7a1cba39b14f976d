"""Tags for what administrators did to products: shown where the products are."""

from __future__ import annotations

from django import template

from pzhub.catalog import selectors
from pzhub.catalog.models import Product
from pzhub.core.models import AuditEntry

register = template.Library()


@register.simple_tag
def official_mark_of(product: Product) -> AuditEntry | None:
    """Look up who made a product official, when and why; one query for official ones."""
    return selectors.official_mark_of(product)
