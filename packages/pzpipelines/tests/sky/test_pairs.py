"""Pairs within a radius: exact on the whole sphere, whatever the order or the partitions."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import combinations
from math import asin, cos, radians, sin, sqrt
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzpipelines.combine.pairs import find_pairs
from pzpipelines.runtime.executors import InProcessExecutor
from pzpipelines.sky.errors import RadiusError, TooManyPairsError
from pzpipelines.sky.pairs import crowding_bound, pairs_within


def separation_arcsec(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Haversine, one pair at a time."""
    (ra1, dec1), (ra2, dec2) = a, b
    d1, d2 = radians(dec1), radians(dec2)
    half_ra = radians(ra2 - ra1) / 2
    h = sin((d2 - d1) / 2) ** 2 + cos(d1) * cos(d2) * sin(half_ra) ** 2
    return asin(min(1.0, sqrt(h))) * 2 * 206264.80624709636


def brute_force(sky: list[tuple[float, float]], radius: float) -> list[list[int]]:
    return [
        [i, j]
        for i, j in combinations(range(len(sky)), 2)
        if separation_arcsec(sky[i], sky[j]) <= radius
    ]


def arrays(sky: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(sky, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


@pytest.mark.parametrize(
    ("sky", "expected"),
    [
        ([(359.9999, 0.0), (0.0001, 0.0), (180.0, 0.0)], [[0, 1]]),
        ([(0.0, 90.0), (123.0, 90.0), (301.0, 89.9999)], [[0, 1], [0, 2], [1, 2]]),
        ([(10.0, -90.0), (200.0, -90.0), (10.0, 90.0)], [[0, 1]]),
        ([(10.0, 10.0)] * 3, [[0, 1], [0, 2], [1, 2]]),
        ([(10.0, 10.0), (190.0, -10.0)], []),
        ([(10.0, 10.0)], []),
        ([], []),
    ],
    ids=["ra-zero", "north-pole", "south-pole", "identical", "antipodes", "single", "empty"],
)
def test_pairs_are_found_everywhere_on_the_sphere(
    sky: list[tuple[float, float]], expected: list[list[int]]
) -> None:
    ra, dec = arrays(sky)
    assert pairs_within(ra, dec, radius_arcsec=1.0).tolist() == expected


@pytest.mark.parametrize("ra", [0.0, 12.3456789, 359.9])
def test_a_separation_of_exactly_the_radius_is_a_pair_and_a_nanoarcsecond_more_is_not(
    ra: float,
) -> None:
    for offset, expected in ((0.5, [[0, 1]]), (0.5 - 3e-9, [[0, 1]]), (0.5 + 3e-9, [])):
        pairs = pairs_within(np.array([ra, ra]), np.array([0.0, offset / 3600]), radius_arcsec=0.5)
        assert pairs.tolist() == expected


def test_half_a_turn_joins_antipodes() -> None:
    pairs = pairs_within(
        np.array([10.0, 190.0]), np.array([10.0, -10.0]), radius_arcsec=180 * 3600.0
    )
    assert pairs.tolist() == [[0, 1]]


@pytest.mark.parametrize("radius", [0.0, -1.0, float("nan"), 700_000.0])
def test_a_radius_that_is_no_arc_is_refused(radius: float) -> None:
    with pytest.raises(RadiusError, match=r"^radius "):
        pairs_within(np.zeros(2), np.zeros(2), radius_arcsec=radius)


# Positions on a coarse lattice around interesting places: knots, chains, poles, RA 0.
centres = st.sampled_from(
    [(0.0, 0.0), (180.0, 0.0), (45.0, 41.8103), (0.0, 90.0), (77.0, -90.0), (359.99999, -41.81)]
)
steps = st.tuples(st.integers(-6, 6), st.integers(-6, 6))


@st.composite
def skies(draw: st.DrawFn) -> list[tuple[float, float]]:
    sky = []
    for (ra, dec), (right, up) in draw(st.lists(st.tuples(centres, steps), max_size=30)):
        place = (ra + right * 0.21 / 3600) % 360, np.clip(dec + up * 0.21 / 3600, -90, 90)
        sky.append((float(place[0]), float(place[1])))
    return sky


@given(skies(), st.sampled_from([0.1, 0.5, 1.3]))
def test_pairs_equal_those_of_brute_force(sky: list[tuple[float, float]], radius: float) -> None:
    ra, dec = arrays(sky)
    assert pairs_within(ra, dec, radius_arcsec=radius).tolist() == brute_force(sky, radius)


@given(skies(), st.randoms(use_true_random=False))
def test_pairs_do_not_depend_on_the_order_of_rows(sky: list[tuple[float, float]], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(range(len(sky)))
    random.shuffle(shuffled)
    ra, dec = arrays(sky)
    order = np.array(shuffled, dtype=np.int64)
    moved = order[pairs_within(ra[order], dec[order], radius_arcsec=0.5)]
    plain = pairs_within(ra, dec, radius_arcsec=0.5)
    assert sorted(map(sorted, moved.tolist())) == plain.tolist()


@given(skies(), st.integers(1, 12), st.sampled_from([0.5, 30.0, 7200.0, 200_000.0]))
def test_pairs_do_not_depend_on_partitions(
    sky: list[tuple[float, float]], rows_per_partition: int, radius: float
) -> None:
    ra, dec = arrays(sky)
    found = find_pairs(
        ra,
        dec,
        radius_arcsec=radius,
        executor=InProcessExecutor(),
        rows_per_partition=rows_per_partition,
        progress=lambda share: None,
    )
    assert found.tolist() == pairs_within(ra, dec, radius_arcsec=radius).tolist()


@pytest.fixture(scope="module")
def dense_sky() -> tuple[np.ndarray, np.ndarray]:
    """20,000 rows over the whole sphere and in tight knots, some of them at the poles."""
    random = np.random.default_rng(7)
    ra = random.uniform(0, 360, 12_000)
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, 12_000)))
    ra[:200], dec[:100], dec[100:200] = random.uniform(0, 360, 200), 89.999, -89.999
    twin = random.integers(0, 12_000, 8_000)
    spread = random.normal(0, 20 / 3600, (2, 8_000))
    ra = np.concatenate([ra, (ra[twin] + spread[0]) % 360])
    dec = np.concatenate([dec, np.clip(dec[twin] + spread[1], -90, 90)])
    return ra, dec


@pytest.mark.parametrize("radius", [5.0, 60.0, 3600.0])
def test_partitions_of_the_whole_sphere_lose_no_pair(
    dense_sky: tuple[np.ndarray, np.ndarray], radius: float
) -> None:
    ra, dec = dense_sky
    with ThreadPoolExecutor(2) as threads:
        found = find_pairs(
            ra,
            dec,
            radius_arcsec=radius,
            executor=threads,
            rows_per_partition=500,
            progress=lambda share: None,
        )
    assert np.array_equal(found, pairs_within(ra, dec, radius_arcsec=radius))


def test_pairs_do_not_depend_on_worker_processes(
    dense_sky: tuple[np.ndarray, np.ndarray],
) -> None:
    ra, dec = dense_sky
    told: list[float] = []
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        found = find_pairs(
            ra,
            dec,
            radius_arcsec=5.0,
            executor=processes,
            rows_per_partition=3000,
            progress=told.append,
        )
    assert np.array_equal(found, pairs_within(ra, dec, radius_arcsec=5.0))
    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("rows_per_partition", [100, 10_000])
def test_a_crowd_is_refused_before_its_pairs_fill_the_memory(rows_per_partition: int) -> None:
    ra, dec = np.full(5000, 10.0), np.full(5000, 10.0)
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as processes,
        pytest.raises(TooManyPairsError, match="12,497,500 pairs") as refusal,
    ):
        find_pairs(
            ra, dec, radius_arcsec=0.5, executor=processes, max_pairs=1_000_000,
            rows_per_partition=rows_per_partition, progress=lambda share: None,
        )  # fmt: skip
    assert refusal.value.as_dict()["data"] == {"n_pairs": 12_497_500, "max_pairs": 1_000_000}


@given(skies(), st.sampled_from([0.5, 2.0, 7200.0, 300_000.0]))
def test_the_crowding_bound_is_never_below_the_number_of_pairs(
    sky: list[tuple[float, float]], radius: float
) -> None:
    ra, dec = arrays(sky)
    assert crowding_bound(ra, dec, radius) >= len(pairs_within(ra, dec, radius_arcsec=radius))
