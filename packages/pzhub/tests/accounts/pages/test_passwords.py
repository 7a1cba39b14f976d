"""Passwords: changed, forgotten, and the end of all sessions."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.accounts.services.attempts import MAX_FAILURES
from pzhub.config import hub_config
from pzhub.core.models import AuditEntry
from pzhub.outbox.models import Letter

OLD, NEW = "correct horse battery", "another staple entirely"


@pytest.fixture
def mail_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_config(), "mail_host", "mail.example.org")
    monkeypatch.setattr(hub_config(), "base_url", "https://pz.example.org")


def signed_in(user: User) -> Client:
    browser = Client()
    browser.post("/login", {"username": user.username, "password": OLD})
    return browser


def test_a_changed_password_ends_the_other_sessions_only(ana: User) -> None:
    here, elsewhere = signed_in(ana), signed_in(ana)

    answer = here.post(
        "/account/password", {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}
    )

    assert answer.headers["Location"] == "/account#security"
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    ana.refresh_from_db()
    assert ana.check_password(NEW)
    assert AuditEntry.objects.filter(actor=ana, action="password-changed").count() == 1


def test_a_wrong_old_password_and_a_weak_new_one_are_told_at_their_fields(ana: User) -> None:
    browser = signed_in(ana)
    for sent, field in (
        ({"old_password": "no", "new_password1": NEW, "new_password2": NEW}, "old_password"),
        ({"old_password": OLD, "new_password1": "123", "new_password2": "123"}, "new_password2"),
    ):
        page = browser.post("/account/password", sent).content.decode()
        assert f'id="id_{field}-error"' in page
    ana.refresh_from_db()
    assert ana.check_password(OLD)


def test_a_forgotten_password_is_set_by_a_link_that_works_once(ana: User, mail_on: None) -> None:
    browser = Client()
    browser.post("/account/reset", {"email": "Ana.Lima@EXAMPLE.org"})
    letter = Letter.objects.get()
    assert letter.to == "ana.lima@example.org"
    link = re.search(r"https://pz\.example\.org(/account/reset/\S+)", letter.text)
    assert link is not None

    for _ in range(MAX_FAILURES + 1):  # who forgot it has tried some
        failed = browser.post("/login", {"username": "ana", "password": "one of mine?"})
    assert failed.status_code == 429

    form = browser.get(link[1]).headers["Location"]
    done = browser.post(form, {"new_password1": NEW, "new_password2": NEW})

    assert done.headers["Location"] == "/login"
    assert "The new password is set." in browser.get("/login").content.decode()
    ana.refresh_from_db()
    assert ana.check_password(NEW)
    signed = browser.post("/login", {"username": "ana", "password": NEW})
    assert signed.status_code == 302
    assert "does not work any more" in Client().get(link[1]).content.decode()
    acts = AuditEntry.objects.filter(object_type="accounts.user", object_id=ana.pk)
    assert {"password-reset-asked", "password-reset"} <= set(acts.values_list("action", flat=True))


def test_the_answer_does_not_tell_whether_there_is_an_account(ana: User, mail_on: None) -> None:
    def answer(email: str) -> str:
        page = Client().post("/account/reset", {"email": email}).content.decode()
        return re.sub(r'value="[\w-]{64}"|"X-CSRFToken": "\w+"', "", page).replace(email, "…")

    assert answer("ana.lima@example.org") == answer("nobody@example.org")
    assert Letter.objects.count() == 1


def test_links_are_mailed_a_few_times_only(ana: User, mail_on: None) -> None:
    answers = [
        Client().post("/account/reset", {"email": email})
        for email in ["ana.lima@example.org"] * 6 + ["nobody@example.org"] * 6
    ]

    assert [answer.status_code for answer in answers] == ([200] * 5 + [429]) * 2
    assert answers[5].headers["Retry-After"].isdecimal()
    assert Letter.objects.count() == 5


def test_who_was_switched_off_or_has_no_password_here_gets_no_link(
    ana: User, bob: User, mail_on: None
) -> None:
    ana.is_active = False
    ana.save()
    bob.email = "bob@example.org"
    bob.set_unusable_password()
    bob.save()

    for email in ("ana.lima@example.org", "bob@example.org"):
        Client().post("/account/reset", {"email": email})

    assert not Letter.objects.exists()


def test_without_mail_the_page_names_the_helpdesk(ana: User) -> None:
    page = Client().post("/account/reset", {"email": ana.email}).content.decode()

    assert "the helpdesk sets new passwords" in page
    assert not Letter.objects.exists()


def test_signing_out_everywhere_asks_first_and_ends_all_sessions(ana: User) -> None:
    here, elsewhere = signed_in(ana), signed_in(ana)
    assert "Sign out everywhere?" in here.get("/account/sign-out-everywhere").content.decode()
    assert elsewhere.get("/account").status_code == 200

    here.post("/account/sign-out-everywhere")

    assert [browser.get("/account").status_code for browser in (here, elsewhere)] == [302, 302]
    assert signed_in(ana).get("/account").status_code == 200
