"""Facts of many products as a table: one line each, sent while it is read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, Final

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from pzhub.catalog.hooks import origin_of
from pzhub.catalog.models import Product
from pzhub.catalog.selectors import main_file_of

COLUMNS: Final = (
    "internal_name",
    "display_name",
    "product_type",
    "release",
    "owner",
    "official",
    "status",
    "origin",
    "pz_code",
    "main_file",
    "rows",
    "size_bytes",
    "sha256",
    "created_at",
    "updated_at",
    "address",
    "description",
)
_CHUNK: Final = 500
#: Spreadsheets take what begins like this for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def metadata_response(products: QuerySet[Product], base: str) -> StreamingHttpResponse:
    """Return the facts of products as CSV.

    Parameters
    ----------
    products
        Found through a selector of the reader's.
    base
        What the address of a product begins with.
    """
    response = StreamingHttpResponse(_lines(products, base), content_type="text/csv; charset=utf-8")
    day = timezone.now().date().isoformat()
    response["Content-Disposition"] = f'attachment; filename="products_{day}.csv"'
    return response


def _lines(products: QuerySet[Product], base: str) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for product in products.prefetch_related("files").iterator(chunk_size=_CHUNK):
        yield writer.writerow([_cell(value) for value in _facts(product, base)])


def _facts(product: Product, base: str) -> tuple[Any, ...]:
    main = main_file_of(product)
    return (
        product.internal_name,
        product.display_name,
        product.product_type.display_name,
        product.release.display_name if product.release else None,
        product.user.username,
        product.official_product,
        product.get_status_display(),
        origin_of(product).name,
        product.pz_code,
        main.name if main else None,
        main.n_rows if main else None,
        main.size if main else None,
        main.sha256 if main else None,
        product.created_at.isoformat(timespec="seconds"),
        product.updated_at.isoformat(timespec="seconds"),
        f"{base}{product.internal_name}",
        product.description,
    )


def _cell(value: Any) -> Any:
    """Return a value so that no spreadsheet runs it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
