"""Pages of the lists of the administration."""

from __future__ import annotations

from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

SIZES: Final = (25, 50, 100)


def paged(request: HttpRequest, rows: QuerySet[Any]) -> dict[str, Any]:
    """Return the context of ``web/_pager.html`` for the page that an address asks for."""
    asked = request.GET.get("size", "")
    size = int(asked) if asked in map(str, SIZES) else SIZES[0]
    page = Paginator(rows, size).get_page(request.GET.get("page"))
    numbers = [
        number if isinstance(number, int) else "…"
        for number in page.paginator.get_elided_page_range(page.number, on_each_side=2)
    ]
    return {"page": page, "numbers": numbers, "sizes": SIZES, "size": size}
