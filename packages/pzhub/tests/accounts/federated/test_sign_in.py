"""Sign-in with a real provider on 127.0.0.1: the way there and back, and all that goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client

from openid_provider import Provider, new_key, query_of
from pzhub.accounts.models import ExternalIdentity, User
from pzhub.core.models import AuditEntry

PASSWORD = "correct horse battery"


def heading(response: Any) -> str:
    page = response.content.decode()
    return page.partition('<h1 class="h2">')[2].partition("</h1>")[0]


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_member_signs_in_and_lands_where_they_wanted_to_go(
    client: Client, provider: Provider, come_back: Callable[..., Any]
) -> None:
    page = client.get("/login?next=/upload%3Fa%3D1").content.decode()
    assert "Continue with CILogon" in page
    assert 'href="/login/federated?next=/upload%3Fa%3D1"' in page
    assert 'name="password"' in page

    response = come_back(next_page="/upload?a=1")

    assert (response.status_code, response["Location"]) == (302, "/upload?a=1")
    user = User.objects.get(username="nina")
    assert (user.display_name, user.email) == ("Nina Okafor", "nina@example.org")
    assert not user.has_usable_password()
    assert (user.is_superuser, user.is_staff) == (False, False)
    assert [group.name for group in user.groups.all()] == ["dp1-team"]
    assert client.get("/account/tokens").status_code == 200


def test_the_browser_sees_neither_secret_nor_verifier_and_the_code_is_bound_to_both(
    client: Client, provider: Provider
) -> None:
    sent_to = client.get("/login/federated?next=/")["Location"]
    query = query_of(sent_to)
    assert set(query) == {
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce",
        "code_challenge", "code_challenge_method",
    }  # fmt: skip
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == "http://testserver/login/federated/return"
    kept = client.session[f"_state_federation_{query['state']}"]["data"]
    assert kept["code_verifier"] not in sent_to
    assert not any(kept["code_verifier"] in str(cookie) for cookie in client.cookies.values())


def test_the_same_person_is_the_same_user_whatever_they_are_called_now(
    client: Client, provider: Provider, come_back: Callable[..., Any]
) -> None:
    come_back()
    first = User.objects.get()
    client.post("/logout")
    provider.people["7f3a"] |= {"preferred_username": "okafor", "email": "okafor@example.org"}
    come_back()
    user = User.objects.get()
    assert (user.pk, user.username, user.email) == (first.pk, "nina", "okafor@example.org")
    assert ExternalIdentity.objects.get().admitted_at is not None


def test_nobody_gets_the_account_of_somebody_with_the_same_name(
    client: Client, nina_here: User, come_back: Callable[..., Any]
) -> None:
    come_back()
    assert User.objects.get(identities__subject="7f3a").username == "nina-2"
    assert not nina_here.identities.exists()


@pytest.fixture
def nina_here(provider: Provider) -> User:
    return User.objects.create_user("nina", "nina@example.org", PASSWORD)


def test_groups_follow_the_provider_and_those_of_administrators_stay(
    client: Client, provider: Provider, come_back: Callable[..., Any]
) -> None:
    come_back()
    user = User.objects.get()
    user.groups.add(Group.objects.create(name="given here"))
    provider.people["7f3a"]["isMemberOf"] = "desc dp2-team"  # some send one text
    come_back_again(client, come_back)
    assert names_of(user) == ["desc", "dp2-team", "given here"]
    entry = AuditEntry.objects.filter(action="user-updated").latest("id")
    assert entry.data == {"joined": ["desc", "dp2-team"], "left": ["dp1-team"]}

    del provider.people["7f3a"]["isMemberOf"]
    come_back_again(client, come_back)
    assert names_of(user) == ["given here"]


def come_back_again(client: Client, come_back: Callable[..., Any]) -> None:
    client.post("/logout")
    assert come_back().status_code == 302


def names_of(user: User) -> list[str]:
    return sorted(user.groups.values_list("name", flat=True))


def test_an_administrator_named_here_stays_one(
    client: Client, provider: Provider, come_back: Callable[..., Any]
) -> None:
    come_back()
    user = User.objects.get()
    user.groups.add(Group.objects.get_or_create(name="Admin")[0])
    provider.people["7f3a"]["isMemberOf"] = []
    come_back_again(client, come_back)
    assert names_of(user) == ["Admin"]


@pytest.mark.parametrize("target", ["https://evil.example/x", "//evil.example/x", "javascript:1"])
def test_nobody_is_led_to_another_host(come_back: Callable[..., Any], target: str) -> None:
    assert come_back(next_page=target)["Location"] == "/"


def test_who_is_signed_in_already_is_led_on(
    client: Client, provider: Provider, nina_here: User
) -> None:
    client.force_login(nina_here)
    assert client.get("/login/federated?next=/upload")["Location"] == "/upload"
    assert client.get("/login/federated/return?code=x&state=gone")["Location"] == "/"
    assert client.get("/login/federated?next=products")["Location"] == "products"
    assert client.get("/login/federated?next=catalog:list")["Location"] == "/"


# -- people who may not come in, and what they are told


@pytest.mark.parametrize(
    ("variables", "claims", "told", "way"),
    [
        (
            {"oidc_member_groups": '["rubin-data-rights"]'},
            {},
            "Not a member yet",
            "/about",
        ),
        (
            {"oidc_status_claim": "schacUserStatus", "oidc_registration_url": "https://reg.org/"},
            {},
            "One step is missing: register",
            "https://reg.org/",
        ),
        (
            {"oidc_status_claim": "schacUserStatus"},
            {"schacUserStatus": "urn:schac:userStatus:br:linea.org.br:Pending"},
            "Your registration awaits approval",
            "/login",
        ),
        (
            {"oidc_status_claim": "schacUserStatus"},
            {"schacUserStatus": ["urn:schac:userStatus:br:linea.org.br:inactive"]},
            "Not a member yet",
            "mailto:help@example.org",
        ),
    ],
)
def test_who_is_no_member_is_told_why_and_what_to_do(
    client: Client, provider: Provider, configure: Callable[..., None],
    come_back: Callable[..., Any], variables: dict[str, str], claims: dict[str, Any], told: str,
    way: str,
) -> None:  # fmt: skip
    configure(**variables, helpdesk_email="help@example.org")
    provider.people["7f3a"] |= claims
    response = come_back()
    page = response.content.decode()
    assert (response.status_code, heading(response)) == (403, told)
    assert f'href="{way}"' in page
    assert "nina@example.org" in page
    assert not User.objects.exists()
    assert not is_signed_in(client)


def test_a_member_by_group_and_by_state_comes_in(
    provider: Provider, configure: Callable[..., None], come_back: Callable[..., Any]
) -> None:
    configure(oidc_member_groups='["dp1-team"]', oidc_status_claim="status")
    provider.people["7f3a"]["status"] = "urn:x:Active"
    assert come_back().status_code == 302


def test_a_newcomer_waits_until_an_administrator_switches_the_account_on(
    client: Client, provider: Provider, configure: Callable[..., None], admin: User,
    come_back: Callable[..., Any],
) -> None:  # fmt: skip
    configure(oidc_approval="true")
    for _ in range(2):
        response = come_back()
        assert (response.status_code, heading(response)) == (
            403, "Your registration awaits approval",
        )  # fmt: skip
    user = User.objects.get(username="nina")
    assert (user.is_active, is_signed_in(client)) == (False, False)

    desk = Client()
    desk.force_login(admin)
    desk.post(f"/administration/users/of/{user.pk}/on")
    assert come_back().status_code == 302

    client.post("/logout")
    desk.post(f"/administration/users/of/{user.pk}/off")
    closed = come_back()
    assert (closed.status_code, heading(closed)) == (403, "This account is closed")


# -- providers and ways back that fail


def test_a_provider_that_does_not_answer_is_told_with_a_way_to_try_again(
    client: Client, provider: Provider, configure: Callable[..., None]
) -> None:
    configure(oidc_issuer="http://127.0.0.1:9")
    response = client.get("/login/federated?next=/upload")
    assert (response.status_code, heading(response)) == (503, "CILogon does not answer")
    assert 'href="/login/federated?next=/upload"' in response.content.decode()


@pytest.mark.parametrize("place", ["token", "jwks", "userinfo", ".well-known/openid-configuration"])
def test_a_provider_in_trouble_is_told_as_such_and_comes_back(
    client: Client, provider: Provider, come_back: Callable[..., Any], place: str
) -> None:
    provider.broken = {place}
    left = client.get("/login/federated")
    response = left
    if left.status_code == 302:
        response = client.get(provider.answers(left["Location"], "7f3a"))
    assert (response.status_code, heading(response)) == (503, "CILogon does not answer")
    assert not is_signed_in(client)
    provider.broken = set()
    assert come_back().status_code == 302


def test_somebody_whom_the_provider_does_not_let_in_was_not_signed_in(
    client: Client, come_back: Callable[..., Any]
) -> None:
    response = come_back("nobody")
    assert (response.status_code, heading(response)) == (403, "You were not signed in")
    assert not is_signed_in(client)


def test_an_answer_without_its_question_signs_nobody_in(
    client: Client, provider: Provider, come_back: Callable[..., Any]
) -> None:
    """Somebody else's answer, pressed on a browser by a link, is not taken."""
    theirs = provider.answers(Client().get("/login/federated")["Location"], "7f3a")
    for address in (theirs, "/login/federated/return", "/login/federated/return?state=x&code=y"):
        response = client.get(address)
        assert (response.status_code, heading(response)) == (400, "This sign-in took too long")
    assert not is_signed_in(client)
    assert not User.objects.exists()


def test_a_code_that_is_spent_or_forgotten_is_told_as_too_late(
    client: Client, provider: Provider, come_back: Callable[..., Any]
) -> None:
    back = provider.answers(client.get("/login/federated")["Location"], "7f3a")
    provider.forget_codes()
    late = client.get(back)
    assert (late.status_code, heading(late)) == (400, "This sign-in took too long")
    assert come_back().status_code == 302


def test_a_session_that_ended_meanwhile_is_told_as_too_late(
    client: Client, provider: Provider
) -> None:
    back = provider.answers(client.get("/login/federated")["Location"], "7f3a")
    Session.objects.all().delete()
    response = client.get(back)
    assert (response.status_code, heading(response)) == (400, "This sign-in took too long")


def misbehaving(name: str) -> Callable[[Provider], None]:
    def other_key(provider: Provider) -> None:
        provider.published_key = new_key()

    changes: dict[str, Callable[[Provider], Any]] = {
        "signed with another key": other_key,
        "for another client": lambda each: each.in_id_token.update(aud="somebody else"),
        "of another issuer": lambda each: each.in_id_token.update(iss="https://evil.example"),
        "with another nonce": lambda each: each.in_id_token.update(nonce="replayed"),
        "information about somebody else": lambda each: each.in_user_info.update(sub="other"),
        "another name": lambda each: each.published.update(issuer="https://evil.example"),
        "only shared secrets": lambda each: each.published.update(
            id_token_signing_alg_values_supported=["HS256", "none"]
        ),
        "no token endpoint": lambda each: each.published.update(token_endpoint=None),
    }
    return changes[name]


@pytest.mark.parametrize(
    "what",
    [
        "signed with another key", "for another client", "of another issuer", "with another nonce",
        "information about somebody else", "another name", "only shared secrets",
        "no token endpoint",
    ],
)  # fmt: skip
def test_what_cannot_be_trusted_signs_nobody_in(
    client: Client, provider: Provider, what: str
) -> None:
    misbehaving(what)(provider)
    left = client.get("/login/federated")
    response = left
    if left.status_code == 302:
        response = client.get(provider.answers(left["Location"], "7f3a"))
    assert (response.status_code, heading(response)) == (502, "The sign-in could not be checked")
    assert not User.objects.exists()


def test_an_id_token_that_ran_out_is_told_as_too_late(
    provider: Provider, come_back: Callable[..., Any]
) -> None:
    provider.in_id_token = {"exp": 1_000_000_000}
    response = come_back()
    assert (response.status_code, heading(response)) == (400, "This sign-in took too long")


def test_a_wrong_secret_is_ours_to_mend_and_signs_nobody_in(
    provider: Provider, configure: Callable[..., None], come_back: Callable[..., Any]
) -> None:
    configure(oidc_client_secret="mistyped")
    assert come_back().status_code == 502
    assert not User.objects.exists()


def test_keys_that_the_provider_renewed_are_read_anew(
    client: Client, provider: Provider, come_back: Callable[..., Any]
) -> None:
    come_back()
    client.post("/logout")
    provider.signing_key = new_key()
    assert come_back().status_code == 302


def test_keys_without_names_are_read_anew_at_the_next_try(
    client: Client, provider: Provider, come_back: Callable[..., Any]
) -> None:
    provider.names_keys = False
    come_back()
    client.post("/logout")
    provider.signing_key = new_key()
    assert [come_back().status_code for _ in range(2)] == [502, 302]


# -- which ways in there are


def test_without_a_provider_there_is_no_button_and_no_way(client: Client, db: None) -> None:
    assert "/login/federated" not in client.get("/login").content.decode()
    for address in ("/login/federated", "/login/federated/return?code=x&state=y"):
        assert client.get(address).status_code == 404


def test_where_passwords_are_off_none_is_asked_for_and_none_works(
    client: Client, nina_here: User, configure: Callable[..., None]
) -> None:
    configure(password_sign_in="false")
    page = client.get("/login").content.decode()
    assert "Continue with CILogon" in page
    assert 'name="password"' not in page
    client.post("/login", {"username": "nina", "password": PASSWORD})
    assert not is_signed_in(client)


def test_sign_in_works_where_passwords_are_off(
    configure: Callable[..., None], come_back: Callable[..., Any]
) -> None:
    configure(password_sign_in="false")
    assert come_back().status_code == 302


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"oidc_issuer": "https://x.org"}, "set PZHUB_OIDC_CLIENT_ID too"),
        ({"oidc_issuer": "http://x.org", "oidc_client_id": "a"}, "must be an https address"),
        (
            {"oidc_issuer": "https://x.org", "oidc_client_id": "a", "oidc_scopes": "email"},
            "must contain openid",
        ),
        ({"password_sign_in": "false"}, "nobody could sign in"),
    ],
)
def test_a_configuration_that_lets_nobody_in_is_refused_at_the_start(
    configure: Callable[..., None], variables: dict[str, str], words: str
) -> None:
    from pydantic import ValidationError

    from pzhub.config import hub_config

    configure(**variables)
    with pytest.raises(ValidationError, match=words):
        hub_config()


def test_claims_that_are_odd_make_a_decent_user(
    provider: Provider, come_back: Callable[..., Any]
) -> None:
    provider.people["7f3a"] = {
        "preferred_username": " Nina O'Kafor/ü ",
        "email": "not an address",
        "name": 7,
        "isMemberOf": {"a": 1},
    }
    come_back()
    user = User.objects.get()
    assert (user.username, user.email, names_of(user)) == ("Nina_O_Kafor_ü", "", [])
    assert json.dumps(ExternalIdentity.objects.get().groups) == "[]"
