"""Audit, leases and storage."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from pzhub.accounts.models import User
from pzhub.core import audit, storage
from pzhub.core.errors import NotFoundError
from pzhub.core.leases import acquire_lease, release_lease, renew_lease
from pzhub.core.models import AuditEntry, Lease


def test_an_audit_row_keeps_names_and_facts(ana: User) -> None:
    audit.record(actor=ana, action="user-tested", target=ana, reason="why", count=2)
    entry = AuditEntry.objects.get(action="user-tested")
    assert (entry.actor, entry.actor_name, entry.data) == (
        ana,
        "ana",
        {"reason": "why", "count": 2},
    )
    assert (entry.object_type, entry.object_id, entry.object_name) == (
        "accounts.user",
        ana.pk,
        "ana",
    )


def test_the_server_itself_acts_without_a_name(ana: User) -> None:
    audit.record(actor=None, action="user-swept", target=ana)
    entry = AuditEntry.objects.get(action="user-swept")
    assert (entry.actor, entry.actor_name, str(entry)) == (None, "", "system user-swept ana")


def test_an_audit_row_goes_with_its_transaction(ana: User) -> None:
    with transaction.atomic():
        audit.record(actor=ana, action="user-tested", target=ana)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.filter(action="user-tested").exists()


@pytest.mark.django_db
def test_a_lease_has_one_holder_at_a_time() -> None:
    assert acquire_lease("sweep", "a", 60)
    assert not acquire_lease("sweep", "b", 60)
    assert acquire_lease("sweep", "a", 60)
    assert acquire_lease("other", "b", 60)


@pytest.mark.django_db
def test_a_lease_that_ran_out_goes_to_the_next_and_is_not_renewed() -> None:
    acquire_lease("sweep", "a", 60)
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not renew_lease("sweep", "a", 60)
    assert acquire_lease("sweep", "b", 60)
    assert renew_lease("sweep", "b", 60)
    release_lease("sweep", "a")
    assert not acquire_lease("sweep", "a", 60)
    release_lease("sweep", "b")
    assert acquire_lease("sweep", "a", 60)


def test_a_published_file_replaces_the_old_one_whole(data_dir: Path) -> None:
    staged = storage.staging_dir() / "x"
    target = data_dir / "products" / "a" / "cat.csv"
    for content in (b"old", b"new"):
        staged.write_bytes(content)
        assert storage.publish_file(staged, target).read_bytes() == content
    assert not staged.exists()
    assert storage.relative_path(target) == "products/a/cat.csv"
    assert storage.data_path("products/a/cat.csv") == target


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "products/../../x"])
def test_no_path_leads_out_of_the_data_folder(path: str) -> None:
    with pytest.raises(NotFoundError):
        storage.data_path(path)


@pytest.mark.parametrize(
    ("given_name", "stored"),
    [
        ("cat.csv", "cat.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\my cat.fits", "my_cat.fits"),
        ("..", "file"),
        (".hidden", "hidden"),
        ("a\0b\n.csv", "ab_.csv"),
        ("çãé 2.csv", "çãé_2.csv"),
        ("", "file"),
    ],
)
def test_names_of_files_are_made_safe(given_name: str, stored: str) -> None:
    assert storage.sanitise_file_name(given_name) == stored


@given(st.text(max_size=400))
def test_any_name_becomes_one_that_a_file_system_takes(name: str) -> None:
    safe = storage.sanitise_file_name(name)
    assert 1 <= len(safe.encode()) <= storage.MAX_NAME_BYTES
    assert safe == Path(safe).name
    assert not safe.startswith(".")
    assert storage.sanitise_file_name(safe) == safe


def test_a_taken_name_gets_a_suffix_before_its_dots(data_dir: Path) -> None:
    (data_dir / "cat.tar.gz").touch()
    name = storage.free_name(data_dir, "cat.tar.gz")
    assert name.startswith("cat_")
    assert name.endswith(".tar.gz")
    assert storage.free_name(data_dir, "free.csv") == "free.csv"
