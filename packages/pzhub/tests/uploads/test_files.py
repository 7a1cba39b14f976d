"""Files of products: who adds and removes them, when, and what a crash leaves."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import pytest

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, FileRole, Product, ProductFile, ProductStatus
from pzhub.core import storage
from pzhub.core.errors import ForbiddenError
from pzhub.core.models import AuditEntry
from pzhub.uploads.services import files, receive_file, remove_file, remove_orphans, stage_copy
from pzhub.uploads.services.staged import StagedFile, extension_of

DRAFT = ProductStatus.REGISTERING


@pytest.fixture
def staged(tmp_path: Path) -> Any:
    def make(content: bytes = b"ra,dec\n1,2\n", name: str = "cat.csv") -> StagedFile:
        source = tmp_path / "source"
        source.write_bytes(content)
        return stage_copy(source, name)

    return make


@pytest.fixture
def draft(ana: User, product_factory: Any) -> Product:
    product: Product = product_factory(
        ana, name="Draft", type_name="redshift_catalog", status=DRAFT
    )
    return product


def test_a_staged_file_becomes_a_file_of_the_product(
    ana: User, draft: Product, staged: Any
) -> None:
    upload = staged(b"ra,dec\n1,2\n", "my Cat.CSV")
    file = receive_file(actor=ana, product=draft, upload=upload, role=0, mime="text/csv")
    path = storage.data_path(file.path)
    assert (file.name, file.extension, file.size, file.type) == (
        "my Cat.CSV",
        ".csv",
        11,
        "text/csv",
    )
    assert file.sha256 == hashlib.sha256(b"ra,dec\n1,2\n").hexdigest()
    assert path == storage.product_dir(draft) / "my_Cat.CSV"
    assert path.read_bytes() == b"ra,dec\n1,2\n"
    assert not upload.path.exists()
    entry = AuditEntry.objects.filter(action="file-received").get()
    assert (entry.actor, entry.object_id) == (ana, draft.pk)
    assert entry.data == {"file": "my Cat.CSV", "role": "Main"}


def test_an_administrator_adds_files_and_a_stranger_does_not(
    admin: User, bob: User, draft: Product, staged: Any
) -> None:
    receive_file(actor=admin, product=draft, upload=staged(), role=FileRole.MAIN)
    upload = staged()
    with pytest.raises(ForbiddenError, match="only its owner"):
        receive_file(actor=bob, product=draft, upload=upload, role=FileRole.AUXILIARY)
    assert draft.files.count() == 1


def test_an_empty_file_is_refused(ana: User, draft: Product, staged: Any) -> None:
    with pytest.raises(files.EmptyFileError, match=r"cat\.csv is empty \(0 bytes\)") as refusal:
        receive_file(actor=ana, product=draft, upload=staged(b""), role=0)
    assert list(refusal.value.fields) == ["file"]
    assert draft.files.count() == 0


def test_a_taken_name_gets_a_suffix_or_a_polite_refusal(
    ana: User, draft: Product, staged: Any
) -> None:
    first = receive_file(actor=ana, product=draft, upload=staged(b"1"), role=2)
    second = receive_file(actor=ana, product=draft, upload=staged(b"2"), role=2)
    assert (first.name, second.name) == ("cat.csv", "cat.csv")
    assert first.path != second.path
    assert second.path.endswith(".csv")
    with pytest.raises(files.DuplicateFileNameError, match=r"already has a file named cat\.csv"):
        receive_file(actor=ana, product=draft, upload=staged(), role=2, refuse_duplicate=True)


def test_a_draft_has_one_main_file_unless_it_is_replaced(
    ana: User, draft: Product, staged: Any
) -> None:
    first = receive_file(actor=ana, product=draft, upload=staged(b"1"), role=0)
    with pytest.raises(files.MainFileExistsError, match=r"already has the main file cat\.csv"):
        receive_file(actor=ana, product=draft, upload=staged(b"2"), role=0)
    second = receive_file(
        actor=ana, product=draft, upload=staged(b"2"), role=0, refuse_duplicate=True,
        replace_main=True,
    )  # fmt: skip
    assert list(draft.files.all()) == [second]
    assert storage.data_path(second.path).read_bytes() == b"2"
    assert first.path != second.path


def test_the_main_file_of_a_published_product_stays(
    ana: User, product_factory: Any, file_factory: Any, staged: Any
) -> None:
    product = product_factory(ana)
    main = file_factory(product)
    for act in (
        lambda: receive_file(
            actor=ana, product=product, upload=staged(), role=0, replace_main=True
        ),
        lambda: remove_file(actor=ana, file=main),
    ):
        with pytest.raises(files.MainFileFixedError, match="publish a new version"):
            act()
    assert list(product.files.all()) == [main]


def test_other_files_of_a_published_product_come_and_go(
    ana: User, product_factory: Any, staged: Any
) -> None:
    product = product_factory(ana)
    file = receive_file(actor=ana, product=product, upload=staged(), role=FileRole.AUXILIARY)
    path = storage.data_path(file.path)
    remove_file(actor=ana, file=file)
    assert product.files.count() == 0
    assert AuditEntry.objects.filter(action="file-removed").count() == 1
    assert path.exists()  # until the transaction is through


@pytest.mark.django_db(transaction=True)
def test_the_bytes_of_a_removed_file_go_once_the_row_is_gone(
    ana: User, draft: Product, staged: Any
) -> None:
    file = receive_file(actor=ana, product=draft, upload=staged(), role=0)
    Column.objects.create(product=draft, column_name="ra", order=0)
    remove_file(actor=ana, file=file)
    assert not storage.data_path(file.path).exists()
    assert draft.columns.count() == 0


@pytest.mark.parametrize("status", [ProductStatus.PROCESSING, ProductStatus.FAILED])
def test_a_product_that_is_being_made_takes_no_file(
    ana: User, product_factory: Any, staged: Any, status: int
) -> None:
    with pytest.raises(files.NotADraftError, match="files can be added"):
        receive_file(
            actor=ana, product=product_factory(ana, status=status), upload=staged(), role=2
        )


def test_a_failure_of_the_rename_leaves_no_row(ana: User, draft: Product, staged: Any) -> None:
    upload = staged()
    upload.path.unlink()
    with pytest.raises(FileNotFoundError):
        receive_file(actor=ana, product=draft, upload=upload, role=0)
    assert ProductFile.objects.count() == 0
    assert AuditEntry.objects.filter(action="file-received").count() == 0


def test_orphans_are_removed_and_known_and_fresh_files_are_not(
    ana: User, draft: Product, staged: Any
) -> None:
    known = storage.data_path(receive_file(actor=ana, product=draft, upload=staged(), role=0).path)
    folder = storage.product_dir(draft)
    old_staged, fresh_staged = (storage.staging_dir() / name for name in ("a.part", "b.part"))
    old_file, fresh_file = folder / "left.csv", folder / "arriving.csv"
    old_tree = folder / "half_hats"
    old_derived = storage.derived_dir(draft, "0" * 64)
    old_tree.mkdir()
    old_derived.mkdir(parents=True)
    for path in (old_staged, fresh_staged, old_file, fresh_file, old_tree / "x"):
        path.write_bytes(b"x")
    days_ago = time.time() - 2 * 86_400
    for path in (known, old_staged, old_file, old_tree, old_derived):
        os.utime(path, (days_ago, days_ago))
    removed = remove_orphans()
    assert sorted(removed) == sorted(
        storage.relative_path(path) for path in (old_staged, old_file, old_tree, old_derived)
    )
    assert known.exists()
    assert fresh_staged.exists()
    assert fresh_file.exists()


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("cat.csv", ".csv"),
        ("CAT.FITS", ".fits"),
        ("cat.tar.gz", ".tar.gz"),
        ("Cat.TAR.BZ2", ".tar.bz2"),
        ("cat.csv.gz", ".gz"),
        ("README", ""),
        ("x." + "y" * 40, ""),
    ],
)
def test_the_extension_is_the_last_suffix_and_tar_stays_whole(name: str, extension: str) -> None:
    assert extension_of(name) == extension
