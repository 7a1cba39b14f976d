"""Tags of the product page: its provenance as a graph."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from pzhub.catalog.lineage import Lineage
from pzhub.web import lineage_graph

register = template.Library()


@register.simple_tag
def provenance_graph(lineage: Lineage) -> SafeString:
    """Draw the products before and after one, and the runs between them."""
    return lineage_graph.draw(lineage)
