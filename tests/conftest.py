"""Fixtures of the tests that need a whole server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub import Hub, serving


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Return a running server without demo content, one for the whole session."""
    with serving(tmp_path_factory.mktemp("hub") / "data", "--no-demo") as running:
        yield running


@pytest.fixture(scope="session")
def demo_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Return a running server with the demo content."""
    with serving(tmp_path_factory.mktemp("demo-hub") / "data") as running:
        yield running
