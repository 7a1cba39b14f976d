"""People and products of the parity tests, made without the browser where it is not the point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from contract.wire import Wire
from e2e.conftest import Complaints
from e2e.parity.stage import Item, Person, session_of
from hub import Hub

TEAM = "parity-team"
DESCRIPTION = """# Selection

| survey | rows |
|:-------|-----:|
| VVDS   |   25 |

See https://example.org/paper and [the table](https://example.org/table).

<b>not bold</b>
"""


@pytest.fixture(scope="session")
def meet(hub: Hub) -> Iterator[Callable[..., Person]]:
    """Return what makes people: ``meet("ana", admin=True)``."""
    with ExitStack() as open_ones:

        def make(name: str, *, admin: bool = False, groups: tuple[str, ...] = ()) -> Person:
            hub.create_user(name, admin=admin, groups=groups)
            wire = open_ones.enter_context(Wire(hub.address, hub.create_token(name)))
            return Person(name, wire, session_of(hub, name))

        yield make


@pytest.fixture(scope="session")
def vera(meet: Callable[..., Person]) -> Person:
    """Return a member who owns most of the products."""
    return meet("vera-owns")


@pytest.fixture(scope="session")
def raul(meet: Callable[..., Person]) -> Person:
    """Return another member."""
    return meet("raul-reads")


@pytest.fixture(scope="session")
def mila(meet: Callable[..., Person]) -> Person:
    """Return a member of the team that has a release of its own."""
    return meet("mila-belongs", groups=(TEAM,))


@pytest.fixture(scope="session")
def carl(meet: Callable[..., Person]) -> Person:
    """Return an administrator."""
    return meet("carl-cares", admin=True)


@pytest.fixture(scope="session")
def catalog(vera: Person) -> Item:
    """Return a published catalog with a description in Markdown."""
    item = vera.share_catalog("Parity first")
    vera.change(item, description=DESCRIPTION)
    return item


@pytest.fixture(scope="session")
def second(vera: Person) -> Item:
    """Return another published catalog."""
    return vera.share_catalog("Parity second")


@dataclass
class Rooms:
    """The browser of each person, opened when it is first wanted."""

    browser: Browser
    address: str
    opened: dict[str, BrowserContext] = field(default_factory=dict)

    def of(self, person: Person | None) -> BrowserContext:
        """Return the browser of somebody; of nobody, it is the one without a sign-in."""
        name = person.name if person else ""
        if name not in self.opened:
            self.opened[name] = context = self.browser.new_context(
                base_url=self.address,
                viewport={"width": 1280, "height": 900},
                permissions=["clipboard-read", "clipboard-write"],
            )
            if person:
                kept = {"name": "sessionid", "value": person.session, "url": self.address}
                context.add_cookies([kept])  # type: ignore[list-item]
        return self.opened[name]


@pytest.fixture(scope="module")
def rooms(browser: Browser, hub: Hub) -> Iterator[Rooms]:
    """Return browsers that are kept for all tests of a module."""
    kept = Rooms(browser, hub.address)
    yield kept
    for context in kept.opened.values():
        context.close()


Visit = Callable[..., Page]


@pytest.fixture
def visit(rooms: Rooms, complaints: Complaints) -> Iterator[Visit]:
    """Return what opens an address as somebody: ``visit(vera, "/products")``."""
    pages = []

    def make(person: Person | None, address: str) -> Page:
        page = rooms.of(person).new_page()
        pages.append(page)
        page.set_default_timeout(20_000)
        complaints.listen(page)
        page.goto(address)
        return page

    yield make
    for page in pages:
        page.close()
