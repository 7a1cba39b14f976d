"""The quick first look loses nobody who is near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzpipelines.sky.nearby import NearbyTest
from pzpipelines.sky.vectors import separations_arcsec, unit_vectors

CENTRES = [
    (0.0, 0.0),
    (1e-15, 45.0),
    (0.0, 90.0),
    (200.0, -90.0),
    (90.0, 89.9999),
    (359.9999, -60.0),
]


@given(
    st.sampled_from(CENTRES),
    st.sampled_from([0.001, 1.0, 90.0, 3600.0, 20_000.0, 600_000.0]),
    st.integers(0, 10_000),
)
def test_everything_within_the_radius_passes(
    centre: tuple[float, float], radius_arcsec: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    spread = min(2 * radius_arcsec / 3600, 5.0)
    ra = centre[0] + random.uniform(-1, 1, 60) * min(
        spread / max(np.cos(np.radians(centre[1])), 1e-9), 360
    )
    dec = np.clip(centre[1] + random.uniform(-spread, spread, 60), -90, 90)
    left, right = (ra[:10] % 360, dec[:10]), (ra[10:], dec[10:])  # also below 0 and beyond 360
    passes = NearbyTest(*left, radius_arcsec)(*right)
    here = np.repeat(unit_vectors(*left), 50, axis=0)
    away = separations_arcsec(here, np.tile(unit_vectors(*right), (10, 1))).reshape(10, 50)
    assert passes[(away <= radius_arcsec).any(axis=0)].all()


def test_most_that_are_far_do_not_pass() -> None:
    random = np.random.default_rng(1)
    ra, dec = random.uniform(0, 360, 200_000), random.uniform(-80, 80, 200_000)
    passes = NearbyTest(ra[:1000], dec[:1000], 1.0)(ra, dec)
    assert passes[:1000].all()
    assert passes[1000:].mean() < 0.05


@pytest.mark.parametrize("radius_arcsec", [1.0, 500_000.0])
def test_positions_that_are_none_do_not_pass(radius_arcsec: float) -> None:
    test = NearbyTest(np.array([10.0]), np.array([0.0]), radius_arcsec)
    nowhere = np.array([np.nan, np.inf, 10.0, 10.0])
    assert test(nowhere, np.array([0.0, 0.0, np.nan, 0.0])).tolist() == [False, False, False, True]
    nobody = NearbyTest(np.empty(0), np.empty(0), radius_arcsec)
    assert nobody(np.zeros(2), np.zeros(2)).tolist() == [False, False]
