"""How often a password may be wrong."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from pzhub.accounts.backends import address_of
from pzhub.accounts.models import SignInAttempt, User
from pzhub.accounts.services.attempts import MAX_FAILURES, WINDOW
from pzhub.config import HubConfig

PASSWORD = "correct horse battery"
HOME = "192.0.2.7"


def try_api(username: str, password: str, address: str = HOME) -> Any:
    pair = {"username": username, "password": password}
    return APIClient(REMOTE_ADDR=address).post("/api/obtain_token/", pair)


def try_page(username: str, password: str, address: str = HOME, path: str = "/login") -> Any:
    pair = {"username": username, "password": password}
    return Client(REMOTE_ADDR=address).post(path, pair)


def fail(username: str, times: int = MAX_FAILURES, address: str = HOME) -> None:
    for _ in range(times):
        assert try_api(username, "wrong", address).status_code == 400


def test_after_ten_failures_even_the_right_password_waits(ana: User) -> None:
    fail("ana")
    answer = try_api("ana", PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= WINDOW.total_seconds()
    sentence = "10 sign-ins with this user name failed. Try again in 15 minutes."
    assert answer.json() == {
        "error": sentence,
        "detail": sentence,
        "code": "too_many_sign_ins",
        "fields": {},
    }


def test_the_page_says_it_at_the_password(ana: User) -> None:
    fail("ana")
    answer = try_page("ana", PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "_auth_user_id" not in answer.client.session
    page = answer.content.decode()
    error = re.search(r'id="id_password-error".*?<span>([^<]*)</span>', page, re.S)
    assert error is not None
    assert error[1] == "10 sign-ins with this user name failed. Try again in 15 minutes."


def test_the_administration_has_no_other_way_in(admin: User) -> None:
    fail("root")
    answer = try_page("root", PASSWORD, path="/admin/login/")
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (429, True)


def test_failures_of_api_and_page_count_together(ana: User) -> None:
    fail("ana", MAX_FAILURES - 1)
    assert try_page("ana", "wrong").status_code == 200
    assert try_api("ana", PASSWORD).status_code == 429


def test_other_names_and_other_addresses_are_not_held_up(ana: User, bob: User) -> None:
    fail("ana")
    assert try_api("bob", PASSWORD).status_code == 200
    assert try_api("ana", PASSWORD, "192.0.2.8").status_code == 200
    assert try_api("ana", PASSWORD).status_code == 429


def test_one_household_of_ipv6_is_one_address(ana: User) -> None:
    fail("ana", address="2001:db8::1")
    assert try_api("ana", PASSWORD, "2001:db8::2").status_code == 429
    assert try_api("ana", PASSWORD, "2001:db8:0:1::1").status_code == 200


def test_a_sign_in_that_works_begins_a_new_count(ana: User) -> None:
    fail("ana", MAX_FAILURES - 1)
    assert try_api("ana", PASSWORD).status_code == 200
    assert SignInAttempt.objects.count() == 0
    fail("ana")


def test_what_is_refused_does_not_prolong_the_wait(ana: User) -> None:
    fail("ana")
    for _ in range(3):
        assert try_api("ana", "wrong").status_code == 429
    assert SignInAttempt.objects.count() == MAX_FAILURES


def test_after_the_window_the_failures_are_forgotten(ana: User) -> None:
    fail("ana")
    for attempt in SignInAttempt.objects.all():
        attempt.at -= WINDOW - timedelta(seconds=61)
        attempt.save()
    answer = try_api("ana", PASSWORD)
    assert answer.status_code == 429
    assert answer.json()["error"].endswith("Try again in 2 minutes.")
    for attempt in SignInAttempt.objects.all():
        attempt.at -= timedelta(seconds=62)
        attempt.save()
    assert try_api("ana", PASSWORD).status_code == 200
    assert SignInAttempt.objects.count() == 0


def test_unknown_names_are_counted_like_known_ones(db: None) -> None:
    fail("nobody")
    assert try_api("nobody", "wrong").status_code == 429


def test_what_was_typed_is_not_kept(db: None) -> None:
    fail("my secret password", 1)
    kept = SignInAttempt.objects.get()
    assert re.fullmatch("[0-9a-f]{64}", kept.key)


@pytest.mark.parametrize(
    ("behind_proxy", "expected"), [(True, "198.51.100.4"), (False, "127.0.0.1")]
)
def test_only_the_proxy_is_believed_about_the_address(
    monkeypatch: pytest.MonkeyPatch, rf: Any, behind_proxy: bool, expected: str
) -> None:
    config = HubConfig(behind_proxy=behind_proxy)
    monkeypatch.setattr("pzhub.accounts.backends.hub_config", lambda: config)
    request = rf.post("/login", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.4"})
    assert address_of(request) == expected
