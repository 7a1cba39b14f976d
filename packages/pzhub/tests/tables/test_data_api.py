"""Rows of a product by the API: filters, order, parts, formats, refusals."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from django.test import Client

from pzhub.config import hub_config
from pzhub.core import storage
from pzhub.uploads.models import Inspection, InspectionState
from pztables.expressions import matches, parse
from pztables.formats import read_table

from .conftest import N_ROWS, TABLE

WHERE = "zspec > 0.5 and survey == 'DESI' and cone(0, 0, 0.9)"
POSITIONS = ("RA", "dec")


def rows_that_fit(text: str) -> list[int]:
    columns = {name: TABLE[name] for name in TABLE.column_names}
    return np.flatnonzero(matches(parse(text), columns, positions=POSITIONS)).tolist()


@pytest.fixture
def ask(table_product: Any, api: Any, bob: Any) -> Any:
    """Ask for data of a published product, as somebody who may see it."""
    client, product = api(bob), table_product()

    def get(path: str = "", /, **given: Any) -> Any:
        headers = given.pop("headers", None)
        return client.get(f"/api/products/{product.pk}/data/{path}", given, headers=headers)

    get.product = product  # type: ignore[attr-defined]  # a function with a memory
    return get


def content(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def refusal(answer: Any) -> tuple[int, str]:
    body = answer.json()
    assert body["error"].endswith((".", "survey")) or ":" in body["error"]
    return answer.status_code, body["code"]


def test_without_a_question_the_first_rows_come_as_they_are_in_the_file(ask: Any) -> None:
    page = ask(limit=6).json()
    expected = TABLE.slice(0, 6).to_pylist()
    for row in expected:
        shown = row["zerr"]
        row["zerr"] = None if math.isnan(shown) else float(str(np.float32(shown)))
    assert page["results"] == expected
    assert (page["count"], page["total"], page["previous"]) == (N_ROWS, N_ROWS, None)
    assert [column["name"] for column in page["columns"]] == TABLE.column_names
    right_ascension = page["columns"][1]
    assert right_ascension == {
        "name": "RA", "type": "double", "unit": "deg", "ucd": "pos.eq.ra;meta.main",
        "role": "RA", "description": None,
    }  # fmt: skip


def test_rows_that_fit_are_those_of_the_filter_in_memory(ask: Any) -> None:
    page = ask(where=WHERE, limit=1000, count="true").json()
    expected = [2**60 + row for row in rows_that_fit(WHERE)]
    assert 10 < len(expected) < N_ROWS / 2
    assert [row["objectId"] for row in page["results"]] == expected
    assert (page["count"], page["next"]) == (len(expected), None)
    counted = ask("count/", where=WHERE).json()
    assert counted == {"count": len(expected), "total": N_ROWS}


def test_cone_box_and_condition_are_joined_by_and(ask: Any) -> None:
    question = {"where": "zspec > 0.5", "cone": "0,0,0.9", "box": "359.5,0.5,-0.5,0.5"}
    joined = "zspec > 0.5 and cone(0, 0, 0.9) and box(359.5, 0.5, -0.5, 0.5)"
    assert ask("count/", **question).json()["count"] == len(rows_that_fit(joined)) > 5


@pytest.mark.parametrize("sort", ["zspec", "-zspec", "-survey,zerr", "zerr,-objectId"])
def test_pages_of_a_sorted_table_join_to_the_whole_and_end_with_what_has_no_value(
    ask: Any, sort: str
) -> None:
    found: list[dict[str, Any]] = []
    address: dict[str, Any] | None = {"sort": sort, "page": 1, "page_size": 60}
    sizes = []
    while address is not None:
        page = ask(**address).json()
        found += page["results"]
        sizes.append(len(page["results"]))
        address = {**address, "page": address["page"] + 1} if page["next"] else None
    assert sizes == [60, 60, 60, 20]
    assert sorted(row["objectId"] for row in found) == [2**60 + row for row in range(N_ROWS)]

    def key(row: dict[str, Any]) -> list[Any]:
        keys: list[Any] = []
        for word in sort.split(","):
            value = row[word.removeprefix("-")]
            code: Any = value if not isinstance(value, str) else ord(value[0])
            keys += [value is None, 0 if code is None else -code if word[0] == "-" else code]
        return [*keys, row["objectId"]]  # equal rows stay in file order

    assert found == sorted(found, key=key)


def test_addresses_of_neighbours_keep_the_question(ask: Any) -> None:
    page = ask(where="zspec > 0.5", sort="zspec", limit=10, offset=15).json()
    assert (page["offset"], page["limit"], page["count"]) == (15, 10, None)
    assert "offset=25" in page["next"]
    assert "offset=5" in page["previous"]
    assert all("where=zspec+%3E+0.5" in page[name] for name in ("next", "previous"))
    assert "page=3" in ask(page=2, page_size=5).json()["next"]
    assert ask(limit=0).json()["results"] == []
    beyond = ask(offset=10**15).json()
    assert (beyond["results"], beyond["next"]) == ([], None)


def test_columns_are_those_asked_for_also_with_commas_in_their_names(ask: Any) -> None:
    page = ask(columns=["zspec, objectId", "flag, quality"], limit=1, sort="-flag, quality").json()
    assert page["results"] == [
        {"zspec": TABLE["zspec"][4].as_py(), "objectId": 2**60 + 4, "flag, quality": 4}
    ]


@pytest.mark.parametrize("name", ["csv", "parquet", "fits", "hdf5", "votable", "arrow"])
def test_a_subset_as_a_file_holds_the_rows_their_meaning_and_where_they_come_from(
    ask: Any, tmp_path: Path, name: str
) -> None:
    answer = ask(where=WHERE, sort="-zspec", columns="objectId,RA,zspec,zerr,survey", format=name)
    body = content(answer)
    rows = rows_that_fit(WHERE)
    assert answer.headers["X-Row-Count"] == str(len(rows))
    assert answer.headers["Content-Length"] == str(len(body))
    suffix = {"votable": "vot", "arrow": "arrows"}.get(name, name)
    assert "_zed_set_" in answer.headers["Content-Disposition"]
    path = tmp_path / f"subset.{suffix}"
    path.write_bytes(body)
    found = _opened(path, name)
    expected = TABLE.select(found.column_names).take(rows)
    order = pc.sort_indices(
        expected.append_column("row", pa.array(rows)),
        [("zspec", "descending"), ("row", "ascending")],
    )
    _require_equal(found, expected.take(order), exact=name in ("parquet", "arrow"))
    if name != "csv":
        meanings = dict(found.schema.field("RA").metadata)
        assert (meanings[b"unit"], meanings[b"ucd"]) == (b"deg", b"pos.eq.ra;meta.main")
        _require_provenance(ask, path, name, found)
    assert list(storage.staging_dir().glob("subset-*")) == []


def _opened(path: Path, name: str) -> pa.Table:
    if name == "arrow":
        with pa.OSFile(str(path)) as source:
            return pa.ipc.open_stream(source).read_all()
    return read_table(path)


def _require_equal(found: pa.Table, expected: pa.Table, *, exact: bool) -> None:
    assert found.column_names == expected.column_names
    if exact:
        assert [field.type for field in found.schema] == [field.type for field in expected.schema]
    for name in expected.column_names:
        values = found[name].cast(expected[name].type)
        both = zip(values.to_pylist(), expected[name].to_pylist(), strict=True)
        assert all(left == right or (left != left and right != right) for left, right in both), name


def _require_provenance(ask: Any, path: Path, name: str, found: pa.Table) -> None:
    if name == "fits":
        from astropy.io import fits

        text = "".join(fits.getheader(path, 1)["HISTORY"]).removeprefix("pz.provenance ")
    elif name == "votable":
        from astropy.io import votable

        info = votable.parse(path).resources[0].infos[0]
        assert info.name == "pz.provenance"
        text = info.value
    elif name == "hdf5":
        with h5py.File(path) as file:
            text = file.attrs["pz.provenance"]
    else:
        schema = found.schema if name == "arrow" else pa.parquet.read_schema(path)
        text = schema.metadata[b"pz.provenance"].decode()
    provenance = json.loads(text)
    assert provenance["product"] == ask.product.internal_name
    assert provenance["query"]["where"] == WHERE
    assert len(provenance["main_file_sha256"]) == 64
    assert provenance["address"].startswith("http://testserver/api/products/")


def test_the_header_accept_chooses_the_format_too_and_json_is_the_default(ask: Any) -> None:
    chosen = ask(headers={"accept": "text/html, text/csv;q=0.9, application/json;q=0.1"}, limit=2)
    assert chosen.headers["Content-Type"] == "text/csv"
    lines = list(csv.reader(io.StringIO(content(chosen).decode())))
    assert (len(lines), lines[0]) == (3, TABLE.column_names)
    for header in ("*/*", "text/html", "", "text/csv;q=no"):
        assert ask(headers={"accept": header}).headers["Content-Type"] == "application/json"


def test_an_unchanged_answer_is_not_sent_again(ask: Any, api: Any, ana: Any) -> None:
    first = ask(where="zspec > 1", format="csv")
    again = ask(where="zspec > 1", format="csv", headers={"if-none-match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    checksum = ask.product.files.get().sha256
    assert first.headers["X-Product-Checksum"] == again.headers["X-Product-Checksum"] == checksum
    content(first)  # which ends it as the test client does
    for other in ({"where": "zspec > 2"}, {"format": "fits"}, {"limit": 3}, {"columns": "RA"}):
        question = {"where": "zspec > 1", "format": "csv", **other}
        changed = ask(**question)
        assert changed.headers["ETag"] != first.headers["ETag"]
        content(changed)
    column = ask.product.columns.get(column_name="zerr")
    api(ana).patch(f"/api/product-contents/{column.pk}/", {"alias": "z_err"})
    changed = ask(where="zspec > 1", format="csv")
    assert changed.headers["ETag"] != first.headers["ETag"]
    content(changed)


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"where": "zspecs > 1"}, "expression_unknown_name", "column 1: no column zspecs; did you"),
        ({"where": "zspec >"}, "invalid_expression", "not an expression"),
        ({"where": "1 < zspec < 'a'"}, "expression_type", "column 13: < cannot order"),
        ({"where": "int(zspec) == 1"}, "expression_fractional_int", "(such as 0.02, 0.04,"),
        ({"where": "zspec"}, "expression_type", "must be true or false"),
        ({"where": "__import__('os')"}, "invalid_expression", "no function __import__"),
        ({"where": "z" * 20_000}, "invalid_expression", "at most 10000 are allowed"),
        ({"cone": "1,2"}, "invalid", "cone: must be 3 numbers in degrees: cone=ra,dec,radius"),
        ({"cone": "1,2,nan"}, "invalid", "3 numbers in degrees"),
        ({"cone": "1,95,1"}, "invalid_expression", "dec must lie between -90 and 90"),
        ({"box": "1,2,3"}, "invalid", "box=ra_min,ra_max,dec_min,dec_max"),
        ({"columns": "zspek,RA"}, "unknown_column", "did you mean zspec? the columns are objectId"),
        ({"sort": "-nothing"}, "unknown_column", "There is no column nothing;"),
        ({"limit": "-1"}, "invalid", "limit: must be a whole number, at least 0"),
        ({"limit": "ten"}, "invalid", "limit: must be a whole number"),
        ({"limit": "10001"}, "invalid", "at most 10,000 rows of 7 columns"),
        ({"offset": "9" * 30}, "invalid", "offset: must be a whole number"),
        ({"page": "0"}, "invalid", "page: must be a whole number, at least 1"),
        ({"page": "2", "offset": "3"}, "invalid", "cannot stand beside offset"),
        ({"page": str(2**62), "page_size": "1000"}, "invalid", "beyond any table"),
        ({"limit": "1", "page_size": "2"}, "invalid", "another word for limit"),
        ({"count": "maybe"}, "invalid", "count: must be true or false"),
        ({"format": "xlsx"}, "invalid", "must be one of json, csv, parquet, fits, hdf5, votable"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_parameter(
    ask: Any, given: dict[str, str], code: str, words: str
) -> None:
    answer = ask(**given)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, code)
    assert words in body["error"], body["error"]
    (field,) = body["fields"]
    assert field in given


def test_a_refused_condition_says_where_it_is_wrong_and_what_there_is(ask: Any) -> None:
    data = ask(where="zspec > 1 and surveys == 'a'").json()["data"]
    assert data["position"] == 15
    assert data["near"] == {"surveys": ["survey"]}
    assert sorted(data["available"]) == sorted(TABLE.column_names)
    assert ask(columns="zz").json()["data"]["near"] == {"zz": []}


def test_more_than_one_answer_may_have_is_refused_with_advice(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_config(), "data_max_rows", 50)
    for given in ({"format": "csv"}, {"format": "arrow", "limit": 51}):
        answer = ask(**given)
        assert (answer.status_code, answer.json()["code"]) == (413, "subset_too_large")
        assert "more than the 50 rows" in answer.json()["error"]
        assert "Set a limit" in answer.json()["error"]
    assert len(content(ask(format="csv", limit=50)).splitlines()) == 51
    monkeypatch.setattr(hub_config(), "data_max_bytes", 1000)
    answer = ask(format="votable", limit=50)
    assert (answer.status_code, answer.json()["code"]) == (413, "subset_too_large")
    assert list(storage.staging_dir().glob("subset-*")) == []


def test_long_texts_cannot_fill_memory_or_disk(
    table_product: Any, api: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 3000
    notes = pa.array(["x" * 30_000, *["short"] * (size - 1)])
    table = pa.table({"RA": np.zeros(size), "Dec": np.zeros(size), "z": np.ones(size), "n": notes})
    product = table_product(table, {"RA": "RA", "Dec": "Dec", "z": "z"})
    client, address = api(bob), f"/api/products/{product.pk}/data/"
    monkeypatch.setattr(hub_config(), "data_max_bytes", 50_000_000)
    for name in ("fits", "votable"):  # every text would take the room of the longest
        answer = client.get(address, {"format": name})
        assert (answer.status_code, answer.json()["code"]) == (413, "subset_too_large")
    assert len(content(client.get(address, {"format": "csv"}))) < 200_000
    monkeypatch.setattr("pzhub.tables.services.look.MAX_PAGE_BYTES", 20_000)
    answer = client.get(address, {"limit": 2})
    assert (answer.status_code, answer.json()["code"]) == (413, "subset_too_large")


def test_a_region_needs_columns_that_are_positions(table_product: Any, api: Any, bob: Any) -> None:
    product = table_product(association={"RA": "RA", "dec": "Dec", "zspec": "z"})
    product.columns.filter(alias="RA").update(alias=None)
    for given in ({"cone": "1,2,3"}, {"where": "box(1,2,3,4)"}):
        answer = api(bob).get(f"/api/products/{product.pk}/data/", given)
        assert (answer.status_code, answer.json()["code"]) == (400, "no_positions")


def test_a_product_without_a_table_says_so(
    ana: Any, api: Any, product_factory: Any, file_factory: Any
) -> None:
    client = api(ana)
    bare = product_factory(ana, name="bare")
    assert client.get(f"/api/products/{bare.pk}/data/").status_code == 404
    unread = product_factory(ana, name="unread")
    file = file_factory(unread)
    answer = client.get(f"/api/products/{unread.pk}/data/")
    assert (answer.status_code, answer.json()["code"]) == (409, "table_not_ready")
    Inspection.objects.create(product=unread, file=file, sha256="x", state=InspectionState.DONE)
    answer = client.get(f"/api/products/{unread.pk}/data/count/")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_table")


def test_values_of_every_type_come_as_they_are(table_product: Any, api: Any, bob: Any) -> None:
    table = pa.table(
        {
            "RA": [1.0, 2.0], "Dec": [1.0, 2.0], "z": [0.1, 0.2], "ra": [5, 6],
            "big": pa.array([2**64 - 1, None], pa.uint64()),
            "when": pa.array([1, None], pa.timestamp("ns")),
            "vector": pa.array([[1.5, 2.5], [3.5, None]], pa.list_(pa.float64(), 2)),
            "good": pa.array([True, None]),
            "raw": pa.array([b"\xff", None], pa.binary()),
        }
    )  # fmt: skip
    product = table_product(table, {"RA": "RA", "Dec": "Dec", "z": "z"})
    client, address = api(bob), f"/api/products/{product.pk}/data/"
    first = client.get(address).json()["results"][0]
    assert first == {
        "RA": 1.0, "Dec": 1.0, "z": 0.1, "ra": 5, "big": 2**64 - 1,
        "when": "1970-01-01T00:00:00.000000001", "vector": [1.5, 2.5], "good": True, "raw": "ff",
    }  # fmt: skip
    assert client.get(address, {"where": "ra == 6 and RA == 2"}).json()["results"][0]["ra"] == 6
    body = b"".join(client.get(address, {"format": "arrow"}).streaming_content)
    found = pa.ipc.open_stream(pa.py_buffer(body)).read_all()
    assert found.replace_schema_metadata(None).cast(table.schema).equals(table)
    for name in ("vector", "raw"):
        answer = client.get(address, {"sort": name})
        assert (answer.status_code, answer.json()["code"]) == (400, "unsortable_column")
    answer = client.get(address, {"format": "csv"})
    assert (answer.status_code, answer.json()["code"]) == (400, "value_not_storable")


def test_a_subset_tells_where_it_comes_from_in_a_header_too_which_csv_needs(ask: Any) -> None:
    answer = ask(where=WHERE, format="csv")
    told = json.loads(answer.headers["X-Provenance"])
    assert (told["product"], told["query"]) == (ask.product.internal_name, {"where": WHERE})
    assert told["main_file_sha256"] == answer.headers["X-Product-Checksum"]
    assert content(answer).startswith(b'"objectId","RA"')
    long = ask(where=" or ".join(["zspec > 0.5"] * 200), format="csv")
    short = json.loads(long.headers["X-Provenance"])
    assert (short["product"], "query" in short) == (told["product"], False)
    content(long)


def test_whoever_follows_a_link_reads_a_refusal_as_a_page(
    ask: Any, client: Client, bob: Any
) -> None:
    address = f"/api/products/{ask.product.pk}/data/?format=hdf5&where=zspek"
    accept = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    away = client.get(address, headers=accept)
    assert away.status_code == 302
    assert away.headers["Location"].startswith("/login?next=/api/products/")
    client.force_login(bob)
    page = client.get(address, headers=accept)
    assert (page.status_code, page.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "no column zspek; did you mean zspec" in page.content.decode()
    program = client.get(address)
    assert (program.status_code, program.json()["code"]) == (400, "expression_unknown_name")
    nothing = client.get("/api/products/999999/data/?format=csv", headers=accept)
    assert (nothing.status_code, nothing.headers["Content-Type"][:9]) == (404, "text/html")
