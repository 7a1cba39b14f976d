"""Tools of the Virtual Observatory read our tables: pyvo by cone search, STILTS our VOTables."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import astropy.units as u
import httpx
import numpy as np
import pandas as pd
import pytest
import requests
from astropy.coordinates import SkyCoord
from pyvo.dal import DALQueryError, SCSService

from pzserver import PzServer

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("ours")]
N_ROWS = 400
PLACES = np.random.default_rng(5).uniform([0, -1], [360, 1], (N_ROWS, 2)) * [1 / 180, 1] % [360, 9]
ROLES = {"objectId": "ID", "ra": "RA", "dec": "Dec", "z": "z"}


@pytest.fixture(scope="module")
def token(hub: Any) -> str:
    return str(hub.create_token(hub.create_user("vera")))


@pytest.fixture(scope="module")
def address(hub: Any, token: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of the cone search of a product."""
    path = tmp_path_factory.mktemp("vo") / "places.parquet"
    columns = {"objectId": 2**60 + np.arange(N_ROWS), "ra": PLACES[:, 0], "dec": PLACES[:, 1]}
    pd.DataFrame({**columns, "z": 0.5, "survey": "Ω"}).to_parquet(path)
    with PzServer(token=token, host=f"{hub.address}/api/") as pz:
        upload = pz.upload("Places", "redshift_catalog", path)
        upload.make_columns_association(ROLES)
        upload.save()
        name = pz.get_product_metadata(upload.product_id)["internal_name"]
    return f"{hub.address}/vo/products/{name}/scs"


@pytest.fixture
def service(address: str, token: str) -> Iterator[SCSService]:
    with requests.Session() as session:
        session.auth = ("x-oauth-basic", token)
        yield SCSService(address, session=session)


def test_pyvo_finds_what_lies_within_a_radius_across_right_ascension_zero(
    service: SCSService,
) -> None:
    place = SkyCoord(0.2, 0.1, unit="deg")
    found = service.search(pos=place, radius=0.7 * u.deg, verbosity=3)
    apart = SkyCoord(*PLACES.T, unit="deg").separation(place).deg
    inside = np.flatnonzero(apart <= 0.7)
    assert len(inside) > 20
    assert found["objectId"].tolist() == (2**60 + inside).tolist()
    first = found[0]
    assert first.id == 2**60 + inside[0]
    assert (first.pos.ra.deg, first.pos.dec.deg) == tuple(PLACES[inside[0]])
    assert first["survey"] == "Ω"


def test_pyvo_shows_what_was_asked_wrongly(service: SCSService) -> None:
    with pytest.raises(DALQueryError, match="dec must lie between -90 and 90"):
        service.search(pos=(0, 0), radius=1, DEC=95)


@pytest.mark.skipif(not shutil.which("stilts"), reason="STILTS is not installed")
def test_stilts_finds_no_fault_in_our_votables(address: str, token: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.vot"
    for radius in (0, 0.5, -1):
        given = {"RA": 0, "DEC": 0, "SR": radius}
        answer = httpx.get(address, params=given, headers={"Authorization": f"Token {token}"})
        path.write_bytes(answer.raise_for_status().content)
        done = subprocess.run(
            ["stilts", "votlint", str(path)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
