"""Matches with HATS objects, against brute force on random skies and against LSDB."""

from __future__ import annotations

import json
import pickle
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from object_catalogs import (
    FIRST_ID,
    objects_at,
    uniform_sky,
    write_hats,
    write_object_collection,
)
from pzpipelines.objects.catalog import ObjectCatalog, open_objects
from pzpipelines.objects.errors import PartitionUnreadableError
from pzpipelines.runtime.executors import InProcessExecutor
from pzpipelines.sky.errors import RadiusError
from pzpipelines.training.match import Matches, TooManyMatchesError, match_objects, overlapping
from pztables.errors import ColumnMissingError

FloatArray = npt.NDArray[np.float64]
Sky = tuple[FloatArray, FloatArray]

#: Where partitions end or coordinates do: 0 h, both poles, corners of base pixels.
CENTRES = [(0.0, 0.0), (0.0, 90.0), (123.0, -90.0), (45.0, 0.0), (0.0, 41.8103), (359.9999, -30.0)]


def match(redshifts: Sky, catalog: ObjectCatalog, **options: Any) -> Matches:
    settings_: dict[str, Any] = {
        "radius_arcsec": 1.0, "n_neighbors": 1, "columns": ["objectId"], "workers": 1,
        "executor": InProcessExecutor(), "memory_bytes": 10**9,
        "on_progress": lambda done, total: None,
    }  # fmt: skip
    return match_objects(redshifts, catalog, **{**settings_, **options})


def rows_of(matches: Matches) -> list[tuple[int, int]]:
    """Return (row of the redshift, identifier of the object) of each match."""
    ids = matches.table["objectId"].to_numpy() - FIRST_ID
    return list(zip(matches.left.tolist(), ids.tolist(), strict=True))


def cloud(n: int, centre: tuple[float, float], size_deg: float, seed: int) -> Sky:
    """Return positions scattered around a centre, also across a pole."""
    from astropy import units
    from astropy.coordinates import SkyCoord

    random = np.random.default_rng(seed)
    middle = SkyCoord(*centre, unit="deg")
    around = middle.directional_offset_by(
        random.uniform(0, 360, n) * units.deg, size_deg * np.sqrt(random.random(n)) * units.deg
    )
    return around.ra.deg % 360, np.clip(around.dec.deg, -90, 90)


def scattered(sky: Sky, arcsec: float, seed: int) -> Sky:
    """Return positions moved by about so much, also across a pole."""
    from astropy import units
    from astropy.coordinates import SkyCoord

    random = np.random.default_rng(seed)
    places = SkyCoord(*sky, unit="deg").directional_offset_by(
        random.uniform(0, 360, len(sky[0])) * units.deg,
        np.abs(random.normal(0, arcsec, len(sky[0]))) * units.arcsec,
    )
    return places.ra.deg % 360, np.clip(places.dec.deg, -90, 90)


def brute_force(
    left: Sky, right: Sky, radius_arcsec: float, n: int
) -> list[tuple[int, int, float]]:
    """Return (left, right, arcsec) by astropy, nearest first."""
    from astropy import units
    from astropy.coordinates import SkyCoord, search_around_sky

    places = [SkyCoord(*sky, unit="deg") for sky in (left, right)]
    rows, others, arcs, _ = search_around_sky(*places, radius_arcsec * units.arcsec)
    found = sorted(
        zip(rows.tolist(), arcs.to_value("arcsec").tolist(), others.tolist(), strict=True)
    )
    taken: dict[int, int] = {}
    result = []
    for row, away, other in found:
        taken[row] = taken.get(row, 0) + 1
        if taken[row] <= n:
            result.append((row, other, away))
    return result


def catalog_of(folder: Path, sky: Sky, **options: Any) -> ObjectCatalog:
    write_hats(folder, objects_at(*sky, np.arange(len(sky[0]))), **options)
    return open_objects(folder)


@settings(max_examples=15)
@given(
    centre=st.sampled_from(CENTRES),
    seed=st.integers(0, 1000),
    size_deg=st.sampled_from([0.003, 0.02, 3.0]),
    radius=st.sampled_from([0.3, 2.0, 30.0]),
    n_neighbors=st.sampled_from([1, 3, 100]),
    layout=st.sampled_from([{}, {"files_per_pixel": 2}, {"legacy": True}, {"row_group_rows": 7}]),
)
def test_matches_equal_those_of_astropy_row_for_row(
    centre: tuple[float, float],
    seed: int,
    size_deg: float,
    radius: float,
    n_neighbors: int,
    layout: dict[str, Any],
) -> None:
    objects = cloud(100, centre, size_deg, seed)
    redshifts = scattered((objects[0][::2], objects[1][::2]), radius, seed + 1)
    with tempfile.TemporaryDirectory() as folder:
        catalog = catalog_of(Path(folder) / "objects", objects, max_rows=12, **layout)
        found = match(redshifts, catalog, radius_arcsec=radius, n_neighbors=n_neighbors)
    expected = brute_force(redshifts, objects, radius, n_neighbors)
    assert rows_of(found) == [(left, right) for left, right, _ in expected]
    assert found.separation_arcsec == pytest.approx([each[2] for each in expected], abs=1e-8)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sky, ObjectCatalog]:
    """A sky with a crowded corner, in partitions of several orders, across 0 h."""
    wide = uniform_sky(1500, ra=(-3, 3), dec=(-3, 3), seed=1)
    dense = cloud(1500, (0.0, 0.0), 0.05, 2)
    sky = (np.concatenate([wide[0], dense[0]]), np.concatenate([wide[1], dense[1]]))
    catalog = catalog_of(tmp_path_factory.mktemp("hats") / "mixed", sky, max_rows=200)
    assert len({partition.order for partition in catalog.partitions}) > 2
    return sky, catalog


def test_neither_workers_nor_memory_nor_the_order_of_redshifts_change_a_match(
    mixed: tuple[Sky, ObjectCatalog],
) -> None:
    sky, catalog = mixed
    redshifts = scattered(sky, 3.0, 5)
    expected = match(redshifts, catalog, radius_arcsec=5.0, n_neighbors=4)
    with ThreadPoolExecutor(3) as threads:
        options = {"executor": threads, "workers": 3, "memory_bytes": 20_000_000}
        parallel = match(redshifts, catalog, radius_arcsec=5.0, n_neighbors=4, **options)
    assert parallel.table.equals(expected.table)
    for name in ("left", "objects", "separation_arcsec"):
        assert getattr(parallel, name).tolist() == getattr(expected, name).tolist()
    backwards = match(
        (redshifts[0][::-1], redshifts[1][::-1]), catalog, radius_arcsec=5.0, n_neighbors=4
    )
    turned = [(len(sky[0]) - 1 - left, other) for left, other in rows_of(backwards)]
    assert sorted(turned) == sorted(rows_of(expected))


def test_tasks_results_and_refusals_cross_the_borders_of_processes(
    mixed: tuple[Sky, ObjectCatalog],
) -> None:
    class Elsewhere(InProcessExecutor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            fn, args, kwargs = pickle.loads(pickle.dumps((fn, args, kwargs)))
            return super().submit(lambda: pickle.loads(pickle.dumps(fn(*args, **kwargs))))

    sky, catalog = mixed
    there = match(sky, catalog, executor=Elsewhere(), n_neighbors=2)
    assert there.table.equals(match(sky, catalog, n_neighbors=2).table)
    refusal = PartitionUnreadableError("partition 1 is gone", partition="1")
    again = pickle.loads(pickle.dumps(refusal))
    assert again.as_dict() == refusal.as_dict()


def test_an_object_has_one_number_in_the_order_of_the_catalog(
    mixed: tuple[Sky, ObjectCatalog],
) -> None:
    sky, catalog = mixed
    found = match(scattered(sky, 1.0, 6), catalog, radius_arcsec=5.0, n_neighbors=4)
    numbered = dict(zip(found.objects.tolist(), found.table["objectId"].to_pylist(), strict=True))
    assert len(numbered) == len(set(numbered.values())) < len(found.objects)
    in_order = [
        identifier
        for partition in catalog.partitions
        for identifier in catalog.read_columns(partition, ["objectId"])["objectId"].to_pylist()
    ]
    chosen = set(numbered.values())
    assert [numbered[n] for n in sorted(numbered)] == [i for i in in_order if i in chosen]


def test_all_columns_of_matched_rows_are_as_in_the_catalog(
    mixed: tuple[Sky, ObjectCatalog],
) -> None:
    sky, catalog = mixed
    columns = ["g_cModelMag_sfd", "dec", "objectId", "ra", "y_gaap1p0MagErr_sfd"]
    found = match(scattered(sky, 0.2, 7), catalog, columns=columns, n_neighbors=2)
    rows = found.table["objectId"].to_numpy() - FIRST_ID
    assert len(rows) > 2900
    assert found.table.equals(objects_at(*sky, rows).select(columns))


def test_objects_at_one_position_come_in_the_order_of_the_catalog(tmp_path: Path) -> None:
    # 30,000 pairs would lie within the radius; only those that can be chosen are looked at.
    sky = (np.full(3000, 10.0), np.full(3000, -5.0))
    catalog = catalog_of(tmp_path / "one", sky, max_rows=10**6)
    found = match((np.full(10, 10.0), np.full(10, -5.0)), catalog, n_neighbors=3)
    assert rows_of(found) == [(left, right) for left in range(10) for right in range(3)]
    assert set(found.separation_arcsec.tolist()) == {0.0}


def test_objects_without_a_position_match_nothing(tmp_path: Path) -> None:
    table = objects_at(np.full(4, 10.0), np.zeros(4), np.arange(4))
    write_hats(tmp_path / "some", table)
    path = next((tmp_path / "some").rglob("Npix=*.parquet"))
    rows = pq.ParquetFile(path).read()
    holes = pa.array([None, 10.0, float("nan"), 10.0])
    rows = rows.set_column(rows.schema.get_field_index("ra"), "ra", holes)
    dec = pa.array([0.0, 0.0, 0.0, float("inf")])
    pq.write_table(rows.set_column(rows.schema.get_field_index("dec"), "dec", dec), path)
    found = match(
        (np.array([10.0]), np.array([0.0])), open_objects(tmp_path / "some"), n_neighbors=9
    )
    assert rows_of(found) == [(0, 1)]


def test_positions_in_single_precision_are_given_back_as_they_are(tmp_path: Path) -> None:
    table = objects_at(*uniform_sky(50, ra=(10, 11), dec=(0, 1), seed=3), np.arange(50))
    for place, name in ((1, "coord_ra"), (2, "coord_dec")):
        single = table.column(place).cast(pa.float32())
        table = table.set_column(place, name, single)
    write_hats(tmp_path / "single", table, ra="coord_ra", dec="coord_dec")
    catalog = open_objects(tmp_path / "single")
    redshifts = tuple(table[name].to_numpy().astype(float) for name in ("coord_ra", "coord_dec"))
    columns = ["objectId", "coord_ra", "coord_dec"]
    found = match((redshifts[0], redshifts[1]), catalog, columns=columns)
    assert found.table.equals(table.select(columns))


def test_nothing_within_reach_is_an_empty_result(mixed: tuple[Sky, ObjectCatalog]) -> None:
    _, catalog = mixed
    far = (np.array([180.0, 181.0]), np.array([70.0, -70.0]))
    for redshifts in (far, (np.empty(0), np.empty(0))):
        found = match(redshifts, catalog, columns=["objectId", "ra"])
        assert found.table.equals(catalog.schema.empty_table().select(["objectId", "ra"]))
        assert (len(found.left), found.statistics.partitions_overlapping) == (0, 0)
        assert overlapping(*redshifts, catalog, radius_arcsec=1.0) == []


def test_progress_is_told_partition_by_partition(mixed: tuple[Sky, ObjectCatalog]) -> None:
    sky, catalog = mixed
    told: list[tuple[int, int]] = []
    match(sky, catalog, on_progress=lambda done, total: told.append((done, total)))
    n = len(catalog.partitions)
    assert told == [(done, n) for done in range(1, n + 1)]


def chunk_bytes(files: list[Path], columns: set[str], rows: set[int] | None = None) -> int:
    """Return the bytes of column chunks, of all row groups or of some of a single file."""
    total = 0
    for file in files:
        metadata = pq.read_metadata(file)
        for number in range(metadata.num_row_groups):
            if rows is None or number in rows:
                group = metadata.row_group(number)
                chunks = (group.column(place) for place in range(group.num_columns))
                total += sum(c.total_compressed_size for c in chunks if c.path_in_schema in columns)
    return total


def test_only_partitions_columns_and_row_groups_within_reach_are_read(tmp_path: Path) -> None:
    sky = uniform_sky(6000, ra=(40, 50), dec=(10, 20), seed=8)
    catalog = catalog_of(tmp_path / "wide", sky, max_rows=1000, row_group_rows=100)
    inside = np.flatnonzero((np.abs(sky[0] - 43) < 0.5) & (np.abs(sky[1] - 13) < 0.5))
    redshifts = (sky[0][inside], sky[1][inside])
    near = overlapping(*redshifts, catalog, radius_arcsec=1.0)
    assert 0 < len(near) < len(catalog.partitions)
    found = match(redshifts, catalog, columns=["objectId", "ra", "i_cModelMag_sfd"])
    assert found.statistics.partitions_overlapping == len(near)
    files = [file for partition in near for file in partition.files]
    whole = chunk_bytes(files, {"objectId", "ra", "dec", "i_cModelMag_sfd"})
    assert 0 < found.statistics.bytes_read < whole / 2
    # The row group of one object: its positions and its column, nothing else.
    single = match((redshifts[0][:1], redshifts[1][:1]), catalog)
    groups = single.statistics.rows_read // 100
    assert groups <= 4
    assert single.statistics.bytes_read < chunk_bytes(files, {"objectId", "ra", "dec"}) / 4
    for partition in set(catalog.partitions) - set(near):
        partition.path.unlink()
    again = match(redshifts, catalog, columns=["objectId", "ra", "i_cModelMag_sfd"])
    assert again.table.equals(found.table)


def test_bytes_read_are_those_of_the_column_chunks(tmp_path: Path) -> None:
    sky = uniform_sky(500, ra=(40, 41), dec=(10, 11), seed=9)
    catalog = catalog_of(tmp_path / "one", sky)
    found = match(sky, catalog, columns=["objectId", "dec", "i_cModelMag_sfd"])
    files = [file for partition in catalog.partitions for file in partition.files]
    wanted = {"objectId", "ra", "dec", "i_cModelMag_sfd"}
    assert found.statistics.bytes_read == chunk_bytes(files, wanted)
    assert found.statistics.rows_read == 500


def test_a_missing_partition_is_named_only_where_it_is_needed(tmp_path: Path) -> None:
    sky = uniform_sky(400, ra=(40, 50), dec=(10, 20), seed=10)
    catalog = catalog_of(tmp_path / "holes", sky, max_rows=100)
    lost = catalog.partitions[1]
    lost.path.unlink()
    with pytest.raises(PartitionUnreadableError, match=f"{lost.name} is listed") as refusal:
        match(sky, catalog)
    assert refusal.value.data["partition"] == lost.name
    here = catalog.read_columns(catalog.partitions[0], ["ra", "dec", "objectId"])
    found = match((here["ra"].to_numpy()[:5], here["dec"].to_numpy()[:5]), catalog)
    assert found.table["objectId"].equals(here["objectId"].slice(0, 5))


def test_a_truncated_partition_is_named(tmp_path: Path) -> None:
    sky = uniform_sky(400, ra=(40, 50), dec=(10, 20), seed=10)
    catalog = catalog_of(tmp_path / "cut", sky, max_rows=100)
    cut = catalog.partitions[2]
    cut.path.write_bytes(cut.path.read_bytes()[:-200])
    with pytest.raises(PartitionUnreadableError, match=f"{cut.name}: .*cannot be read"):
        match(sky, catalog)


def test_unknown_columns_and_radii_that_are_none_are_refused(
    mixed: tuple[Sky, ObjectCatalog],
) -> None:
    sky, catalog = mixed
    with pytest.raises(ColumnMissingError, match="has no column mag_x"):
        match(sky, catalog, columns=["objectId", "mag_x"])
    with pytest.raises(RadiusError):
        match(sky, catalog, radius_arcsec=0.0)


def test_matches_that_do_not_fit_in_memory_are_refused(mixed: tuple[Sky, ObjectCatalog]) -> None:
    sky, catalog = mixed
    with pytest.raises(TooManyMatchesError, match=r"do not fit .* fewer neighbors"):
        match(sky, catalog, radius_arcsec=60.0, n_neighbors=100, memory_bytes=100_000)


LSDB_PROGRAM = """
import json, sys
import lsdb, pandas as pd
results = []
for case in json.loads(sys.argv[1]):
    left = lsdb.from_dataframe(
        pd.read_parquet(case["redshifts"]), ra_column="RA", dec_column="DEC", margin_threshold=None
    )
    found = left.crossmatch(
        lsdb.open_catalog(case["objects"]), n_neighbors=case["n"], radius_arcsec=case["radius"],
        suffixes=("_specz", ""), suffix_method="overlapping_columns",
    ).compute()
    found = found[["row", case["id"], "_dist_arcsec"]]
    found = found.sort_values(["row", "_dist_arcsec", case["id"]])
    results.append([[int(a), int(b), float(c)] for a, b, c in found.itertuples(index=False)])
print("RESULT", json.dumps(results))
"""


@pytest.mark.thorough
@pytest.mark.slow
def test_matches_equal_those_of_lsdb_on_the_same_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # LSDB lives in the environment of the published client: it is heavy, and we do not need it.
    root = Path(__file__).parents[4]
    python = root / ".venv-contract" / "bin" / "python"
    if not python.exists():
        pytest.skip("LSDB is not installed: `make contract` sets up an environment with it")
    monkeypatch.setattr("pzpipelines.runtime.hats.ROWS_PER_PARTITION", 250)
    cases = [_generated_case(tmp_path, 3, 2.0), _generated_case(tmp_path, 1, 4.5)]
    samples = root.parent / "shared" / "data" / "hats"
    if samples.is_dir():
        objects = samples / "object_dr2" / "mag" / "auto" / "sfd" / "catalog"
        cases.append(_sample_case(tmp_path, samples / "specz_collection", objects))
    done = subprocess.run(
        [str(python), "-c", LSDB_PROGRAM, json.dumps(cases)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    for case, expected in zip(cases, json.loads(line.removeprefix("RESULT")), strict=True):
        assert len(expected) > 30
        table = pq.read_table(case["redshifts"])
        found = match(
            (table["RA"].to_numpy(), table["DEC"].to_numpy()), open_objects(Path(case["objects"])),
            radius_arcsec=case["radius"], n_neighbors=case["n"], columns=[case["id"]],
        )  # fmt: skip
        ids = found.table[case["id"]].to_pylist()
        assert list(zip(found.left.tolist(), ids, strict=True)) == [
            (left, identifier) for left, identifier, _ in expected
        ]
        assert found.separation_arcsec == pytest.approx([each[2] for each in expected], abs=1e-8)


def _write_redshifts(path: Path, sky: Sky) -> None:
    rows = pa.array(np.arange(len(sky[0])))
    pq.write_table(pa.table({"RA": sky[0], "DEC": sky[1], "row": rows}), path)


def _generated_case(folder: Path, n_neighbors: int, radius: float) -> dict[str, Any]:
    sky = uniform_sky(400, ra=(-0.2, 0.2), dec=(-0.2, 0.2), seed=11)
    near = scattered(sky, 1.0, n_neighbors)
    objects = folder / f"objects_{n_neighbors}"
    both = (np.concatenate([sky[0], near[0]]), np.concatenate([sky[1], near[1]]))
    write_object_collection(objects, *both)
    redshifts = folder / f"redshifts_{n_neighbors}.parquet"
    _write_redshifts(redshifts, scattered((sky[0][::2], sky[1][::2]), 0.5, 12))
    return {"redshifts": str(redshifts), "objects": str(objects), "id": "objectId",
            "n": n_neighbors, "radius": radius}  # fmt: skip


def _sample_case(folder: Path, specz: Path, objects: Path) -> dict[str, Any]:
    catalog = open_objects(specz)
    tables = [catalog.read_columns(part, ["ra", "dec"]) for part in catalog.partitions]
    table = pa.concat_tables(tables)
    redshifts = folder / "sample.parquet"
    _write_redshifts(redshifts, (table["ra"].to_numpy(), table["dec"].to_numpy()))
    return {"redshifts": str(redshifts), "objects": str(objects), "id": "id",
            "n": 1, "radius": 1.0}  # fmt: skip
