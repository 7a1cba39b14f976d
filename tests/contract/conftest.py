"""The environment in which the published client is installed, unmodified."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
