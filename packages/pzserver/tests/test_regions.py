"""Regions of the sky, as people have them, become the text that the server takes."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pyarrow as pa
import pytest
from mocpy import MOC

from pzserver import Invalid, MissingExtra, NotFound, PzServer
from pzserver._http import Connection
from pzserver.regions import moc_text
from pzserver.subsets import Selection, fetch_subset, select_locally

MANY_CELLS = MOC.from_string(" ".join(["10/", *map(str, range(0, 4000, 2))]))
FEW_CELLS = MOC.from_string("3/100-102 4/500")


@pytest.mark.parametrize("kind", ["fits", "ascii", "json"])
@pytest.mark.parametrize("as_text", [True, False])
def test_a_file_becomes_the_ascii_or_json_of_its_cells(
    tmp_path: Path, kind: str, as_text: bool
) -> None:
    path = tmp_path / f"field.{kind}"
    FEW_CELLS.save(path, kind)
    text = moc_text(str(path) if as_text else path)
    assert MOC.from_string(text, "json" if kind == "json" else "ascii") == FEW_CELLS


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (FEW_CELLS, FEW_CELLS.to_string("ascii")),
        (" 3/100-102 4/500 ", "3/100-102 4/500"),
        ('{"3": [100]}', '{"3": [100]}'),
        ("product:2_vvds", "product:2_vvds"),
    ],
)
def test_a_moc_of_mocpy_its_text_and_names_of_products_are_taken(given: Any, expected: str) -> None:
    assert moc_text(given) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"SIMPLE  =                    T", "the file of FITS holds no MOC of the sky"),
        (b"ra,dec\n1,2\n", "the file holds no MOC of FITS, ASCII or JSON"),
        (b"\xff\xfe", "the file holds no MOC of FITS, ASCII or JSON"),
        (None, "as a file it cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_region_is_refused_with_its_option(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "field.fits"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Invalid, match=r"^moc=") as refusal:
        moc_text(path)
    assert words in str(refusal.value)


@pytest.mark.parametrize("given", ["", 3, None, ["3/1"], "x" * 5000, "a\0b"])
def test_what_cannot_be_meant_is_refused(given: Any) -> None:
    with pytest.raises(Invalid, match=r"^moc="):
        moc_text(given)


def test_a_missing_mocpy_is_told_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FEW_CELLS.save(tmp_path / "field.fits", "fits")
    monkeypatch.setitem(sys.modules, "mocpy", None)
    with pytest.raises(MissingExtra, match=r"pip install 'pzserver\[sky\]'"):
        moc_text(tmp_path / "field.fits")


def test_a_region_makes_a_selection_a_part() -> None:
    assert not Selection(moc="3/1").is_everything
    assert Selection(moc="3/1", limit=2).as_query() == {"moc": "3/1", "limit": "2"}


@pytest.mark.parametrize(("region", "method"), [(FEW_CELLS, "GET"), (MANY_CELLS, "POST")])
def test_a_question_too_long_for_an_address_travels_in_a_form(
    server: Any, answer: Any, region: MOC, method: str
) -> None:
    def serve(seen: Any) -> Any:
        is_product = seen.path.endswith("/products/5/")
        return answer(body={"id": 5} if is_product else {"count": 7, "total": 9})

    server.answer = serve
    with PzServer(token="t", host=server.address) as pz:
        assert pz.count_rows("5", where="z > 1", moc=region) == 7
    seen = server.seen[-1]
    query = seen.body.decode() if method == "POST" else seen.path.partition("?")[2]
    assert seen.method == method
    assert parse_qs(query) == {"where": ["z > 1"], "moc": [region.to_string("ascii").strip()]}


def test_a_product_of_a_region_that_is_not_there_is_told(
    server: Any, answer: Any, tmp_path: Path
) -> None:
    body = {"error": "There is no product 9_x, or you may not see it.", "code": "not_found"}
    server.answer = lambda seen: answer(status=404, body=body)
    with closing(Connection("t", server.address)) as connection:
        region = Selection(moc="product:9_x")
        with pytest.raises(NotFound, match="There is no product 9_x"):
            fetch_subset(connection, 5, region, tmp_path / "part.csv", suffix="csv")


def test_a_region_is_not_selected_without_a_server_that_can() -> None:
    with pytest.raises(Invalid, match="moc: this server does not select by such regions"):
        select_locally(pa.table({"RA": [1.0]}), Selection(moc="3/1"), None)
