"""The main story in a browser: upload three catalogs, combine them, fetch the result."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Download, Page, expect

from e2e.catalogs import N_ROWS, SURVEYS, convert_sample, write_catalog
from e2e.story import start_combination, upload_catalog, watch_to_the_end

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "data" / "surveys"
PageMaker = Callable[..., Page]


def test_three_formats_are_uploaded_combined_and_fetched(
    open_page: PageMaker, ana: str, tmp_path: Path
) -> None:
    page = open_page(ana)
    names = [
        upload_catalog(page, f"{survey.name} in {write_catalog(survey, tmp_path, seed=n).suffix}",
                       tmp_path / survey.file)
        for n, survey in enumerate(SURVEYS)
    ]  # fmt: skip
    start_combination(page, "Everything together", names, "Yes, but keep all")
    watch_to_the_end(page)
    table = fetch_result(page)
    assert table.num_rows == 3 * N_ROWS
    assert sorted(set(table["source"].to_pylist())) == sorted(names)
    verdicts = table["tie_result"].to_pylist()
    assert (verdicts.count(1), verdicts.count(0)) == (N_ROWS, 2 * N_ROWS)


@pytest.mark.thorough
def test_real_samples_are_uploaded_and_combined(
    open_page: PageMaker, ana: str, tmp_path: Path
) -> None:
    if not SAMPLES.is_dir():
        pytest.skip(f"no samples of surveys at {SAMPLES.resolve().name}: they are not distributed")
    page = open_page(ana)
    files = {
        "vvds_final_release_random_sample.parquet": "vvds.csv",
        "2dfgrs_final_release_random_sample.parquet": "2dfgrs.fits",
        "6dfgs_dr3_random_sample.parquet": "6dfgs.parquet",
    }
    names, rows = [], 0
    for sample, name in files.items():
        rows += convert_sample(SAMPLES / sample, tmp_path / name)
        names.append(upload_catalog(page, f"Sample of {name}", tmp_path / name))
    start_combination(page, "Real samples", names, "Yes, but keep all", cut="0")
    watch_to_the_end(page)
    table = fetch_result(page)
    assert table.num_rows == rows
    assert "tie_result" in table.column_names


def fetch_result(page: Page) -> pq.Table:  # type: ignore[name-defined]
    """Open the result, download it as .zip, and return its Parquet file."""
    page.get_by_role("link", name="Open the result").click()
    page.wait_for_url("**/product/*")
    expect(page.get_by_text("Published").first).to_be_visible()
    with page.expect_download(timeout=60_000) as waiting:
        page.get_by_role("button", name="Download").first.click()
    return read_archive(waiting.value)


def read_archive(download: Download) -> pq.Table:  # type: ignore[name-defined]
    """Return the Parquet file inside a downloaded .zip."""
    assert download.suggested_filename.endswith(".zip")
    with zipfile.ZipFile(download.path()) as archive, tempfile.TemporaryDirectory() as folder:
        members = archive.namelist()
        (parquet,) = [name for name in members if name.endswith(".parquet")]
        assert any(name.endswith("product_metadata.yaml") for name in members), members
        return pq.read_table(archive.extract(parquet, folder))
