"""What matching needs of prepared catalogs: slim arrays instead of whole tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pzpipelines.arrays import FloatArray, IntArray

TYPE_COLUMN = "instrument_type_homogenized"


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which columns decide between duplicates.

    Attributes
    ----------
    priority
        Columns whose higher value is better, in order.
    type_priority
        Score of each letter of the instrument type; others score 0.
    collapse_priority
        Columns whose lower value is better within a redshift cluster, in order.
    """

    priority: tuple[str, ...]
    type_priority: Mapping[str, int]
    collapse_priority: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlimCatalog:
    """The columns of prepared rows that matching needs, all of shape ``(n,)``.

    Attributes
    ----------
    number
        Row number in the catalog as of its CRD_ID.
    ra, dec
        ICRS degrees.
    z, flag
        Redshift and homogenised quality flag; NaN where null.
    scores, collapse_scores
        As in `duplicates.Evidence`.
    earlier_result
        Result of an earlier combination, 1 where fresh.
    """

    number: IntArray
    ra: FloatArray
    dec: FloatArray
    z: FloatArray
    flag: FloatArray
    scores: tuple[FloatArray, ...]
    collapse_scores: tuple[FloatArray, ...]
    earlier_result: NDArray[np.int8]

    @classmethod
    def of_table(cls, table: pa.Table, criteria: Criteria) -> SlimCatalog:
        """Take the columns of a prepared table."""
        return cls(
            number=_row_numbers(table["CRD_ID"]),
            ra=floats(table["ra"]),
            dec=floats(table["dec"]),
            z=floats(table["z"]),
            flag=floats(table["z_flag_homogenized"]),
            scores=tuple(_score(table, name, criteria) for name in criteria.priority),
            collapse_scores=tuple(
                floats(table[name], missing=np.inf) for name in criteria.collapse_priority
            ),
            earlier_result=_earlier_result(table),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[SlimCatalog]) -> SlimCatalog:
        """Return the rows of several catalogs, one after the other."""
        if len(parts) == 1:
            return parts[0]
        together = np.concatenate
        return cls(
            together([part.number for part in parts]),
            together([part.ra for part in parts]),
            together([part.dec for part in parts]),
            together([part.z for part in parts]),
            together([part.flag for part in parts]),
            tuple(map(together, zip(*(part.scores for part in parts), strict=True))),
            tuple(map(together, zip(*(part.collapse_scores for part in parts), strict=True))),
            together([part.earlier_result for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.ra)


def floats(column: pa.ChunkedArray, missing: float = np.nan) -> FloatArray:
    """Return a numeric column as doubles, with a value for what is null or NaN."""
    values: FloatArray = column.cast(pa.float64()).to_numpy()
    if np.isnan(missing):
        return values
    return np.where(np.isnan(values), missing, values)


def _score(table: pa.Table, name: str, criteria: Criteria) -> FloatArray:
    if name != TYPE_COLUMN:
        return floats(table[name], missing=-np.inf)
    letters = pa.array(list(criteria.type_priority), pa.string())
    scores = np.array([*criteria.type_priority.values(), 0], dtype=np.float64)
    place = pc.fill_null(pc.index_in(table[name], value_set=letters), len(letters))
    by_row: FloatArray = scores[place.to_numpy()]
    return by_row


def _row_numbers(crd_ids: pa.ChunkedArray) -> IntArray:
    """Return the number after the underscore of each ``CRD<prefix>_<number>``."""
    if len(crd_ids) == 0:
        return np.empty(0, dtype=np.int64)
    start = crd_ids[0].as_py().index("_") + 1
    numbers: IntArray = pc.utf8_slice_codeunits(crd_ids, start).cast(pa.int64()).to_numpy()
    return numbers


def _earlier_result(table: pa.Table) -> NDArray[np.int8]:
    if "tie_result" not in table.column_names:
        return np.ones(table.num_rows, dtype=np.int8)
    results: NDArray[np.int8] = pc.fill_null(table["tie_result"].cast(pa.int8()), 1).to_numpy()
    return results
