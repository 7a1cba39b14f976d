"""Histograms and densities by the API agree with numpy on the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pztables.expressions import matches, parse

from .conftest import N_ROWS, TABLE


@pytest.fixture
def ask(table_product: Any, api: Any, bob: Any) -> Any:
    """Ask for densities of a published product, as somebody who may see it."""
    client, product = api(bob), table_product()

    def get(**given: Any) -> Any:
        headers = given.pop("headers", None)
        return client.get(f"/api/products/{product.pk}/density/", given, headers=headers)

    return get


def numbers(name: str, where: str = "") -> np.ndarray[Any, Any]:
    values = np.array([np.nan if v is None else v for v in TABLE[name].to_pylist()], float)
    if not where:
        return values
    columns = {each: TABLE[each] for each in TABLE.column_names}
    return values[np.flatnonzero(matches(parse(where), columns, positions=("RA", "dec")))]


@pytest.mark.parametrize("where", ["", "survey == 'DESI' and cone(0, 0, 0.9)"])
@pytest.mark.parametrize("bins", [7, 50, 1000])
def test_a_histogram_of_a_filter_is_that_of_numpy(ask: Any, where: str, bins: int) -> None:
    found = ask(x="zspec", where=where, bins=bins).json()
    values = numbers("zspec", where)
    there = values[~np.isnan(values)]
    edges = np.array(found["edges"])
    assert (edges[0], edges[-1]) == (there.min(), there.max())
    assert found["counts"] == np.histogram(there, edges)[0].tolist()
    assert (found["rows"], found["missing"], found["outside"]) == (
        len(values), len(values) - len(there), 0,
    )  # fmt: skip
    assert (found["kind"], found["x"]["name"], found["x"]["role"]) == ("histogram", "zspec", "z")


def test_values_on_an_edge_belong_to_the_bin_that_begins_there(ask: Any) -> None:
    found = ask(x="flag, quality", bins=4, range="0,4").json()
    assert found["edges"] == [0, 1, 2, 3, 4]
    assert found["counts"] == [40, 40, 40, 80]  # the last bin has its end, as numpy's


def test_a_range_leaves_the_rest_outside(ask: Any) -> None:
    found = ask(x="zspec", range="0.5,1", bins=10).json()
    values = numbers("zspec")
    inside = values[(values >= 0.5) & (values <= 1)]
    assert sum(found["counts"]) == len(inside)
    assert found["outside"] == N_ROWS - len(inside) - np.isnan(values).sum()


def test_a_density_of_a_pair_is_that_of_numpy(ask: Any) -> None:
    found = ask(x="zspec", y="dec", bins=8, ybins=5, where="survey == 'VVDS'").json()
    x, y = numbers("zspec", "survey == 'VVDS'"), numbers("dec", "survey == 'VVDS'")
    there = ~np.isnan(x)
    expected = np.histogram2d(x[there], y[there], [found["x_edges"], found["y_edges"]])[0]
    assert np.array_equal(found["counts"], expected)
    assert (len(found["x_edges"]), len(found["y_edges"])) == (9, 6)
    assert found["missing"] == (~there).sum()


def test_text_is_counted_value_by_value(ask: Any) -> None:
    found = ask(x="survey").json()
    names = TABLE["survey"].to_pylist()
    assert found["values"] == [
        {"value": name, "count": names.count(name)}
        for name in sorted({"DESI", "VVDS"}, key=lambda name: -names.count(name))
    ]
    assert (found["distinct"], found["other"], found["missing"]) == (2, 0, names.count(None))


def test_many_values_are_told_up_to_fifty(table_product: Any, api: Any, bob: Any) -> None:
    texts = [f"field {number % 60:02d}" for number in range(100)]
    table = pa.table({"RA": np.ones(100), "Dec": np.ones(100), "z": np.ones(100), "t": texts})
    product = table_product(table, {"RA": "RA", "Dec": "Dec", "z": "z"})
    found = api(bob).get(f"/api/products/{product.pk}/density/", {"x": "t"}).json()
    assert (len(found["values"]), found["distinct"], found["other"]) == (50, 60, 10)
    single = api(bob).get(f"/api/products/{product.pk}/density/", {"x": "z", "bins": 4}).json()
    assert single["edges"] == [0.5, 0.75, 1.0, 1.25, 1.5]
    assert single["counts"] == [0, 0, 100, 0]


def test_a_filter_that_nothing_fits_is_empty(ask: Any) -> None:
    found = ask(x="zspec", where="zspec > 99", bins=3).json()
    assert (found["counts"], found["rows"]) == ([0, 0, 0], 0)
    assert ask(x="survey", where="zspec > 99").json()["values"] == []


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({}, "invalid", "x"),
        ({"x": "nothing"}, "unknown_column", "columns"),
        ({"x": "survey", "y": "zspec"}, "column_kind", "x"),
        ({"x": "zspec", "y": "survey"}, "column_kind", "y"),
        ({"x": "zspec", "bins": "0"}, "invalid", "bins"),
        ({"x": "zspec", "bins": "1001"}, "invalid", "bins"),
        ({"x": "zspec", "y": "dec", "bins": "257"}, "invalid", "bins"),
        ({"x": "zspec", "range": "2,1"}, "invalid", "range"),
        ({"x": "zspec", "range": "nan,1"}, "invalid", "range"),
        ({"x": "zspec", "where": "zspek > 1"}, "expression_unknown_name", "where"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_its_parameter(
    ask: Any, given: dict[str, str], code: str, field: str
) -> None:
    answer = ask(**given)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert list(answer.json()["fields"]) == [field]


def test_an_unchanged_density_is_not_counted_again(ask: Any) -> None:
    first = ask(x="zspec", bins=5)
    again = ask(x="zspec", bins=5, headers={"if-none-match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert ask(x="zspec", bins=6).headers["ETag"] != first.headers["ETag"]
