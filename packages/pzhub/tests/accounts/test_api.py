"""Who asks: headers, scopes, and the addresses of accounts."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory

from pzhub.accounts.models import ApiToken, TokenScope, User
from pzhub.core.api.views import PzView

if TYPE_CHECKING:
    from conftest import ClientFactory

PASSWORD = "correct horse battery"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "header",
    [
        "Token {}",
        "token {}",
        "TOKEN  {}",
        "Bearer {}",
        "basic-user",
        "basic-password",
    ],
)
def test_a_token_is_taken_in_each_of_its_forms(
    ana: User, token_for: Callable[..., str], header: str
) -> None:
    clear = token_for(ana)
    forms = {
        "basic-user": basic("x-oauth-basic", clear),
        "basic-password": basic(clear, "x-oauth-basic"),
    }
    answer = APIClient().get(
        "/api/users/", headers={"Authorization": forms.get(header, header.format(clear))}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Token unknown",
        "Token",
        "Token ",
        "Bearer a b",
        "Token \xff",
        basic("ana", PASSWORD),
        basic("x-oauth-basic", "unknown"),
        "Basic !!!",
        "Basic /////w==",
        "Digest x",
        "",
    ],
)
def test_other_credentials_are_401_with_a_challenge(ana: User, header: str) -> None:
    answer = APIClient().get("/api/users/", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer.json()["code"] in ("not_authenticated", "authentication_failed")
    assert answer.json()["detail"] == answer.json()["error"]


@pytest.mark.parametrize("state", ["revoked", "expired", "inactive user"])
def test_a_dead_token_is_401(ana: User, api: ClientFactory, state: str) -> None:
    client = api(ana)
    past = timezone.now() - timedelta(seconds=1)
    if state == "revoked":
        ApiToken.objects.update(revoked_at=past)
    elif state == "expired":
        ApiToken.objects.update(expires_at=past)
    else:
        User.objects.update(is_active=False)
    assert client.get("/api/users/").status_code == 401


def test_the_last_use_of_a_token_is_noted_to_the_minute(ana: User, api: ClientFactory) -> None:
    client = api(ana)
    client.get("/api/users/")
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    client.get("/api/users/")
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    client.get("/api/users/")
    assert ApiToken.objects.get().last_used_at > first - timedelta(minutes=1)


def test_a_session_needs_the_csrf_token_to_write(ana: User) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.login(username="ana", password=PASSWORD)
    assert browser.get("/api/users/").status_code == 200
    refusal = browser.post("/api/logged_user/")
    assert (refusal.status_code, refusal.json()["code"]) == (403, "permission_denied")


def test_users_are_listed_by_login_without_ids(
    ana: User, bob: User, admin: User, api: ClientFactory
) -> None:
    answer = api(bob).get("/api/users/").json()
    rows = [
        {"username": "ana", "first_name": "", "last_name": "", "display_name": "ana.lima"},
        {"username": "bob", "first_name": "", "last_name": "", "display_name": "bob"},
        {"username": "root", "first_name": "", "last_name": "", "display_name": "root"},
    ]
    assert answer == {"count": 3, "next": None, "previous": None, "results": rows}
    assert api(bob).get(f"/api/users/{ana.pk}/").json() == rows[0]
    assert api(bob).post("/api/users/").status_code == 405
    options = api(bob).options("/api/users/").json()
    assert not {"filter_classes", "filterset", "search", "ordering"} & options.keys()


def test_get_token_replaces_the_default_token(ana: User, api: ClientFactory) -> None:
    client = api(ana)
    first = client.post("/api/get_token/").json()["token"]
    second = client.post("/api/get_token/").json()
    assert second.keys() == {"token"}
    asks = {
        clear: APIClient().get("/api/", headers={"Authorization": f"Token {clear}"}).status_code
        for clear in (first, second["token"])
    }
    assert asks == {first: 401, second["token"]: 200}
    assert client.get("/api/get_token/").status_code == 405
    assert api().post("/api/get_token/").status_code == 401


@pytest.mark.parametrize("scope", [TokenScope.READ, TokenScope.UPLOAD])
def test_a_lesser_token_cannot_make_itself_a_greater_one(
    ana: User, api: ClientFactory, scope: TokenScope
) -> None:
    answer = api(ana, scope).post("/api/get_token/")
    assert (answer.status_code, answer.json()["code"]) == (403, "token_scope")
    assert ApiToken.objects.count() == 1


def test_obtain_token_takes_name_and_password_of_anyone(ana: User, api: ClientFactory) -> None:
    notebook = api(ana)
    answer = api().post("/api/obtain_token/", {"username": "ana", "password": PASSWORD})
    assert (answer.status_code, answer.json().keys()) == (200, {"token"})
    headers = {"Authorization": f"Token {answer.json()['token']}"}
    assert APIClient().get("/api/", headers=headers).status_code == 200
    assert notebook.get("/api/").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "ana", "password": "wrong"}, "non_field_errors"),
        ({"username": "nobody", "password": PASSWORD}, "non_field_errors"),
        ({"username": "ana"}, "password"),
        ({}, "username"),
    ],
)
def test_a_bad_pair_is_400(ana: User, body: dict[str, str], field: str) -> None:
    answer = APIClient().post("/api/obtain_token/", body)
    assert answer.status_code == 400
    assert isinstance(answer.json()[field], list)
    assert not ApiToken.objects.exists()


def test_logged_user_tells_the_display_name(ana: User, admin: User, api: ClientFactory) -> None:
    assert api(ana, TokenScope.READ).post("/api/logged_user/").json() == {
        "username": "ana.lima",
        "is_admin": False,
    }
    assert api(admin).post("/api/logged_user/").json() == {"username": "root", "is_admin": True}
    assert api(ana).get("/api/logged_user/").status_code == 405
    assert api().post("/api/logged_user/").status_code == 401


def test_logout_ends_the_session_and_leaves_tokens(ana: User, api: ClientFactory) -> None:
    browser, program = APIClient(), api(ana)
    browser.login(username="ana", password=PASSWORD)
    answer = browser.get("/api/logout/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert browser.get("/api/users/").status_code == 401
    assert program.get("/api/logout/").status_code == 200
    assert program.get("/api/users/").status_code == 200
    assert api().get("/api/logout/").status_code == 401


class Effect(PzView):
    """A view whose GET changes something, as stopping a run does."""

    required_scope = TokenScope.RUN
    get_has_effects = True

    def get(self, request: Request) -> Response:
        return Response({"done": True})

    def post(self, request: Request) -> Response:
        return Response({"done": True})


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("run", 200), ("upload", 403), ("read", 403), ("session", 403), ("nobody", 401)],
)
def test_a_get_with_effects_takes_a_token_with_the_scope_and_never_a_cookie(
    ana: User, token_for: Callable[..., str], method: str, who: str, status: int
) -> None:
    request = APIRequestFactory().generic(method, "/")
    if who in list(TokenScope):
        request.META["HTTP_AUTHORIZATION"] = f"Token {token_for(ana, TokenScope(who))}"
    elif who == "session":
        request.user = ana  # as the session's middleware sets it
        status = 200 if method == "POST" else status
    answer = Effect.as_view()(request)
    assert answer.status_code == status
    if who == "session" and status == 403:
        assert answer.data["code"] == "token_required"
