"""Notices: told once, in the page and by mail, in the reader's language, as the reader wants."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import ProductStatus
from pzhub.core.models import AuditEntry
from pzhub.notices.models import Notice, NoticeKind
from pzhub.notices.selectors import mail_choices_of, unread_of
from pzhub.notices.services import choose_mail, mark_all_read, mark_seen, notify
from pzhub.outbox.models import Letter
from pzhub.uploads.services.registration import ensure_inspection, run_inspection

pytestmark = pytest.mark.django_db


def told(user: User, kind: NoticeKind = NoticeKind.JOB_DONE, key: str = "job 1") -> Notice:
    return notify(user=user, kind=kind, key=key, subject="Deep <set>", url="/product/7_deep")


def test_the_same_event_is_told_once(ana: User, mail_is_on: None) -> None:
    assert told(ana) == told(ana)
    assert Letter.objects.count() == 1


def test_a_letter_speaks_the_language_of_the_user_and_links_to_the_result(
    ana: User, mail_is_on: None
) -> None:
    ana.language = "pt-br"
    ana.save()

    told(ana)

    letter = Letter.objects.get()
    assert letter.to == "ana.lima@example.org"
    assert letter.subject == "[Photo-z Server] O processo “Deep <set>” terminou."
    assert "https://pz.example.org/product/7_deep" in letter.text
    assert "https://pz.example.org/account#mail" in letter.text
    assert "Deep <set>" in letter.text
    assert "Deep &lt;set&gt;" in letter.html
    assert '<html lang="pt-br">' in letter.html


def test_users_choose_what_is_mailed(ana: User, mail_is_on: None) -> None:
    chosen = mail_choices_of(ana)
    assert (chosen["job_done"], chosen["job_failed"], chosen["download"]) == (True, True, False)
    told(ana, NoticeKind.DOWNLOAD_READY, "archive 1")
    assert not Letter.objects.exists()

    choose_mail(user=ana, wanted={"download"})
    told(ana, NoticeKind.DOWNLOAD_READY, "archive 2")
    told(ana, NoticeKind.JOB_FAILED, "job 2")

    assert list(Letter.objects.values_list("key", flat=True)) == ["notice archive 2"]
    assert unread_of(ana).count() == 3


def test_who_has_no_address_or_left_is_told_in_the_page_only(bob: User, mail_is_on: None) -> None:
    told(bob)
    bob.email, bob.is_active = "bob@example.org", False
    bob.save()
    told(bob, key="job 2")

    assert unread_of(bob).count() == 2
    assert not Letter.objects.exists()


def test_without_a_mail_server_nothing_is_written(ana: User) -> None:
    told(ana)

    assert not Letter.objects.exists()
    assert mail.outbox == []


def test_what_is_undone_is_not_told(ana: User, mail_is_on: None) -> None:
    with transaction.atomic():
        told(ana)
        transaction.set_rollback(True)

    assert not Notice.objects.exists()
    assert not Letter.objects.exists()


def test_a_notice_is_read_when_what_it_tells_of_was_seen(ana: User, bob: User) -> None:
    told(ana)
    told(ana, key="job 2")
    told(bob, key="job 3")

    mark_seen(ana, "job 2")
    mark_seen(ana, "job 3")  # not hers

    assert list(unread_of(ana).values_list("key", flat=True)) == ["job 1"]
    assert unread_of(bob).count() == 1
    assert mark_all_read(ana) == 1
    assert not unread_of(ana).exists()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"ra,dec,z\n1,2,0.3\n", "file_read"), (b"ra,dec,z\n1,2\n", "file_refused")],
)
def test_of_a_file_that_took_long_its_owner_is_told(
    ana: User, product_factory: Any, file_factory: Any, content: bytes, kind: str
) -> None:
    for seconds in (1, 60):
        product = product_factory(
            ana, name=f"After {seconds} s", type_name="redshift_catalog",
            status=ProductStatus.REGISTERING,
        )  # fmt: skip
        file_factory(product, content)
        inspection = ensure_inspection(product=product, actor=ana)
        began = timezone.now() - timedelta(seconds=seconds)
        AuditEntry.objects.filter(action="registration-started").update(at=began)
        run_inspection(inspection.pk)

    (notice,) = unread_of(ana)
    assert (notice.kind, notice.subject) == (kind, "After 60 s")
    assert notice.url == f"/upload/{product.pk}"
    assert bool(notice.message) == (kind == "file_refused")
