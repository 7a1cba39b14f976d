"""A provider for all tests, fresh people for each, and a server that is set to use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from openid_provider import CLIENT_ID, SECRET, Provider, running_provider
from pzhub.accounts.federated import provider as conversation
from pzhub.config import hub_config

Configure = Callable[..., None]


@pytest.fixture(scope="session")
def running() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Return what sets variables of the server, named without their prefix."""

    def set_variables(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(f"PZHUB_{name.upper()}", value)
        hub_config.cache_clear()
        conversation._client.cache_clear()  # a server reads its configuration once

    yield set_variables
    monkeypatch.undo()
    hub_config.cache_clear()


@pytest.fixture
def provider(running: Provider, configure: Configure, db: None) -> Provider:
    vars(running).update(vars(Provider(running.address, signing_key=running.signing_key)))
    running.people = {
        "7f3a": {
            "preferred_username": "nina",
            "name": "Nina Okafor",
            "email": "nina@example.org",
            "isMemberOf": ["dp1-team", "Admin"],
        }
    }
    configure(
        oidc_issuer=running.address,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=SECRET,
        oidc_name="CILogon",
    )
    return running


@pytest.fixture
def come_back(provider: Provider, client: Client) -> Callable[..., Any]:
    """Return what signs somebody in at the provider and answers with the page back here."""

    def sign_in(subject: str = "7f3a", *, next_page: str = "/upload") -> Any:
        left = client.get("/login/federated", {"next": next_page})
        assert left.status_code == 302, left.content.decode()
        return client.get(provider.answers(left["Location"], subject))

    return sign_in
