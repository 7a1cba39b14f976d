"""Sign-in with an identity provider, in a browser, of a real server at a real provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hub import Hub, serving
from openid_provider import CLIENT_ID, SECRET, Provider, running_provider

pytestmark = [pytest.mark.e2e, pytest.mark.thorough, pytest.mark.xdist_group("e2e")]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as running:
        running.people = {
            "nina": {"name": "Nina Okafor", "email": "nina@example.org", "state": "active"},
            "uma": {"email": "uma@example.org"},
        }
        yield running


@pytest.fixture
def federated(provider: Provider, tmp_path: Path) -> Iterator[Hub]:
    """A server whose people are those of the provider; passwords are off."""
    with serving(
        tmp_path / "data", "--no-demo",
        PZHUB_OIDC_ISSUER=provider.address, PZHUB_OIDC_CLIENT_ID=CLIENT_ID,
        PZHUB_OIDC_CLIENT_SECRET=SECRET, PZHUB_OIDC_NAME="CILogon",
        PZHUB_OIDC_STATUS_CLAIM="state", PZHUB_PASSWORD_SIGN_IN="false",
    ) as hub:  # fmt: skip
        yield hub


def sign_in(page: Page, hub: Hub, person: str) -> None:
    page.goto(f"{hub.address}/account/tokens")
    expect(page.get_by_label("Password")).to_have_count(0)
    page.get_by_role("link", name="Continue with CILogon").click()
    page.get_by_role("button", name=person).click()


def test_people_come_in_through_their_provider_or_learn_what_to_do(
    browser: Browser, federated: Hub
) -> None:
    page = browser.new_page()
    sign_in(page, federated, "uma")
    expect(page.get_by_role("heading", level=1)).to_have_text("One step is missing: register")
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("button", name="nina").click()
    page.wait_for_url(f"{federated.address}/")
    page.context.clear_cookies()

    sign_in(page, federated, "nina")
    page.wait_for_url(f"{federated.address}/account/tokens")
    secret = page.evaluate("[document.cookie, JSON.stringify(localStorage)].join()")
    assert "sessionid" not in secret
    page.context.close()
