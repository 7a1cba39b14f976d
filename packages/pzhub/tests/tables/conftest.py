"""A published redshift catalog with every kind of column, as registration leaves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, Product
from pzhub.core import storage
from pzhub.uploads.models import Inspection, InspectionState
from pztables.formats import write_table

N_ROWS = 200
_MIDDLE = np.arange(N_ROWS)
#: Rows in no order: positions around RA 0, an id beyond 2**53, nulls, NaN, single precision.
TABLE = pa.table(
    {
        "objectId": pa.array([2**60 + int(n) for n in _MIDDLE], pa.int64()),
        "RA": (359.0 + (_MIDDLE * 37 % N_ROWS) * 0.01) % 360.0,
        "dec": np.linspace(-1.0, 1.0, N_ROWS)[(_MIDDLE * 71) % N_ROWS],
        "zspec": pa.array([None if n % 50 == 7 else n * 37 % 100 / 50 for n in range(N_ROWS)]),
        "zerr": pa.array(
            [np.nan if n % 40 == 3 else 0.1 * (n % 3) for n in range(N_ROWS)], pa.float32()
        ),
        "flag, quality": pa.array((_MIDDLE % 5).astype("int8")),
        "survey": pa.array([None if n % 90 == 5 else ("DESI", "VVDS")[n % 2] for n in _MIDDLE]),
    }
)
ASSOCIATION = {"RA": "RA", "dec": "Dec", "zspec": "z", "survey": "survey"}


@pytest.fixture
def table_product(ana: User, product_factory: Any, file_factory: Any) -> Callable[..., Product]:
    """Return a maker of published products of a table: ``table_product(table, association)``.

    The way of an upload takes seconds; tests/contract goes it.
    """

    def make(table: pa.Table = TABLE, association: dict[str, str] = ASSOCIATION) -> Product:
        product: Product = product_factory(ana, name="Zed set", type_name="redshift_catalog")
        file = file_factory(product, b"not read again", name="cat.parquet")
        file.sha256 = "ab" * 32
        file.save()
        target = storage.derived_dir(product, file.sha256) / "canonical.parquet"
        target.parent.mkdir(parents=True)
        write_table(table, target)
        Inspection.objects.create(
            product=product,
            file=file,
            sha256=file.sha256,
            state=InspectionState.DONE,
            is_table=True,
            canonical_path=storage.relative_path(target),
        )
        for order, name in enumerate(table.column_names):
            alias = association.get(name)
            Column.objects.create(product=product, column_name=name, order=order, alias=alias)
        return product

    return make
