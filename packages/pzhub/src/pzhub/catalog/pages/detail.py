"""The product page: everything that is known about one product, in sections with addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from pzhub.accounts.models import User
from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.activity import activity_of
from pzhub.catalog.citation import citations_of
from pzhub.catalog.models import Column, Product, ProductFile, ProductStatus
from pzhub.catalog.pages.provenance import provenance_context
from pzhub.catalog.pages.rows import row_of
from pzhub.catalog.policies import can_delete, can_restore
from pzhub.catalog.selectors import product_for, take_down_of, versions_of
from pzhub.core.errors import NotFoundError
from pztables.roles import role_named

HTML_SUFFIXES: Final = (".html", ".htm")


@dataclass(frozen=True, slots=True)
class FirstRows:
    """The beginning of a table, as cells in the order of its columns."""

    state: str
    columns: list[Column]
    rows: list[list[Any]]
    error: dict[str, Any] | None = None

    @property
    def is_pending(self) -> bool:
        """Whether the table is still being read."""
        return self.state in {"waiting", "running"}


def first_rows_of(product: Product, columns: list[Column]) -> FirstRows:
    """Return what the inspection kept of the table's beginning."""
    inspection = getattr(product, "inspection", None)
    if inspection is None:
        return FirstRows("none", columns, [])
    names = [column.column_name for column in columns]
    rows = [[row.get(name) for name in names] for row in inspection.first_rows]
    state = inspection.state if inspection.is_table or inspection.state != "done" else "no table"
    return FirstRows(state, columns, rows, inspection.error)


def is_document(file: ProductFile) -> bool:
    """Return whether a file is a page of its own, to be shown in a frame."""
    return file.name.lower().endswith(HTML_SUFFIXES) and not file.is_directory


def product_context(request: HttpRequest, product: Product, user: User) -> dict[str, Any]:
    """Return all that the page shows of a product; the wizard's last step shows the same."""
    columns = list(product.columns.order_by("order", "id"))
    files = sorted(product.files.all(), key=lambda file: (file.role, file.pk))
    process = getattr(product, "process", None)
    address = request.build_absolute_uri(_address(product))
    is_published = product.status == ProductStatus.PUBLISHED
    return {
        "row": row_of(product, user),
        "product": product,
        "process": process,
        "files": files,
        "total_size": sum(file.size for file in files),
        "documents": [file for file in files if is_document(file)],
        "columns": columns,
        "associated": sum(1 for column in columns if column.alias),
        "positions": {role.name for column in columns if (role := role_named(column.alias or ""))},
        "first_rows": first_rows_of(product, columns),
        **provenance_context(product, user),
        "failure": product.failure or (process.error if process else None),
        "address": address,
        "activity": activity_of(product, user),
        "versions": versions_of(product, user),
        "citations": citations_of(product, address) if is_published else [],
        "api_address": request.build_absolute_uri("/api/"),
        "is_published": is_published,
    }


def _address(product: Product) -> str:
    return reverse("catalog:detail", args=[product.internal_name])


@login_required
@require_GET
def product_page(request: SignedInRequest, key: str) -> HttpResponse:
    """Show a product; its number leads to its name, a deleted one to what is left of it."""
    try:
        product = product_for(request.user, key)
    except NotFoundError:
        return _tombstone(request, key)
    if key != product.internal_name:
        return redirect(_address(product))
    return render(request, "catalog/product.html", product_context(request, product, request.user))


def _tombstone(request: SignedInRequest, key: str) -> HttpResponse:
    """Say of a deleted product who had it and when it went; of an unknown one nothing."""
    product = product_for(request.user, key, include_deleted=True)
    take_down, user = take_down_of(product), request.user
    context = {
        "product": product,
        "take_down": take_down if can_delete(product, user) else None,
        "can_restore": can_restore(product, user, is_taken_down=take_down is not None),
    }
    return render(request, "catalog/tombstone.html", context, status=410)


@login_required
@require_GET
def first_rows(request: SignedInRequest, key: str) -> HttpResponse:
    """Show the beginning of the table again while it is being read."""
    product = product_for(request.user, key)
    columns = list(product.columns.order_by("order", "id"))
    context = {"product": product, "first_rows": first_rows_of(product, columns)}
    return render(request, "catalog/_first_rows.html", context)
