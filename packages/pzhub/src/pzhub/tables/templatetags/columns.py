"""Tags of columns: the section of a product's page, and links to the rows behind a bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template

from pzhub.catalog.models import Column, Product
from pzhub.tables.pages.column_rows import Bar, ColumnsPart, columns_part, rows_address
from pzhub.uploads.profiles import profile_state, read_profile

register = template.Library()


@register.simple_tag
def columns_of(row: Any, columns: Sequence[Column]) -> ColumnsPart:
    """Return the first page of a product's columns with their statistics."""
    return columns_part(row.product, columns, read_profile(row.profile_path))


@register.simple_tag
def profile_state_of(product: Product) -> str:
    """Return how far the statistics of a product are."""
    return profile_state(product)


@register.filter
def rows_where_bar(product: Product, where: str) -> str:
    """Return the address of the rows behind a bar."""
    return rows_address(product, where)


@register.filter
def bar_width(bars: Sequence[Bar], bar: Bar) -> str:
    """Return how long a bar is among others, of 160 pixels."""
    most = max((each.count for each in bars), default=0) or 1
    return f"{max(1.0, 160 * bar.count / most):.4g}"
