"""Files that several tests of this package need."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from pztables.formats import write_table


@pytest.fixture
def catalog_table() -> pa.Table:
    """Return four redshifts with a null and an identifier beyond 53 bits."""
    return pa.table(
        {
            "id": [39627652591521181, 2, 3, 4],
            "ra": [10.0, 350.5, 10.0, 0.0],
            "dec": [-10.0, 5.25, -10.0, 0.0],
            "z": [0.5, None, float("nan"), 1.25],
            "survey": ["DESI", "VVDS", None, "DESI"],
        }
    )


@pytest.fixture
def catalog_csv(catalog_table: pa.Table, tmp_path: Path) -> Path:
    """Return the path of that table as CSV."""
    write_table(catalog_table, tmp_path / "cat.csv")
    return tmp_path / "cat.csv"
