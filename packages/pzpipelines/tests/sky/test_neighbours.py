"""Nearest neighbours within a radius, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzpipelines.sky.errors import RadiusError
from pzpipelines.sky.neighbours import nearest_within
from pzpipelines.sky.vectors import separations_arcsec, unit_vectors

places = st.lists(
    st.tuples(st.integers(-5, 5), st.integers(-5, 5)).map(
        lambda step: ((360 + step[0] * 0.3 / 3600) % 360, step[1] * 0.3 / 3600)
    ),
    max_size=15,
)


@given(places, places, st.integers(1, 4))
def test_neighbours_equal_those_of_brute_force_nearest_first(
    left: list[tuple[float, float]], right: list[tuple[float, float]], n_neighbors: int
) -> None:
    sides = [np.array(side, dtype=float).reshape(-1, 2) for side in (left, right)]
    found = nearest_within(
        (sides[0][:, 0], sides[0][:, 1]),
        (sides[1][:, 0], sides[1][:, 1]),
        radius_arcsec=0.7,
        n_neighbors=n_neighbors,
    )
    expected = []
    for i, place in enumerate(sides[0]):
        here = np.repeat(unit_vectors(*place[:, None]), len(right), axis=0)
        away = separations_arcsec(here, unit_vectors(sides[1][:, 0], sides[1][:, 1]))
        near = sorted((away[j], j) for j in range(len(right)) if away[j] <= 0.7 + 1e-9)
        expected += [(i, j, arcsec) for arcsec, j in near[:n_neighbors]]
    assert found.left.tolist() == [row[0] for row in expected]
    assert found.separation_arcsec.tolist() == [row[2] for row in expected]
    assert found.right.tolist() == [row[1] for row in expected]


def test_a_radius_that_is_no_arc_is_refused() -> None:
    nowhere = (np.zeros(1), np.zeros(1))
    with pytest.raises(RadiusError):
        nearest_within(nowhere, nowhere, radius_arcsec=0)


def test_crowds_at_one_position_cost_neither_memory_nor_time() -> None:
    # A billion pairs lie within the radius.
    left = (np.full(20_000, 50.0), np.full(20_000, 20.0))
    right = (np.full(50_000, 50.0), np.full(50_000, 20.0))
    found = nearest_within(left, right, radius_arcsec=1.0, n_neighbors=2)
    assert found.left.tolist() == np.repeat(np.arange(20_000), 2).tolist()
    assert found.right.tolist() == [0, 1] * 20_000


def test_equally_distant_positions_beyond_those_wanted_come_by_row_number() -> None:
    # A cross of pairs: every arm is as far, and only the order of rows can decide.
    step = 0.5 / 3600
    arms = [(0.0, step), (0.0, -step), (0.0, step), (0.0, -step), (0.0, 0.0)]
    right = (np.array([ra % 360 for ra, _ in arms]), np.array([dec for _, dec in arms]))
    for n_neighbors, expected in ((1, [4]), (2, [4, 0]), (3, [4, 0, 1]), (9, [4, 0, 1, 2, 3])):
        found = nearest_within(
            (np.zeros(1), np.zeros(1)), right, radius_arcsec=1.0, n_neighbors=n_neighbors
        )
        assert found.right.tolist() == expected


def test_pieces_of_questions_and_answers_do_not_change_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(3)
    sides = [(random.integers(0, 30, 400) / 3600, random.integers(0, 30, 400) / 3600)
             for _ in range(2)]  # fmt: skip
    whole = nearest_within(*sides, radius_arcsec=3.0, n_neighbors=5)
    monkeypatch.setattr("pzpipelines.sky.neighbours._MOST_CANDIDATES", 50)
    pieces = nearest_within(*sides, radius_arcsec=3.0, n_neighbors=5)
    assert pieces.right.tolist() == whole.right.tolist()
    assert pieces.left.tolist() == whole.left.tolist()
