"""Each object and each redshift once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pzpipelines.training.unique import flag_ranks, unique_pairs

PAIRS = st.lists(
    st.tuples(
        st.integers(0, 6), st.integers(0, 6), st.sampled_from([0.0, 0.1, 0.2]), st.integers(0, 2)
    ),
    max_size=30,
    unique_by=lambda pair: pair[:2],
)


def greedy(pairs: list[tuple[int, int, float, int]], ranked: bool) -> list[bool]:
    """Choose pairs one by one, slowly."""
    order = sorted(
        range(len(pairs)),
        key=lambda n: (-pairs[n][3] if ranked else 0, pairs[n][2], pairs[n][0], pairs[n][1]),
    )
    chosen = [False] * len(pairs)
    for number in order:
        shares = any(
            chosen[other] and (pairs[other][0] == pairs[number][0]
                               or pairs[other][1] == pairs[number][1])
            for other in range(len(pairs))
        )  # fmt: skip
        chosen[number] = not shares
    return chosen


@given(PAIRS, st.booleans())
def test_pairs_are_chosen_best_first(
    pairs: list[tuple[int, int, float, int]], ranked: bool
) -> None:
    left, objects, separation, ranks = (
        np.array([pair[part] for pair in pairs], kind)
        for part, kind in enumerate((np.int64, np.int64, np.float64, np.float64))
    )
    chosen = unique_pairs(left, objects, separation, ranks if ranked else None)
    assert chosen.tolist() == greedy(pairs, ranked)


def test_a_better_flag_is_worth_more_than_a_smaller_separation() -> None:
    left, objects = np.array([0, 1]), np.array([5, 5])
    separation, ranks = np.array([0.1, 0.9]), np.array([2.0, 4.0])
    assert unique_pairs(left, objects, separation).tolist() == [True, False]
    assert unique_pairs(left, objects, separation, ranks).tolist() == [False, True]


def test_stars_and_rows_without_flag_rank_lowest() -> None:
    flags = pa.array(["4", "6", None, "0", "secure"])
    low = -np.inf
    assert flag_ranks(flags, are_homogenized=True).tolist() == [4, low, low, 0, low]
    assert flag_ranks(flags, are_homogenized=False).tolist() == [4, 6, low, 0, low]
