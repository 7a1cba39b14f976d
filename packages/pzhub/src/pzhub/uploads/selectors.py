"""Reads of uploads: drafts, inspections, what the main file is and how it begins."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import FileRole, Product, ProductFile, ProductStatus
from pzhub.core.errors import NotFoundError
from pzhub.uploads.models import Inspection, ResumableUpload
from pztables.roles import role_named


def drafts_of(user: User) -> QuerySet[Product]:
    """Return the products that a user has begun and not yet published, newest first."""
    drafts = Product.objects.filter(user=user, status=ProductStatus.REGISTERING)
    return drafts.select_related("product_type", "release", "inspection").order_by("-id")


def space_by_user(words: str = "") -> QuerySet[User]:
    """Return users with ``used_bytes`` and ``n_products``, who takes most space first.

    Parameters
    ----------
    words
        Part of a login, a name or an address; empty for everybody.
    """
    named = User.objects.select_related("upload_allowance")
    for word in words.split():
        named = named.filter(
            Q(username__icontains=word) | Q(display_name__icontains=word) | Q(email__icontains=word)
        )
    # Not by joins: products would be repeated by their files, and counted apart again.
    products = Product.objects.exclude(status=ProductStatus.DELETED).filter(user=OuterRef("pk"))
    files = ProductFile.objects.exclude(product__status=ProductStatus.DELETED)
    files = files.filter(product__user=OuterRef("pk")).order_by()
    size = files.values("product__user").annotate(total=Sum("size")).values("total")
    number = products.order_by().values("user").annotate(number=Count("pk")).values("number")
    return named.annotate(
        used_bytes=Coalesce(Subquery(size), 0), n_products=Coalesce(Subquery(number), 0)
    ).order_by("-used_bytes", "username")


def uploads_of(user: User) -> QuerySet[ResumableUpload]:
    """Return the resumable uploads of a user; nobody else sees them, not even administrators."""
    return ResumableUpload.objects.filter(user=user).select_related("product")


def unfinished_uploads_of(user: User) -> QuerySet[ResumableUpload]:
    """Return the resumable uploads that a user can go on with, oldest first."""
    return uploads_of(user).filter(finished_at=None, expires_at__gt=timezone.now())


def inspection_of(product: Product) -> Inspection | None:
    """Return the inspection of the present main file, or ``None``."""
    return Inspection.objects.select_related("file").filter(product=product).first()


def main_file_of(product: Product) -> ProductFile:
    """Return the main file.

    Raises
    ------
    NotFoundError
        If the product has none.
    """
    file = product.files.filter(role=FileRole.MAIN).first()
    if file is None:
        raise NotFoundError(f"{product.display_name} has no main file.", product=product.pk)
    return file


def main_file_info(product: Product) -> dict[str, Any]:
    """Return what a reader of the main file needs.

    Raises
    ------
    NotFoundError
        If the product has no main file.
    """
    file = main_file_of(product)
    info: dict[str, Any] = {
        "name": file.name,
        "type": file.type,
        "extension": file.extension,
        "size": file.size,
        "n_rows": file.n_rows,
        "is_directory": file.is_directory,
    }
    columns = list(product.columns.order_by("order").values("column_name", "ucd", "alias"))
    if columns:
        # contract: every column, not only the associated ones: the published client names
        # the columns of a headerless CSV after this list.
        info["associated_columns"] = [
            {**column, "alias": column["alias"] or None} for column in columns
        ]
    if file.extension == ".csv":
        inspection = inspection_of(product)
        info["delimiter"] = (inspection.delimiter if inspection else "") or ","
        info["has_header"] = inspection.has_header is not False if inspection else True
        info["columns"] = [column["column_name"] for column in columns]
    return info


def preview_of(product: Product) -> dict[str, Any]:
    """Return the first rows of the main file: ``count``, ``columns``, ``results`` and ``state``.

    ``state`` is that of the inspection, or ``"none"``; a file that is no table has no rows.
    """
    inspection = inspection_of(product)
    rows = inspection.first_rows if inspection else []
    columns = product.columns.order_by("order").values_list("column_name", flat=True)
    return {
        "count": len(rows),
        "columns": list(columns) if rows else [],
        "results": rows,
        "state": inspection.state if inspection else "none",
    }


def suggestions_for(product: Product) -> list[dict[str, Any]]:
    """Return roles that columns seem to have, best first; each role and column once.

    Columns and roles that are associated already are left out.
    """
    columns = list(product.columns.order_by("order"))
    taken = {role.name for column in columns if (role := role_named(column.alias or ""))}
    found = [
        {**column.facts["suggestion"], "column_id": column.pk}
        for column in columns
        if not column.alias and column.facts.get("suggestion")
    ]
    chosen = []
    for suggestion in sorted(found, key=lambda entry: -float(entry["confidence"])):
        if suggestion["role"] not in taken:
            taken.add(suggestion["role"])
            chosen.append(suggestion)
    return chosen
