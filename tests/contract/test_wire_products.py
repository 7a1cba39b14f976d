"""The contract on the wire of a live server: files, columns, publication, downloads, runs."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from typing import Any

import httpx
import pytest
import yaml

from contract.wire import CSV, N_ROWS, PRODUCT_KEYS, Wire

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("wire")]
COLUMNS = ["ID", "RA", "DEC", "Z", "ZF", "SURV"]


@pytest.fixture(scope="module")
def catalog(nina: Wire) -> int:
    """Return a published redshift catalog."""
    return nina.publish("First")


@pytest.fixture(scope="module")
def second(nina: Wire) -> int:
    return nina.publish("Second")


@pytest.fixture(scope="module")
def run(nina: Wire, catalog: int, second: int) -> Any:
    """Submit a run as the published client does, wait for it, and return its first answer."""
    config = {"param": {"z_flag_homogenized_value_to_cut": 1.0}, "output_format": "csv"}
    sent = {
        "display_name": "On the wire",
        "used_config": json.dumps(config),
        "pipeline": pipeline_of(nina)["id"],
        "inputs": [second, catalog],
    }
    answer = nina.send("POST", "processes/", json=sent)
    assert answer.status_code == 201, answer.text
    process = answer.json()
    assert nina.ended(process["id"])["status"] == "Successful"
    return process


def pipeline_of(wire: Wire) -> Any:
    (found,) = wire.results("pipelines/?name=combine_redshift_dedup")
    return found


# -- files and columns -----------------------------------------------------------------------------


def test_a_file_has_its_14_keys_and_an_address_that_asks_who_is_there(
    nina: Wire, catalog: int
) -> None:
    (file,) = nina.results(f"product-files/?product_id={catalog}")
    key = file.pop("id")
    assert {name: file[name] for name in file if name not in ("created", "updated", "file")} == {
        "product": catalog, "can_delete": False, "role_name": "Main", "role": 0,
        "name": "cat.csv", "type": "text/csv", "n_rows": N_ROWS, "size": len(CSV),
        "extension": ".csv", "is_directory": False,
    }  # fmt: skip
    assert httpx.get(file["file"]).status_code == 401
    assert httpx.get(file["file"], headers=nina.headers).text == CSV
    assert nina.read(f"product-files/{key}/")["file"] == file["file"]
    for method in ("PUT", "PATCH"):
        assert nina.send(method, f"product-files/{key}/", json={}).status_code == 405
    assert nina.read("product-files/?product=99999")["count"] > 0  # not a filter here


@pytest.mark.parametrize(
    ("form", "key"),
    [
        ({"role": "5"}, "role"),
        ({"type": "x" * 129}, "type"),
        ({"product": "99999"}, "product"),
        ({"product": ""}, "product"),
        ({"product": "abc"}, "product"),
    ],
)
def test_a_bad_file_form_is_400_at_its_field(
    form: dict[str, str], key: str, nina: Wire, catalog: int
) -> None:
    answer = nina.send_file(catalog, "a.txt", b"a", **form)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [key])
    assert answer.json()[key] == answer.json()["fields"][key]


def test_no_file_and_an_empty_file_are_400_at_the_file(nina: Wire, catalog: int) -> None:
    form = {"product": str(catalog), "role": "2"}
    absent = nina.send("POST", "product-files/", data=form)
    empty = nina.send_file(catalog, "a.txt", b"", role="2")
    for answer in (absent, empty):
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["file"])


def test_names_and_extensions_of_files_are_kept_as_they_came(nina: Wire) -> None:
    product = nina.begin(display_name="Extensions", product_type=7).json()["id"]
    names = {
        "a b.TAR.GZ": ".tar.gz", "x.tar.bz2": ".tar.bz2", "x.tar.xz": ".tar.xz", "UP.FITS": ".fits",
        "no_suffix": "", "dir/inner.txt": ".txt",
    }  # fmt: skip
    for name, extension in names.items():
        file = nina.send_file(product, name, b"x", role="2").json()
        expected = (name.rpartition("/")[2], extension, "Auxiliary", None)
        assert (file["name"], file["extension"], file["role_name"], file["type"]) == expected
    described = nina.send_file(product, "d.html", b"<p>x", role="1").json()
    assert described["role_name"] == "Description"
    order = [item["role"] for item in nina.results(f"product-files/?product_id={product}")]
    assert order == [2] * 6 + [1]
    listed = nina.results(f"product-files/?product_id={product}&ordering=role")
    assert [item["role"] for item in listed] == [1] + [2] * 6
    assert nina.send("DELETE", f"product-files/{described['id']}/").status_code == 204


def test_columns_are_associated_by_forms_and_taken_back(nina: Wire) -> None:
    product = nina.register("Columns")
    columns = nina.results(f"product-contents/?product={product}")
    assert [
        (item["column_name"], item["order"], item["ucd"], item["alias"]) for item in columns
    ] == [(name, order, None, None) for order, name in enumerate(COLUMNS)]
    assert list(columns[0]) == ["id", "product", "column_name", "ucd", "order", "alias"]
    key = columns[1]["id"]
    for form in (
        {"ucd": "pos.eq.ra;meta.main", "alias": "RA"},
        {"ucd": "", "alias": ""},
        {"ucd": "my.ucd", "alias": "My own"},
    ):
        answer = nina.send("PATCH", f"product-contents/{key}/", data=form)
        assert (answer.status_code, answer.json()) == (200, columns[1] | form)
    for name, length in (("alias", 257), ("ucd", 129)):
        answer = nina.send("PATCH", f"product-contents/{key}/", data={name: "x" * length})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [name])
    missing = nina.send("PATCH", "product-contents/None/", data={"alias": "z"})
    assert (missing.status_code, "product-contents/None/" in missing.json()["error"]) == (404, True)
    assert nina.get("product-contents/?product=99999").status_code == 400
    by_order = nina.results(f"product-contents/?product={product}&ordering=-order")
    assert [item["column_name"] for item in by_order] == COLUMNS[::-1]


def test_publication_without_roles_is_406_with_a_bare_string(nina: Wire) -> None:
    product = nina.register("No roles")
    answer = nina.send("PATCH", f"products/{product}/", data={"status": 1})
    assert answer.status_code == 406
    assert isinstance(answer.json(), str)
    assert all(role in answer.json() for role in ("Dec", "RA", "z"))
    assert nina.read("products/pending_publication/")["product"]["id"] == product
    again = nina.send("POST", f"products/{product}/registry/")
    assert (again.status_code, again.json()["status"]) == (200, 0)


def test_the_main_file_is_described_with_all_columns(nina: Wire, catalog: int) -> None:
    described = nina.read(f"products/{catalog}/main_file_info/")
    assert list(described) == [*PRODUCT_KEYS, "main_file"]
    main_file = described["main_file"]
    columns = main_file.pop("associated_columns")
    assert main_file == {
        "name": "cat.csv", "type": "text/csv", "extension": ".csv", "size": len(CSV),
        "n_rows": N_ROWS, "is_directory": False, "delimiter": ",", "has_header": True,
        "columns": COLUMNS,
    }  # fmt: skip
    assert [item["column_name"] for item in columns] == COLUMNS
    assert [item["alias"] for item in columns] == [None, "RA", "Dec", "z", "z_flag", "survey"]
    assert columns[1] == {"column_name": "RA", "ucd": "pos.eq.ra;meta.main", "alias": "RA"}


def test_a_product_without_main_file_has_none_to_describe(nina: Wire) -> None:
    product = nina.begin(product_type=7).json()["id"]
    for path in ("main_file_info/", "read_data/"):
        answer = nina.get(f"products/{product}/{path}")
        assert (answer.status_code, "main file" in answer.json()["error"]) == (404, True)


def test_the_first_rows_are_paged_and_odd_pages_are_refused(nina: Wire, catalog: int) -> None:
    shown = nina.read(f"products/{catalog}/read_data/?page=1&page_size=100")
    assert (shown["count"], shown["columns"], len(shown["results"])) == (10, COLUMNS, 10)
    assert shown["results"][0] == {
        "ID": 0, "RA": 10.0, "DEC": -30.0, "Z": 0.01, "ZF": 3, "SURV": "VVDS",
    }  # fmt: skip
    assert len(nina.read(f"products/{catalog}/read_data/?page=99&page_size=4")["results"]) == 2
    assert len(nina.read(f"products/{catalog}/read_data/?page_size=0")["results"]) == 10
    assert nina.get(f"products/{catalog}/read_data/?page=abc").status_code == 400


def test_others_change_nothing(nina: Wire, otto: Wire, catalog: int) -> None:
    column = nina.results(f"product-contents/?product={catalog}")[0]["id"]
    file = nina.results(f"product-files/?product_id={catalog}")[0]["id"]
    refused = [
        otto.send("PATCH", f"products/{catalog}/", data={"description": "mine"}),
        otto.send("PATCH", f"products/{catalog}/", data={"status": "1"}),
        otto.send("DELETE", f"products/{catalog}/"),
        otto.send("PATCH", f"product-contents/{column}/", data={"alias": "mine"}),
        otto.send("DELETE", f"product-files/{file}/"),
        otto.send_file(catalog, "a.txt", b"a", role="2"),
        otto.get(f"products/{catalog}/registry/"),
        nina.send("PATCH", f"products/{catalog}/", json={"official_product": True}),
    ]
    for answer in refused:
        assert answer.status_code == 403, answer.request.url
        assert answer.json()["detail"] == answer.json()["error"]


def test_a_published_catalog_is_listed_for_the_site(nina: Wire, catalog: int) -> None:
    rows = nina.results("products-specz/?page_size=1000")
    assert catalog in {row["id"] for row in rows}
    assert {(row["status"], row["product_type"]) for row in rows} == {(1, 1)}
    assert nina.read(f"products/{catalog}/process_config/") == {}


# -- downloads -------------------------------------------------------------------------------------


def test_a_zip_is_prepared_signed_and_sent_whole_or_in_part(nina: Wire, catalog: int) -> None:
    base = f"products/{catalog}/download/"
    archive = nina.prepared(base)
    assert list(archive) == [
        "id", "task_id", "status", "filename", "size", "checksum", "source_signature",
        "created_at", "updated_at", "download_url", "expired_time",
    ]  # fmt: skip
    assert re.fullmatch(rf"{catalog}_first_[0-9a-f]{{32}}\.zip", archive["filename"])
    answer = httpx.get(archive["download_url"], headers=nina.headers)
    content = answer.content
    assert answer.status_code == 200
    assert hashlib.sha256(content).hexdigest() == archive["checksum"]
    assert int(answer.headers["Content-Length"]) == len(content) == archive["size"]
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert archive["filename"] in answer.headers["Content-Disposition"]
    assert "ETag" in answer.headers
    assert "Last-Modified" in answer.headers
    assert "Content-Encoding" not in answer.headers  # although the client takes gzip
    part = httpx.get(archive["download_url"], headers={**nina.headers, "Range": "bytes=100-"})
    assert (part.status_code, part.content) == (206, content[100:])
    assert part.headers["Content-Range"] == f"bytes 100-{len(content) - 1}/{len(content)}"
    beyond = {**nina.headers, "Range": f"bytes={len(content)}-"}
    assert httpx.get(archive["download_url"], headers=beyond).status_code == 416
    assert nina.prepared(base)["id"] == archive["id"]
    assert nina.get(f"{base}prepare/").status_code == 405


def test_the_zip_holds_the_metadata_first_and_every_file(nina: Wire, second: int) -> None:
    nina.send_file(second, "notes.txt", b"about it", role="2")
    archive = nina.prepared(f"products/{second}/download/")
    content = httpx.get(archive["download_url"], headers=nina.headers).content
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.namelist() == ["product_metadata.yaml", "cat.csv", "notes.txt"]
        assert file.read("cat.csv").decode() == CSV
        told = yaml.safe_load(file.read("product_metadata.yaml"))
    own = {"is_owner", "can_delete", "can_update"}
    assert list(told) == [
        *(name for name in PRODUCT_KEYS if name not in own),
        "main_file", "associated_columns", "attach_files",
    ]  # fmt: skip
    assert told["created_at"].endswith("+00:00")
    assert told["attach_files"] == [{"name": "notes.txt", "type": None}]
    assert {item["alias"] for item in told["associated_columns"]} == {
        "RA", "Dec", "z", "z_flag", "survey",
    }  # fmt: skip


def test_a_change_makes_another_zip(nina: Wire) -> None:
    product = nina.register("To be described")
    base = f"products/{product}/download/"
    before = nina.prepared(base)
    nina.send("PATCH", f"products/{product}/", data={"description": "Now described"})
    told = nina.get(f"{base}status/")
    assert (told.status_code, told.json()) == (404, {"status": "not_found"})
    assert nina.prepared(base)["checksum"] != before["checksum"]


def test_the_main_file_is_sent_under_its_own_name(nina: Wire, catalog: int) -> None:
    archive = nina.prepared(f"products/{catalog}/download/main-file/")
    answer = httpx.get(archive["download_url"], headers=nina.headers)
    assert answer.text == CSV
    assert answer.headers["Content-Disposition"] == 'attachment; filename="cat.csv"'
    assert answer.headers["Content-Type"] == "text/csv"
    assert int(answer.headers["Content-Length"]) == len(CSV)


def test_a_link_is_for_its_archive_and_for_those_who_may_see_the_product(
    nina: Wire, otto: Wire, nobody: Wire, catalog: int, second: int
) -> None:
    whole = nina.prepared(f"products/{catalog}/download/")["download_url"]
    main = nina.prepared(f"products/{catalog}/download/main-file/")["download_url"]
    at_main = whole.replace("/download/file/", "/download/main-file/file/")
    cases = {
        whole[:-3] + "abc": 403,
        whole.partition("?")[0]: 403,
        whole.replace(f"/{catalog}/", f"/{second}/"): 403,
        at_main: 404,
        main.replace("/main-file/file/", "/file/"): 200,
    }
    for address, status in cases.items():
        assert httpx.get(address, headers=nina.headers).status_code == status, address
    assert httpx.get(whole, headers=otto.headers).status_code == 200
    assert httpx.get(whole, headers=nobody.headers).status_code == 401


def test_the_old_addresses_send_at_once_and_name_their_successor(nina: Wire, catalog: int) -> None:
    nina.prepared(f"products/{catalog}/download/")
    for path in ("download/", "download_main_file/"):
        answer = nina.get(f"products/{catalog}/{path}")
        assert answer.status_code == 200
        assert answer.headers["Deprecation"] == "true"
        assert answer.headers["Link"].endswith('rel="successor-version"')


def test_a_deleted_product_keeps_its_row_and_nothing_else(nina: Wire) -> None:
    product = nina.publish("Short lived")
    link = nina.prepared(f"products/{product}/download/")["download_url"]
    file = nina.results(f"product-files/?product_id={product}")[0]
    assert nina.send("DELETE", f"products/{product}/").status_code == 204
    left = nina.read(f"products/{product}/")
    assert (left["status"], left["product_status"]) == (2, "Deleted")
    assert product in nina.ids("status=2")
    assert nina.results(f"product-files/?product_id={product}") == []
    assert nina.get(f"product-contents/?product={product}").status_code == 400
    for address in (link, file["file"]):
        assert httpx.get(address, headers=nina.headers).status_code == 404
    for path in ("main_file_info/", "read_data/", "process_config/", "download/", "registry/"):
        assert nina.get(f"products/{product}/{path}").status_code == 404
    assert nina.send("POST", f"products/{product}/download/prepare/").status_code == 404


# -- pipelines and runs ----------------------------------------------------------------------------


def test_a_pipeline_has_what_the_client_reads(nina: Wire) -> None:
    pipeline = pipeline_of(nina)
    assert {
        "id", "name", "display_name", "version", "description", "created_at", "system_config",
        "output_product_type", "product_types_accepted",
    } <= set(pipeline)  # fmt: skip
    assert set(pipeline["system_config"]) == {
        "param", "inputs", "executor", "output_dir", "output_name", "output_format",
        "output_root_dir",
    }  # fmt: skip
    param = pipeline["system_config"]["param"]
    assert {
        "combine_type": "concatenate", "extra_columns": {}, "insert_rubin_footprint_flag": True,
        "insert_DP1_footprint_flag": False, "z_flag_homogenized_value_to_cut": 3.0,
        "flags_translation_file": None,
    }.items() <= param.items()  # fmt: skip
    assert (pipeline["output_product_type"], pipeline["product_types_accepted"]) == (1, [1])
    assert nina.read(f"pipelines/{pipeline['id']}/") == pipeline
    assert pipeline in nina.results("pipelines/?search=REDSHIFT combine,repeated")
    assert nina.results("pipelines/?search=no such words") == []
    assert nina.results("pipelines/?name=combine") == []


def test_a_run_has_its_keys_and_keeps_the_order_of_its_inputs(
    nina: Wire, run: Any, catalog: int, second: int
) -> None:
    assert {
        "id", "release", "release_name", "pipeline_name", "pipeline_version", "owned_by",
        "is_owner", "provenance_inputs", "used_config", "display_name", "created_at",
        "started_at", "ended_at", "orchestration_process_id", "status", "path", "comment",
        "pipeline", "upload", "inputs",
    } <= set(run)  # fmt: skip
    assert run["inputs"] == [second, catalog]
    assert [item["id"] for item in run["provenance_inputs"]] == [second, catalog]
    assert (run["status"], run["owned_by"], run["is_owner"]) == ("Pending", "nina", True)
    assert run["used_config"]["param"]["combine_type"] == "concatenate"  # completed
    assert run["used_config"]["output_format"] == "csv"
    made = nina.read(f"products/{run['upload']}/main_file_info/")
    facts = {key: made[key] for key in ("status", "process_id", "process_status", "uploaded_by")}
    assert facts == {
        "status": 1, "process_id": run["id"], "process_status": "Successful", "uploaded_by": "nina",
    }  # fmt: skip
    assert (made["main_file"]["extension"], made["main_file"]["n_rows"]) == (".csv", 2 * N_ROWS)
    assert set(nina.read(f"processes/{run['id']}/logs/")) >= {"pipeline", "slurm"}
    config = nina.read(f"products/{run['upload']}/process_config/")
    assert config["config"]["z_flag_homogenized_value_to_cut"] == 1.0


def test_a_run_is_sent_by_multipart_and_stopped_by_get(
    nina: Wire, otto: Wire, catalog: int, second: int
) -> None:
    form = {
        "display_name": "By form", "used_config": '{"param": {}}',
        "pipeline": str(pipeline_of(nina)["id"]), "inputs": [str(catalog), str(second)],
    }  # fmt: skip
    rules = {"flags_translation_file": ("rules.yaml", b"translation_rules: 5")}
    refused = nina.send("POST", "processes/", data=form, files=rules)
    assert (refused.status_code, "rules.yaml" in refused.text) == (400, True), refused.text
    answer = nina.send("POST", "processes/", data=form, files={"other": ("x", b"")})
    assert answer.status_code == 201, answer.text
    process = answer.json()
    assert process["inputs"] == [catalog, second]
    processing = nina.read(f"products/{process['upload']}/")
    assert (processing["status"], processing["product_status"]) == (3, "Processing")
    stopped = nina.get(f"processes/{process['id']}/stop/")
    assert stopped.status_code == 200
    assert stopped.json()["status"] in ("Stopping", "Stopped", "Successful")
    for path in ("", "stop/", "logs/"):
        assert otto.get(f"processes/{process['id']}/{path}").status_code == 404
    for method in ("PUT", "PATCH", "DELETE"):
        assert nina.send(method, f"processes/{process['id']}/", json={}).status_code == 405


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"display_name": None}, "display_name"),
        ({"pipeline": 999}, "pipeline"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [99999]}, "inputs"),
        ({"release": 99999}, "release"),
        ({"release": True}, "release"),
        ({"used_config": "{x"}, "used_config"),
        ({"used_config": '{"output_dir": "../../x"}'}, "used_config"),
        ({"used_config": '{"executor": {"name": "mine"}}'}, "used_config"),
        ({"used_config": '{"param": {"flags_translation_file": "/etc/passwd"}}'}, "used_config"),
    ],
)
def test_a_bad_run_is_400_at_its_field(
    fields: dict[str, Any], key: str, nina: Wire, catalog: int, second: int, opened: int
) -> None:
    sent = {"display_name": "x", "pipeline": pipeline_of(nina)["id"], "inputs": [catalog, second]}
    if fields.get("release") is True:
        fields = {"release": opened}
    answer = nina.send("POST", "processes/", json=sent | fields)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [key])


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("status=Successful", True),
        ("status=Failed", False),
        ("status=Queued", False),
        ("pipeline=combine", True),
        ("pipeline=combine,nothing", False),
        ("pipeline__or=combine,nothing", True),
        ("release__isnull=true", True),
        ("release__isnull=false", False),
        ("release_name=open", False),
        ("release_name__or=open,closed", False),
        ("search=wire nina", True),
        ("ordering=created_at", True),
    ],
)
def test_runs_are_filtered(query: str, is_found: bool, nina: Wire, run: Any) -> None:
    found = {item["id"] for item in nina.results(f"processes/?page_size=1000&{query}")}
    assert (run["id"] in found) is is_found


def test_runs_are_found_by_ids_and_other_values_are_refused(nina: Wire, run: Any) -> None:
    assert [item["id"] for item in nina.results(f"processes/?upload={run['upload']}")] == [
        run["id"]
    ]
    for query in ("status=Nope", "upload=99999", "release=99999", "user=99999"):
        answer = nina.get(f"processes/?{query}")
        assert (answer.status_code, query.partition("=")[0] in answer.json()) == (400, True)
