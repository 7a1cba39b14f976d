"""Columns of the result: order, types, neighbours as text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pzpipelines.combine.duplicates import crd_text_order
from pzpipelines.combine.outputs import (
    MATCHING_COLUMNS,
    STANDARD_COLUMNS,
    CatalogRows,
    Links,
    output_schema,
    table_of,
)

PREFIXES = ("2", "10", "001")


def test_compared_to_lists_neighbours_as_text_in_text_order_and_is_null_without_any() -> None:
    ids = CatalogRows(np.zeros(13, np.int32), np.arange(1, 14), ("001",))
    pairs = np.array([[0, 9], [0, 1], [0, 12], [1, 9]])
    links = Links.of_pairs(pairs, crd_text_order(ids.catalog, ids.number, ids.prefixes))
    texts = links.compared_to(np.arange(13), ids).to_pylist()
    assert texts[:3] == ["CRD001_10, CRD001_13, CRD001_2", "CRD001_1, CRD001_10", None]
    assert texts[9] == "CRD001_1, CRD001_2"
    assert links.counts.tolist() == [3, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1]
    assert links.compared_to(np.array([12, 3, 0]), ids).to_pylist() == [
        "CRD001_1",
        None,
        "CRD001_10, CRD001_13, CRD001_2",
    ]


@given(st.sets(st.tuples(st.integers(0, 29), st.integers(0, 29)).filter(lambda p: p[0] < p[1])))
def test_compared_to_equals_a_plain_loop(pairs: set[tuple[int, int]]) -> None:
    catalog = np.repeat(np.arange(3, dtype=np.int32), 10)
    ids = CatalogRows(catalog, np.tile(np.arange(1, 11), 3), PREFIXES)
    names = [f"CRD{PREFIXES[c]}_{n}" for c, n in zip(catalog, ids.number, strict=True)]
    table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    links = Links.of_pairs(table, crd_text_order(catalog, ids.number, PREFIXES))
    expected = [
        ", ".join(sorted(names[b if a == row else a] for a, b in pairs if row in (a, b))) or None
        for row in range(30)
    ]
    assert links.compared_to(np.arange(30), ids).to_pylist() == expected


def test_explanations_and_then_group_id_follow_all_other_columns() -> None:
    prepared = [
        pa.schema([*STANDARD_COLUMNS, ("ZERR", pa.float64())]),
        pa.schema([("CRD_ID", pa.string()), ("TID", pa.int64())]),
    ]
    schema = output_schema(
        prepared,
        absent=frozenset({"is_in_DP1_fields"}),
        explain=[pa.field("decided_by", pa.string())],
    )
    standard = [name for name in STANDARD_COLUMNS.names if name != "is_in_DP1_fields"]
    assert schema.names == [*standard, "ZERR", "TID", "decided_by", "group_id"]
    assert schema.field("group_id").type == pa.int64()


def test_the_original_source_follows_the_source_whichever_catalog_is_the_product() -> None:
    fresh = pa.schema([*STANDARD_COLUMNS, ("snr", pa.float64())])
    product = pa.schema([("source_original", pa.string()), *fresh])
    orders = [[fresh, product], [product, fresh]]
    names = [output_schema(order, absent=frozenset()).names for order in orders]
    assert names[0] == names[1]
    assert names[0][9:12] == ["source", "source_original", "tie_result"]
    assert names[0][-2:] == ["snr", "group_id"]


def test_a_concatenation_has_no_matching_columns() -> None:
    schema = output_schema([STANDARD_COLUMNS], absent=MATCHING_COLUMNS)
    assert not MATCHING_COLUMNS & set(schema.names)


def test_columns_that_nothing_provides_are_typed_nulls() -> None:
    schema = output_schema([], absent=frozenset())
    table = table_of(schema, pa.table({"ra": [1.0, 2.0]}), {"group_id": pa.array([1, 2])})
    assert table.schema == schema
    assert table["ra"].to_pylist() == [1.0, 2.0]
    assert table["group_id"].to_pylist() == [1, 2]
    others = set(schema.names) - {"ra", "group_id"}
    assert all(table[name].null_count == 2 for name in others)
