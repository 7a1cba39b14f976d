"""What was typed before a sign-in was lost comes back: to the same user, and nobody else."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.accounts.services.sessions import sweep_sessions

PASSWORD = "correct horse battery"
TOKENS = {"name": "laptop", "scope": "read", "days": "30"}
#: A form of the site with several values, free text, and markup in it.
RUN = {
    "display_name": "Deep <b>& wide</b>",
    "description": "Line one\nline “two”",
    "catalog": ["1_one", "2_two"],
}
COMBINE = "/pipelines/combine-redshift-catalogs"


@pytest.fixture
def site(client: Client, ana: User) -> Client:
    """Return a browser that ana used until her session ended."""
    client.force_login(ana)
    client.get("/account/tokens")
    Session.objects.all().delete()
    return client


def sign_in(site: Client, username: str = "ana", target: str = "/account/kept") -> str:
    answer = site.post(f"/login?next={target}", {"username": username, "password": PASSWORD})
    return answer.headers["Location"]


def test_a_form_sent_too_late_comes_back_whole_after_the_sign_in(site: Client) -> None:
    late = site.post(
        f"{COMBINE}?release=dp1", RUN, headers={"Referer": f"http://testserver{COMBINE}?job=7"}
    )
    assert late.headers["Location"] == "/login?next=%2Faccount%2Fkept"
    assert "What you typed is kept" in site.get(late.headers["Location"]).content.decode()

    assert sign_in(site) == "/account/kept"
    page = site.get("/account/kept").content.decode()

    assert f'action="{COMBINE}?release=dp1" data-page="{COMBINE}?job=7"' in page
    sent = re.findall(r'<textarea name="(\w+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert [(name, unescape(value)) for name, value in sent] == [
        ("display_name", RUN["display_name"]),
        ("description", RUN["description"]),
        ("catalog", "1_one"),
        ("catalog", "2_two"),
    ]
    assert "<b>&" not in page
    assert "Send it now" in page
    labels = re.findall(r"<dt>(.*?)</dt>", page.partition('class="kept"')[2].partition("</dl>")[0])
    assert labels == ["Product name", "Description", "Catalog", "Catalog"]


def test_what_was_kept_is_forgotten_once_it_was_sent_again(site: Client) -> None:
    site.post("/account/profile", {"display_name": "Ana L."})
    sign_in(site)
    assert site.get("/account/kept").status_code == 200

    site.post("/account/profile", {"display_name": "Ana L."})

    assert User.objects.get(username="ana").display_name == "Ana L."
    assert site.get("/account/kept").headers["Location"] == "/"


def test_the_way_back_never_leads_to_another_host(site: Client) -> None:
    page = "http://testserver//evil.example/form"
    site.post("/account/profile", {"display_name": "Ana L."}, headers={"Referer": page})
    sign_in(site)
    assert site.post("/account/kept").headers["Location"] == "/%2Fevil.example/form"


def test_it_can_be_thrown_away(site: Client) -> None:
    site.post("/account/profile", {"display_name": "Ana L."})
    sign_in(site)

    assert site.post("/account/kept").status_code == 302

    assert site.get("/account/kept").headers["Location"] == "/"
    assert User.objects.get(username="ana").display_name != "Ana L."


def test_another_user_of_the_browser_does_not_see_it(site: Client, bob: User) -> None:
    site.post("/account/profile", {"display_name": "Ana's secret"})
    sign_in(site, "bob")

    answer = site.get("/account/kept")

    assert answer.headers["Location"] == "/"
    assert "secret" not in site.get("/").content.decode()


def test_nothing_is_kept_of_strangers_passwords_or_large_bodies(site: Client) -> None:
    stranger = Client()
    assert stranger.post("/account/profile", {"display_name": "x"}).headers["Location"] == (
        "/login?next=/account/profile"
    )
    for late in (
        site.post("/account/password", {"old_password": "a", "new_password1": "b"}),
        site.post("/account/profile", {"display_name": "x" * 200_001}),
    ):
        assert "kept" not in late.headers["Location"]
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    "headers", [{"HX-Request": "true"}, {"X-Requested-With": "XMLHttpRequest"}]
)
def test_fragments_and_scripts_are_told_instead_of_led_away(
    site: Client, headers: dict[str, str]
) -> None:
    for answer in (
        site.get("/live", headers=headers),
        site.post("/account/profile", {"display_name": "x"}, headers=headers),
    ):
        assert answer.status_code == 401
        assert answer.json()["code"] == "signed_out"


def test_a_form_older_than_the_last_sign_in_is_kept_and_one_of_another_site_refused(
    ana: User,
) -> None:
    site = Client(enforce_csrf_checks=True)
    site.force_login(ana)
    site.get("/account")
    form = {"display_name": "Ana L.", "csrfmiddlewaretoken": "x" * 32}

    ours = site.post("/account/profile", form, headers={"Sec-Fetch-Site": "same-origin"})
    theirs = site.post("/account/profile", form, headers={"Sec-Fetch-Site": "cross-site"})

    assert ours.headers["Location"] == "/account/kept"
    assert "Ana L." in site.get("/account/kept").content.decode()
    assert theirs.status_code == 403
    assert User.objects.get(username="ana").display_name != "Ana L."


def test_the_session_of_a_kept_form_ends_soon_unless_somebody_signs_in(site: Client) -> None:
    site.post("/account/profile", {"display_name": "Ana L."})
    stored = Session.objects.get()
    assert stored.expire_date - timezone.now() < timedelta(hours=13)

    sign_in(site)
    site.get("/account/kept")
    assert site.session.get_expiry_age() > 13 * 3600

    Session.objects.update(expire_date=timezone.now())
    sweep_sessions()
    assert not Session.objects.exists()
