"""Verdicts against a slow, obvious twin: astropy's search, networkx's components, plain loops."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import networkx as nx
import numpy as np
import pytest
from astropy.coordinates import SkyCoord, search_around_sky

from pzpipelines.combine.duplicates import Evidence, crd_text_order
from pzpipelines.combine.groups import number_groups
from pzpipelines.combine.pairs import find_pairs
from pzpipelines.combine.verdicts import reach_verdicts
from pzpipelines.runtime.executors import InProcessExecutor

RADIUS_ARCSEC = 0.5
PREFIXES = ["2", "10", "001"]


@dataclass
class Sky:
    """One random combination: positions and everything that verdicts depend on."""

    ra: np.ndarray
    dec: np.ndarray
    z: np.ndarray
    flag: np.ndarray
    kind: np.ndarray
    z_err: np.ndarray
    earlier: np.ndarray
    catalog: np.ndarray
    number: np.ndarray

    @property
    def crd_ids(self) -> list[str]:
        return [
            f"CRD{PREFIXES[catalog]}_{number}"
            for catalog, number in zip(self.catalog, self.number, strict=True)
        ]

    def evidence(self, collapse_priority: bool) -> Evidence:
        scores = [np.where(np.isnan(column), -np.inf, column) for column in (self.flag, self.kind)]
        errors = [np.where(np.isnan(self.z_err), np.inf, self.z_err)] if collapse_priority else []
        order = crd_text_order(self.catalog, self.number, PREFIXES)
        return Evidence(scores, self.z, order, errors)


def random_sky(random: np.random.Generator) -> Sky:
    """A few objects with several measurements each, somewhere awkward on the sphere."""
    n = int(random.integers(1, 25))
    centre = [(0.0, 0.0), (359.99995, 30.0), (12.0, 89.99999), (200.0, -90.0), (83.0, -28.0)][
        random.integers(5)
    ]
    spread = random.choice([0.0, 0.2, 0.6, 2.0])  # identical, knots, chains, loose
    dec = np.clip(centre[1] + random.normal(0, spread, n) / 3600, -90, 90)
    across = random.normal(0, spread, n) / 3600 / max(np.cos(np.radians(centre[1])), 1e-7)
    ra = (centre[0] + across) % 360
    if random.random() < 0.2:  # half of them on the opposite side
        half = random.random(n) < 0.5
        ra, dec = np.where(half, (ra + 180) % 360, ra), np.where(half, -dec, dec)
    catalog = np.sort(random.integers(0, 3, n))
    number = np.concatenate([1 + np.arange((catalog == c).sum()) * 3 for c in range(3)])
    z = np.round(random.choice([0.1, 0.1005, 0.1012, 0.5, -99.0, np.nan], n), 4)
    return Sky(
        ra, dec, z,
        flag=random.choice([0, 1, 3, 4, 4, 4, 6, np.nan], n),
        kind=random.choice([0, 1, 2, 3, 3, 3], n).astype(float),
        z_err=random.choice([1e-4, 1e-3, np.nan], n),
        earlier=random.choice([1, 1, 1, 0, 2, 3], n).astype(np.int8),
        catalog=catalog, number=number,
    )  # fmt: skip


def twin_pairs(sky: Sky) -> list[tuple[int, int]]:
    coords = SkyCoord(sky.ra * u.deg, sky.dec * u.deg)
    left, right, _, _ = search_around_sky(coords, coords, RADIUS_ARCSEC * u.arcsec)
    return sorted((int(i), int(j)) for i, j in zip(left, right, strict=True) if i < j)


def twin_survivors(
    sky: Sky, members: list[int], *, threshold: float, null_z_loses: bool, by_error: bool
) -> list[int]:
    """Survivors of one group, decided row by row as the sentence says."""
    ids = sky.crd_ids
    alive = list(members)
    for column in (sky.flag, sky.kind):
        known = [column[row] for row in alive if not np.isnan(column[row])]
        if known:
            alive = [row for row in alive if column[row] == max(known)]
    if null_z_loses and any(not np.isnan(sky.z[row]) for row in alive):
        alive = [row for row in alive if not np.isnan(sky.z[row])]
    if threshold == 0:
        return alive
    survivors = [row for row in alive if np.isnan(sky.z[row])]
    ladder = sorted((row for row in alive if not np.isnan(sky.z[row])), key=lambda r: sky.z[r])
    clusters: list[list[int]] = []
    for row in ladder:
        if clusters and sky.z[row] - sky.z[clusters[-1][-1]] <= threshold:
            clusters[-1].append(row)
        else:
            clusters.append([row])

    def preference(row: int) -> tuple[float, str]:
        error = np.inf if np.isnan(sky.z_err[row]) else sky.z_err[row]
        return (error if by_error else 0.0, ids[row])

    return survivors + [min(cluster, key=preference) for cluster in clusters]


def twin_verdicts(sky: Sky, pairs: list[tuple[int, int]], **options: object) -> list[list[int]]:
    """``[tie_result, group_id]`` of each row."""
    is_star = sky.flag == 6
    graph = nx.Graph()
    graph.add_nodes_from(range(len(sky.ra)))
    graph.add_edges_from((i, j) for i, j in pairs if not (is_star[i] or is_star[j]))
    component = {row: sorted(c) for c in nx.connected_components(graph) for row in c}
    results, groups, numbers = [], [], {}
    for row in range(len(sky.ra)):
        members = component[row]
        if is_star[row]:
            results.append(3)
        elif len(members) == 1:
            results.append(int(sky.earlier[row]))
        else:
            survivors = twin_survivors(sky, members, **options)  # type: ignore[arg-type]
            results.append(0 if row not in survivors else 1 if len(survivors) == 1 else 2)
        numbers.setdefault(members[0], len(numbers) + 1)
        groups.append(numbers[members[0]])
    return [results, groups]


@pytest.mark.parametrize("seed", range(4))
def test_verdicts_equal_those_of_the_twin_on_random_skies(seed: int) -> None:
    random = np.random.default_rng(seed)
    seen: set[int] = set()
    for _ in range(500):
        sky = random_sky(random)
        threshold = float(random.choice([0.0, 0.001]))
        null_z_loses, by_error = bool(random.random() < 0.3), bool(random.random() < 0.3)
        pairs = find_pairs(
            sky.ra, sky.dec, radius_arcsec=RADIUS_ARCSEC, executor=InProcessExecutor(),
            rows_per_partition=int(random.integers(1, 30)), progress=lambda share: None,
        )  # fmt: skip
        assert [tuple(pair) for pair in pairs.tolist()] == twin_pairs(sky)
        verdicts = reach_verdicts(
            pairs, sky.flag == 6, sky.evidence(by_error), sky.earlier,
            delta_z_threshold=threshold, null_z_loses=null_z_loses,
        )  # fmt: skip
        expected = twin_verdicts(
            sky, twin_pairs(sky), threshold=threshold, null_z_loses=null_z_loses, by_error=by_error
        )
        ours = [verdicts.tie_result.tolist(), number_groups(verdicts.labels).tolist()]
        assert ours == expected
        seen.update(ours[0])
    assert seen == {0, 1, 2, 3}, "the random skies must show every verdict"
