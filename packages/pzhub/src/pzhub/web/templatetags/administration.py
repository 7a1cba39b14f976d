"""Tags for what administrators did to products: shown where the products are."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString, mark_safe

from pzhub.catalog import selectors
from pzhub.catalog.models import Product
from pzhub.core.models import AuditEntry
from pzhub.web.rendering import render_markdown

register = template.Library()


@register.simple_tag
def official_mark_of(product: Product) -> AuditEntry | None:
    """Look up who made a product official, when and why; one query for official ones."""
    return selectors.official_mark_of(product)


@register.filter
def markdown_page(text: str) -> SafeString:
    """Render the Markdown of a whole page: its headings stand right under the page's own."""
    return mark_safe(render_markdown(text, below=1))
