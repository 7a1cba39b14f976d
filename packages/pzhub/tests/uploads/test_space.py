"""Space of users: quotas, exceptions, and drafts that expire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.services import delete_product, restore_product
from pzhub.config import hub_config
from pzhub.core.errors import ForbiddenError
from pzhub.core.models import AuditEntry
from pzhub.notices.models import Notice
from pzhub.uploads.models import ResumableUpload
from pzhub.uploads.services import begin_upload, grant_allowance, limits_of, remove_file
from pzhub.uploads.services.drafts import discard_drafts, discard_untouched, tell_about_drafts
from pzhub.uploads.services.quota import QuotaExceededError
from pzhub.uploads.services.resumable import append_to_upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def quota(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a setter of everybody's quota, bytes."""
    return lambda size: monkeypatch.setattr(hub_config(), "upload_quota_bytes", size)


def test_a_file_beyond_the_quota_is_refused_before_its_bytes_are_sent(
    uploader: Any, ana: User, quota: Callable[[int], None]
) -> None:
    quota(1_000_000)
    one = uploader("other")
    assert one.send("first.bin", b"x" * 600_000).status_code == 201
    with pytest.raises(QuotaExceededError) as caught:
        begin_upload(actor=ana, product=one.product, name="big.bin", size=500_000, role=2)
    assert caught.value.data["free_bytes"] == 400_000
    assert "delete products or drafts" in caught.value.message
    assert not ResumableUpload.objects.exists()
    answer = one.send("big.bin", b"x" * 500_000, role=2)
    assert (answer.status_code, answer.json()["code"]) == (413, "quota_exceeded")


def test_what_arrives_counts_and_what_gives_way_does_not(
    uploader: Any, ana: User, quota: Callable[[int], None]
) -> None:
    quota(1000)
    one = uploader("other")
    one.send("main.bin", b"x" * 700)
    begin_upload(actor=ana, product=one.product, name="new.bin", size=900, replace=True)
    assert limits_of(ana).used_bytes == 1600
    assert limits_of(ana).free_bytes == 0


def test_the_last_byte_of_an_upload_finds_the_room_that_was_kept_for_it(
    uploader: Any, ana: User, quota: Callable[[int], None]
) -> None:
    quota(1000)
    one = uploader("other")
    upload = begin_upload(actor=ana, product=one.product, name="big.bin", size=900)
    assert append_to_upload(upload=upload, offset=0, length=900, blocks=[b"x" * 900]) == 900
    assert one.product.files.get().size == limits_of(ana).used_bytes == 900


def test_deleted_products_take_no_space(uploader: Any, ana: User) -> None:
    one = uploader("other")
    one.send("main.bin", b"x" * 700)
    Product.objects.update(status=ProductStatus.DELETED, deleted_at=timezone.now())
    assert limits_of(ana).used_bytes == 0


def test_a_deleted_product_comes_back_only_where_there_is_room(
    uploader: Any, ana: User, ana_site: Client, quota: Callable[[int], None]
) -> None:
    quota(1000)
    first, second = uploader("other"), uploader("other")
    first.send("main.bin", b"x" * 700)
    delete_product(actor=ana, product=first.product)
    assert second.send("main.bin", b"x" * 700).status_code == 201
    answer = ana_site.post(f"/product/{first.product.internal_name}/restore")
    assert answer.status_code == 413
    assert "delete something else first" in answer.content.decode()
    delete_product(actor=ana, product=second.product)
    restore_product(actor=ana, product=first.product)
    assert limits_of(ana).used_bytes == 700


def test_an_exception_lifts_both_limits_for_one_user(
    uploader: Any, ana: User, bob: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_config(), "max_upload_bytes", 1000)
    one = uploader("other")
    assert one.send("main.bin", b"x" * 1500).status_code == 413
    grant_allowance(
        actor=admin, user=ana, largest_file_bytes=2000, quota_bytes=None, note="Simulations"
    )
    assert one.send("main.bin", b"x" * 1500).status_code == 201
    theirs = uploader("other", user=bob)
    refused = theirs.send("main.bin", b"x" * 1500)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    grant_allowance(actor=admin, user=ana, largest_file_bytes=None, quota_bytes=None, note="")
    assert limits_of(ana).largest_file_bytes == 1000
    actions = AuditEntry.objects.filter(action__startswith="upload-allowance")
    assert sorted(actions.values_list("action", flat=True)) == [
        "upload-allowance-ended",
        "upload-allowance-granted",
    ]


def test_only_administrators_grant_exceptions(ana: User) -> None:
    with pytest.raises(ForbiddenError):
        grant_allowance(actor=ana, user=ana, largest_file_bytes=5, quota_bytes=None, note="me")


def test_administrators_see_space_and_grant_exceptions_on_the_site(
    client: Client, admin: User, ana: User, uploader: Any
) -> None:
    uploader("other").send("main.bin", b"x" * 700)
    client.force_login(admin)
    assert "700 B" in client.get("/administration/quotas?q=ana").content.decode()
    way = f"/administration/quotas/of/{ana.pk}"
    refused = client.post(way, {"largest_file": "500", "quota": "", "note": ""})
    assert refused.status_code == 400
    assert "Say why, in a note" in refused.content.decode()
    assert client.post(way, {"quota": "-1", "note": "x"}).status_code == 400
    client.post(way, {"largest_file": "500", "quota": "1.5", "note": "DP1"})
    assert limits_of(ana).largest_file_bytes == 500_000_000
    assert limits_of(ana).quota_bytes == 1_500_000_000
    assert 'value="1.5"' in client.get(way).content.decode()


def aged(draft: Product, days: float) -> Product:
    Product.objects.filter(pk=draft.pk).update(updated_at=timezone.now() - timedelta(days=days))
    draft.refresh_from_db()
    return draft


def test_owners_are_told_before_a_draft_is_discarded(uploader: Any, ana_site: Client) -> None:
    draft = aged(uploader("other").product, hub_config().draft_days - 10)
    assert (tell_about_drafts(), tell_about_drafts(), discard_drafts()) == (1, 1, 0)
    notice = Notice.objects.get()
    assert (notice.subject, notice.url) == ("Zed set", f"/upload/{draft.pk}")
    assert (
        "This draft is discarded on" in ana_site.get(f"/upload/{draft.pk}/files").content.decode()
    )
    assert "unless you change it" in ana_site.get("/product/new").content.decode()


def test_a_draft_is_discarded_only_after_its_owner_was_told_long_enough(uploader: Any) -> None:
    draft = aged(uploader("other").product, hub_config().draft_days + 1)
    assert discard_drafts() == 0
    tell_about_drafts()
    assert discard_drafts() == 0
    Notice.objects.update(created_at=timezone.now() - timedelta(days=15))
    assert discard_drafts() == 1
    draft.refresh_from_db()
    assert draft.status == ProductStatus.DELETED


def test_a_changed_draft_is_kept(uploader: Any, ana_site: Client) -> None:
    draft = aged(uploader("other").product, hub_config().draft_days + 1)
    tell_about_drafts()
    Notice.objects.update(created_at=timezone.now() - timedelta(days=15))
    ana_site.post(f"/upload/{draft.pk}/basics", {"display_name": "Still wanted"})
    assert (discard_drafts(), tell_about_drafts()) == (0, 0)


@pytest.mark.parametrize("work", ["a file", "an upload that began", "a file removed"])
def test_a_draft_whose_files_change_is_kept(uploader: Any, ana: User, work: str) -> None:
    one = uploader("other")
    one.send("notes.txt", b"notes", role=2)
    aged(one.product, hub_config().draft_days + 1)
    tell_about_drafts()
    Notice.objects.update(created_at=timezone.now() - timedelta(days=15))
    if work == "a file":
        assert one.send("main.bin", b"x").status_code == 201
    elif work == "an upload that began":
        begin_upload(actor=ana, product=one.product, name="big.bin", size=900)
    else:
        remove_file(actor=ana, file=one.product.files.get())
    assert (discard_drafts(), tell_about_drafts()) == (0, 0)


def test_a_draft_that_changes_at_the_last_moment_is_kept(uploader: Any) -> None:
    draft = aged(uploader("other").product, hub_config().draft_days + 1)
    seen = Product.objects.get(pk=draft.pk)
    aged(draft, 0)
    assert not discard_untouched(seen)
    assert discard_untouched(draft)


def test_drafts_never_expire_where_the_setting_says_so(
    uploader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_config(), "draft_days", 0)
    aged(uploader("other").product, 4000)
    assert (tell_about_drafts(), discard_drafts()) == (0, 0)
