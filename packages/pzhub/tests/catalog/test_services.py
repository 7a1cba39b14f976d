"""Products: naming, change, deletion and its undoing, metadata, lists of the site."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoCaptureOnCommitCallbacks

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, FileRole, Product, ProductStatus, ProductType, Release
from pzhub.catalog.product_list import ProductFilter, products_list
from pzhub.catalog.selectors import (
    ancestors_of,
    descendants_of,
    files_visible_to,
    product_for,
    products_visible_to,
)
from pzhub.catalog.services import (
    ProductInUseError,
    StatusMoveError,
    create_product,
    delete_product,
    internal_name_for,
    metadata_of,
    restore_product,
    sweep_trash,
    update_product,
)
from pzhub.catalog.services.delete import TRASH_DAYS, ProductGoneError
from pzhub.catalog.services.update import FieldIsFinalError, ProductDeletedError
from pzhub.core.errors import ForbiddenError, InvalidError, NotFoundError
from pzhub.core.models import AuditEntry
from pzhub.core.storage import derived_dir, product_dir, trash_dir
from pzhub.processes.models import Pipeline, Process, ProcessInput

if TYPE_CHECKING:
    from conftest import FileFactory, ProductFactory


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Zed Ünï  Name! (v2)*", "52_zed_ünï__name_v2"),
        ("  trimmed  ", "52_trimmed"),
        ("a\tb\nc", "52_a_b_c"),
        ("../../etc", "52_etc"),
        ("!!!", "52_"),
        ("DESI_DR1", "52_desi_dr1"),
        ("U\u0308", "52_ü"),
        ("x" * 255, "52_" + "x" * 197),
    ],
)
def test_internal_names(name: str, expected: str) -> None:
    assert internal_name_for(52, name) == expected


@given(st.integers(1, 2**63 - 1), st.text(max_size=255))
def test_an_internal_name_is_one_safe_word_that_begins_with_the_id(number: int, name: str) -> None:
    made = internal_name_for(number, name)
    assert made.startswith(f"{number}_")
    assert len(made.encode()) <= 200
    assert not re.search(r"[^\w]", made)
    assert made == internal_name_for(number, name)


def test_a_product_of_255_letters_is_made(ana: User, product_types: dict[str, ProductType]) -> None:
    product = create_product(actor=ana, display_name="é" * 255, product_type=product_types["other"])
    assert product_dir(product).is_dir()
    entry = AuditEntry.objects.get(action="product-created")
    assert (entry.actor, entry.object_id) == (ana, product.pk)


def test_a_product_that_cannot_be_audited_is_not_made(
    ana: User, product_types: dict[str, ProductType], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*args: object, **kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(AuditEntry.objects, "create", full_disk)
    with pytest.raises(OSError, match="disk full"):
        create_product(actor=ana, display_name="x", product_type=product_types["other"])
    assert not Product.objects.exists()


@pytest.mark.parametrize("status", [ProductStatus.PUBLISHED, ProductStatus.DELETED])
def test_the_database_wants_the_date_of_a_settled_status(
    ana: User, product_factory: ProductFactory, status: int
) -> None:
    product = product_factory(ana, status=ProductStatus.REGISTERING)
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.filter(pk=product.pk).update(status=status)


def test_a_draft_changes_everything_but_its_name_in_addresses(
    ana: User,
    product_factory: ProductFactory,
    product_types: dict[str, ProductType],
    open_release: Release,
) -> None:
    product = product_factory(ana, status=ProductStatus.REGISTERING)
    changed = update_product(
        actor=ana,
        product=product,
        display_name=" New name ",
        product_type=product_types["training_set"],
        release=open_release,
    )
    assert (changed.display_name, changed.product_type.name) == ("New name", "training_set")
    assert (changed.release, changed.internal_name) == (open_release, product.internal_name)
    entry = AuditEntry.objects.get(action="product-updated")
    assert entry.data == {"fields": ["display_name", "product_type", "release"]}
    same = update_product(actor=ana, product=product, display_name="New name")
    assert same.updated_at == changed.updated_at
    assert AuditEntry.objects.filter(action="product-updated").count() == 1


@pytest.mark.parametrize(
    ("status", "change", "error"),
    [
        (ProductStatus.PUBLISHED, {"pz_code": "BPZ"}, FieldIsFinalError),
        (ProductStatus.PROCESSING, {"release_year": 2026}, FieldIsFinalError),
        (ProductStatus.DELETED, {"display_name": "x"}, ProductDeletedError),
        (ProductStatus.REGISTERING, {"display_name": " "}, InvalidError),
        (ProductStatus.REGISTERING, {"pz_code": "x" * 56}, InvalidError),
    ],
)
def test_changes_that_are_refused(
    ana: User,
    product_factory: ProductFactory,
    status: int,
    change: Any,
    error: type[Exception],
) -> None:
    product = product_factory(ana, status=status)
    with pytest.raises(error):
        update_product(actor=ana, product=product, **change)


def test_an_administrator_moves_a_published_product_to_a_release(
    ana: User, admin: User, product_factory: ProductFactory, closed_release: Release
) -> None:
    product = product_factory(ana)
    assert update_product(actor=admin, product=product, release=closed_release)
    with pytest.raises(FieldIsFinalError):
        update_product(actor=ana, product=product, release=None)


@pytest.fixture
def deleted(
    ana: User,
    product_factory: ProductFactory,
    file_factory: FileFactory,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> Product:
    product = product_factory(ana)
    file_factory(product, b"bytes")
    with django_capture_on_commit_callbacks(execute=True):
        delete_product(actor=ana, product=product)
    return Product.objects.get(pk=product.pk)


def test_a_deleted_product_comes_back_with_its_files(
    ana: User, bob: User, deleted: Product
) -> None:
    assert not product_dir(deleted).exists()
    assert not files_visible_to(ana).exists()
    with pytest.raises(ForbiddenError):
        restore_product(actor=bob, product=deleted)
    back = restore_product(actor=ana, product=deleted)
    assert (back.status, back.deleted_at) == (ProductStatus.PUBLISHED, None)
    assert (product_dir(back) / "cat.csv").read_bytes() == b"bytes"
    assert files_visible_to(bob).count() == 1
    with pytest.raises(StatusMoveError):
        restore_product(actor=ana, product=back)
    actions = AuditEntry.objects.filter(object_id=back.pk).values_list("action", flat=True)
    assert list(actions[:2]) == ["product-restored", "product-deleted"]


def test_a_deleted_draft_comes_back_as_a_draft(ana: User, product_factory: ProductFactory) -> None:
    product = product_factory(ana, status=ProductStatus.FAILED)
    delete_product(actor=ana, product=product)
    assert restore_product(actor=ana, product=product).status == ProductStatus.REGISTERING


def test_files_stay_until_the_deletion_is_committed_and_the_sweep_puts_them_away(
    ana: User, product_factory: ProductFactory, file_factory: FileFactory
) -> None:
    product = product_factory(ana)
    file_factory(product, b"bytes")
    delete_product(actor=ana, product=product)  # the test's transaction never commits: a crash
    assert product_dir(product).exists()
    assert sweep_trash() == 0
    assert not product_dir(product).exists()
    assert (trash_dir() / str(product.internal_name) / "cat.csv").exists()


def test_the_sweep_removes_for_good_after_thirty_days(ana: User, deleted: Product) -> None:
    derived = derived_dir(deleted, "abc")
    derived.mkdir(parents=True)
    assert sweep_trash() == 0
    long_ago = timezone.now() - timedelta(days=TRASH_DAYS, minutes=1)
    Product.objects.filter(pk=deleted.pk).update(deleted_at=long_ago)
    assert sweep_trash() == 1
    assert sweep_trash() == 0
    assert not derived.exists()
    assert list(trash_dir().iterdir()) == []
    with pytest.raises(ProductGoneError):
        restore_product(actor=ana, product=deleted)


def test_a_product_that_a_run_makes_cannot_be_deleted(
    ana: User, product_factory: ProductFactory
) -> None:
    product = product_factory(ana, status=ProductStatus.PROCESSING)
    with pytest.raises(ProductInUseError):
        delete_product(actor=ana, product=product)


@pytest.fixture
def family(
    ana: User, bob: User, product_factory: ProductFactory, closed_release: Release
) -> dict[str, Product]:
    """Two sources, one of them restricted, and what a run of bob made of them."""
    made = {
        "first": product_factory(ana, name="first"),
        "second": product_factory(ana, name="second", release=closed_release),
        "output": product_factory(bob, name="output"),
    }
    pipeline, _ = Pipeline.objects.get_or_create(name="combine_redshift_dedup")
    process = Process.objects.create(
        pipeline=pipeline,
        pipeline_version="1",
        user=bob,
        display_name="run",
        upload=made["output"],
        phase="EXECUTING",
    )
    for position, name in enumerate(("second", "first")):
        ProcessInput.objects.create(process=process, product=made[name], position=position)
    return made


def test_sources_and_results_are_found_as_far_as_they_may_be_seen(
    ana: User, bob: User, family: dict[str, Product]
) -> None:
    first, second, output = family.values()
    assert list(ancestors_of(output, ana)) == [second, first]
    assert list(ancestors_of(output, bob)) == [first]
    assert list(descendants_of(second, ana)) == [output]
    assert list(descendants_of(output, ana)) == []


def test_a_source_is_deleted_when_the_run_has_ended_and_stays_named(
    ana: User, family: dict[str, Product]
) -> None:
    first, second, output = family.values()
    with pytest.raises(ProductInUseError, match="is being read"):
        delete_product(actor=ana, product=first)
    Process.objects.update(phase="COMPLETED", ended_at=timezone.now())
    delete_product(actor=ana, product=first)
    assert [product.status for product in ancestors_of(output, ana)] == [1, 2]
    assert list(descendants_of(first, ana)) == [output]
    assert list(descendants_of(second, ana)) == [output]


@pytest.mark.parametrize("key", ["pk", "digits", "internal_name"])
def test_a_product_is_found_by_each_of_its_names(
    ana: User, bob: User, product_factory: ProductFactory, key: str
) -> None:
    product = product_factory(ana)
    keys: dict[str, int | str] = {
        "pk": product.pk,
        "digits": str(product.pk),
        "internal_name": str(product.internal_name),
    }
    assert product_for(bob, keys[key]) == product
    delete_product(actor=ana, product=product)
    with pytest.raises(NotFoundError):
        product_for(bob, keys[key])
    assert product_for(bob, keys[key], include_deleted=True) == product


@pytest.mark.parametrize("key", [0, -1, "", "no_such", "9" * 30, "a\0b"])
def test_a_product_that_does_not_exist_is_not_found(ana: User, key: int | str) -> None:
    with pytest.raises(NotFoundError) as refusal:
        product_for(ana, key)
    assert refusal.value.data == {"product": str(key)}


def test_lists_of_the_site(
    ana: User, bob: User, product_factory: ProductFactory, open_release: Release
) -> None:
    product_factory(ana, name="b mine")
    product_factory(bob, name="a theirs", release=open_release, type_name="training_set")
    product_factory(bob, name="c official", official_product=True)
    product_factory(ana, name="d draft", status=ProductStatus.REGISTERING)
    product_factory(ana, name="e failed", status=ProductStatus.FAILED)
    product_factory(ana, name="f gone", status=ProductStatus.DELETED)

    def shown(**options: Any) -> str:
        rows = products_list(ana, ProductFilter(**options))
        return "".join(row.display_name[0] for row in rows)

    assert shown() == "cab"
    assert shown(tab="official") == "c"
    assert shown(tab="mine") == "edb"
    assert shown(tab="drafts") == "ed"
    assert shown(sort="name") == "abc"
    assert shown(sort="-name") == "cba"
    assert shown(sort="owner") == "bac"
    assert shown(sort="nonsense") == "cab"
    assert shown(q="BOB, theirs") == "a"
    assert shown(chosen={"type": ("training_set",)}) == "a"
    assert shown(chosen={"release": ("dp02",)}) == "a"
    assert shown(chosen={"release": ("none",)}) == "cb"
    assert shown(chosen={"release": ("none", "dp02")}) == "cab"


def test_nobody_is_shown_nothing(product_factory: ProductFactory, ana: User) -> None:
    from django.contrib.auth.models import AnonymousUser

    product_factory(ana)
    assert not products_visible_to(AnonymousUser()).exists()
    assert not files_visible_to(AnonymousUser()).exists()


def test_metadata_tells_everything_but_what_depends_on_the_reader(
    ana: User,
    product_factory: ProductFactory,
    file_factory: FileFactory,
    column_factory: Callable[..., list[Column]],
) -> None:
    product = product_factory(ana, type_name="training_set")
    bare = metadata_of(product)
    assert not {"main_file", "associated_columns", "attach_files"} & bare.keys()
    file_factory(product, b"12345")
    file_factory(product, b"x", name="notes.md", role=FileRole.DESCRIPTION)
    column_factory(product, note="", Z="z", other=None)
    assert metadata_of(Product.objects.get(pk=product.pk)) == {
        "id": product.pk,
        "release": None,
        "release_name": None,
        "product_type": 2,
        "product_type_name": "Training Set",
        "product_type_internal_name": "training_set",
        "uploaded_by": "ana",
        "origin": "Upload",
        "process_status": None,
        "process_id": None,
        "product_status": "Published",
        "internal_name": product.internal_name,
        "display_name": "My set",
        "official_product": False,
        "pz_code": None,
        "description": None,
        "created_at": product.created_at.isoformat(),
        "updated_at": product.updated_at.isoformat(),
        "status": 1,
        "release_year": None,
        "main_file": {
            "name": "cat.csv",
            "type": None,
            "extension": ".csv",
            "size": 5,
            "n_rows": None,
            "is_directory": False,
        },
        "associated_columns": [{"column_name": "Z", "ucd": None, "alias": "z"}],
        "attach_files": [{"name": "notes.md", "type": None}],
    }
    assert bare["created_at"].endswith("+00:00")
