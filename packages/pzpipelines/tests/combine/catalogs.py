"""Small catalogs for tests of preparation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from pzpipelines.combine.parameters import validate
from pzpipelines.combine.prepare import Prepared, prepare_catalog
from pzpipelines.combine.rules import RuleSet, load_rules

#: Real samples, beside the project; tests that need them skip where they are absent.
SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "surveys"


def catalog(n_rows: int, **columns: Any) -> pa.Table:
    """Return a table with valid positions and the given columns."""
    positions = {"ra": [10.0 + row for row in range(n_rows)], "dec": [-5.0] * n_rows}
    return pa.table({**positions, **columns})


def prepared(
    table: pa.Table,
    columns: Mapping[str, str | None] | None = None,
    *,
    rules: RuleSet | None = None,
    name: str = "007_mine",
    prefix: str = "007",
    **parameters: Any,
) -> Prepared:
    """Prepare a catalog, without a cut unless the parameters say so."""
    given = {"z_flag_homogenized_value_to_cut": 0, **parameters}
    return prepare_catalog(
        table,
        prefix=prefix,
        internal_name=name,
        columns=columns or {},
        rules=rules or load_rules(),
        parameters=validate(given),
    )


def flags_of(result: Prepared) -> list[float | None]:
    """Return the unified flags."""
    found: list[float | None] = result.table["z_flag_homogenized"].to_pylist()
    return found


def types_of(result: Prepared) -> list[str | None]:
    """Return the unified types."""
    found: list[str | None] = result.table["instrument_type_homogenized"].to_pylist()
    return found
