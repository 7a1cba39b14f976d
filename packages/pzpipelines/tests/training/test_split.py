"""The split: whole galaxies, exact fraction, nothing but the galaxies and the seed matters."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzpipelines.training.groups import connect, identities
from pzpipelines.training.split import mix, position_keys, split_rows

PAIRS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=40)
FRACTION = st.floats(0.01, 0.99)
SEED = st.integers(-(2**63), 2**63 - 1)


def components(links: list[tuple[int, int]]) -> list[set[int]]:
    """Group rows that share a left or a right number, slowly."""
    groups: list[set[int]] = []
    for row, (left, right) in enumerate(links):
        near = [g for g in groups if any(links[m][0] == left or links[m][1] == right for m in g)]
        groups = [g for g in groups if g not in near] + [set().union({row}, *near)]
    return groups


def positions(left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return left * 1.25, left * -0.5


def split(pairs: list[tuple[int, int]], fraction: float, seed: int) -> np.ndarray:
    left, right = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    groups = connect(left, right)
    keys = position_keys(*positions(left))
    stays = np.ones(len(left), np.bool_)
    return split_rows(groups, keys, stays, train_fraction=fraction, seed=seed)


@given(PAIRS)
def test_rows_are_connected_through_what_they_share(pairs: list[tuple[int, int]]) -> None:
    left, right = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    labels = connect(left, right)
    found = [set(np.flatnonzero(labels == label).tolist()) for label in range(labels.max() + 1)]
    assert sorted(map(sorted, found)) == sorted(map(sorted, components(pairs)))


def test_minus_one_connects_nothing() -> None:
    alone = np.array([-1, -1, 7, 7])
    assert connect(np.arange(4), alone).tolist() == [0, 1, 2, 2]


@given(PAIRS, FRACTION, SEED)
def test_no_redshift_and_no_object_is_on_both_sides(
    pairs: list[tuple[int, int]], fraction: float, seed: int
) -> None:
    is_training = split(pairs, fraction, seed)
    for side in (0, 1):
        for number in {pair[side] for pair in pairs}:
            rows = [row for row, pair in enumerate(pairs) if pair[side] == number]
            assert len({bool(is_training[row]) for row in rows}) == 1


@given(PAIRS, FRACTION, SEED)
def test_the_fraction_is_exact_to_half_a_galaxy(
    pairs: list[tuple[int, int]], fraction: float, seed: int
) -> None:
    largest = max(len(group) for group in components(pairs))
    off = abs(int(split(pairs, fraction, seed).sum()) - fraction * len(pairs))
    assert off <= largest / 2 + 1e-9


@given(PAIRS, FRACTION, SEED, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    pairs: list[tuple[int, int]], fraction: float, seed: int, random: np.random.Generator
) -> None:
    order = list(range(len(pairs)))
    random.shuffle(order)
    shuffled = split([pairs[row] for row in order], fraction, seed)
    assert shuffled.tolist() == split(pairs, fraction, seed)[order].tolist()


def test_seeds_and_galaxies_are_alike() -> None:
    n = 20_000
    pairs = [(row, row) for row in range(n)]
    one, two = split(pairs, 0.7, 1), split(pairs, 0.7, 2)
    assert one.sum() == two.sum() == 14_000
    both = int((one & two).sum())
    assert abs(both - 0.49 * n) < 4 * np.sqrt(n * 0.49 * 0.51)


def test_large_galaxies_are_not_preferred() -> None:
    # 500 galaxies of 20 rows and 10,000 of one: half of the rows each
    pairs = [(row, row // 20 if row < 10_000 else row) for row in range(20_000)]
    rows = np.arange(20_000)
    groups = connect(rows, np.array([right for _, right in pairs]))
    keys, stays = position_keys(*positions(rows)), np.ones(20_000, np.bool_)
    shares = [
        split_rows(groups, keys, stays, train_fraction=0.5, seed=seed)[:10_000].mean()
        for seed in range(40)
    ]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)


def test_rows_that_are_left_out_connect_but_do_not_count() -> None:
    groups = np.array([0, 0, 1, 2])
    keys = mix(np.arange(4, dtype=np.uint64))
    stays = np.array([True, False, True, False])
    is_training = split_rows(groups, keys, stays, train_fraction=0.5, seed=0)
    assert is_training[stays].sum() == 1
    assert is_training[0] == is_training[1]


def test_the_hash_is_that_of_every_machine() -> None:
    assert mix(np.array([0, 1], np.uint64)).tolist() == [
        16294208416658607535, 10451216379200822465,
    ]  # fmt: skip
    assert (
        position_keys(np.array([0.0]), np.array([-0.0])).tolist()
        == position_keys(np.array([-0.0]), np.array([0.0])).tolist()
    )


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([["a", "b", "a", None, ""]], [0, 1, 0, -1, -1]),
        ([["V", "D", "V"], ["1", "1", "1"]], [1, 0, 1]),
        ([[1.0, float("nan"), 1.0, None]], [0, -1, 0, -1]),
        ([[None, None]], [-1, -1]),
    ],
)
def test_identifiers_are_equal_within_their_survey_only(
    columns: list[list[object]], expected: list[int]
) -> None:
    found = identities([pa.chunked_array([pa.array(column)]) for column in columns])
    same = [[a == b and a >= 0 for b in found.tolist()] for a in found.tolist()]
    assert same == [[a == b and a >= 0 for b in expected] for a in expected]
