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
