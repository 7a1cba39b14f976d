"""What a run is told of its input products."""

from __future__ import annotations

from typing import Any

from pzhub.catalog.models import FileRole, Product
from pzhub.core.errors import ConflictError
from pzhub.core.storage import data_path
from pzhub.uploads.models import Inspection, InspectionState
from pztables.roles import role_named


class InputNotReadyError(ConflictError):
    """The table of an input has not been read, or its files are gone."""

    code = "input_not_ready"


def job_input(product: Product) -> dict[str, Any]:
    """Return what a run is told of an input product.

    The canonical Parquet copy is read, or a HATS catalog where it lies.

    Raises
    ------
    InputNotReadyError
        If there is no table to read.
    """
    main = product.files.filter(role=FileRole.MAIN).first()
    inspection = Inspection.objects.filter(product=product, state=InspectionState.DONE).first()
    if main is None or inspection is None:
        raise _not_ready(product)
    if inspection.canonical_path:
        path, table_format = data_path(inspection.canonical_path), "parquet"
    elif main.is_directory:
        path, table_format = data_path(main.path), "hats"
    else:
        raise _not_ready(product)
    if not path.exists():
        raise _not_ready(product)
    return {
        "path": str(path),
        "internal_name": product.internal_name,
        "columns": columns_by_role(product),
        "product_id": product.pk,
        "sha256": main.sha256 or None,
        "format": table_format,
    }


def _not_ready(product: Product) -> InputNotReadyError:
    return InputNotReadyError(
        f"{product.internal_name}: its table is not on the server; ask its owner to register"
        " the main file again, or leave it out",
        product=product.internal_name,
    )


def columns_by_role(product: Product) -> dict[str, str]:
    """Return the columns of a product by the role that their alias means, in any case."""
    columns: dict[str, str] = {}
    for column in product.columns.exclude(alias=None).order_by("order"):
        role = role_named(column.alias or "")
        if role is not None:
            columns.setdefault(role.name, column.column_name)
    return columns
