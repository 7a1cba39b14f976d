"""The catalog by itself: the checks that other apps add to publication have tests of their own."""

from __future__ import annotations

import pytest

from pzhub.catalog import hooks


@pytest.fixture(autouse=True)
def no_checks_of_other_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave publication with the rules of the catalog."""
    monkeypatch.setattr(hooks, "_publication_checks", [])
