"""Which positions reach into which pixels, against astropy-healpix's cones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzpipelines.sky.healpix import healpix_pixels
from pzpipelines.sky.overlap import overlap_with_pixels
from pzpipelines.sky.vectors import separations_arcsec, unit_vectors


def mixed_pixels(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels of orders 0 to 6 that cover most of the sky, apart from each other."""
    random = np.random.default_rng(seed)
    waiting, cells = [(0, pixel) for pixel in range(12)], []
    while waiting:
        order, pixel = waiting.pop()
        if order < 6 and random.random() < 0.45:
            waiting += [(order + 1, 4 * pixel + child) for child in range(4)]
        elif random.random() < 0.8:
            cells.append((order, pixel))
    cells.sort(key=lambda cell: cell[1] << 2 * (29 - cell[0]))
    return tuple(np.array(side, np.int64) for side in zip(*cells, strict=True))


@given(st.integers(0, 10_000), st.sampled_from([0.5, 90.0, 5_000.0, 200_000.0]))
def test_no_pixel_within_reach_is_left_out(seed: int, radius_arcsec: float) -> None:
    orders, pixels = mixed_pixels(seed)
    random = np.random.default_rng(seed)
    ra = np.concatenate([random.uniform(0, 360, 30), [0.0, 0.0, 45.0, 315.0, 359.99999]])
    dec = np.concatenate([np.degrees(np.arcsin(random.uniform(-1, 1, 30))), [90, -90, 0, 0, 41.81]])
    found = overlap_with_pixels(ra, dec, orders, pixels, radius_arcsec=radius_arcsec)
    pairs = list(zip(found.places.tolist(), found.rows.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    # Points on circles of the radius lie in pixels that must be found.
    shifts = 2 * (29 - orders)
    starts, ends = pixels << shifts, (pixels + 1) << shifts
    for share in (0.0, 0.6, 1.0):
        for turn in np.linspace(0, 2 * np.pi, 9):
            there = moved(ra, dec, radius_arcsec * share, turn)
            index = healpix_pixels(*there, 29)
            place = np.searchsorted(starts, index, side="right") - 1
            inside = (place >= 0) & (index < ends[np.maximum(place, 0)])
            needed = zip(place[inside].tolist(), np.flatnonzero(inside).tolist(), strict=True)
            assert set(needed) <= set(pairs)


def moved(
    ra: np.ndarray, dec: np.ndarray, arcsec: float, turn: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions moved along a great circle."""
    vectors = unit_vectors(ra, dec)
    east = np.column_stack([-np.sin(np.radians(ra)), np.cos(np.radians(ra)), np.zeros(len(ra))])
    north = np.cross(vectors, east)
    step = np.radians(arcsec / 3600)
    there = np.cos(step) * vectors + np.sin(step) * (np.cos(turn) * east + np.sin(turn) * north)
    assert separations_arcsec(there, vectors) == pytest.approx(arcsec, abs=1e-6)
    return (
        np.degrees(np.arctan2(there[:, 1], there[:, 0])) % 360,
        np.degrees(np.arcsin(np.clip(there[:, 2], -1, 1))),
    )


def test_only_the_pixel_itself_is_found_far_from_its_borders() -> None:
    orders, pixels = np.full(12, 0), np.arange(12)
    found = overlap_with_pixels(
        np.array([45.0, 45.0, 0.0]), np.array([60.0, 41.0, 0.0]), orders, pixels, radius_arcsec=1.0
    )
    assert (found.rows.tolist(), found.places.tolist()) == ([0, 1, 2], [0, 0, 4])
    assert found.distinct_places == [0, 4]
    assert found.rows_at(0).tolist() == [0, 1]
    assert found.rows_at(4).tolist() == [2]


def test_nothing_overlaps_no_pixels() -> None:
    nothing = np.empty(0, np.int64)
    found = overlap_with_pixels(np.zeros(3), np.zeros(3), nothing, nothing, radius_arcsec=1.0)
    assert (len(found.rows), found.distinct_places) == (0, [])
