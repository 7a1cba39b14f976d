"""Tables that engines stumble over: no numbers, reserved names, the ends of what floats hold."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pzhub.tables.selectors import table_for
from pzhub.tables.services import read_row

NAN = float("nan")
VALUES = [5.0, NAN, 3.0, None, 1.0, 2.0, NAN]


@pytest.fixture
def ask(table_product: Any, api: Any, bob: Any) -> Any:
    """Ask for something of a table that was just published."""

    def get(columns: dict[str, Any], path: str = "data", /, **given: Any) -> Any:
        if "product" not in kept:
            kept["product"] = table_product(pa.table(columns), {}).pk
        return api(bob).get(f"/api/products/{kept['product']}/{path}/", given)

    kept: dict[str, int] = {}
    return get


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_what_is_no_number_fits_no_comparison_and_comes_last(ask: Any, kind: pa.DataType) -> None:
    table = {"z": pa.array(VALUES, kind)}

    def found(**given: Any) -> list[float | None]:
        return [row["z"] for row in ask(table, **given).json()["results"]]

    assert found(where="z > 1.5") == [5, 3, 2]
    assert found(where="z != 5") == [3, 1, 2]
    assert found(where="not z < 3") == [5, 3]
    assert found(where="z is None") == [None] * 3
    assert found(where="z is not None") == [5, 3, 1, 2]
    assert found(sort="-z") == [5, 3, 2, 1, None, None, None]
    assert found(sort="-z", limit=2) == [5, 3]
    assert found(sort="z", limit=5) == [1, 2, 3, 5, None]
    assert ask(table, "data/count", where="z > 1.5").json()["count"] == 3
    density = ask(table, "density", x="z", bins=4).json()
    assert (density["edges"], density["counts"]) == ([1, 2, 3, 4, 5], [1, 1, 1, 1])
    assert (density["missing"], density["outside"]) == (3, 0)


@pytest.mark.parametrize("name", ["file_row_number", "File_Row_Number", "rn", "filename", "c0"])
def test_a_column_may_be_called_as_the_engine_calls_its_own(ask: Any, name: str) -> None:
    table = {"a": list("pqrs"), name: [7.0, 9.0, 8.0, 9.0]}

    def found(**given: Any) -> list[str]:
        return [row["a"] for row in ask(table, **given).json()["results"]]

    assert found() == list("pqrs")
    assert found(where=f"{name} > 7.5") == list("qrs")
    assert found(sort=f"-{name}", limit=3) == list("qsr")
    assert found(sort=name, limit=2, offset=1) == list("rq")
    assert ask(table, "density", x=name, bins=2).json()["counts"] == [1, 3]


@pytest.mark.parametrize(
    "values",
    [[1e17] * 3, [1e16, 1e16 + 2, 1e16], [0.0, 5e-324], [1e308, -1e308, 0.0], [1.7e308] * 2,
     [2**63 - 1, -(2**63)]],
)  # fmt: skip
def test_histograms_have_bins_whatever_the_values(ask: Any, values: list[float]) -> None:
    found = ask({"v": values}, "density", x="v").json()
    edges = np.array(found["edges"])
    assert (np.diff(edges) > 0).all()
    inside = [value for value in values if edges[0] <= value <= edges[-1]]
    assert sum(found["counts"]) == len(inside) >= len(values) - 2
    assert found["outside"] == len(values) - len(inside)


@pytest.mark.parametrize("span", ["-1e308,1e308", "0,5e-324", "1e16,10000000000000002"])
def test_a_range_that_has_no_bins_is_refused(ask: Any, span: str) -> None:
    answer = ask({"v": [1.0, 2.0]}, "density", x="v", range=span)
    assert answer.status_code == 400
    assert "cannot be cut into 50 bins" in answer.json()["fields"]["range"][0]


def test_the_unit_that_the_owner_gave_goes_with_the_rows(
    table_product: Any, api: Any, bob: Any
) -> None:
    field = pa.field("flux", pa.float64(), metadata={b"unit": b"mag"})
    product = table_product(pa.table([[1.0, 2.0]], schema=pa.schema([field])), {})
    address = f"/api/products/{product.pk}/data/"
    before = api(bob).get(address)
    assert before.json()["columns"][0]["unit"] == "mag"
    product.columns.update(unit="Jy")
    after = api(bob).get(address, headers={"If-None-Match": before["ETag"]})
    assert (after.status_code, after.json()["columns"][0]["unit"]) == (200, "Jy")


def test_one_row_of_a_wide_table_is_found_without_the_rest_in_memory(
    table_product: Any, api: Any, bob: Any
) -> None:
    names = [f"c{place}" for place in range(300)]
    rows = 25_000
    columns = {name: np.arange(rows) + place for place, name in enumerate(names)}
    product = table_product(pa.table(columns), {})
    _, table = table_for(bob, product.pk)
    held = []

    def watch() -> None:
        while not ended.wait(0.002):
            held.append(pa.total_allocated_bytes())

    ended, before = threading.Event(), pa.total_allocated_bytes()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in (0, 9_999, 10_000, rows - 1):
            assert read_row(table, number) == tuple(number + place for place in range(300))
    finally:
        ended.set()
        watcher.join()
    assert read_row(table, rows) is None
    assert max(held) - before < rows * 300 * 8 / 3
