"""A browser for the stories: Chromium of the system, no downloads, no tolerance for errors."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

from e2e.catalogs import SURVEYS, write_catalog
from e2e.story import upload_catalog
from hub import Hub

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return headless Chromium; skip where there is none.

    It ends with its module: while it runs, the thread has an event loop, in which Django refuses
    to use the database, and other tests come after these in the same process.
    """
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: install it, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@dataclass
class Complaints:
    """What the browser found wrong: script errors, refused content, requests to elsewhere."""

    address: str
    found: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Collect what a page complains about."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"script error: {error}"))
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.found.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if not response.url.startswith((self.address, "data:", "blob:")):
            self.found.append(f"request to elsewhere: {response.url}")
        elif response.status >= 500:
            self.found.append(f"{response.status}: {response.url}")


@pytest.fixture
def complaints(hub: Hub) -> Iterator[Complaints]:
    """Return the collection of complaints, which must be empty in the end."""
    collection = Complaints(hub.address)
    yield collection
    assert collection.found == []


PageMaker = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, hub: Hub, complaints: Complaints) -> Iterator[PageMaker]:
    """Return a maker of signed-in pages: ``open_page("ana", width=375)``."""
    contexts = []

    def make(user: str, *, width: int = 1280, script: bool = True, scheme: str = "light") -> Page:
        context = browser.new_context(
            base_url=hub.address,
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            color_scheme="dark" if scheme == "dark" else "light",
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        complaints.listen(page)
        sign_in(page, hub, user)
        return page

    yield make
    for context in contexts:
        context.close()


def sign_in(page: Page, hub: Hub, user: str) -> None:
    """Sign in as people do."""
    page.goto("/login")
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password", exact=True).fill(hub.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/login" not in url)


@pytest.fixture(scope="session")
def ana(hub: Hub) -> str:
    """Return a user of the stories."""
    return hub.create_user("ana-browses")


@pytest.fixture(scope="session")
def published(hub: Hub) -> list[str]:
    """Return the internal names of the two catalogs, once there are any."""
    return []


@pytest.fixture(scope="module")
def two_catalogs(
    browser: Browser,
    hub: Hub,
    ana: str,
    published: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[str]:
    """Return the internal names of two published catalogs, made by the first module that asks."""
    if not published:
        folder = tmp_path_factory.mktemp("catalogs")
        context = browser.new_context(base_url=hub.address)
        page = context.new_page()
        sign_in(page, hub, ana)
        published += [
            upload_catalog(page, f"Shared {survey.name}", write_catalog(survey, folder, seed=seed))
            for seed, survey in enumerate(SURVEYS[:2])
        ]
        context.close()
    return published
