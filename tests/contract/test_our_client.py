"""Our own client and server together: the main job on generated catalogs."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import matplotlib

matplotlib.use("Agg")

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from matplotlib import pyplot
from mocpy import MOC

from pzserver import Invalid, NotFound, PzServer, Refused
from pzserver._http import Connection
from pzserver.api import PzRequests
from pzserver.subsets import Selection, fetch_subset, select_locally
from pzserver.tables import read_arrow

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("ours")]
ROLES = {"RA": "RA", "DEC": "Dec", "Z": "z", "Q": "z_flag", "SURVEY": "survey"}


@pytest.fixture(scope="module")
def pz(hub: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PzServer]:
    token = hub.create_token(hub.create_user("clara"))
    cache = tmp_path_factory.mktemp("cache")
    with PzServer(token=token, host=f"{hub.address}/api/", cache=cache) as connected:
        yield connected


def catalog(seed: int, survey: str, n_rows: int = 40) -> pd.DataFrame:
    """Return a catalog whose first half has the positions of every other."""
    shared, own = np.random.default_rng(1), np.random.default_rng(seed)
    half = n_rows // 2
    return pd.DataFrame(
        {
            "RA": np.r_[shared.uniform(10, 11, half), own.uniform(10, 11, half)],
            "DEC": np.r_[shared.uniform(-1, 1, half), own.uniform(-1, 1, half)],
            "Z": own.uniform(0, 2, n_rows),
            "Q": np.resize([4, 3, 2], n_rows),
            "SURVEY": survey,
        }
    )


def publish(pz: PzServer, name: str, path: Path) -> int:
    upload = pz.upload(name, "redshift_catalog", path)
    upload.make_columns_association(ROLES)
    upload.save()
    return upload.product_id


class CountedBytes(httpx.HTTPTransport):
    """Counts what arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.received = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.read()
        self.received += len(response.content)
        return response


def test_the_main_job_works_from_upload_to_a_combined_table(pz: PzServer, tmp_path: Path) -> None:
    frames = {"a.csv": catalog(2, "VVDS"), "b.fits": catalog(3, "6DFGS")}
    frames["a.csv"].to_csv(tmp_path / "a.csv", index=False)
    Table.from_pandas(frames["b.fits"]).write(tmp_path / "b.fits")
    ids = [publish(pz, name.split(".")[0], tmp_path / name) for name in frames]

    run = pz.combine_redshift_catalogs("combined")
    for product_id in ids:
        run.append_catalog(_id=product_id)
    run.set_config({"combine_type": "concatenate_and_mark_duplicates"})
    run.set_config({"z_flag_homogenized_value_to_cut": None})
    result = pz.run_and_wait(run)

    table = pz.get_product(result["internal_name"], kind="pandas")
    assert len(table) == 80
    # Of 20 common positions, 6 differ in flag and 1 agrees in z; the other 13 stay tied.
    assert table["tie_result"].value_counts().to_dict() == {1: 47, 2: 26, 0: 7}
    np.testing.assert_array_equal(table["z"][:40], frames["a.csv"]["Z"])
    assert "80 rows" in run.logs()

    again = pz.rerun(result["id"])
    assert again.wait() == "Successful"
    assert again.inputs == ids
    assert again.config["combine_type"] == "concatenate_and_mark_duplicates"
    same = pz.compare_products(result["id"], again.output["id"])  # type: ignore[index]
    assert same["is_same"], same

    archive = pz.download_product(result["id"], save_in=tmp_path / "out")
    with zipfile.ZipFile(archive) as file:
        assert file.namelist()[0] == "product_metadata.yaml"
        assert any(name.endswith(".parquet") for name in file.namelist())


@pytest.mark.parametrize("kind", ["astropy", "pandas", "arrow"])
def test_a_product_is_read_as_the_table_one_asks_for(
    pz: PzServer, tmp_path: Path, kind: str
) -> None:
    frame = catalog(5, "VVDS")
    frame.to_parquet(tmp_path / "c.parquet", index=False)
    product_id = publish(pz, f"kinds {kind}", tmp_path / "c.parquet")
    table = pz.get_product(product_id, kind=kind)  # type: ignore[arg-type]
    np.testing.assert_array_equal(np.asarray(table["Z"], dtype=float), frame["Z"])


def test_what_is_wrong_is_said_with_the_words_of_the_server(pz: PzServer, tmp_path: Path) -> None:
    bad = tmp_path / "truncated.parquet"
    catalog(2, "VVDS").to_parquet(tmp_path / "whole.parquet", index=False)
    bad.write_bytes((tmp_path / "whole.parquet").read_bytes()[:500])
    with pytest.raises(Invalid, match=r"truncated\.parquet"):
        pz.upload("truncated", "redshift_catalog", bad)
    with pytest.raises(NotFound, match="redshift_catalog"):
        pz.upload("no such type", "redshift_catalogue", tmp_path / "whole.parquet")


def test_a_column_that_is_not_there_is_refused_and_nothing_is_associated(
    pz: PzServer, tmp_path: Path
) -> None:
    catalog(2, "VVDS").to_csv(tmp_path / "d.csv", index=False)
    upload = pz.upload("columns", "redshift_catalog", tmp_path / "d.csv")
    with pytest.raises(NotFound, match="its columns are: RA, DEC, Z, Q, SURVEY"):
        upload.make_columns_association({"RA": "RA", "Redshift": "z"})
    rows = pz.api.connection.pages("product-contents/", product=upload.product_id)
    assert {row["alias"] for row in rows} == {None}


def test_others_may_not_change_a_product(pz: PzServer, hub: Any, tmp_path: Path) -> None:
    catalog(2, "VVDS").to_csv(tmp_path / "e.csv", index=False)
    product_id = publish(pz, "mine", tmp_path / "e.csv")
    token = hub.create_token(hub.create_user("dora"))
    with PzServer(token=token, host=f"{hub.address}/api/") as dora:
        with pytest.raises(Refused):
            dora.delete_product(product_id)
        with pytest.raises(Refused):
            dora.api.delete_product(product_id)
    assert pz.get_product_metadata(product_id)["status"] == 1


def test_preflight_tells_what_a_run_would_do(pz: PzServer, tmp_path: Path) -> None:
    catalog(2, "VVDS").to_csv(tmp_path / "f.csv", index=False)
    catalog(3, "NO SURVEY OF OURS").to_csv(tmp_path / "g.csv", index=False)
    run = pz.combine_redshift_catalogs("later")
    for name in ("f", "g"):
        run.append_catalog(_id=publish(pz, f"preflight {name}", tmp_path / f"{name}.csv"))
    assert "NO SURVEY OF OURS" in str(run.preflight())


@pytest.fixture(scope="module")
def large(pz: PzServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, pd.DataFrame]:
    """Publish a catalog that is worth cutting, of 60,000 rows."""
    frame = catalog(9, "VVDS", 60_000)
    path = tmp_path_factory.mktemp("large") / "large.parquet"
    frame.to_parquet(path, index=False)
    return publish(pz, "large", path), frame


def test_a_part_of_a_product_is_a_small_download(
    pz: PzServer, hub: Any, large: tuple[int, pd.DataFrame]
) -> None:
    product_id, frame = large
    size = pz.get_product_metadata(product_id)["main_file"]["size"]
    wire = CountedBytes()
    connection = Connection(pz.api.connection.token, f"{hub.address}/api/", transport=wire)
    with PzServer(pz.api.connection.token, f"{hub.address}/api/", cache=False) as thrifty:
        thrifty.close()
        thrifty.api = PzRequests("", connection=connection)
        part = thrifty.get_product(
            product_id, kind="pandas", columns=["Z", "RA"], where="Z > 1.99 and Q >= 3"
        )
    expected = frame[(frame["Z"] > 1.99) & (frame["Q"] >= 3)][["Z", "RA"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, expected)
    assert size > 1_000_000
    assert wire.received < size / 20


def test_the_server_selects_what_would_be_selected_here(
    pz: PzServer, large: tuple[int, pd.DataFrame], tmp_path: Path
) -> None:
    product_id, _ = large
    whole = pz.get_product(product_id, kind="arrow")
    for selection in (
        Selection(columns=["DEC"], limit=7),
        Selection(where="0.5 < Z < 0.51 and SURVEY == 'VVDS'"),
        Selection(cone=(10.5, 0.25, 0.05), columns=["RA", "DEC"]),
        Selection(where="Z > 1 and cone(10.5, 0.25, 0.05)"),
    ):
        path = tmp_path / "part.parquet"
        assert fetch_subset(pz.api.connection, product_id, selection, path, suffix="parquet")
        here = select_locally(whole, selection, ("RA", "DEC"))
        assert here.num_rows
        assert read_arrow(path).to_pylist() == here.to_pylist()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"where": "redshift > 1"}, "no column redshift"),
        ({"where": "Z >"}, "Z >"),
        ({"columns": ["nothing"]}, "nothing"),
        ({"columns": "Z"}, "a list of names is expected"),
        ({"columns": []}, "name at least one column"),
        ({"cone": (10, 95, 1)}, "a declination from -90 to 90"),
        ({"cone": (10, 0)}, r"\(ra, dec, radius\) in degrees"),
        ({"limit": -1}, "limit=-1"),
        ({"moc": "nowhere.fits"}, "moc='nowhere.fits' is no text of a MOC"),
        ({"moc": "40/1"}, "moc: has orders from 0 to 29"),
        ({"kind": "polars"}, "kind 'polars' is not one of"),
        ({"kind": "lsdb", "limit": 3}, "LSDB selects by itself"),
        ({"kind": "lsdb"}, "only HATS catalogs open with LSDB"),
    ],
)
def test_a_part_that_cannot_be_meant_is_refused_with_a_sentence(
    pz: PzServer, large: tuple[int, pd.DataFrame], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        pz.get_product(large[0], **options)


def test_rows_inside_a_moc_of_many_cells_are_those_of_mocpy(
    pz: PzServer, large: tuple[int, pd.DataFrame], tmp_path: Path
) -> None:
    product_id, frame = large
    region = MOC.from_cone(10.5 * u.deg, 0.2 * u.deg, radius=0.3 * u.deg, max_depth=15)
    assert len(region.to_string("ascii")) > 8_000  # no address holds it
    region.save(tmp_path / "field.fits", "fits")
    inside = region.contains_lonlat(frame["RA"].to_numpy() * u.deg, frame["DEC"].to_numpy() * u.deg)
    expected = frame[inside & (frame["Z"] > 1)].reset_index(drop=True)
    for moc in (region, tmp_path / "field.fits"):
        part = pz.get_product(product_id, kind="pandas", where="Z > 1", moc=moc)
        pd.testing.assert_frame_equal(part, expected)
        assert pz.count_rows(product_id, where="Z > 1", moc=moc) == len(expected) > 100
    spread = pz.get_density(product_id, "Z", bins=4, range=(0, 2), where="Z > 1", moc=region)
    assert spread["counts"] == np.histogram(expected["Z"], 4, (0, 2))[0].tolist()


def test_a_view_becomes_a_product_that_says_where_it_comes_from(
    pz: PzServer, large: tuple[int, pd.DataFrame]
) -> None:
    product_id, frame = large
    saved = pz.save_view(
        product_id, "Distant part", where="Z > 1.9", columns=["RA", "DEC", "Z"], sort=["-Z"],
        limit=500, description="*Distant* ones",
    )  # fmt: skip
    assert (saved["origin"], saved["product_status"]) == ("Saved view", "Published")
    table = pz.get_product(saved["id"], kind="pandas")
    best = frame[frame["Z"] > 1.9].sort_values("Z", ascending=False)[:500]
    np.testing.assert_array_equal(table["Z"], best["Z"])
    assert list(table.columns) == ["RA", "DEC", "Z"]
    both = pz.get_comparison([product_id, saved["id"]])
    assert [one["rows"] for one in both["products"]] == [60_000, 500]
    assert {"meaning": "z", "names": ["Z", "Z"]} in both["columns"]
    assert {"meaning": "survey", "names": ["SURVEY", None]} in both["columns"]
    with pytest.raises(Invalid, match="No row fits"):
        pz.save_view(product_id, "Nothing", where="Z > 99")


def test_a_main_file_is_downloaded_once_until_it_changes(
    pz: PzServer, hub: Any, large: tuple[int, pd.DataFrame], tmp_path: Path
) -> None:
    with PzServer(pz.api.connection.token, f"{hub.address}/api/", cache=tmp_path) as cached:
        for _ in range(2):
            assert len(cached.get_product(large[0], kind="arrow")) == 60_000
        assert cached.cache is not None
        (entry,) = cached.cache.entries()
        assert entry.checksum == cached.api.prepare_main_file(large[0])["checksum"]
        cached.cache.clear()
        cached.get_product(large[0], kind="arrow", cache=False)
        assert cached.cache.entries() == []


def test_columns_are_associated_as_the_server_suggests(pz: PzServer, tmp_path: Path) -> None:
    frame = catalog(12, "VVDS").rename(columns={"Q": "quality_flag"})
    frame.to_csv(tmp_path / "plain.csv", index=False)
    upload = pz.upload("suggested", "redshift_catalog", tmp_path / "plain.csv")
    suggestions = {item["column_name"]: item for item in upload.suggest_columns_association()}
    assert {name: suggestions[name]["alias"] for name in ("RA", "DEC", "Z")} == {
        "RA": "RA",
        "DEC": "Dec",
        "Z": "z",
    }
    assert all(0 < item["confidence"] <= 1 and item["reason"] for item in suggestions.values())
    accepted = upload.accept_suggestions(min_confidence=0.5)
    assert {"RA": "RA", "DEC": "Dec", "Z": "z"}.items() <= accepted.items()
    upload.save()
    assert pz.get_product_metadata(upload.product_id)["status"] == 1
    assert upload.suggest_columns_association() == []


def test_a_catalog_brings_its_own_plots(pz: PzServer, large: tuple[int, pd.DataFrame]) -> None:
    sky, redshifts = pz.get_catalog(large[0], columns=["RA", "DEC", "Z"]).plot()
    assert (sky.get_xlabel(), redshifts.get_xlabel()) == ("RA (deg)", "Z")
    assert redshifts.get_title() == "N(z), 60,000 sources"
    pyplot.close("all")


def test_two_users_and_many_threads_do_not_disturb_each_other(pz: PzServer, hub: Any) -> None:
    token = hub.create_token(hub.create_user("gita"))
    with PzServer(token=token, host=f"{hub.address}/api/") as gita:

        def ask(number: int) -> tuple[str, bool]:
            who = (pz, gita)[number % 2]
            name = ("clara", "gita")[number % 2]
            rows = who.get_products_list({"uploaded_by": "clara", "product_type": "redshift"})
            return who.whoami()["username"], name == who.whoami()["username"] and bool(rows)

        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(ask, range(32)))
    assert all(right for _, right in told)


def test_a_long_list_is_read_lazily_and_whole(pz: PzServer) -> None:
    everything = pz.get_products_list()
    assert [row["id"] for row in pz.iter_products(limit=2)] == [row["id"] for row in everything[:2]]
    assert len({row["id"] for row in everything}) == len(everything)


def test_a_configuration_is_completed_and_refused_before_a_run(pz: PzServer) -> None:
    run = pz.combine_redshift_catalogs("never submitted")
    schema = run.pipeline.parameters_schema["properties"]
    assert set(run.config) <= set(schema) | {"flags_translation_file"}
    assert run.validate()["param"]["combine_type"] == "concatenate"
    run.set_config({"combine_type": "concatenat"})
    with pytest.raises(Invalid, match="concatenate"):
        run.validate()


def test_an_uploaded_product_has_no_run_to_repeat(
    pz: PzServer, large: tuple[int, pd.DataFrame]
) -> None:
    with pytest.raises(Invalid, match="was uploaded, not made by a pipeline"):
        pz.rerun(large[0])
