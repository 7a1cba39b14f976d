"""The way of an upload through the API: send, register, associate, publish, read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pzhub.accounts.models import TokenScope, User
from pzhub.catalog.models import ProductFile, ProductStatus
from pzhub.config import hub_config
from pzhub.core import storage
from pzhub.uploads.models import Inspection, InspectionState

FORMATS = ["cat.csv", "cat.CSV.gz", "cat.FITS", "cat.hdf5", "cat.parquet", "cat.vot"]
COLUMNS = ["objectId", "RA_deg", "DEC_deg", "zspec", "zerr", "origin"]
N_ROWS = 12


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_of_any_format_goes_from_file_to_published_product(
    uploader: Any, make: SimpleNamespace, name: str
) -> None:
    ana = uploader()
    sent = ana.send(name, make.formats[name]())
    assert sent.status_code == 201, sent.content
    registered = ana.register()
    assert registered.status_code == 200, registered.content
    assert registered.json()["product_status"] == "Registering"
    assert sorted(ana.columns()) == sorted(COLUMNS)
    ana.associate()
    published = ana.publish()
    assert (published.status_code, published.json()["status"]) == (200, 1)
    main = ana.client.get(f"{ana.base}main_file_info/").json()["main_file"]
    assert (main["n_rows"], main["is_directory"]) == (N_ROWS, False)
    aliases = {column["column_name"]: column["alias"] for column in main["associated_columns"]}
    assert aliases == dict.fromkeys(COLUMNS) | {"RA_deg": "RA", "DEC_deg": "Dec", "zspec": "z"}
    preview = ana.client.get(f"{ana.base}read_data/").json()
    assert (preview["count"], preview["columns"]) == (10, list(aliases))
    first = make.table.slice(0, 1).to_pylist()[0]
    assert preview["results"][0] == first  # integers beyond 2**53 and all digits included


def test_the_answer_to_an_upload_has_every_key_of_the_contract(uploader: Any) -> None:
    ana = uploader()
    answer = ana.send("my cat.csv", b"a,b\n1,2\n", type="text/csv").json()
    file = ProductFile.objects.get()
    times = {answer.pop("created"), answer.pop("updated")}
    assert all(len(time) == 27 and time.endswith("Z") for time in times)
    assert answer == {
        "id": file.pk,
        "product": ana.product.pk,
        "file": f"http://testserver/api/product-files/{file.pk}/content/",
        "can_delete": True,
        "role_name": "Main",
        "role": 0,
        "name": "my cat.csv",
        "type": "text/csv",
        "n_rows": None,
        "size": 8,
        "extension": ".csv",
        "is_directory": False,
    }


def test_files_are_listed_by_product_and_fetched_by_their_address(uploader: Any) -> None:
    ana, other = uploader(), uploader()
    ana.send("cat.csv", b"a,b\n1,2\n")
    ana.send("notes.html", b"<script>x</script>", role=1)
    ana.send("plot.png", b"png", role=2)
    other.send("cat.csv", b"a,b\n1,2\n")
    listed = ana.client.get(f"/api/product-files/?product_id={ana.product.pk}").json()
    assert [(row["role_name"], row["name"]) for row in listed["results"]] == [
        ("Main", "cat.csv"),
        ("Description", "notes.html"),
        ("Auxiliary", "plot.png"),
    ]
    answer = ana.client.get(listed["results"][1]["file"], headers={"accept": "image/*"})
    assert b"".join(answer) == b"<script>x</script>"
    assert answer["Content-Security-Policy"] == "sandbox"
    assert answer["Content-Disposition"].startswith("attachment")
    part = ana.client.get(listed["results"][0]["file"], headers={"range": "bytes=4-"})
    assert (part.status_code, b"".join(part)) == (206, b"1,2\n")


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"role": 5}, 400, "role"),
        ({"role": "main"}, 400, "role"),
        ({"type": "x" * 129}, 400, "type"),
        ({"product": 999_999}, 400, "product"),
        ({"file": ""}, 400, "file"),
    ],
)
def test_a_bad_form_is_refused_at_its_field(
    uploader: Any, fields: dict[str, Any], status: int, field: str
) -> None:
    ana = uploader()
    answer = ana.send("cat.csv", b"a,b\n1,2\n", **fields)
    assert (answer.status_code, list(answer.json()["fields"])) == (status, [field])
    assert ProductFile.objects.count() == 0
    assert list(storage.staging_dir().iterdir()) == []


def test_an_empty_file_is_refused_at_the_file_field(uploader: Any) -> None:
    answer = uploader().send("cat.csv", b"")
    assert answer.status_code == 400
    assert answer.json()["code"] == "empty_file"
    assert answer.json()["file"] == [
        "cat.csv is empty (0 bytes): choose the file that holds the data"
    ]


def test_a_file_over_the_limit_is_refused_with_413(
    uploader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_config(), "max_upload_bytes", 1000)
    answer = uploader().send("cat.csv", b"x" * 1001)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "cat.csv is larger than the limit" in answer.json()["error"]
    assert ProductFile.objects.count() == 0
    assert list(storage.staging_dir().iterdir()) == []


def test_strangers_see_no_draft_and_change_no_product(
    uploader: Any, api: Any, bob: User, admin: User
) -> None:
    ana = uploader()
    file_id = ana.send("cat.csv", b"a,b\n1,2\n").json()["id"]
    stranger, boss = api(bob), api(admin)
    assert stranger.get(f"/api/product-files/{file_id}/").status_code == 404
    assert stranger.get(f"/api/product-files/{file_id}/content/").status_code == 404
    assert stranger.get(f"{ana.base}registry/").status_code == 404
    ana.product.status, ana.product.published_at = 1, ana.product.created_at
    ana.product.save()
    assert stranger.get(f"/api/product-files/{file_id}/").json()["can_delete"] is False
    assert stranger.delete(f"/api/product-files/{file_id}/").status_code == 403
    assert stranger.get(f"{ana.base}registry/").status_code == 403
    sent = boss.post("/api/product-files/", {"product": ana.product.pk, "role": 2}, format="json")
    assert sent.status_code == 400  # the administrator gets as far as the missing file


def test_a_restricted_product_hides_its_files_and_columns(
    uploader: Any, api: Any, bob: User, carla: User, closed_release: Any
) -> None:
    ana = uploader("training_set")
    file_id = ana.send("cat.csv", b"a,b\n1,2\n").json()["id"]
    ana.product.status, ana.product.published_at = 1, ana.product.created_at
    ana.product.release = closed_release
    ana.product.save()
    for path in (
        f"/api/product-files/{file_id}/",
        f"/api/product-files/{file_id}/content/",
        f"{ana.base}main_file_info/",
        f"{ana.base}read_data/",
        f"{ana.base}download/status/",
    ):
        assert api(bob).get(path).status_code == 404
    assert api(bob).get(f"/api/product-files/?product_id={ana.product.pk}").json()["count"] == 0
    assert api(carla).get(f"/api/product-files/{file_id}/").status_code == 200


def test_a_read_token_neither_uploads_nor_registers(uploader: Any, api: Any, ana: User) -> None:
    draft = uploader()
    draft.client = api(ana, TokenScope.READ)
    assert draft.send("cat.csv", b"a,b\n1,2\n").json()["code"] == "token_scope"
    assert draft.register().json()["code"] == "token_scope"


def test_a_cookie_registers_by_post_only(uploader: Any, ana: User, make: SimpleNamespace) -> None:
    draft = uploader()
    draft.send("cat.csv", make.csv())
    from rest_framework.test import APIClient

    browser = APIClient()
    browser.force_login(ana)
    assert browser.get(f"{draft.base}registry/").status_code == 403
    assert browser.post(f"{draft.base}registry/").status_code == 200


def test_put_and_patch_of_a_file_are_not_allowed(uploader: Any) -> None:
    ana = uploader()
    file_id = ana.send("cat.csv", b"a,b\n1,2\n").json()["id"]
    assert ana.client.put(f"/api/product-files/{file_id}/", {}).status_code == 405
    assert ana.client.patch(f"/api/product-files/{file_id}/", {}).status_code == 405
    assert ana.client.delete(f"/api/product-files/{file_id}/").status_code == 204
    assert ProductFile.objects.count() == 0


def test_options_names_the_filters_of_files(uploader: Any) -> None:
    metadata = uploader().client.options("/api/product-files/").json()
    assert metadata["filterset"] == ["id", "product_id"]
    assert metadata["ordering"] == ["id", "role"]


def test_a_second_main_file_is_refused_with_409(uploader: Any) -> None:
    ana = uploader()
    ana.send("cat.csv", b"a,b\n1,2\n")
    answer = ana.send("dog.csv", b"a,b\n1,2\n")
    assert (answer.status_code, answer.json()["code"]) == (409, "main_file_exists")


def test_registering_without_main_file_is_refused(uploader: Any) -> None:
    answer = uploader().register()
    assert (answer.status_code, answer.json()["code"]) == (409, "no_main_file")


def test_registering_again_changes_nothing(uploader: Any, make: SimpleNamespace) -> None:
    ana = uploader()
    ana.send("cat.csv", make.csv())
    ana.register()
    ana.associate()
    before = ana.columns()
    assert ana.register().status_code == 200
    assert ana.columns() == before
    assert Inspection.objects.get().attempt == 1


def test_a_headerless_csv_has_every_column_in_file_order(
    uploader: Any, make: SimpleNamespace
) -> None:
    ana = uploader()
    ana.send("cat.csv", make.csv(header=False, delimiter=";"))
    assert ana.register().status_code == 200
    main = ana.client.get(f"{ana.base}main_file_info/").json()["main_file"]
    names = [str(number) for number in range(6)]
    assert (main["delimiter"], main["has_header"], main["columns"]) == (";", False, names)
    assert [column["column_name"] for column in main["associated_columns"]] == names


def test_an_archive_of_one_table_is_replaced_by_it(uploader: Any, make: SimpleNamespace) -> None:
    ana = uploader()
    ana.send("cat.zip", make.zip({"inner/cat.parquet": make.parquet()}), type="application/zip")
    archive = storage.data_path(ProductFile.objects.get().path)
    assert ana.register().status_code == 200
    file = ProductFile.objects.get()
    assert (file.name, file.extension, file.n_rows) == ("inner/cat.parquet", ".parquet", N_ROWS)
    assert (file.type, file.size) == ("application/zip", len(make.parquet()))
    path = storage.data_path(file.path)
    assert path == storage.product_dir(ana.product) / "inner" / "cat.parquet"
    assert path.read_bytes() == make.parquet()
    assert archive.exists()  # until the transaction is through
    assert ana.register().status_code == 200
    assert Inspection.objects.get().attempt == 1


def test_an_archived_hats_catalog_becomes_a_directory(uploader: Any, make: SimpleNamespace) -> None:
    ana = uploader("object_catalog")
    ana.send("mini.tar.gz", make.tar(make.hats()))
    answer = ana.register()
    assert answer.status_code == 200, answer.content
    file = ProductFile.objects.get()
    assert (file.name, file.extension, file.is_directory, file.n_rows) == (
        "mini_hats",
        "",
        True,
        N_ROWS,
    )
    assert (storage.data_path(file.path) / "hats.properties").is_file()
    assert file.size == sum(len(content) for content in make.hats().values())
    content = ana.client.get(f"/api/product-files/{file.pk}/content/")
    assert content.status_code == 409
    prepared = ana.client.post(f"{ana.base}download/main-file/prepare/").json()
    assert (prepared["status"], prepared["filename"]) == ("ready", "mini_hats.zip")


REFUSED = {
    "truncated.parquet": lambda make: make.parquet()[:-20],
    "truncated.fits": lambda make: make.fits()[:4000],
    "truncated.hdf5": lambda make: make.hdf5()[:900],
    "truncated.vot": lambda make: make.votable()[:-300],
    "wrong.parquet": lambda make: make.csv(),
    "noise.csv": lambda make: bytes(range(256)) * 20,
    "duplicate.csv": lambda make: b"ra,dec,ra\n1,2,3\n4,5,6\n",
    "header_only.csv": lambda make: b"ra,dec,z\n",
    "two.zip": lambda make: make.zip({"a.csv": make.csv(), "b.csv": make.csv()}),
    "trained.pkl": lambda make: __import__("pickle").dumps({"a": 1}),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_a_bad_main_file_is_refused_with_a_sentence_and_the_draft_stays(
    uploader: Any, make: SimpleNamespace, name: str
) -> None:
    ana = uploader()
    ana.send(name, REFUSED[name](make))
    answer = ana.register()
    assert answer.status_code == 400, answer.content
    error = answer.json()["error"]
    assert name in error
    assert len(error) > 40
    ana.product.refresh_from_db()
    assert ana.product.status == ProductStatus.REGISTERING
    assert ana.product.failure["message"] == error
    assert ana.product.failure["code"] == answer.json()["code"]
    inspection = Inspection.objects.get()
    assert (inspection.state, inspection.error["message"]) == (InspectionState.REFUSED, error)
    assert ana.columns() == {}
    refusal = ana.publish()
    assert refusal.status_code in (406, 409)
    ana.product.refresh_from_db()
    assert ana.product.status == ProductStatus.REGISTERING


def test_a_refused_draft_is_corrected_by_another_file(uploader: Any, make: SimpleNamespace) -> None:
    ana = uploader()
    bad = ana.send("cat.parquet", make.parquet()[:-20]).json()["id"]
    assert ana.register().status_code == 400
    assert ana.client.delete(f"/api/product-files/{bad}/").status_code == 204
    ana.send("cat.parquet", make.parquet())
    assert ana.register().status_code == 200
    ana.associate()
    assert ana.publish().status_code == 200
    ana.product.refresh_from_db()
    assert ana.product.failure is None


def test_what_is_no_table_is_fine_where_none_is_required(
    uploader: Any, make: SimpleNamespace
) -> None:
    ana = uploader("training_results")
    ana.send("model.pkl", b"\x80\x04not a table")
    assert ana.register().status_code == 200
    assert ana.publish().status_code == 200
    main = ana.client.get(f"{ana.base}main_file_info/").json()["main_file"]
    assert (main["name"], main["n_rows"]) == ("model.pkl", None)
    assert "associated_columns" not in main
    assert ana.client.get(f"{ana.base}read_data/").json() == {
        "count": 0,
        "columns": [],
        "results": [],
    }


def test_positions_off_the_sky_are_refused_with_the_first_rows(uploader: Any) -> None:
    ana = uploader()
    rows = [b"RA_deg,DEC_deg,zspec"] + [b"10.5,-5.5,0.3"] * 20 + [b"361.0,-5.0,0.1", b"10,-95,0.2"]
    ana.send("cat.csv", b"\n".join(rows))
    assert ana.register().status_code == 200
    ana.associate()
    answer = ana.publish()
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == "role_values"
    assert "21" in answer.json()["error"]
    assert "361" in answer.json()["error"]
    ana.product.refresh_from_db()
    assert ana.product.status == ProductStatus.REGISTERING


def test_text_is_no_redshift(uploader: Any) -> None:
    ana = uploader("training_set")
    ana.send("cat.csv", b"zspec,name\nhigh,a\nlow,b\nhigh,c\n")
    assert ana.register().status_code == 200, ana.register().content
    ana.associate({"zspec": "z"})
    answer = ana.publish()
    assert (answer.status_code, answer.json()["code"]) == (400, "role_values")
    assert "zspec" in answer.json()["error"]


def test_a_published_product_keeps_meanings_that_its_values_can_have(
    uploader: Any, make: SimpleNamespace
) -> None:
    ana = uploader()
    ana.send("cat.csv", make.csv())
    ana.register()
    ana.associate()
    assert ana.publish().status_code == 200
    column = ana.columns()["origin"]
    answer = ana.client.patch(f"/api/product-contents/{column}/", {"alias": "z"})
    assert (answer.status_code, answer.json()["code"]) == (400, "role_values")
    main = ana.client.get(f"{ana.base}main_file_info/").json()["main_file"]
    aliases = {entry["column_name"]: entry["alias"] for entry in main["associated_columns"]}
    assert (aliases["zspec"], aliases["origin"]) == ("z", None)


def test_missing_roles_are_named(uploader: Any, make: SimpleNamespace) -> None:
    ana = uploader()
    ana.send("cat.csv", make.csv())
    ana.register()
    ana.associate({"RA_deg": "RA"})
    answer = ana.publish()
    assert answer.status_code == 406
    assert "Dec" in answer.json()
    assert "z" in answer.json()


def test_an_unregistered_main_file_is_not_published(uploader: Any) -> None:
    ana = uploader("other")
    ana.send("notes.txt", b"hello")
    answer = ana.publish()
    assert (answer.status_code, answer.json()["code"]) == (409, "not_registered")


def test_the_first_rows_answer_202_until_they_are_read(
    uploader: Any, make: SimpleNamespace
) -> None:
    ana = uploader()
    assert ana.client.get(f"{ana.base}read_data/").status_code == 404
    ana.send("cat.csv", make.csv())
    waiting = ana.client.get(f"{ana.base}read_data/")
    assert (waiting.status_code, list(waiting.json())) == (202, ["message"])
    ana.register()
    rows = ana.client.get(f"{ana.base}read_data/?page=2&page_size=4").json()
    assert (rows["count"], len(rows["results"])) == (10, 4)
    last = ana.client.get(f"{ana.base}read_data/?page=9&page_size=4").json()
    assert len(last["results"]) == 2
    assert ana.client.get(f"{ana.base}read_data/?page=abc").status_code == 400


def test_a_product_without_main_file_has_no_main_file_info(uploader: Any) -> None:
    answer = uploader().client.get("/api/products/999999/main_file_info/")
    assert answer.status_code == 404
    ana = uploader()
    answer = ana.client.get(f"{ana.base}main_file_info/")
    assert (answer.status_code, "has no main file" in answer.json()["error"]) == (404, True)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/product-files/99999999999999999999999/", 404),
        ("/api/product-files/99999999999999999999999/content/", 404),
        ("/api/product-files/None/", 404),
        ("/api/product-files/?product_id=99999999999999999999999", 400),
        ("/api/product-files/?product_id=0.5", 200),
        ("/api/product-files/?id=abc", 400),
        ("/api/product-files/?id=NaN", 400),
        ("/api/product-files/?page=99", 404),
        ("/api/products/99999999999999999999999/registry/", 404),
        ("/api/products/99999999999999999999999/read_data/", 404),
        ("/api/products/99999999999999999999999/main_file_info/", 404),
        ("/api/products/99999999999999999999999/download/status/", 404),
    ],
)
def test_odd_numbers_are_answered_like_unknown_ones(uploader: Any, path: str, status: int) -> None:
    assert uploader().client.get(path).status_code == status


def test_a_product_that_is_no_number_is_refused(uploader: Any) -> None:
    ana = uploader()
    for product in ("abc", "99999999999999999999999", "", "None"):
        answer = ana.send("cat.csv", b"a\n1\n", product=product)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["product"])


def test_the_queries_of_a_list_of_files_do_not_depend_on_its_length(
    uploader: Any, file_factory: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ana = uploader()
    file_factory(ana.product)
    ana.client.get("/api/product-files/")  # the first call notes that the token was used
    with CaptureQueriesContext(connection) as few:
        ana.client.get("/api/product-files/")
    for number in range(5):
        file_factory(ana.product, name=f"{number}.txt", role=2)
    with CaptureQueriesContext(connection) as many:
        assert ana.client.get("/api/product-files/").json()["count"] == 6
    assert len(many) == len(few)
