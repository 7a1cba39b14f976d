"""Regions given as a MOC hold the rows that mocpy says are inside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import astropy.units as u
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from mocpy import MOC

from pzhub.core import storage
from pzhub.tables import moc as regions
from pzhub.uploads.models import Inspection

from .conftest import TABLE


@pytest.fixture
def ask(table_product: Any, api: Any, bob: Any) -> Any:
    """Ask for data of a published product, as somebody who may see it."""
    client, product = api(bob), table_product()

    def get(path: str = "data/", /, **given: Any) -> Any:
        return client.get(f"/api/products/{product.pk}/{path}", given)

    get.product = product  # type: ignore[attr-defined]  # a function with a memory
    return get


def inside(moc: MOC) -> list[int]:
    ra, dec = TABLE["RA"].to_numpy(), TABLE["dec"].to_numpy()
    return np.flatnonzero(moc.contains_lonlat(ra * u.deg, dec * u.deg)).tolist()


CAPS = {
    "across RA 0": MOC.from_cone(0.1 * u.deg, 0.2 * u.deg, radius=0.4 * u.deg, max_depth=10),
    "wide": MOC.from_cone(40 * u.deg, -10 * u.deg, radius=50 * u.deg, max_depth=4),
    "two pieces": MOC.from_string("8/193364-193370 3/0 300"),
    "all": MOC.from_string("0/0-11"),
    "far": MOC.from_cone(180 * u.deg, 60 * u.deg, radius=1 * u.deg, max_depth=8),
}


@pytest.mark.parametrize("name", CAPS)
@pytest.mark.parametrize("kind", ["ascii", "json"])
def test_rows_inside_are_those_of_mocpy(ask: Any, name: str, kind: str) -> None:
    text = CAPS[name].to_string(kind)
    page = ask(moc=text, limit=1000, columns="objectId", count="true").json()
    expected = [2**60 + row for row in inside(CAPS[name])]
    assert [row["objectId"] for row in page["results"]] == expected
    assert page["count"] == len(expected)
    assert ask("data/count/", moc=text).json()["count"] == len(expected)


def test_a_moc_joins_the_other_conditions_in_every_door(ask: Any) -> None:
    moc = CAPS["across RA 0"]
    z = TABLE["zspec"].to_numpy()
    rows = [row for row in inside(moc) if z[row] > 0.5]
    assert rows
    given = {"moc": moc.to_string("ascii"), "where": "zspec > 0.5"}
    assert ask("density/", x="zspec", **given).json()["rows"] == len(rows)
    answer = ask(**given, format="csv", columns="zspec", sort="-zspec")
    lines = b"".join(answer.streaming_content).decode().split()[1:]
    assert [float(line) for line in lines] == sorted((z[row] for row in rows), reverse=True)


def test_the_coverage_of_another_product_is_a_region(ask: Any) -> None:
    path = storage.derived_dir(ask.product, "ab" * 32) / "profile.json"
    moc = CAPS["across RA 0"]
    path.write_text(json.dumps({"sky": {"moc": moc.to_string("ascii")}}))
    Inspection.objects.update(profile_path=storage.relative_path(path))
    name = ask.product.internal_name
    found = ask("data/count/", moc=f"product:{name}").json()
    assert found["count"] == len(inside(moc))
    assert ask(moc="product:999_nothing").status_code == 404
    Inspection.objects.update(profile_path="")
    refused = ask(moc=f"product:{name}")
    assert (refused.status_code, "no coverage" in refused.json()["error"]) == (400, True)


@pytest.mark.parametrize("text", ["nonsense", "3/99999999", "{", '{"3": ["a"]}', "3/", "40/1"])
def test_what_is_no_moc_is_refused(ask: Any, text: str) -> None:
    answer = ask(moc=text)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "moc: " in answer.json()["error"]


def test_long_texts_and_full_regions_are_refused(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regions, "MAX_ROWS", 5)
    answer = ask(moc="0/0-11")
    assert (answer.status_code, answer.json()["code"]) == (413, "subset_too_large")
    monkeypatch.setattr(regions, "MAX_TEXT", 5)
    assert "at most 5 characters" in ask(moc="0/0-11").json()["error"]


def test_a_moc_needs_positions(table_product: Any, api: Any, bob: Any) -> None:
    product = table_product()
    product.columns.filter(alias="RA").update(alias=None)
    answer = api(bob).get(f"/api/products/{product.pk}/data/", {"moc": "3/1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "no_positions")


@pytest.mark.parametrize("kind", ["fits", "ascii", "json"])
def test_a_moc_of_many_cells_comes_as_a_file_in_a_form(
    ask: Any, api: Any, bob: Any, tmp_path: Path, kind: str
) -> None:
    moc = MOC.from_cone(0.1 * u.deg, 0.2 * u.deg, radius=0.4 * u.deg, max_depth=15)
    path = tmp_path / f"region.{kind}"
    moc.save(path, kind)
    expected = [2**60 + row for row in inside(moc)]
    assert expected
    assert len(moc.to_string("ascii")) > 10_000  # no address holds it
    client, address = api(bob), f"/api/products/{ask.product.pk}/data/"
    with path.open("rb") as file:
        page = client.post(address, {"moc": file, "limit": 10}, format="multipart").json()
    assert [row["objectId"] for row in page["results"]] == expected[:10]
    assert (page["next"], page["previous"]) == (None, None)
    with path.open("rb") as file:
        counted = client.post(f"{address}count/", {"moc": file}, format="multipart").json()
    assert counted["count"] == len(expected)
    density = f"/api/products/{ask.product.pk}/density/"
    with path.open("rb") as file:
        spread = client.post(density, {"moc": file, "x": "dec"}, format="multipart").json()
    assert (spread["rows"], sum(spread["counts"])) == (len(expected), len(expected))
    body = urlencode({"moc": moc.to_string("ascii"), "format": "csv", "columns": "objectId"})
    form = "application/x-www-form-urlencoded"
    answer = client.post(address, body, content_type=form)
    lines = b"".join(answer.streaming_content).decode().split()
    assert [int(line) for line in lines[1:]] == expected


@pytest.mark.parametrize("content", [b"SIMPLE  =  T, and no more", b"\xff\xfe", b"", b"nonsense"])
def test_a_file_that_is_no_moc_is_refused(ask: Any, api: Any, bob: Any, content: bytes) -> None:
    address = f"/api/products/{ask.product.pk}/data/"
    sent = {"moc": SimpleUploadedFile("x.fits", content or b" ")}
    answer = api(bob).post(address, sent, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["error"].startswith("moc: ")


def test_a_file_of_a_moc_has_a_limit(
    ask: Any, api: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regions, "MAX_FILE_BYTES", 3)
    sent = {"moc": SimpleUploadedFile("x.txt", b"3/100")}
    answer = api(bob).post(f"/api/products/{ask.product.pk}/data/", sent, format="multipart")
    assert "at most 0 MB" in answer.json()["error"]
