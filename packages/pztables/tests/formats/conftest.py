"""Samples for the tests of formats."""

from __future__ import annotations

from pathlib import Path

import pytest

_DATA = Path(__file__).parents[5] / "shared" / "data"


@pytest.fixture
def survey_samples() -> list[Path]:
    """Return the real survey samples beside the project."""
    files = sorted((_DATA / "surveys").glob("*.parquet"))
    if not files:
        pytest.skip("the real samples (../shared/data/surveys) are not on this machine")
    return files


@pytest.fixture
def hats_samples() -> Path:
    """Return the folder of real HATS catalogs beside the project."""
    if not (_DATA / "hats").is_dir():
        pytest.skip("the real samples (../shared/data/hats) are not on this machine")
    return _DATA / "hats"
