from __future__ import annotations

import pytest
from django.test import Client

from pzhub.accounts.models import User

PASSWORD = "correct horse battery"


def test_sign_in_leads_to_the_page_that_was_asked_for(client: Client, ana: User) -> None:
    first = client.get("/account/tokens")
    assert (first.status_code, first["Location"]) == (302, "/login?next=/account/tokens")

    response = client.post(
        first["Location"], {"username": "ana", "password": PASSWORD, "next": "/account/tokens"}
    )

    assert (response.status_code, response["Location"]) == (302, "/account/tokens")
    assert client.get("/account/tokens").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/x", "//evil.example/x"])
def test_sign_in_never_leads_to_another_host(client: Client, ana: User, target: str) -> None:
    response = client.post("/login", {"username": "ana", "password": PASSWORD, "next": target})

    assert response["Location"] == "/"


def test_a_wrong_password_is_told_at_the_field_and_the_name_is_kept(
    client: Client, ana: User
) -> None:
    response = client.post("/login", {"username": "ana", "password": "wrong", "next": "/products"})

    page = response.content.decode()
    assert response.status_code == 200
    assert "User name and password do not match." in page
    assert 'aria-describedby="id_password-error"' in page
    assert 'aria-invalid="true"' in page
    assert 'value="ana"' in page
    assert 'name="next" value="/products"' in page
    assert "wrong" not in page


def test_empty_fields_are_named(client: Client, db: None) -> None:
    page = client.post("/login", {"username": "", "password": ""}).content.decode()

    assert "Enter your user name." in page
    assert "Enter your password." in page


def test_a_closed_account_does_not_sign_in(client: Client, ana: User) -> None:
    User.objects.update(is_active=False)

    response = client.post("/login", {"username": "ana", "password": PASSWORD})

    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


def test_password_managers_find_the_fields(client: Client, db: None) -> None:
    page = client.get("/login").content.decode()

    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page


def test_sign_in_speaks_the_language_of_the_account(client: Client, ana: User) -> None:
    User.objects.update(language="es")

    client.post("/login", {"username": "ana", "password": PASSWORD})

    assert client.get("/about").headers["Content-Language"] == "es"


def test_who_is_signed_in_is_led_on(client: Client, ana: User) -> None:
    client.force_login(ana)

    assert client.get("/login?next=/products")["Location"] == "/products"


def test_sign_out_is_a_post(client: Client, ana: User) -> None:
    client.force_login(ana)

    assert client.get("/logout").status_code == 405
    response = client.post("/logout")

    assert (response.status_code, response["Location"]) == (302, "/")
    assert "_auth_user_id" not in client.session


def test_forms_from_elsewhere_are_refused(ana: User) -> None:
    client = Client(enforce_csrf_checks=True)

    response = client.post("/login", {"username": "ana", "password": PASSWORD})

    assert response.status_code == 403
