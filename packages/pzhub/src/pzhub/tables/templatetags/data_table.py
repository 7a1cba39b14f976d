"""Tags of the table: its rows are written without a template, for there are thousands of cells."""

from __future__ import annotations

import re

from django import template
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from pzhub.catalog.models import Product
from pzhub.tables.pages.cells import cell
from pzhub.tables.services import Cells

#: The first cell of a line, which stays in sight.
_PIN = re.compile(r"<td(?: class=\"([^\"]*)\")?")
register = template.Library()


@register.filter
def grid_rows(total: int | None) -> int:
    """Return how many rows a grid has with its head; -1 where nobody counted, as ARIA says it."""
    return -1 if total is None else total + 1


@register.simple_tag
def data_rows(
    cells: Cells, product: Product, query: str, first: int, *, has_pin: bool = False
) -> SafeString:
    """Write the rows of a page: each begins with its number, which is its own address."""
    base = escape(reverse("tables:data", args=[product.internal_name]))
    rest = f"&amp;{escape(query)}" if query else ""
    columns, words = cells.columns, escape(_("Row"))
    lines = []
    for place, (number, values) in enumerate(cells.rows):
        parts = [cell(value, column) for value, column in zip(values, columns, strict=True)]
        line = pinned("".join(parts)) if has_pin else "".join(parts)
        lines.append(
            f'<tr aria-rowindex="{first + place + 1}"><th scope="row" class="rownum">'
            f'<a href="{base}?row={number}{rest}" aria-label="{words} {number}">{number}</a></th>'
            f"{line}</tr>"
        )
    return mark_safe(f"<tbody>{''.join(lines)}</tbody>")


def pinned(line: str) -> str:
    """Return a line whose first cell stays in sight."""
    return _PIN.sub(lambda found: f'<td class="{found[1] or ""} pinned"', line, count=1)
