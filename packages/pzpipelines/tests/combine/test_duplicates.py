"""Resolution of groups: the rules of the manual, one by one, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from pzpipelines.combine.duplicates import (
    LOST_IN_COLLAPSE,
    LOST_IN_DRAW,
    SURVIVED,
    Evidence,
    crd_text_order,
    resolve_groups,
)
from pzpipelines.combine.groups import label_groups, number_groups
from pzpipelines.combine.verdicts import (
    TieTreatment,
    best_of_group,
    draw_one,
    reach_verdicts,
    rows_that_stay,
)

NONE = -np.inf


def verdicts_of_one_group(
    scores: list[list[float]],
    z: list[float],
    *,
    delta_z_threshold: float = 0.001,
    null_z_loses: bool = False,
    errors: list[float] | None = None,
) -> tuple[list[int], list[int]]:
    """Tie results and criteria of rows that all belong together, in CRD_ID order."""
    evidence = Evidence(
        [np.array(score, dtype=float) for score in scores],
        np.array(z),
        np.arange(len(z)),
        [np.array(errors)] if errors else [],
    )
    resolution = resolve_groups(
        np.zeros(len(z), dtype=np.int64), evidence,
        delta_z_threshold=delta_z_threshold, null_z_loses=null_z_loses,
    )  # fmt: skip
    assert resolution.rows.tolist() == list(range(len(z)))
    return resolution.tie_result.tolist(), resolution.lost_at.tolist()


@pytest.mark.parametrize(
    ("flags", "kinds", "z", "expected"),
    [
        pytest.param([4, 3], [1, 3], [0.1, 0.1], [1, 0], id="higher flag wins over better type"),
        pytest.param([4, 4], [2, 3], [0.1, 0.1], [0, 1], id="better type breaks equal flags"),
        pytest.param([4, 4], [3, 3], [0.1, 0.1005], [1, 0], id="close z: first CRD_ID wins"),
        pytest.param([4, 4], [3, 3], [0.1, 0.2], [2, 2], id="far z: hard tie"),
        pytest.param([4, 4, 4], [3, 3, 3], [0.1, 0.1008, 0.1016], [1, 0, 0], id="ladder is one"),
        pytest.param([4, 4, 4], [3, 3, 3], [0.1, 0.5, 0.5], [2, 2, 0], id="two clusters"),
        pytest.param([NONE, 0], [3, 0], [0.1, 0.1], [0, 1], id="null flag is the worst"),
        pytest.param([NONE, NONE], [3, 1], [0.1, 0.1], [1, 0], id="all null removes nobody"),
        pytest.param([4, 4], [3, 3], [0.1, np.nan], [2, 2], id="null z survives beside z"),
        pytest.param([4, 4], [3, 3], [np.nan, np.nan], [2, 2], id="null z never collapses"),
        pytest.param([4, 4], [3, 3], [0.101, 0.1], [2, 2], id="plain double subtraction"),
        pytest.param([4, 4], [3, 3], [0.0, 0.001], [1, 0], id="exactly the threshold agrees"),
    ],
)
def test_a_group_is_resolved_as_the_manual_says(
    flags: list[float], kinds: list[float], z: list[float], expected: list[int]
) -> None:
    assert verdicts_of_one_group([flags, kinds], z)[0] == expected


def test_without_a_threshold_identical_redshifts_stay_a_hard_tie() -> None:
    assert verdicts_of_one_group([[4, 4]], [0.1, 0.1], delta_z_threshold=0)[0] == [2, 2]


def test_null_z_loses_only_when_asked_and_only_against_a_redshift() -> None:
    assert verdicts_of_one_group([[4, 4]], [np.nan, 0.1], null_z_loses=True)[0] == [0, 1]
    assert verdicts_of_one_group([[4, 4]], [np.nan, np.nan], null_z_loses=True)[0] == [2, 2]
    assert verdicts_of_one_group([[4, 3]], [np.nan, 0.1], null_z_loses=True)[0] == [1, 0]


def test_the_smallest_error_stands_for_a_cluster_when_asked_nulls_last() -> None:
    z = [0.1, 0.1, 0.1]
    assert verdicts_of_one_group([[4] * 3], z, errors=[3e-4, 1e-4, np.inf])[0] == [0, 1, 0]
    assert verdicts_of_one_group([[4] * 3], z, errors=[np.inf] * 3)[0] == [1, 0, 0]


def test_each_loser_remembers_the_criterion_that_removed_it() -> None:
    _, lost_at = verdicts_of_one_group([[4, 3, 4, 4], [3, 3, 2, 3]], [0.1] * 4)
    assert lost_at == [SURVIVED, 0, 1, LOST_IN_COLLAPSE]


def test_no_rows_are_no_groups() -> None:
    empty = np.empty(0)
    evidence = Evidence([empty], empty, empty.astype(np.int64))
    resolution = resolve_groups(empty.astype(np.int64), evidence, delta_z_threshold=0.001)
    assert len(resolution.rows) == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 12_345)), unique=True))
def test_sort_keys_order_rows_as_the_text_of_their_crd_id(rows: list[tuple[int, int]]) -> None:
    prefixes = ["1", "10", "001"]
    catalog = np.array([row[0] for row in rows], dtype=np.int64)
    number = np.array([row[1] for row in rows], dtype=np.int64)
    texts = [f"CRD{prefixes[c]}_{n}" for c, n in rows]
    keys = crd_text_order(catalog, number, prefixes)
    by_key = [texts[row] for row in np.argsort(keys, kind="stable")]
    assert by_key == sorted(texts)


def test_groups_join_transitively_but_never_through_a_star() -> None:
    pairs = np.array([[0, 1], [1, 2], [3, 4], [4, 5]])
    is_star = np.array([False, False, False, False, True, False])
    assert label_groups(6, pairs, is_star).tolist() == [0, 0, 0, 3, 4, 5]


def test_groups_are_numbered_from_one_by_first_appearance() -> None:
    assert number_groups(np.array([7, 2, 7, 0, 2])).tolist() == [1, 2, 1, 3, 2]
    assert number_groups(np.empty(0, dtype=np.int64)).tolist() == []


@given(
    npst.arrays(np.int64, st.tuples(st.integers(0, 40), st.just(2)), elements=st.integers(0, 19)),
    npst.arrays(np.bool_, 20),
)
def test_group_labels_are_first_rows_and_do_not_depend_on_the_order_of_pairs(
    pairs: np.ndarray, is_star: np.ndarray
) -> None:
    labels = label_groups(20, pairs, is_star)
    assert np.array_equal(labels[labels], labels)
    assert (labels <= np.arange(20)).all()
    assert np.array_equal(label_groups(20, pairs[::-1, ::-1], is_star), labels)


# 0-1: winner, loser; 2-3-4: two tied, a loser; 5: star beside 0; 6: alone; 7: earlier loser
PAIRS = np.array([[0, 1], [0, 5], [2, 3], [3, 4]])
STARS = np.arange(8) == 5
EVIDENCE = Evidence(
    [np.array([4, 3, 4, 4, 3, 6, 1, 1], dtype=float)],
    np.array([0.1, 0.1, 0.1, 0.7, 0.1, 0.0, 0.1, 0.1]),
    np.arange(8),
)
EARLIER = np.array([0, 1, 1, 1, 1, 1, 1, 0], dtype=np.int8)


def test_every_kind_of_row_gets_its_verdict() -> None:
    verdicts = reach_verdicts(PAIRS, STARS, EVIDENCE, EARLIER, delta_z_threshold=0.001)
    assert verdicts.tie_result.tolist() == [1, 0, 2, 2, 0, 3, 1, 0]
    assert best_of_group(verdicts, EVIDENCE).tolist() == [0, 0, 2, 2, 2, 5, 6, 7]


@pytest.mark.parametrize(
    ("treatment", "keep_stars", "expected"),
    [
        (TieTreatment.REMOVE_ALL, False, [0, 6]),
        (TieTreatment.REMOVE_ALL, True, [0, 5, 6]),
        (TieTreatment.KEEP_ALL, False, [0, 2, 3, 6]),
    ],
)
def test_removal_keeps_the_rows_that_its_treatment_names(
    treatment: TieTreatment, keep_stars: bool, expected: list[int]
) -> None:
    verdicts = reach_verdicts(PAIRS, STARS, EVIDENCE, EARLIER, delta_z_threshold=0.001)
    stays = rows_that_stay(verdicts, treatment, keep_stars=keep_stars)
    assert np.flatnonzero(stays).tolist() == expected


def test_drawing_keeps_one_row_of_each_hard_tie_and_the_seed_decides_which() -> None:
    verdicts = reach_verdicts(PAIRS, STARS, EVIDENCE, EARLIER, delta_z_threshold=0.001)
    drawn = set()
    for seed in range(20):
        result = draw_one(verdicts, seed=seed)
        again = draw_one(verdicts, seed=seed)
        assert result.tie_result.tolist() == again.tie_result.tolist()
        assert sorted(result.tie_result[[2, 3]].tolist()) == [0, 1]
        assert result.lost_at[[2, 3]].max() == LOST_IN_DRAW
        assert result.tie_result[[0, 1, 4, 5, 6, 7]].tolist() == [1, 0, 0, 3, 1, 0]
        stays = np.flatnonzero(rows_that_stay(result, TieTreatment.DRAW_ONE))
        drawn.update(set(stays.tolist()) & {2, 3})
    assert drawn == {2, 3}
