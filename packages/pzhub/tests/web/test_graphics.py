from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzhub.web import graphics
from pzhub.web.profiles import Redshifts, Sky, profile_of

counts = st.lists(st.integers(0, 10**6), min_size=1, max_size=60)


@given(counts=counts, inner=st.integers(1, 90))
def test_rebinning_over_the_same_span_keeps_the_total(counts: list[int], inner: int) -> None:
    edges = np.linspace(0.0, 3.0, len(counts) + 1)

    rebinned = graphics.rebinned(edges, np.array(counts, float), np.linspace(0.0, 3.0, inner + 1))

    assert rebinned.shape == (inner,)
    assert rebinned.sum() == pytest.approx(sum(counts))
    assert (rebinned >= -1e-6).all()


@given(counts=counts)
def test_rebinning_into_the_same_bins_changes_nothing(counts: list[int]) -> None:
    edges = np.linspace(0.0, 3.0, len(counts) + 1)

    same = graphics.rebinned(edges, np.array(counts, float), edges)

    np.testing.assert_allclose(same, counts, atol=1e-4)


@given(span=st.floats(1e-3, 1e9), parts=st.integers(2, 8))
def test_steps_of_axes_are_round_and_divide_the_span_into_about_so_many(
    span: float, parts: int
) -> None:
    step = graphics.nice_step(span, parts)

    assert step * parts >= span * 0.998
    assert step <= span / parts * 2.6
    assert float(f"{step:.1e}") == pytest.approx(step)


def test_the_sky_has_right_ascension_zero_in_the_middle_and_east_on_the_left() -> None:
    x, y = graphics.mollweide(np.array([0.0, 90.0, 270.0, 0.0]), np.array([0.0, 0.0, 0.0, 90.0]))

    np.testing.assert_allclose(x, [0.0, -1.0, 1.0, 0.0], atol=1e-2)
    np.testing.assert_allclose(y, [0.0, 0.0, 0.0, 1.0], atol=1e-3)


@given(
    ra=st.lists(st.floats(0, 360, exclude_max=True), min_size=1, max_size=20),
    dec=st.floats(-90, 90),
)
def test_every_position_is_drawn_inside_the_ellipse(ra: list[float], dec: float) -> None:
    x, y = graphics.mollweide(np.array(ra), np.full(len(ra), dec))

    assert ((x / 2) ** 2 + y**2 <= 1 + 1e-6).all()


def test_a_sparkline_peaks_where_the_redshifts_are() -> None:
    edges = tuple(np.linspace(0, 7, 701))
    values = [0] * 700
    values[100] = 50  # z = 1.00 to 1.01: a third of the axis log2(1 + z)

    svg = graphics.spark(Redshifts(edges, tuple(values), 1.0))

    match = re.search(r'class="z-line" d="([^"]+)"', svg)
    assert match is not None
    steps = re.findall(r"V([\d.]+)H([\d.]+)", match[1])
    tops = [float(right) for top, right in steps if float(top) < 10]
    assert all(36 < right < 45 for right in tops)
    assert tops


def test_plots_say_in_words_what_they_show() -> None:
    svg = graphics.nz_plot(Redshifts((0.0, 0.5, 1.0), (10, 30), 0.71))

    assert 'role="img"' in svg
    assert 'aria-label="Histogram of redshift, median 0.71"' in svg


def test_a_map_of_one_field_is_seen() -> None:
    svg = graphics.sky_map(Sky(4, (5,), (3,), 1.0))
    thumb = graphics.sky_thumb(Sky(4, (5,), (3,), 1.0))

    assert len(re.findall(r'<path class="m5" d="M', svg)) == 1
    assert 'stroke-width="3"' in thumb


def test_a_profile_is_read_again_when_it_was_written_anew(data_dir: Path) -> None:
    file = data_dir / "derived" / "profile.json"
    file.parent.mkdir(parents=True)
    stored = {"redshift": {"edges": [0, 1], "counts": [4], "median": 0.5}, "sky": None}
    file.write_text(json.dumps(stored))
    first = profile_of("derived/profile.json")
    file.write_text(json.dumps({"redshift": None, "sky": None, "checks": [{"ok": True}]}))
    second = profile_of("derived/profile.json")

    assert first is not None
    assert first.redshift == Redshifts((0, 1), (4,), 0.5)
    assert second is not None
    assert (second.redshift, second.checks) == (None, ({"ok": True},))


def test_a_product_without_a_profile_is_not_drawn() -> None:
    assert profile_of("") is None
    assert profile_of("derived/gone.json") is None
