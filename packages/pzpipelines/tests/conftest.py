"""What all tests of the pipelines share: the real samples."""

from __future__ import annotations

from pathlib import Path

import pytest

SURVEYS = Path(__file__).parents[4] / "shared" / "data" / "surveys"


@pytest.fixture(scope="session")
def surveys() -> Path:
    """The folder of real survey samples; the test is skipped where there is none."""
    if not SURVEYS.is_dir():
        pytest.skip("the real samples are not at ../shared/data/surveys")
    return SURVEYS
