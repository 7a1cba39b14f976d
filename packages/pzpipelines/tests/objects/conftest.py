"""The real HATS samples."""

from __future__ import annotations

from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "hats"


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real HATS catalogs; the test is skipped where there is none."""
    if not SAMPLES.is_dir():
        pytest.skip("the real samples are not at ../shared/data/hats")
    return SAMPLES
