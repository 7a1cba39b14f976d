"""Archives: what they hold, when they are reused, built again, removed."""

from __future__ import annotations

import hashlib
import io
import os
import time
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import FileRole, Product, ProductFile
from pzhub.catalog.services import metadata_of, update_product
from pzhub.core import chores, storage
from pzhub.downloads.content import METADATA_NAME, NoMainFileError
from pzhub.downloads.models import Archive, ArchiveKind, ArchiveStatus
from pzhub.downloads.selectors import archive_for
from pzhub.downloads.services import (
    archive_status,
    archives,
    build_archive,
    open_archive,
    prepare_archive,
    sign_link,
    sweep_archives,
)
from pzhub.downloads.services.links import ArchiveGoneError, LinkExpiredError, LinkInvalidError
from pzhub.downloads.services.zipping import does_shrink
from pzhub.notices.models import Notice, NoticeKind
from pzhub.notices.selectors import unread_of

TABLE = b"ra,dec,z\n" + b"1.0,2.0,0.5\n" * 2000
NOISE = os.urandom(200_000)
ZIP, MAIN = ArchiveKind.PRODUCT, ArchiveKind.MAIN_FILE


@pytest.fixture
def product(ana: User, product_factory: Any, file_factory: Any) -> Product:
    product = product_factory(ana, name="Zed set", type_name="redshift_catalog")
    file_factory(product, TABLE, name="cat.csv")
    file_factory(product, NOISE, name="model.bin", role=FileRole.AUXILIARY)
    file_factory(product, b"mine\n", name=METADATA_NAME, role=FileRole.AUXILIARY)
    return product


@pytest.fixture
def hats(ana: User, product_factory: Any) -> Product:
    product = product_factory(ana, name="Sky", type_name="object_catalog")
    folder = storage.product_dir(product) / "sky_hats"
    for name in ("hats.properties", "dataset/Norder=0/Dir=0/Npix=4.parquet"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    ProductFile.objects.create(
        product=product,
        name="sky_hats",
        path=storage.relative_path(folder),
        is_directory=True,
        size=60,
        sha256="tree",
    )
    return product


def opened(archive: Archive) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(storage.data_path(archive.path).read_bytes()))


def test_a_product_is_zipped_with_its_metadata_first_and_every_file(
    ana: User, product: Product
) -> None:
    archive = prepare_archive(actor=ana, product=product, kind=ZIP)
    assert archive.status == ArchiveStatus.READY
    with opened(archive) as packed:
        assert packed.namelist() == [
            METADATA_NAME,
            "cat.csv",
            "model.bin",
            f"files/{METADATA_NAME}",
        ]
        metadata = yaml.safe_load(packed.read(METADATA_NAME))
        assert packed.read("cat.csv") == TABLE
        assert packed.read("model.bin") == NOISE
        assert packed.read(f"files/{METADATA_NAME}") == b"mine\n"
        compression = {info.filename: info.compress_type for info in packed.infolist()}
    assert metadata == metadata_of(product)
    assert metadata["main_file"]["name"] == "cat.csv"
    assert compression["cat.csv"] == zipfile.ZIP_DEFLATED
    assert compression["model.bin"] == zipfile.ZIP_STORED


def test_an_archive_knows_its_size_checksum_name_and_end(ana: User, product: Product) -> None:
    archive = prepare_archive(actor=ana, product=product, kind=ZIP)
    content = storage.data_path(archive.path).read_bytes()
    assert archive.size == len(content)
    assert archive.checksum == hashlib.sha256(content).hexdigest()
    assert archive.filename == f"{product.internal_name}_{archive.source_signature[:32]}.zip"
    assert archive.expires_at is not None
    left = archive.expires_at - timezone.now()
    assert timedelta(hours=71) < left <= timedelta(hours=72)


def test_an_archive_is_reused_by_everybody_while_nothing_changes(
    ana: User, bob: User, product: Product
) -> None:
    first = prepare_archive(actor=ana, product=product, kind=ZIP)
    second = prepare_archive(actor=bob, product=product, kind=ZIP)
    assert (second.pk, second.checksum) == (first.pk, first.checksum)


def test_a_change_of_description_makes_a_new_archive(ana: User, product: Product) -> None:
    first = prepare_archive(actor=ana, product=product, kind=ZIP)
    changed = update_product(actor=ana, product=product, description="Deeper now.")
    assert archive_for(changed, ZIP) is None
    second = prepare_archive(actor=ana, product=changed, kind=ZIP)
    with opened(second) as packed:
        described = yaml.safe_load(packed.read(METADATA_NAME))["description"]
    assert (described, second.pk != first.pk) == ("Deeper now.", True)


def test_other_bytes_under_the_same_name_make_a_new_archive(
    ana: User, product: Product, file_factory: Any
) -> None:
    first = prepare_archive(actor=ana, product=product, kind=MAIN)
    product.files.filter(role=FileRole.MAIN).update(sha256="other")
    second = prepare_archive(actor=ana, product=product, kind=MAIN)
    assert second.pk != first.pk


def test_a_main_file_is_its_own_download_at_once(ana: User, product: Product) -> None:
    product.files.filter(role=FileRole.MAIN).update(sha256="a" * 64)
    archive = prepare_archive(actor=ana, product=product, kind=MAIN)
    assert (archive.status, archive.task_id) == (ArchiveStatus.READY, None)
    assert (archive.filename, archive.size, archive.checksum) == ("cat.csv", len(TABLE), "a" * 64)
    assert storage.data_path(archive.path).read_bytes() == TABLE


def test_a_hats_catalog_is_zipped_with_its_content_at_the_top(ana: User, hats: Product) -> None:
    archive = prepare_archive(actor=ana, product=hats, kind=MAIN)
    assert archive.filename == "sky_hats.zip"
    with opened(archive) as packed:
        assert packed.namelist() == ["dataset/Norder=0/Dir=0/Npix=4.parquet", "hats.properties"]
    whole = prepare_archive(actor=ana, product=hats, kind=ZIP)
    with opened(whole) as packed:
        assert "sky_hats/dataset/Norder=0/Dir=0/Npix=4.parquet" in packed.namelist()


def test_a_product_without_main_file_has_none_to_download(ana: User, product_factory: Any) -> None:
    with pytest.raises(NoMainFileError, match="has no main file"):
        prepare_archive(actor=ana, product=product_factory(ana), kind=MAIN)


def test_a_large_product_is_left_to_a_chore(
    ana: User, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "INLINE_BYTES", 1000)
    monkeypatch.setattr(archives, "_PATIENCE_SECONDS", 0.0)
    archive = prepare_archive(actor=ana, product=product, kind=ZIP)
    assert archive.status == ArchiveStatus.PENDING
    assert archive.task_id
    assert chores.queued_arguments(archives.BUILD_CHORE) == {archive.pk}
    build_archive(archive.pk)
    build_archive(archive.pk)  # a second task finds nothing to do
    ready = archive_status(actor=ana, product=product, kind=ZIP)
    assert ready is not None
    assert (ready.pk, ready.status, ready.attempt) == (archive.pk, ArchiveStatus.READY, 1)


def test_all_who_wait_for_a_large_product_are_told_when_it_is_ready(
    ana: User, bob: User, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "INLINE_BYTES", 1000)
    monkeypatch.setattr(archives, "_PATIENCE_SECONDS", 0.0)
    archive = prepare_archive(actor=ana, product=product, kind=ZIP)
    prepare_archive(actor=bob, product=product, kind=ZIP)
    Archive.objects.update(created_at=timezone.now() - timedelta(seconds=20))
    build_archive(archive.pk)
    told = Notice.objects.order_by("user__username").values_list("user__username", "url", "kind")
    address = f"/product/{product.internal_name}"
    assert list(told) == [(name, address, NoticeKind.DOWNLOAD_READY) for name in ("ana", "bob")]
    archive.refresh_from_db()
    open_archive(actor=ana, product=product, token=sign_link(archive, ana))
    assert (unread_of(ana).count(), unread_of(bob).count()) == (0, 1)


def test_who_saw_it_become_ready_is_not_told(
    ana: User, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "INLINE_BYTES", 1000)
    monkeypatch.setattr(archives, "_PATIENCE_SECONDS", 0.0)
    build_archive(prepare_archive(actor=ana, product=product, kind=ZIP).pk)
    assert not Notice.objects.exists()


def test_a_missing_file_fails_the_archive_with_a_sentence(ana: User, product: Product) -> None:
    (storage.product_dir(product) / "model.bin").unlink()
    archive = prepare_archive(actor=ana, product=product, kind=ZIP)
    assert (archive.status, archive.error_message) == (
        ArchiveStatus.FAILED,
        "model.bin is missing on the server",
    )
    assert list(storage.archive_dir().glob("*.zip")) == []


def test_an_archive_whose_file_vanished_is_built_again(ana: User, product: Product) -> None:
    first = prepare_archive(actor=ana, product=product, kind=ZIP)
    os.truncate(storage.data_path(first.path), 10)
    assert archive_status(actor=ana, product=product, kind=ZIP) is None
    second = prepare_archive(actor=ana, product=product, kind=ZIP)
    assert second.status == ArchiveStatus.READY
    assert storage.data_path(second.path).is_file()


def test_a_killed_builder_is_replaced(ana: User, product: Product) -> None:
    archive = Archive.objects.create(
        product=product,
        kind=ZIP,
        source_signature="s",
        status=ArchiveStatus.RUNNING,
        attempt=1,
        lease_holder="dead",
        lease_until=timezone.now() - timedelta(minutes=1),
    )
    Archive.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    sweep_archives()
    archive.refresh_from_db()
    assert archive.status == ArchiveStatus.PENDING
    assert chores.queued_arguments(archives.BUILD_CHORE) == {archive.pk}


def test_what_kills_every_builder_fails_in_the_end(ana: User, product: Product) -> None:
    archive = Archive.objects.create(product=product, kind=ZIP, source_signature="s", attempt=3)
    sweep_archives()
    archive.refresh_from_db()
    assert archive.status == ArchiveStatus.FAILED
    assert archive.error_message == (
        "The server failed several times over this download: tell the administrators."
    )


def test_the_sweep_removes_expired_archives_but_never_a_file_of_a_product(
    ana: User, product: Product
) -> None:
    zipped = prepare_archive(actor=ana, product=product, kind=ZIP)
    prepare_archive(actor=ana, product=product, kind=MAIN)
    stray = storage.archive_dir() / "999.zip.partial"
    stray.write_bytes(b"half")
    hours_ago = time.time() - 7200
    os.utime(stray, (hours_ago, hours_ago))
    sweep_archives()
    assert Archive.objects.count() == 2
    assert not stray.exists()
    Archive.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    sweep_archives()
    assert Archive.objects.count() == 0
    assert not storage.data_path(zipped.path).exists()
    assert (storage.product_dir(product) / "cat.csv").read_bytes() == TABLE


def test_a_link_opens_its_archive_for_any_user_with_access(
    ana: User, bob: User, product: Product
) -> None:
    archive = prepare_archive(actor=ana, product=product, kind=ZIP)
    token = sign_link(archive, ana)
    assert open_archive(actor=bob, product=product, token=token).pk == archive.pk


@pytest.mark.parametrize("damage", ["", "x", "swap"])
def test_a_link_that_was_altered_is_refused(ana: User, product: Product, damage: str) -> None:
    token = sign_link(prepare_archive(actor=ana, product=product, kind=ZIP), ana)
    bad = token[:-2] + token[-1] + token[-2] + "A" if damage == "swap" else damage
    with pytest.raises(LinkInvalidError, match="not valid for this product"):
        open_archive(actor=ana, product=product, token=bad)


def test_a_link_of_another_product_is_refused(
    ana: User, product: Product, product_factory: Any
) -> None:
    token = sign_link(prepare_archive(actor=ana, product=product, kind=ZIP), ana)
    with pytest.raises(LinkInvalidError):
        open_archive(actor=ana, product=product_factory(ana), token=token)


def test_a_link_lasts_fifteen_minutes(
    ana: User, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = sign_link(prepare_archive(actor=ana, product=product, kind=ZIP), ana)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 895)
    open_archive(actor=ana, product=product, token=token)
    monkeypatch.setattr(time, "time", lambda: now + 905)
    with pytest.raises(LinkExpiredError, match="has expired"):
        open_archive(actor=ana, product=product, token=token)


def test_a_link_to_a_removed_archive_says_so(ana: User, product: Product) -> None:
    archive = prepare_archive(actor=ana, product=product, kind=ZIP)
    token = sign_link(archive, ana)
    with pytest.raises(ArchiveGoneError):
        open_archive(actor=ana, product=product, token=token, kind=MAIN)
    storage.data_path(archive.path).unlink()
    with pytest.raises(ArchiveGoneError, match="prepare the download again"):
        open_archive(actor=ana, product=product, token=token)


@pytest.mark.parametrize(
    ("content", "shrinks"),
    [(b"", False), (b"a", False), (TABLE, True), (NOISE, False)],
    ids=["nothing", "one byte", "table", "noise"],
)
def test_only_what_shrinks_is_deflated(tmp_path: Path, content: bytes, shrinks: bool) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert does_shrink(path) is shrinks
