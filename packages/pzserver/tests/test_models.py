"""Catalogs that plot themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from astropy.table import MaskedColumn, Table
from matplotlib import pyplot

from pzserver import Catalog, Invalid, SpeczCatalog, TrainingSet, plots

COLUMNS = [
    {"column_name": "ra_j2000", "alias": "RA", "ucd": "pos.eq.ra;meta.main"},
    {"column_name": "dec_j2000", "alias": "Dec", "ucd": "pos.eq.dec;meta.main"},
    {"column_name": "zbest", "alias": "z", "ucd": "src.redshift"},
]
METADATA = {"main_file": {"columns_association": COLUMNS}}


@pytest.fixture(autouse=True)
def no_figures_left() -> Iterator[None]:
    yield
    pyplot.close("all")


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "ra_j2000": np.r_[359.9, 0.1, rng.uniform(0, 0.5, 98)],
            "dec_j2000": rng.uniform(-1, 1, 100),
            "zbest": np.r_[np.nan, np.inf, rng.uniform(0, 3, 98)],
            "mag_g": rng.uniform(20, 25, 100),
            "mag_i": rng.uniform(19, 24, 100),
            "name": "x",
        }
    )


def labels(panels: list[Any]) -> list[tuple[str, str]]:
    return [(panel.get_xlabel(), panel.get_ylabel()) for panel in panels]


def test_a_redshift_catalog_shows_the_sky_and_its_redshifts(frame: pd.DataFrame) -> None:
    sky, redshifts = SpeczCatalog(frame, METADATA).plot()
    assert labels([sky, redshifts]) == [
        ("RA (deg)", "Dec (deg)"),
        ("zbest", "sources per bin"),
    ]
    # A field across right ascension 0 stays in one piece, and the sky is seen from the Earth.
    assert sky.get_xlim()[0] > sky.get_xlim()[1]
    (points,) = sky.get_lines()
    assert np.ptp(points.get_xdata()) < 1
    assert redshifts.get_title() == "N(z), 98 sources"
    assert sum(bar.get_height() for bar in redshifts.patches) == 98


def test_a_training_set_shows_a_magnitude_and_a_colour_against_redshift(
    frame: pd.DataFrame,
) -> None:
    panels = TrainingSet(frame, METADATA).plot("mag_i", color=("mag_g", "mag_i"))
    assert labels(panels)[2:] == [
        ("mag_i", "sources per bin"),
        ("zbest", "mag_i"),
        ("zbest", "mag_g − mag_i"),
    ]


@pytest.mark.parametrize("kind", ["astropy", "masked", "arrow"])
def test_every_kind_of_table_is_plotted(frame: pd.DataFrame, kind: str) -> None:
    tables = {
        "astropy": Table.from_pandas(frame),
        "masked": Table({**frame, "zbest": MaskedColumn(frame["zbest"], mask=frame.index < 4)}),
        "arrow": pa.Table.from_pandas(frame),
    }
    _, redshifts = Catalog(tables[kind], METADATA).plot()
    expected = 96 if kind == "masked" else 98
    assert redshifts.get_title() == f"N(z), {expected} sources"


def test_many_points_become_a_map(monkeypatch: pytest.MonkeyPatch, frame: pd.DataFrame) -> None:
    monkeypatch.setattr(plots, "MAX_POINTS", 50)
    sky, _ = Catalog(frame, METADATA).plot()
    assert (len(sky.get_lines()), len(sky.collections)) == (0, 1)


def test_a_figure_is_saved_under_the_published_name(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert SpeczCatalog(frame, METADATA).plot(savefig=True) == "specz_catalog.png"
    assert TrainingSet(frame, METADATA).plot("mag_i", True) == "train_set.png"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "specz_catalog.png",
        "train_set.png",
    ]


@pytest.mark.parametrize(
    ("metadata", "options", "words"),
    [
        ({}, {}, "nothing to plot: no column is associated with z"),
        (METADATA, {"magnitude": "mag_z"}, "no column mag_z; the columns are: ra_j2000"),
        (METADATA, {"magnitude": "name"}, "column name does not hold numbers"),
        ({}, {"magnitude": "mag_i"}, "no column is associated with z"),
    ],
)
def test_what_cannot_be_plotted_is_told(
    frame: pd.DataFrame, metadata: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        Catalog(frame, metadata).plot(**options)


def test_an_empty_catalog_is_an_empty_picture(frame: pd.DataFrame) -> None:
    _, redshifts = Catalog(frame.head(0), METADATA).plot()
    assert redshifts.get_title() == "N(z), 0 sources"


@pytest.mark.parametrize("wild", [1e300, -np.finfo(float).max])
def test_numbers_that_stand_for_no_value_do_not_stretch_the_plot(
    frame: pd.DataFrame, wild: float
) -> None:
    for rows in (slice(0, 60), slice(0, 100)):
        spoiled = frame.copy()
        spoiled.loc[spoiled.index[rows], ["zbest", "mag_i"]] = wild
        panels = Catalog(spoiled, METADATA).plot(magnitude="mag_i", color=("mag_g", "mag_i"))
        panels[0].figure.canvas.draw()
        assert panels[1].get_title() == f"N(z), {100 - rows.stop} sources"
        assert np.abs(panels[1].get_xlim()).max() < 10


def test_one_large_value_that_all_sources_share_has_a_histogram() -> None:
    one = pd.DataFrame({"zbest": [3e17] * 5})
    (redshifts,) = Catalog(one, {"main_file": {"columns_association": COLUMNS[2:]}}).plot()
    assert sum(bar.get_height() for bar in redshifts.patches) == 5
