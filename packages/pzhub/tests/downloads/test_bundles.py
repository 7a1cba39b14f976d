"""Bundles: what they hold, who gets them, their limits, and what survives a killed worker."""

from __future__ import annotations

import io
import json
import os
import zipfile
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import FileRole, Product, ProductFile, ProductStatus, Release
from pzhub.config import hub_config
from pzhub.core import chores, storage
from pzhub.downloads.models import ArchiveStatus, Bundle
from pzhub.downloads.services import (
    build_bundle,
    bundles,
    open_bundle,
    prepare_bundle,
    sweep_bundles,
)
from pzhub.downloads.services.bundles import (
    BundleGoneError,
    BundleStaleError,
    BundleTooLargeError,
    NothingToBundleError,
    TooManyBundlesError,
)
from pzhub.notices.models import Notice, NoticeKind
from pzhub.notices.selectors import unread_of

TABLE = b"ra,dec,z\n" + b"1.0,2.0,0.5\n" * 2000
NOISE = os.urandom(50_000)


@pytest.fixture
def two(ana: User, bob: User, product_factory: Any, file_factory: Any) -> list[Product]:
    mine = product_factory(ana, name="Mine", type_name="redshift_catalog")
    theirs = product_factory(bob, name="Theirs", type_name="training_set")
    file_factory(mine, TABLE)
    file_factory(mine, NOISE, name="model.bin", role=FileRole.AUXILIARY)
    file_factory(theirs, TABLE, name="set.csv")
    return [mine, theirs]


@pytest.fixture
def closed(bob: User, closed_release: Release, product_factory: Any, file_factory: Any) -> Product:
    product: Product = product_factory(bob, name="Closed", release=closed_release)
    file_factory(product, b"secret rows", name="secret.csv")
    return product


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave every bundle to a chore."""
    monkeypatch.setattr(bundles, "INLINE_BYTES", 5)


def fetched(site: Client, bundle: Bundle) -> zipfile.ZipFile:
    answer = site.get(f"/bundles/{bundle.pk}/file")
    assert answer.status_code == 200
    return zipfile.ZipFile(io.BytesIO(b"".join(answer)))  # type: ignore[arg-type]


def asked(site: Client, *products: Product, **more: str) -> Any:
    return site.post("/bundles", {"product": [p.internal_name for p in products], **more})


def test_one_file_holds_a_manifest_and_each_product_with_its_metadata(
    ana_site: Client, two: list[Product]
) -> None:
    mine, theirs = (product.internal_name for product in two)
    answer = asked(ana_site, *two)
    bundle = Bundle.objects.get()

    assert answer["Location"] == f"/bundles/{bundle.pk}"
    packed = fetched(ana_site, bundle)
    assert packed.namelist() == [
        "manifest.json",
        f"{mine}/product_metadata.yaml",
        f"{mine}/cat.csv",
        f"{mine}/model.bin",
        f"{theirs}/product_metadata.yaml",
        f"{theirs}/set.csv",
    ]
    assert packed.read(f"{mine}/cat.csv") == TABLE
    assert packed.read(f"{mine}/model.bin") == NOISE
    assert yaml.safe_load(packed.read(f"{theirs}/product_metadata.yaml"))["uploaded_by"] == "bob"
    manifest = json.loads(packed.read("manifest.json"))
    assert (manifest["prepared_for"], manifest["left_out"]) == ("ana", [])
    assert [entry["internal_name"] for entry in manifest["products"]] == [mine, theirs]
    assert manifest["products"][1]["files"] == [
        {"name": "set.csv", "size": len(TABLE), "sha256": None}
    ]


def test_a_closed_product_is_never_inside(
    ana_site: Client, two: list[Product], closed: Product
) -> None:
    answer = asked(ana_site, two[0], closed)
    assert answer["Location"].startswith("/products")
    assert not Bundle.objects.exists()

    ana_site.post("/bundles", {"all": "1", "list": ""})
    packed = fetched(ana_site, Bundle.objects.get())
    assert {name.split("/")[0] for name in packed.namelist()} == {
        "manifest.json",
        *(product.internal_name for product in two),
    }


def test_what_was_closed_while_it_waited_is_left_out_and_named(
    ana_site: Client, two: list[Product], closed_release: Release, large: None
) -> None:
    asked(ana_site, *two)
    bundle = Bundle.objects.get()
    assert bundle.status == ArchiveStatus.PENDING
    Product.objects.filter(pk=two[1].pk).update(release=closed_release)
    build_bundle(bundle.pk)

    bundle.refresh_from_db()
    packed = fetched(ana_site, bundle)
    left_out = [{"internal_name": two[1].internal_name, "reason": "no longer readable"}]
    assert not [name for name in packed.namelist() if name.startswith(str(two[1].internal_name))]
    assert json.loads(packed.read("manifest.json"))["left_out"] == left_out == bundle.left_out
    assert bundle.n_products == 1


def test_what_was_closed_after_it_was_packed_is_not_sent(
    ana: User, ana_site: Client, two: list[Product], closed_release: Release
) -> None:
    bundle = prepare_bundle(actor=ana, products=two)
    Product.objects.filter(pk=two[1].pk).update(release=closed_release)

    with pytest.raises(BundleStaleError, match="closed to you now"):
        open_bundle(actor=ana, bundle=bundle)
    assert ana_site.get(f"/bundles/{bundle.pk}/file").status_code == 403
    assert "Theirs" not in ana_site.get(f"/bundles/{bundle.pk}").content.decode()


def test_what_was_deleted_for_good_makes_the_file_stale(ana: User, two: list[Product]) -> None:
    bundle = prepare_bundle(actor=ana, products=two)
    ProductFile.objects.filter(product=two[1]).delete()
    two[1].delete()

    with pytest.raises(BundleStaleError):
        open_bundle(actor=ana, bundle=bundle)


def test_drafts_are_left_out(ana: User, two: list[Product], product_factory: Any) -> None:
    draft = product_factory(ana, name="Draft", status=ProductStatus.REGISTERING)
    bundle = prepare_bundle(actor=ana, products=[two[0], draft])

    assert bundle.left_out == [{"internal_name": draft.internal_name, "reason": "not published"}]
    with pytest.raises(NothingToBundleError):
        prepare_bundle(actor=ana, products=[draft])


def test_limits_are_told_with_their_figures(
    ana: User, ana_site: Client, two: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_config(), "bundle_max_bytes", 30_000)
    with pytest.raises(BundleTooLargeError, match="GB together; one download takes at most"):
        prepare_bundle(actor=ana, products=two)
    monkeypatch.setattr(hub_config(), "bundle_max_products", 1)
    with pytest.raises(BundleTooLargeError, match="2 products are selected"):
        prepare_bundle(actor=ana, products=two)
    asked(ana_site, *two)
    assert (
        "2 products are selected; this takes at most 1"
        in ana_site.get("/products").content.decode()
    )


def test_a_user_waits_for_few_and_keeps_few(
    ana: User, bob: User, two: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [prepare_bundle(actor=ana, products=two[:1]).pk for _ in range(7)]
    kept = list(Bundle.objects.order_by("pk").values_list("pk", flat=True))
    files = {path.stem for path in storage.bundle_dir().iterdir()}
    assert kept == made[2:]
    assert files == {str(pk) for pk in kept}

    monkeypatch.setattr(bundles, "INLINE_BYTES", 5)
    for _ in range(3):
        prepare_bundle(actor=ana, products=two)
    with pytest.raises(TooManyBundlesError):
        prepare_bundle(actor=ana, products=two)
    assert prepare_bundle(actor=bob, products=two).status == ArchiveStatus.PENDING


def test_the_bell_tells_that_a_bundle_which_took_long_is_ready(
    ana: User, two: list[Product], large: None
) -> None:
    bundle = prepare_bundle(actor=ana, products=two)
    Bundle.objects.update(created_at=timezone.now() - timedelta(seconds=20))
    build_bundle(bundle.pk)
    notice = Notice.objects.get()
    assert (notice.user, notice.kind, notice.subject, notice.url) == (
        ana, NoticeKind.DOWNLOAD_READY, bundle.filename, f"/bundles/{bundle.pk}",
    )  # fmt: skip
    bundle.refresh_from_db()
    open_bundle(actor=ana, bundle=bundle)
    assert not unread_of(ana).exists()


def test_the_page_tells_how_far_it_is_and_asks_again(
    ana_site: Client, two: list[Product], large: None
) -> None:
    address = asked(ana_site, *two)["Location"]
    bundle = Bundle.objects.get()
    Bundle.objects.update(bytes_done=bundle.bytes_expected // 2, status=ArchiveStatus.RUNNING)

    waiting = ana_site.get(address, headers={"HX-Request": "true"}).content.decode()
    listed = ana_site.get("/bundles").content.decode()
    Bundle.objects.update(status=ArchiveStatus.PENDING)
    build_bundle(bundle.pk)
    ready = ana_site.get(address).content.decode()

    assert 'value="49"' in waiting or 'value="50"' in waiting
    assert f'hx-get="{address}"' in waiting
    assert "Preparing" in listed
    assert f'href="{address}/file"' in ready
    assert f'hx-get="{address}"' not in ready


def test_a_bundle_is_its_users_alone(ana: User, bob_site: Client, two: list[Product]) -> None:
    bundle = prepare_bundle(actor=ana, products=two)

    assert bob_site.get(f"/bundles/{bundle.pk}").status_code == 404
    assert bob_site.get(f"/bundles/{bundle.pk}/file").status_code == 404
    assert "Nothing is prepared" in bob_site.get("/bundles").content.decode()


def test_the_bundle_of_a_killed_worker_is_made_by_another(
    ana: User, two: list[Product], large: None
) -> None:
    bundle = prepare_bundle(actor=ana, products=two)
    dead = f"{chores.holder_name().split('/')[0]}/999999/1.00/aa"
    Bundle.objects.update(
        status=ArchiveStatus.RUNNING, lease_holder=dead, lease_until=timezone.now(), attempt=1
    )
    sweep_bundles()
    assert Bundle.objects.get().status == ArchiveStatus.PENDING
    build_bundle(bundle.pk)
    assert Bundle.objects.get().status == ArchiveStatus.READY

    Bundle.objects.update(status=ArchiveStatus.PENDING, attempt=chores.MAX_ATTEMPTS)
    sweep_bundles()
    assert "several times" in Bundle.objects.get().error_message


def test_a_missing_file_fails_with_its_name(ana: User, two: list[Product]) -> None:
    storage.data_path(two[0].files.get(role=0).path).unlink()
    bundle = prepare_bundle(actor=ana, products=two)

    assert (bundle.status, bundle.error_message) == (
        ArchiveStatus.FAILED,
        "cat.csv is missing on the server",
    )


def test_expired_bundles_and_unknown_files_are_removed(ana: User, two: list[Product]) -> None:
    bundle = prepare_bundle(actor=ana, products=two)
    stray = storage.bundle_dir() / "99.zip.partial"
    stray.write_bytes(b"half")
    os.utime(stray, (1, 1))
    sweep_bundles()
    assert [path.name for path in storage.bundle_dir().iterdir()] == [f"{bundle.pk}.zip"]

    Bundle.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    sweep_bundles()
    assert not list(storage.bundle_dir().iterdir())
    assert not Bundle.objects.exists()
    with pytest.raises(BundleGoneError):
        open_bundle(actor=ana, bundle=bundle)
