from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from pzhub.tables.drawing.series import Series
from pzhub.tables.drawing.sky import Sky
from pzhub.tables.drawing.thumbs import sky_thumb, spark, spark_axis
from pzhub.tables.profiles import profile_of


def test_a_sparkline_peaks_where_the_redshifts_are() -> None:
    edges = tuple(np.linspace(0, 7, 701))
    values = [0] * 700
    values[100] = 50  # z = 1.00 to 1.01: a third of the axis log2(1 + z)

    svg = spark(Series("", edges, tuple(values), median=1.0))

    match = re.search(r'class="z-line" d="([^"]+)"', svg)
    assert match is not None
    steps = re.findall(r"V([\d.]+)H([\d.]+)", match[1])
    tops = [float(right) for top, right in steps if float(top) < 10]
    assert all(36 < right < 45 for right in tops)
    assert tops


def test_the_axis_of_sparklines_names_redshifts_that_are_evenly_spaced() -> None:
    places = re.findall(r'x="([\d.]+)"[^>]*>(\d)<', spark_axis())

    assert [label for _, label in places] == ["0", "1", "3", "7"]
    np.testing.assert_allclose(np.diff([float(x) for x, _ in places]), 116 / 3, atol=0.1)


def test_a_thumbnail_of_one_field_is_seen() -> None:
    thumb = sky_thumb(Sky(4, (5,), (3,), 1.0))

    assert 'stroke-width="3"' in thumb
    assert ElementTree.fromstring(thumb).get("aria-hidden") == "true"


def test_a_profile_is_read_again_when_it_was_written_anew(data_dir: Path) -> None:
    file = data_dir / "derived" / "profile.json"
    file.parent.mkdir(parents=True)
    stored = {"redshift": {"edges": [0, 1], "counts": [4], "median": 0.5}, "sky": None}
    file.write_text(json.dumps(stored))
    first = profile_of("derived/profile.json")
    file.write_text(json.dumps({"redshift": None, "sky": None, "checks": [{"ok": True}]}))
    second = profile_of("derived/profile.json")

    assert first is not None
    assert first.redshift == Series("", (0, 1), (4,), median=0.5)
    assert second is not None
    assert (second.redshift, second.checks) == (None, ({"ok": True},))


def test_a_product_without_a_profile_is_not_drawn() -> None:
    assert profile_of("") is None
    assert profile_of("derived/gone.json") is None
