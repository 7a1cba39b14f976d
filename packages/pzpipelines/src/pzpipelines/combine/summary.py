"""What a combination did, in numbers and in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pzpipelines.arrays import BoolArray, IntArray
from pzpipelines.combine.duplicates import TieResult
from pzpipelines.combine.verdicts import Verdicts

#: Name under which rows without a survey are counted.
NO_SURVEY = "(none)"


def count_surveys(surveys: pa.ChunkedArray) -> dict[str, int]:
    """Return how many rows each survey has, by name."""
    counts = pc.value_counts(surveys)
    by_name = {
        NO_SURVEY if entry["values"] is None else entry["values"]: entry["counts"]
        for entry in counts.to_pylist()
    }
    return dict(sorted(by_name.items()))


def add_counts(total: dict[str, int], more: Mapping[str, int]) -> None:
    """Add counts by name to running totals."""
    for name, count in more.items():
        total[name] = total.get(name, 0) + count


def summarise_matching(
    verdicts: Verdicts, pairs: IntArray, is_star: BoolArray, neighbours: IntArray, n_neighbors: int
) -> dict[str, Any]:
    """Count pairs, groups and verdicts over all rows, before any filter.

    Parameters
    ----------
    verdicts
        As reached.
    pairs
        Shape ``(m, 2)``.
    is_star
        Shape ``(n,)``.
    neighbours
        How many neighbours each row has, shape ``(n,)``.
    n_neighbors
        Rows with more neighbours than this are counted; none is cut off.
    """
    sizes = np.bincount(verdicts.labels, minlength=1)
    by_size = np.bincount(sizes[sizes > 1])
    is_shared = sizes[verdicts.labels] > 1 if len(verdicts.labels) else is_star
    results = verdicts.tie_result
    tied = np.sort(verdicts.labels[is_shared & (results == TieResult.UNRESOLVED)])
    return {
        "pairs": len(pairs),
        "groups": {
            "count": int(by_size.sum()),
            "by_size": {str(size): int(n) for size, n in enumerate(by_size) if n},
        },
        "verdicts": {
            "unique": int((~is_shared & ~is_star).sum()),
            "winners": int((is_shared & (results == TieResult.WINNER)).sum()),
            "losers": int((is_shared & (results == TieResult.LOSER)).sum()),
            "hard_ties": len(tied),
            "hard_tie_groups": int(np.count_nonzero(np.diff(tied, prepend=-1))),
            "stars": int(is_star.sum()),
            "earlier_results_kept": int(
                (~is_shared & ~is_star & (results != TieResult.WINNER)).sum()
            ),
        },
        "rows_beyond_n_neighbors": int((neighbours > n_neighbors).sum()),
    }


def sentences_of(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield a summary as lines for people."""
    yield f"{summary['rows_in']:,} rows in, {summary['rows_out']:,} rows out"
    for catalog in summary["catalogs"]:
        yield f"  {catalog['internal_name']}: {_flow(catalog)}"
        yield from (f"    {sentence}" for sentence in _remarks(catalog))
    matching = summary.get("matching")
    if matching is None:
        return
    verdicts, groups = matching["verdicts"], matching["groups"]
    yield (
        f"{matching['pairs']:,} pairs, {groups['count']:,} groups"
        f"{_sizes(groups['by_size'])}: {verdicts['winners']:,} winners, "
        f"{verdicts['losers']:,} losers, {verdicts['hard_ties']:,} rows in "
        f"{verdicts['hard_tie_groups']:,} hard ties; {verdicts['unique']:,} rows alone, "
        f"{verdicts['stars']:,} stars"
    )


def _flow(catalog: Mapping[str, Any]) -> str:
    removed = [
        f"{catalog[key]:,} {words}"
        for key, words in (
            ("dropped_invalid", "with invalid positions dropped"),
            ("dropped_by_cut", "below the flag cut"),
        )
        if catalog.get(key)
    ]
    flow = f"{catalog['rows_in']:,} in, {catalog['rows_out']:,} out"
    return f"{flow} ({', '.join(removed)})" if removed else flow


def _remarks(catalog: Mapping[str, Any]) -> Iterator[str]:
    for unmapped in catalog.get("unmapped_flags", ()):
        yield (
            f"{unmapped['survey']}: flag {unmapped['value']} has no rule, "
            f"{unmapped['count']:,} rows became null"
        )


def _sizes(by_size: Mapping[str, int]) -> str:
    if not by_size:
        return ""
    listed: Sequence[str] = [f"{count:,} of {size}" for size, count in by_size.items()]
    return f" ({', '.join(listed)} rows)"
