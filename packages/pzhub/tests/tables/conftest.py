"""A published redshift catalog with every kind of column, made by an upload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus

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
def table_product(
    ana: User, api: Any, product_factory: Any, tmp_path: Path
) -> Callable[..., Product]:
    """Return a maker of published products of a table: ``table_product(table, association)``."""

    def make(table: pa.Table = TABLE, association: dict[str, str] = ASSOCIATION) -> Product:
        draft: Product = product_factory(
            ana, name="Zed set", type_name="redshift_catalog", status=ProductStatus.REGISTERING
        )
        path = tmp_path / "cat.parquet"
        pq.write_table(table, path)
        client = api(ana)
        form = {"product": draft.pk, "role": 0}
        sent = SimpleUploadedFile("cat.parquet", path.read_bytes())
        answer = client.post("/api/product-files/", {**form, "file": sent}, format="multipart")
        assert answer.status_code == 201, answer.content
        base = f"/api/products/{draft.pk}/"
        assert client.get(f"{base}registry/").status_code == 200
        for row in client.get(f"/api/product-contents/?product={draft.pk}").json()["results"]:
            if alias := association.get(row["column_name"]):
                client.patch(f"/api/product-contents/{row['id']}/", {"alias": alias})
        answer = client.patch(base, {"status": 1})
        assert answer.status_code == 200, answer.content
        return Product.objects.get(pk=draft.pk)

    return make
