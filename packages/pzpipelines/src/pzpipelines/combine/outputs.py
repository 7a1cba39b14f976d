"""The columns of the result: their order, their types, their values for a slice of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pzpipelines.arrays import IntArray

#: Every standard column with its type, in output order; group_id comes last of all.
STANDARD_COLUMNS: Final = pa.schema(
    [
        ("CRD_ID", pa.string()),
        ("id", pa.string()),
        ("ra", pa.float64()),
        ("dec", pa.float64()),
        ("z", pa.float64()),
        ("z_flag", pa.float64()),
        ("z_err", pa.float64()),
        ("instrument_type", pa.string()),
        ("survey", pa.string()),
        ("source", pa.string()),
        ("tie_result", pa.int8()),
        ("is_in_DP1_fields", pa.int64()),
        ("is_in_rubin_footprint", pa.int64()),
        ("compared_to", pa.string()),
        ("z_flag_homogenized", pa.float64()),
        ("instrument_type_homogenized", pa.string()),
    ]
)
#: Follows ``source`` where a catalog is itself a combination.
SOURCE_ORIGINAL: Final = pa.field("source_original", pa.string())
GROUP_ID: Final = pa.field("group_id", pa.int64())
#: What only matching can tell: absent from a plain concatenation.
MATCHING_COLUMNS: Final = frozenset({"tie_result", "compared_to", "group_id"})

#: Role (or other standard meaning) to column of the result.
COLUMNS_ASSOC: Final = {
    "id": "CRD_ID",
    "ra": "ra",
    "dec": "dec",
    "z": "z",
    "z_flag": "z_flag_homogenized",
    "z_err": "z_err",
    "survey": "survey",
}


def output_schema(
    prepared: Sequence[pa.Schema],
    *,
    absent: frozenset[str],
    explain: Sequence[pa.Field] = (),
) -> pa.Schema:
    """Return the columns of the result.

    Parameters
    ----------
    prepared
        Schemas of the prepared catalogs; what is not standard follows the
        standard columns in the order in which it is first seen, save
        ``source_original``, which follows ``source``.
    absent
        Standard columns that this run does not write.
    explain
        Columns that explain the verdicts, just before the last one, group_id.
    """
    standard = list(STANDARD_COLUMNS)
    if any(SOURCE_ORIGINAL.name in schema.names for schema in prepared):
        standard.insert(STANDARD_COLUMNS.get_field_index("source") + 1, SOURCE_ORIGINAL)
    fields = {field.name: field for field in standard}
    for schema in prepared:
        for field in schema:
            fields.setdefault(field.name, pa.field(field.name, field.type))
    fields |= {field.name: field for field in (*explain, GROUP_ID)}
    return pa.schema([field for name, field in fields.items() if name not in absent])


@dataclass(frozen=True, slots=True)
class CatalogRows:
    """Which catalog, and which row of it, each row of the whole is.

    Attributes
    ----------
    catalog
        Index into ``prefixes``, int32, shape ``(n,)``.
    number
        Row number within the catalog, from 1, shape ``(n,)``.
    prefixes
        Distinct digits of each catalog.
    """

    catalog: NDArray[np.int32]
    number: IntArray
    prefixes: tuple[str, ...]

    def crd_ids(self, rows: IntArray) -> pa.StringArray:
        """Return the CRD_IDs of some rows."""
        prefixes = pa.array([f"CRD{prefix}" for prefix in self.prefixes], pa.string())
        prefix = prefixes.take(pa.array(self.catalog[rows]))
        number = pa.array(self.number[rows]).cast(pa.string())
        return pc.binary_join_element_wise(prefix, number, "_")


@dataclass(frozen=True, slots=True)
class Links:
    """The neighbours of each row, in the text order of their CRD_IDs.

    Attributes
    ----------
    first
        Where the neighbours of a row begin, shape ``(n + 1,)``.
    neighbours
        Row numbers, shape ``(2 m,)``.
    """

    first: IntArray
    neighbours: IntArray

    @classmethod
    def of_pairs(cls, pairs: IntArray, crd_order: IntArray) -> Links:
        """Build from pairs, shape ``(m, 2)``, and the sort keys of all rows' CRD_IDs."""
        n_rows = len(crd_order)
        is_linked = np.zeros(n_rows, dtype=np.bool_)
        is_linked[pairs] = True
        linked = np.flatnonzero(is_linked)
        by_text = linked[np.argsort(crd_order[linked], kind="stable")]
        place = np.empty(n_rows, dtype=np.int64)
        place[by_text] = np.arange(len(by_text))
        rows = np.concatenate([pairs[:, 0], pairs[:, 1]])
        others = np.concatenate([pairs[:, 1], pairs[:, 0]])
        width = max(len(by_text), 1)
        # One integer per link sorts many times faster than two columns do.
        keys = rows * width + place[others]
        keys.sort()
        rows, places = np.divmod(keys, width)
        first = np.zeros(n_rows + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=n_rows), out=first[1:])
        return cls(first, by_text[places])

    @property
    def counts(self) -> IntArray:
        """How many neighbours each row has."""
        return np.diff(self.first)

    def compared_to(self, rows: IntArray, ids: CatalogRows) -> pa.StringArray:
        """Return the neighbours' CRD_IDs of some rows, joined by comma and space; null if none."""
        counts = self.first[rows + 1] - self.first[rows]
        ends = np.cumsum(counts)
        within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
        neighbours = self.neighbours[np.repeat(self.first[rows], counts) + within]
        offsets = np.concatenate([[0], ends]).astype(np.int64)
        lists = pa.LargeListArray.from_arrays(pa.array(offsets), ids.crd_ids(neighbours))
        joined = pc.binary_join(lists, ", ").cast(pa.string())
        return pc.if_else(pa.array(counts > 0), joined, pa.scalar(None, pa.string()))


def table_of(schema: pa.Schema, prepared: pa.Table, computed: dict[str, pa.Array]) -> pa.Table:
    """Put a slice of the result together.

    Parameters
    ----------
    schema
        Of the result.
    prepared
        The slice of the prepared catalog.
    computed
        Columns that take precedence over the prepared ones.

    Returns
    -------
    the slice with exactly the schema's columns; what nothing provides is null
    """
    available = set(prepared.column_names)
    columns = []
    for field in schema:
        if field.name in computed:
            columns.append(computed[field.name])
        elif field.name in available:
            columns.append(prepared.column(field.name).cast(field.type))
        else:
            columns.append(pa.nulls(prepared.num_rows, field.type))
    return pa.Table.from_arrays(columns, schema=schema)
