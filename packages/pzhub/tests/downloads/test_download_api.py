"""Downloads on the wire: prepare, ask, fetch; who may, with which link."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import pytest

from pzhub.accounts.models import TokenScope, User
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.services import delete_product
from pzhub.downloads.models import Archive
from pzhub.downloads.services import archives

TABLE = b"ra,dec,z\n1.0,2.0,0.5\n"


@pytest.fixture
def product(ana: User, product_factory: Any, file_factory: Any) -> Product:
    product: Product = product_factory(ana, name="Zed set", type_name="redshift_catalog")
    file_factory(product, TABLE)
    product.files.update(sha256=hashlib.sha256(TABLE).hexdigest())
    return product


def base(product: Product) -> str:
    return f"/api/products/{product.pk}/"


def test_an_empty_body_that_calls_itself_json_prepares_the_zip(
    bob: User, api: Any, product: Product
) -> None:
    client = api(bob, TokenScope.READ)
    answer = client.post(f"{base(product)}download/prepare/", content_type="application/json")
    assert answer.status_code == 200
    archive = Archive.objects.get()
    shown = answer.json()
    link = shown.pop("download_url")
    times = [shown.pop(name) for name in ("created_at", "updated_at", "expired_time")]
    assert all(time.endswith("Z") and len(time) == 27 for time in times)
    assert shown == {
        "id": archive.pk,
        "task_id": None,
        "status": "ready",
        "filename": archive.filename,
        "size": archive.size,
        "checksum": archive.checksum,
        "source_signature": archive.source_signature,
    }
    assert link.startswith(f"http://testserver{base(product)}download/file/?token=")
    fetched = client.get(link)
    content = b"".join(fetched)
    assert fetched["Content-Type"] == "application/zip"
    assert fetched["Content-Disposition"] == f'attachment; filename="{archive.filename}"'
    assert fetched["Content-Length"] == str(len(content))
    assert fetched["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert "Content-Encoding" not in fetched
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.namelist() == ["product_metadata.yaml", "cat.csv"]


def test_a_download_is_resumed_where_it_broke_off(ana: User, api: Any, product: Product) -> None:
    client = api(ana)
    link = client.post(f"{base(product)}download/main-file/prepare/").json()["download_url"]
    rest = client.get(link, headers={"range": "bytes=10-"})
    assert rest.status_code == 206
    assert rest["Content-Range"] == f"bytes 10-{len(TABLE) - 1}/{len(TABLE)}"
    assert b"".join(rest) == TABLE[10:]
    beyond = client.get(link, headers={"range": f"bytes={len(TABLE)}-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(TABLE)}")


def test_status_tells_what_was_prepared(ana: User, api: Any, product: Product) -> None:
    client = api(ana)
    for way in ("download/", "download/main-file/"):
        missing = client.get(f"{base(product)}{way}status/")
        assert (missing.status_code, missing.json()) == (404, {"status": "not_found"})
        client.post(f"{base(product)}{way}prepare/")
        assert client.get(f"{base(product)}{way}status/").json()["status"] == "ready"
        assert client.get(f"{base(product)}{way}prepare/").status_code == 405


def test_a_large_download_answers_202_until_it_is_built(
    ana: User, api: Any, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "INLINE_BYTES", 5)
    monkeypatch.setattr(archives, "_PATIENCE_SECONDS", 0.0)
    client = api(ana)
    answer = client.post(f"{base(product)}download/prepare/")
    assert answer.status_code == 202
    assert answer.json()["status"] == "pending"
    assert answer.json()["task_id"]
    assert "download_url" not in answer.json()
    old = client.get(f"{base(product)}download/")
    assert (old.status_code, old["Deprecation"]) == (202, "true")
    archives.build_archive(Archive.objects.get().pk)
    assert client.get(f"{base(product)}download/status/").json()["status"] == "ready"


def test_the_old_addresses_send_the_file_and_name_their_successor(
    ana: User, api: Any, product: Product
) -> None:
    client = api(ana)
    answer = client.get(f"{base(product)}download_main_file/")
    assert b"".join(answer) == TABLE
    assert answer["Deprecation"] == "true"
    assert answer["Link"] == (
        f'<http://testserver{base(product)}download/main-file/prepare/>; rel="successor-version"'
    )
    whole = client.get(f"{base(product)}download/")
    assert (whole.status_code, b"".join(whole)[:2]) == (200, b"PK")


def test_links_are_refused_without_token_or_with_a_wrong_one(
    ana: User, api: Any, product: Product, product_factory: Any
) -> None:
    client = api(ana)
    link = client.post(f"{base(product)}download/prepare/").json()["download_url"]
    other = product_factory(ana)
    refused = {
        f"{base(product)}download/file/": 403,
        link + "x": 403,
        link.replace(f"/{product.pk}/", f"/{other.pk}/"): 403,
        link.replace("download/file", "download/main-file/file"): 404,
    }
    assert {path: client.get(path).status_code for path in refused} == refused
    assert api().get(link).status_code == 401


def test_a_main_file_link_also_works_at_the_address_of_the_zip(
    ana: User, api: Any, product: Product
) -> None:
    client = api(ana)
    link = client.post(f"{base(product)}download/main-file/prepare/").json()["download_url"]
    answer = client.get(link.replace("main-file/", ""))
    assert b"".join(answer) == TABLE


def test_a_restricted_product_is_not_there_for_others_even_with_a_link(
    ana: User, bob: User, carla: User, api: Any, product: Product, closed_release: Any
) -> None:
    link = api(ana).post(f"{base(product)}download/prepare/").json()["download_url"]
    assert b"".join(api(bob).get(link))[:2] == b"PK"
    Product.objects.update(release=closed_release)
    for path in (link, f"{base(product)}download/status/", f"{base(product)}download/"):
        assert api(bob).get(path).status_code == 404
    assert api(bob).post(f"{base(product)}download/prepare/").status_code == 404
    assert api(carla).post(f"{base(product)}download/prepare/").status_code == 200


def test_a_deleted_product_is_not_downloaded(ana: User, api: Any, product: Product) -> None:
    client = api(ana)
    link = client.post(f"{base(product)}download/main-file/prepare/").json()["download_url"]
    delete_product(actor=ana, product=product)
    assert client.get(link).status_code == 404
    assert client.post(f"{base(product)}download/prepare/").status_code == 404


def test_a_draft_is_downloaded_by_its_owner_only(
    ana: User, bob: User, admin: User, api: Any, product_factory: Any, file_factory: Any
) -> None:
    draft = product_factory(ana, status=ProductStatus.REGISTERING)
    file_factory(draft)
    asked = {user: api(user).post(f"{base(draft)}download/prepare/") for user in (ana, bob, admin)}
    assert [answer.status_code for answer in asked.values()] == [200, 404, 200]


def test_a_product_without_main_file_says_so(ana: User, api: Any, product_factory: Any) -> None:
    product = product_factory(ana)
    for way, method in (("prepare/", "post"), ("status/", "get")):
        answer = getattr(api(ana), method)(f"{base(product)}download/main-file/{way}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_main_file")
