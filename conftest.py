"""What holds for all tests: how many examples properties are tried on.

With the tests marked thorough (``make test THOROUGH=1``, or pytest without ``-m``) Hypothesis
tries as many as it thinks right; else fewer. What a test asks for itself counts in both cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

# A first example may import a library, and a busy machine is no failure.
settings.register_profile("thorough", deadline=None)
settings.register_profile("usual", deadline=None, max_examples=25)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the number of examples by whether thorough tests were left out."""
    usual = "not thorough" in str(config.getoption("markexpr"))
    settings.load_profile("usual" if usual else "thorough")
