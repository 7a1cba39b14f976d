"""What all tests of the pipelines share: the real samples, and no deadline for properties."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# A first example may import a library, and a busy machine is no failure.
settings.register_profile("pzpipelines", deadline=None)
settings.load_profile("pzpipelines")

SURVEYS = Path(__file__).parents[4] / "shared" / "data" / "surveys"


@pytest.fixture(scope="session")
def surveys() -> Path:
    """The folder of real survey samples; the test is skipped where there is none."""
    if not SURVEYS.is_dir():
        pytest.skip("the real samples are not at ../shared/data/surveys")
    return SURVEYS
