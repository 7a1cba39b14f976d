from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzhub.tables.drawing.histogram import Look, histogram, small_multiples
from pzhub.tables.drawing.numbers import log_ticks, nice_step, nice_ticks, value_label
from pzhub.tables.drawing.series import Series, levels_of, rebinned
from pzhub.tables.drawing.values import value_bars

LOOK = Look("redshift z", "redshifts per bin", "Histogram <of> redshift", is_redshift=True)
counts = st.lists(st.integers(0, 10**6), min_size=1, max_size=60)


def heights_of(svg: str, line: str = "z-line") -> list[float]:
    """Return the height of each step in counts, by the axis that the drawing names."""
    start, end, low, high = (
        float(part) for part in re.findall(r'data-y="([^"]+)"', svg)[0].split()[:4]
    )
    path = re.search(rf'class="{line}[^"]*" d="([^"]+)"', svg)
    assert path is not None
    tops = [float(top) for top in re.findall(r"V([\d.]+)H", path[1])]
    return [low + (top - start) / (end - start) * (high - low) for top in tops]


@given(values=counts)
def test_steps_are_as_high_as_their_counts(values: list[int]) -> None:
    edges = tuple(np.linspace(0.0, 3.0, len(values) + 1))

    svg = histogram([Series("", edges, tuple(values))], LOOK)

    ElementTree.fromstring(svg)
    tolerance = 0.06 / 214 * max(*values, 1) * 2.2  # a coordinate has a tenth of a pixel
    np.testing.assert_allclose(heights_of(svg), values, atol=tolerance)


def test_on_a_log_axis_nothing_lies_on_the_floor_and_one_above_it() -> None:
    look = Look("z", "n", "t", is_log=True)

    svg = histogram([Series("", (0.0, 1.0, 2.0, 3.0), (0, 1, 1000))], look)

    path = re.search(r'class="grey-line" d="([^"]+)"', svg)
    assert path is not None
    none, one, many = (float(top) for top in re.findall(r"V([\d.]+)H", path[1]))
    assert none == 240
    assert none > one > many > 26
    assert 'data-y="240 26 0.5 10000.0 log"' in svg


def test_titles_are_written_as_text_and_not_as_markup() -> None:
    svg = histogram([Series("", (0.0, 1.0), (4,))], LOOK)

    assert ElementTree.fromstring(svg).get("aria-label") == "Histogram <of> redshift"


def test_further_series_are_dashed_lines_on_the_same_axes() -> None:
    edges = (0.0, 1.0, 2.0)

    svg = histogram([Series("a", edges, (1, 2)), Series("b", edges, (40, 3))], LOOK)

    np.testing.assert_allclose(heights_of(svg), [1, 2], atol=0.1)
    np.testing.assert_allclose(heights_of(svg, "cmp-line dash-1"), [40, 3], atol=0.1)


def test_a_single_bin_does_not_fill_the_plot() -> None:
    svg = histogram([Series("", (0.5, 0.501), (3000,))], LOOK)

    low, high = (float(part) for part in re.findall(r'data-x="([^"]+)"', svg)[0].split()[2:4])
    assert low < 0.5 - 0.004
    assert high > 0.501 + 0.004


def test_the_median_is_marked_unless_it_is_out_of_sight() -> None:
    look = Look("z", "n", "t", median_title="median z")

    seen = histogram([Series("", (0.0, 1.0, 2.0), (4, 4), median=1.25)], look)
    beyond = histogram([Series("", (0.0, 1.0, 2.0), (4, 4), median=7.0)], look)

    assert "median z = 1.25" in seen
    assert "median z" not in beyond


def test_small_multiples_name_each_part_and_its_total() -> None:
    parts = [Series(name, (0.0, 1.0, 2.0), (n, 1)) for name, n in (("DESI", 1000), ("A & B", 2))]

    svg = small_multiples(parts, LOOK)

    texts = ["".join(each.itertext()) for each in ElementTree.fromstring(svg).iter("text")]
    assert texts[:4] == ["DESI", "1,001", "A & B", "3"]


@given(values=counts, most=st.integers(1, 80))
def test_merged_bins_keep_every_value_and_the_ends(values: list[int], most: int) -> None:
    series = Series("", tuple(float(n) for n in range(len(values) + 1)), tuple(values), 3, 5)

    merged = series.merged(most)

    assert len(merged.counts) <= most
    assert len(merged.edges) == len(merged.counts) + 1
    assert (merged.edges[0], merged.edges[-1]) == (series.edges[0], series.edges[-1])
    assert merged.total == series.total
    assert set(merged.edges) <= set(series.edges)


@given(values=counts, below=st.integers(0, 100))
def test_cumulated_counts_end_at_all_values_below_the_last_edge(
    values: list[int], below: int
) -> None:
    series = Series("", tuple(float(n) for n in range(len(values) + 1)), tuple(values), below)

    assert series.cumulated().counts == tuple((below + np.cumsum(values)).tolist())


def test_few_values_get_few_bins_and_many_values_many() -> None:
    edges = tuple(np.linspace(0, 3, 149).tolist())
    shape = np.exp(-((np.linspace(0, 3, 148) - 0.8) ** 2))

    few = Series("", edges, tuple((shape * 10).astype(int).tolist()))
    many = Series("", edges, tuple((shape * 10_000).astype(int).tolist()))

    assert 10 <= few.sensible_bins() < 35
    assert many.sensible_bins() == 80
    assert Series("", (0.5, 0.6), (7,)).sensible_bins() >= 1


@given(counts=counts, inner=st.integers(1, 90))
def test_rebinning_over_the_same_span_keeps_the_total(counts: list[int], inner: int) -> None:
    edges = np.linspace(0.0, 3.0, len(counts) + 1)

    found = rebinned(edges, np.array(counts, float), np.linspace(0.0, 3.0, inner + 1))

    assert found.shape == (inner,)
    assert found.sum() == pytest.approx(sum(counts))
    assert (found >= -1e-6).all()


@given(span=st.floats(1e-3, 1e9), parts=st.integers(2, 8))
def test_steps_of_axes_are_round_and_divide_the_span_into_about_so_many(
    span: float, parts: int
) -> None:
    step = nice_step(span, parts)

    assert step * parts >= span * 0.998
    assert step <= span / parts * 2.6
    assert float(f"{step:.1e}") == pytest.approx(step)


def test_ticks_are_round_values_between_the_ends() -> None:
    assert nice_ticks(-0.3, 1.1, 4) == [0.0, 0.5, 1.0]
    assert log_ticks(0.5, 10.0) == pytest.approx([0.5, 1, 2, 5, 10])
    assert log_ticks(0.5, 1000.0) == pytest.approx([1, 10, 100, 1000])
    assert log_ticks(1e-6, 1.0) == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0])


def test_values_are_written_for_people() -> None:
    written = [value_label(value) for value in (0.5, -0.0, -30, 12345.678, 4.2e-5, 1e6, 3.9e16)]

    assert written == ["0.5", "0", "−30", "12346", "4.2×10⁻⁵", "10⁶", "3.9×10¹⁶"]


def test_levels_rise_with_the_counts_and_few_cells_stand_out() -> None:
    many = levels_of(list(range(1, 1001)))

    assert many == sorted(many)
    assert (many[0], many[-1]) == (0, 5)
    assert min(levels_of([1, 50, 300])) == 4


def test_bars_are_as_long_as_their_counts() -> None:
    svg = value_bars([("4", 750), ("a <b>", 250), ("none", 0)], "flags")

    root = ElementTree.fromstring(svg)
    ends = [
        float(match[1]) - float(match[0])
        for each in root.iter("path")
        if (match := re.findall(r"M([\d.]+) [\d.]+H([\d.]+)", each.get("d", ""))[0])
    ]
    assert ends[0] / ends[1] == pytest.approx(3, abs=0.02)
    assert ends[2] == 0
    texts = ["".join(each.itertext()) for each in root.iter("text")]
    assert texts == ["4", "750", "a <b>", "250", "none", "0"]
