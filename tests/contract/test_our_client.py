"""Our own client and server together: the main job on generated catalogs."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from pzserver import Invalid, NotFound, PzServer, Refused

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("ours")]
ROLES = {"RA": "RA", "DEC": "Dec", "Z": "z", "Q": "z_flag", "SURVEY": "survey"}


@pytest.fixture(scope="module")
def pz(hub: Any) -> Iterator[PzServer]:
    token = hub.create_token(hub.create_user("clara"))
    with PzServer(token=token, host=f"{hub.address}/api/") as connected:
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
