"""What a product says of itself outside the server: ``product_metadata.yaml`` in its .zip."""

from __future__ import annotations

from typing import Any

from pzhub.catalog.hooks import origin_of
from pzhub.catalog.models import Product, ProductFile
from pzhub.catalog.selectors import main_file_of


def metadata_of(product: Product) -> dict[str, Any]:
    """Return the content of ``product_metadata.yaml``.

    Returns
    -------
    the fields of the product as on the wire without what depends on the reader, its main file,
    its associated columns (key absent when there are none) and its other files (likewise);
    times are text with ``+00:00``; for a training set how photometry and split were made
    (zero point, dust map, coefficients, seed ...)
    """
    facts = describe_product(product)
    facts["created_at"] = product.created_at.isoformat()
    facts["updated_at"] = product.updated_at.isoformat()
    main = main_file_of(product)
    if main is not None:
        facts["main_file"] = _main_file(main)
    columns = product.columns.exclude(alias__isnull=True).exclude(alias="").order_by("order", "id")
    if associated := list(columns.values("column_name", "ucd", "alias")):
        facts["associated_columns"] = associated
    others = [{"name": f.name, "type": f.type} for f in product.files.all() if f.role != 0]
    if others:
        facts["attach_files"] = others
    return {**facts, **origin_of(product).made}


def _main_file(file: ProductFile) -> dict[str, Any]:
    names = ("name", "type", "extension", "size", "n_rows", "is_directory")
    return {name: getattr(file, name) for name in names}


def describe_product(product: Product) -> dict[str, Any]:
    """Return the fields of a product that are the same for every reader, named as on the wire."""
    origin = origin_of(product)
    release = product.release
    return {
        "id": product.pk,
        "release": product.release_id,
        "release_name": release.display_name if release else None,
        "product_type": product.product_type_id,
        "product_type_name": product.product_type.display_name,
        "product_type_internal_name": product.product_type.name,
        "uploaded_by": product.user.username,
        "origin": origin.name,
        "process_status": origin.process_status,
        "process_id": origin.process_id,
        "product_status": product.get_status_display(),
        "internal_name": product.internal_name,
        "display_name": product.display_name,
        "official_product": product.official_product,
        "pz_code": product.pz_code,
        "description": product.description,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
        "status": product.status,
        "release_year": product.release_year,
    }
