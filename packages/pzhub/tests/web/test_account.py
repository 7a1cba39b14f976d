"""The account page, the bell, and what the bar shows without a reload."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.accounts.services import create_token
from pzhub.catalog.models import Release
from pzhub.config import hub_config
from pzhub.notices.models import NoticeKind
from pzhub.notices.selectors import mail_choices_of, unread_of
from pzhub.notices.services import notify

Limit = Callable[[int], Any]


def told(user: User, number: int = 1, kind: NoticeKind = NoticeKind.JOB_FAILED) -> int:
    notice = notify(
        user=user, kind=kind, key=f"job {number}", subject=f"Run {number}",
        url="/about", message="1_one: no rules for survey X.",
    )  # fmt: skip
    return notice.pk


def test_the_account_shows_who_one_is_and_what_one_may_read(
    ana_site: Client, open_release: Release, closed_release: Release,
    django_assert_max_num_queries: Limit,
) -> None:  # fmt: skip
    with django_assert_max_num_queries(15):
        page = ana_site.get("/account").content.decode()

    for words in ("ana.lima@example.org", "DP0.2", "Change the password", "Sign out everywhere"):
        assert words in page
    assert "LSST DP1" not in page


def test_the_account_shows_the_space_that_is_used(
    ana_site: Client, ana: User, product_factory: Any, file_factory: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    file_factory(product_factory(ana), b"x" * 700)
    for quota, words in (
        (0, r"700\sB</dd>"),
        (1400, r"700\sB of 1[.]4\skB<progress[^>]* value=.50."),
    ):
        monkeypatch.setattr(hub_config(), "upload_quota_bytes", quota)
        page = ana_site.get("/account").content.decode()
        assert re.search(f"Space used</dt><dd>{words}", page)


def test_the_name_is_kept_and_a_long_one_refused_at_its_field(ana_site: Client, ana: User) -> None:
    ana_site.post("/account/profile", {"display_name": "  Ana   Lima "})
    ana.refresh_from_db()
    assert ana.display_name == "Ana Lima"

    answer = ana_site.post("/account/profile", {"display_name": "x" * 151})

    assert answer.status_code == 400
    assert 'id="id_display_name-error"' in answer.content.decode()


def test_choices_hold_at_once_and_in_other_browsers(ana_site: Client, ana: User) -> None:
    ana_site.post("/account/choices", {"language": "es", "theme": "dark"})

    page = ana_site.get("/account").content.decode()
    assert '<html lang="es" data-theme="dark" data-bs-theme="dark" data-shortcuts="off">' in page
    assert "Guardado." in page
    other = Client()
    other.post("/login", {"username": "ana", "password": "correct horse battery"})
    assert '<html lang="es" data-theme="dark"' in other.get("/account").content.decode()

    ana_site.post("/account/choices", {"language": "en", "theme": "light", "shortcuts": "on"})
    page = ana_site.get("/account").content.decode()
    assert '<html lang="en" data-theme="light" data-bs-theme="light">' in page


def test_what_is_mailed_is_chosen(ana_site: Client, ana: User) -> None:
    ana_site.post("/account/mail", {"mail": ["file", "nonsense"]})

    assert [name for name, wanted in mail_choices_of(ana).items() if wanted] == ["file"]
    assert 'value="file" id="mail-file" checked' in ana_site.get("/account").content.decode()


def test_own_acts_are_listed_in_words(ana_site: Client, ana: User, bob: User) -> None:
    create_token(user=ana, name="laptop", actor=ana)
    create_token(user=bob, name="bob's", actor=bob)

    for address in ("/account", "/account/activity"):
        page = ana_site.get(address).content.decode()
        assert 'made the token: <a href="/account/tokens">ana: laptop</a>' in page
        assert "bob's" not in page


def test_the_bell_counts_and_the_list_tells(ana_site: Client, ana: User, bob: User) -> None:
    number = told(ana)
    told(bob, 2)
    page = ana_site.get("/notices").content.decode()

    assert 'aria-label="Notices: 1 new"' in page
    assert "The job “Run 1” has failed." in page
    assert "1_one: no rules for survey X." in page
    assert "Run 2" not in page

    assert ana_site.get(f"/notices/{number}").headers["Location"] == "/about"
    assert 'aria-label="Notices"' in ana_site.get("/notices").content.decode()


def test_all_are_marked_as_read_together(ana_site: Client, ana: User) -> None:
    for number in range(3):
        told(ana, number)

    ana_site.post("/notices/read")

    assert not unread_of(ana).exists()
    assert "Mark all as read" not in ana_site.get("/notices").content.decode()


def test_the_list_has_pages_and_few_queries(
    ana_site: Client, ana: User, django_assert_max_num_queries: Limit
) -> None:
    for number in range(30):
        told(ana, number)
    with django_assert_max_num_queries(7):
        page = ana_site.get("/notices?page=2").content.decode()
    assert "26 to 30 of 30" in page
    assert "Run 0" in page


def test_the_bar_is_asked_again_for_next_to_nothing(
    ana_site: Client, ana: User, django_assert_max_num_queries: Limit
) -> None:
    with django_assert_max_num_queries(4):
        first = ana_site.get("/live")
    with django_assert_max_num_queries(3):
        same = ana_site.get("/live", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, same.status_code, same.content) == (200, 304, b"")

    number = told(ana)
    news = ana_site.get("/live", headers={"If-None-Match": first.headers["ETag"]})

    page = news.content.decode()
    assert f'data-newest="{number}"' in page
    assert 'data-sentence="The job “Run 1” has failed."' in page


@pytest.mark.parametrize("address", ["/notices/{}", "/notices/999"])
def test_notices_of_others_are_not_there(ana_site: Client, bob: User, address: str) -> None:
    assert ana_site.get(address.format(told(bob))).status_code == 404
    assert unread_of(bob).count() == 1
