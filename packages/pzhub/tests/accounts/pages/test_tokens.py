from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pzhub.accounts.models import ApiToken, TokenScope, User
from pzhub.accounts.selectors import authenticate_token
from pzhub.accounts.services import create_token

NEW = {"name": "laptop", "scope": "read", "days": "30"}


@pytest.fixture
def site(client: Client, ana: User) -> Client:
    client.force_login(ana)
    return client


def shown_token(page: str) -> str:
    found = re.search(r'id="clear-token">(pz_[\w-]{43})<', page)
    assert found is not None
    return found[1]


def test_a_new_token_is_shown_once_and_works(site: Client, ana: User) -> None:
    response = site.post("/account/tokens", NEW)

    clear = shown_token(response.content.decode())
    token = authenticate_token(clear)
    assert token is not None
    assert (token.user, token.name, token.scope) == (ana, "laptop", TokenScope.READ)
    assert token.expires_at is not None
    assert abs(token.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert clear not in site.get("/account/tokens").content.decode()
    assert "no-store" in response.headers["Cache-Control"]


def test_the_page_offers_the_python_lines(site: Client) -> None:
    page = site.post("/account/tokens", NEW).content.decode()

    assert "from</span> pzserver" in page
    assert "http://testserver/api/" in page


def test_a_name_in_use_is_told_at_the_field_and_the_choices_are_kept(
    site: Client, ana: User
) -> None:
    create_token(user=ana, name="laptop")

    page = site.post("/account/tokens", NEW).content.decode()

    assert "You have a token named &#x27;laptop&#x27;" in page
    assert 'aria-describedby="id_name-error id_name-help"' in page
    assert '<option value="read" selected>' in page
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({**NEW, "name": " "}, "Give the token a name."),
        ({**NEW, "scope": "root"}, "Select a valid choice"),
        ({**NEW, "days": "100000"}, "Select a valid choice"),
    ],
)
def test_what_is_not_offered_is_refused(site: Client, sent: dict[str, str], sentence: str) -> None:
    page = site.post("/account/tokens", sent).content.decode()

    assert sentence in page
    assert not ApiToken.objects.exists()


def test_one_click_replaces_the_default_token_only(site: Client, ana: User) -> None:
    _, other = create_token(user=ana, name="laptop")
    first = shown_token(site.post("/account/tokens/default").content.decode())

    second = shown_token(site.post("/account/tokens/default").content.decode())

    assert authenticate_token(first) is None
    assert authenticate_token(second) is not None
    assert authenticate_token(other) is not None


def test_a_token_is_revoked_after_a_question(site: Client, ana: User) -> None:
    token, clear = create_token(user=ana, name="laptop")
    address = f"/account/tokens/{token.pk}/revoke"

    assert "Revoke “laptop”?" in site.get(address).content.decode()
    assert authenticate_token(clear) is not None
    response = site.post(address, follow=True)

    assert authenticate_token(clear) is None
    assert "Token laptop no longer works." in response.content.decode()


def test_nobody_revokes_tokens_of_others(
    site: Client, bob: User, token_for: Callable[..., str]
) -> None:
    clear = token_for(bob)
    token = authenticate_token(clear)
    assert token is not None

    response = site.post(f"/account/tokens/{token.pk}/revoke")

    assert response.status_code == 404
    assert authenticate_token(clear) is not None


@pytest.mark.parametrize("address", ["/account/tokens", "/account/tokens/1/revoke"])
def test_visitors_are_asked_to_sign_in(client: Client, db: None, address: str) -> None:
    assert client.get(address)["Location"] == f"/login?next={address}"


def test_expired_tokens_are_marked(site: Client, ana: User) -> None:
    token, _ = create_token(user=ana, name="old")
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(days=1))

    assert "expired" in site.get("/account/tokens").content.decode()
