"""From slim catalogs to verdicts: match, resolve, filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from pzpipelines.arrays import BoolArray, IntArray
from pzpipelines.combine.duplicates import Evidence, crd_text_order
from pzpipelines.combine.evidence import SlimCatalog
from pzpipelines.combine.explain import Explanation, explain_verdicts
from pzpipelines.combine.outputs import CatalogRows, Links
from pzpipelines.combine.pairs import find_pairs, partition_rows_for
from pzpipelines.combine.summary import summarise_matching
from pzpipelines.combine.verdicts import (
    TieTreatment,
    Verdicts,
    draw_one,
    reach_verdicts,
    rows_that_stay,
)

STAR_FLAG = 6


@dataclass(frozen=True, slots=True)
class Whole:
    """All prepared rows as one list, and what decides between them."""

    slim: SlimCatalog
    rows: CatalogRows
    evidence: Evidence
    is_star: BoolArray

    @classmethod
    def of_catalogs(cls, slims: Sequence[SlimCatalog], prefixes: Sequence[str]) -> Whole:
        """Join catalogs in order.

        Parameters
        ----------
        slims
            Of each catalog.
        prefixes
            Distinct digits of each catalog's CRD_IDs.
        """
        slim = SlimCatalog.concatenate(slims)
        catalog = np.repeat(np.arange(len(slims), dtype=np.int32), [len(each) for each in slims])
        order = crd_text_order(catalog.astype(np.int64), slim.number, prefixes)
        return cls(
            slim,
            CatalogRows(catalog, slim.number, tuple(prefixes)),
            Evidence(slim.scores, slim.z, order, slim.collapse_scores),
            slim.flag == STAR_FLAG,
        )

    def find_pairs(
        self,
        *,
        radius_arcsec: float,
        executor: Executor,
        workers: int,
        max_pairs: int,
        progress: Callable[[float], None],
    ) -> IntArray:
        """Find every pair within the radius; as `pairs.find_pairs`."""
        return find_pairs(
            self.slim.ra,
            self.slim.dec,
            radius_arcsec=radius_arcsec,
            executor=executor,
            rows_per_partition=partition_rows_for(len(self.slim), workers),
            progress=progress,
            max_pairs=max_pairs,
        )


@dataclass(frozen=True, slots=True)
class Resolved:
    """Verdicts on the whole, with the neighbours and counts behind them."""

    verdicts: Verdicts
    links: Links
    counts: dict[str, Any]
    earlier: np.ndarray[tuple[int], np.dtype[np.int8]]


def resolve(
    whole: Whole,
    pairs: IntArray,
    *,
    delta_z_threshold: float,
    null_z_loses: bool,
    n_neighbors: int,
) -> Resolved:
    """Decide on every row and count what was decided.

    Parameters
    ----------
    whole
        All rows.
    pairs
        Shape ``(m, 2)``.
    delta_z_threshold, null_z_loses
        As for `duplicates.resolve_groups`.
    n_neighbors
        Rows with more neighbours are counted.
    """
    earlier = whole.slim.earlier_result
    verdicts = reach_verdicts(
        pairs,
        whole.is_star,
        whole.evidence,
        earlier,
        delta_z_threshold=delta_z_threshold,
        null_z_loses=null_z_loses,
    )
    links = Links.of_pairs(pairs, whole.evidence.crd_order)
    counts = summarise_matching(verdicts, pairs, whole.is_star, links.counts, n_neighbors)
    return Resolved(verdicts, links, counts, earlier)


def remove_duplicates(
    verdicts: Verdicts, treatment: TieTreatment, *, keep_stars: bool, seed: int
) -> tuple[Verdicts, BoolArray]:
    """Return the verdicts after a draw (where one is drawn), and the rows that stay."""
    if treatment is TieTreatment.DRAW_ONE:
        verdicts = draw_one(verdicts, seed=seed)
    return verdicts, rows_that_stay(verdicts, treatment, keep_stars=keep_stars)


def explain(
    whole: Whole, resolved: Resolved, verdicts: Verdicts, priority: Sequence[str]
) -> Explanation:
    """Tell of every row what decided about it; as `explain.explain_verdicts`."""
    return explain_verdicts(
        verdicts,
        whole.evidence,
        whole.slim.ra,
        whole.slim.dec,
        is_star=whole.is_star,
        earlier_result=resolved.earlier,
        priority=priority,
    )
