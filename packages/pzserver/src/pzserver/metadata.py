"""What is told of products, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PRODUCT_COLUMNS: Final[Mapping[str, str]] = {
    "id": "id",
    "internal_name": "internal_name",
    "display_name": "product_name",
    "product_type_name": "product_type",
    "release_name": "release",
    "uploaded_by": "uploaded_by",
    "official_product": "official_product",
    "pz_code": "pz_code",
    "description": "description",
    "created_at": "created_at",
}


def metadata_rows(product: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the metadata of a product as rows of ``key`` and ``value``."""
    rows: list[dict[str, Any]] = []
    for key, title in {**PRODUCT_COLUMNS, "main_file": "main_file"}.items():
        if key == "main_file":
            rows.extend(_main_file_rows(product["main_file"]))
        else:
            rows.append({"key": title, "value": product.get(key)})
    return rows


def _main_file_rows(main_file: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{"key": "n_rows", "value": main_file.get("n_rows")}]
    if main_file.get("size"):
        rows.append({"key": "size", "value": f"{main_file['size'] / 1_000_000:.2f} MB"})
    if main_file.get("columns_association"):
        rows.append({"key": "columns_association", "value": main_file["columns_association"]})
    if main_file.get("columns"):
        rows.append({"key": "columns", "value": main_file["columns"]})
        rows.append({"key": "n_columns", "value": len(main_file["columns"])})
    return [*rows, {"key": "main_file", "value": main_file.get("name")}]
