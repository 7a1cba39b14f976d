"""Executors: the same tasks on threads, processes and Dask."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pytest

from object_catalogs import objects_at, uniform_sky, write_hats
from pzpipelines.arrays import FloatArray
from pzpipelines.combine.pairs import find_pairs
from pzpipelines.objects.catalog import open_objects
from pzpipelines.runtime import executors
from pzpipelines.runtime.executors import InProcessExecutor, open_executor
from pzpipelines.sky.pairs import pairs_within
from pzpipelines.training.match import Matches, match_objects
from pztables.errors import OptionError


@pytest.mark.parametrize("name", ["serial", "threads", "processes"])
def test_every_executor_runs_tasks(name: str) -> None:
    with open_executor(name, workers=2) as executor:
        assert list(executor.map(divmod, [7, 9], [2, 4])) == [(3, 1), (2, 1)]


@pytest.mark.parametrize("name", ["thread", "dask:/x", ""])
def test_an_unknown_executor_is_refused_with_the_choices(name: str) -> None:
    with (
        pytest.raises(OptionError, match="threads, processes, serial or dask"),
        open_executor(name, workers=2),
    ):
        raise AssertionError("never opened")


@pytest.mark.slow
def test_dask_workers_find_the_same_pairs_and_matches(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra pzpipelines[dask]")
    random = np.random.default_rng(5)
    ra, dec = random.uniform(0, 0.05, (2, 3000))
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        open_executor(cluster.scheduler_address.replace("tcp", "dask"), workers=2) as executor,
    ):
        found = find_pairs(
            ra, dec, radius_arcsec=0.5, executor=executor, rows_per_partition=400,
            progress=lambda share: None,
        )  # fmt: skip
        objects = tmp_path / "objects"
        positions = uniform_sky(4000, ra=(10, 20), dec=(-5, 5), seed=3)
        write_hats(objects, objects_at(*positions, np.arange(4000)), max_rows=500)
        sky = uniform_sky(3000, ra=(9, 21), dec=(-6, 6), seed=4)
        by_dask = match(sky, objects, executor)
    assert by_dask.statistics.partitions_read > 4
    assert matched(by_dask) == matched(match(sky, objects, InProcessExecutor()))
    assert np.array_equal(found, pairs_within(ra, dec, radius_arcsec=0.5))
    assert len(found) > 0


def test_a_dask_scheduler_that_does_not_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="the extra pzpipelines[dask]")
    monkeypatch.setattr(executors, "DASK_TIMEOUT_SECONDS", 0.5)
    with (
        pytest.raises(OptionError, match=r"no Dask scheduler answers at 127\.0\.0\.1:9"),
        open_executor("dask://127.0.0.1:9", workers=2),
    ):
        raise AssertionError("never opened")


def match(sky: tuple[FloatArray, FloatArray], objects: Path, executor: Executor) -> Matches:
    return match_objects(
        sky, open_objects(objects), radius_arcsec=300, n_neighbors=2, columns=["objectId"],
        executor=executor, workers=2, memory_bytes=10**9, on_progress=lambda done, total: None,
    )  # fmt: skip


def matched(matches: Matches) -> tuple[list[int], list[int], list[float]]:
    ids = matches.table["objectId"].to_pylist()
    assert len(ids) > 100
    return matches.left.tolist(), ids, matches.separation_arcsec.tolist()
