"""The published client's environment, and people who speak to the server directly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.wire import Wire
from hub import Hub

PYTHON = Path(__file__).parents[2] / ".venv-contract" / "bin" / "python"


@pytest.fixture(scope="session")
def published_python() -> Path:
    """Return the Python with the published client; skip without it, or fail if all must run."""
    if not PYTHON.exists():
        message = "the published client is not installed: `make contract` sets it up"
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(message)
        pytest.skip(message)
    return PYTHON


@pytest.fixture(scope="session")
def nina(hub: Hub) -> Iterator[Wire]:
    """Return a member."""
    with Wire(hub.address, hub.create_token(hub.create_user("nina"))) as wire:
        yield wire


@pytest.fixture(scope="session")
def otto(hub: Hub) -> Iterator[Wire]:
    """Return another member."""
    with Wire(hub.address, hub.create_token(hub.create_user("otto"))) as wire:
        yield wire


@pytest.fixture(scope="session")
def chief(hub: Hub) -> Iterator[Wire]:
    """Return an administrator."""
    with Wire(hub.address, hub.create_token(hub.create_user("chief", admin=True))) as wire:
        yield wire


@pytest.fixture(scope="session")
def nobody(hub: Hub) -> Iterator[Wire]:
    """Return somebody without a token."""
    with Wire(hub.address, None) as wire:
        yield wire


def _release_id(hub: Hub, chief: Wire, name: str, groups: tuple[str, ...] = ()) -> int:
    hub.create_release(name, groups=groups)
    key: int = chief.results(f"releases/?name={name}")[0]["id"]
    return key


@pytest.fixture(scope="session")
def opened(hub: Hub, chief: Wire) -> int:
    """Return a release for everybody."""
    return _release_id(hub, chief, "wire_open")


@pytest.fixture(scope="session")
def closed(hub: Hub, chief: Wire) -> int:
    """Return a release for a group to which neither member belongs."""
    return _release_id(hub, chief, "wire_closed", ("wire-team",))
