"""Training sets with our client and with ``pz``, against a live server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pzhub.demo.generate import CONVENTIONS, generate_catalogs
from pzhub.demo.objects import generate_objects, write_objects
from pzserver import Invalid, NotFound, ProcessFailed, PzServer
from pztables.formats import write_table

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("ours")]
PZ = str(Path(sys.executable).with_name("pz"))


@pytest.fixture(scope="module")
def token(hub: Any) -> str:
    return str(hub.create_token(hub.create_user("tess")))


@pytest.fixture(scope="module")
def pz(hub: Any, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PzServer]:
    cache = tmp_path_factory.mktemp("cache")
    with PzServer(token=token, host=f"{hub.address}/api/", cache=cache) as connected:
        yield connected


@pytest.fixture(scope="module")
def redshifts(hub: Any, pz: PzServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the internal name of a catalog whose objects a release has."""
    folder = tmp_path_factory.mktemp("training")
    write_objects(generate_objects(), folder / "objects")
    register = ("register-release", "our_sky", "--objects", str(folder / "objects"), "--public")
    done = hub.cli(*register)
    assert done.returncode == 0, done.stderr
    (catalog,) = generate_catalogs(CONVENTIONS[4:5])
    path = folder / catalog.file_name
    write_table(catalog.table, path)
    product = pz.upload("Secure", "redshift_catalog", path)
    aliases = {"ra": "RA", "dec": "Dec", "id": "ID"}
    product.make_columns_association(
        {column: aliases.get(role, role) for role, column in catalog.roles.items()}
    )
    product.save()
    return str(pz.get_product_metadata(product.product_id)["internal_name"])


def test_our_client_makes_a_training_set_with_what_the_release_preselects(
    pz: PzServer, redshifts: str
) -> None:
    tsm = pz.training_set_maker("Ours")
    tsm.set_redshift(internal_name=redshifts)
    assert tsm.config["flux_type"] == "auto"
    tsm.set_release(name="our_sky")
    assert tsm.config["flux_type"] == "cModel"
    tsm.set_config({"crossmatch": {"radius_arcsec": 0.8}, "random_seed": 3})
    assert tsm.config["crossmatch"] == {"radius_arcsec": 0.8, "n_neighbors": 1}
    expected = tsm.preflight()
    assert (expected["expected_matches"], expected["problems"]) == (500, [])
    made = pz.run_and_wait(tsm)
    table = pz.get_product(made["id"])
    assert len(table) == 500
    assert sum(table["is_training_set"]) == 350
    assert {"i_cModelMag_sfd", "_dist_arcsec"} <= set(table.colnames)
    metadata = pz.get_product_metadata(made["id"])
    assert metadata["product_type_internal_name"] == "training_set"
    assert metadata["main_file"]["extension"] == ".csv"  # as the redshifts


def test_what_the_user_decided_is_not_the_release_s_to_choose(pz: PzServer, redshifts: str) -> None:
    tsm = pz.training_set_maker("Decided")
    tsm.set_config({"flux_type": "psf", "duplicate_criteria": "closest"})
    tsm.set_release(name="our_sky")
    tsm.set_redshift(internal_name=redshifts)
    assert (tsm.config["flux_type"], tsm.config["dereddening"]) == ("psf", "sfd")
    assert tsm.preflight()["problems"] == []


def test_what_cannot_be_is_refused_with_a_sentence(pz: PzServer, redshifts: str) -> None:
    tsm = pz.training_set_maker("Refused")
    with pytest.raises(NotFound, match=r"no release 'our_skies'.*our_sky"):
        tsm.set_release(name="our_skies")
    with pytest.raises(Invalid, match="set_release first"):
        tsm.run()
    tsm.set_release(name="our_sky")
    with pytest.raises(Invalid, match="set_redshift first"):
        tsm.run()
    tsm.set_redshift(internal_name=redshifts)
    tsm.set_config({"flux_type": "gaap1p0"})
    with pytest.raises(Invalid, match="it has cModel, psf"):
        tsm.run()
    tsm.set_config({"flux_type": "psf", "crossmatch": {"radius_arcsec": 1e-6}})
    with pytest.raises(ProcessFailed, match="no object of our_sky is within"):
        pz.run_and_wait(tsm)


def test_pz_checks_makes_and_saves_a_training_set(
    hub: Any, token: str, redshifts: str, tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PZSERVER_TOKEN": token,
        "PZSERVER_HOST": f"{hub.address}/api/",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [PZ, "train", redshifts, "--release", "our_sky", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
        )

    checked = run("--check", "--json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["expected_matches"] == 500
    made = run("--param", "crossmatch.radius_arcsec=0.5", "--format", "parquet", "-o", "t.parquet")
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip().endswith("_secure_with_our_sky")
    table: pa.Table = pq.read_table(tmp_path / "t.parquet")
    assert 450 < table.num_rows <= 500
    assert max(table["_dist_arcsec"].to_pylist()) <= 0.5
    wrong = run("--param", "flux_type=gaap1p0", "--check")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "it has cModel, psf." in wrong.stderr
