from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pzhub.tables.drawing.density import Density, density_plot


def density_of(counts: np.ndarray) -> Density:
    rows, columns = counts.shape
    return Density(
        "z",
        "i",
        tuple(float(n) for n in range(columns + 1)),
        tuple(float(n) for n in range(rows + 1)),
        tuple(tuple(row) for row in counts.tolist()),
        int(counts.sum()),
    )


@given(
    counts=arrays.arrays(
        np.int64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 50)
    )
)
def test_every_cell_with_rows_is_painted_once_and_no_other(counts: np.ndarray) -> None:
    svg = density_plot(density_of(counts), "t")

    ElementTree.fromstring(svg)
    x0, x1 = (float(n) for n in re.findall(r'data-x="([^"]+)"', svg)[0].split()[:2])
    y0, y1 = (float(n) for n in re.findall(r'data-y="([^"]+)"', svg)[0].split()[:2])
    painted = np.zeros(counts.shape, int)
    for left, top, right, bottom in re.findall(r"M([\d.]+) ([\d.]+)H([\d.]+)V([\d.]+)H", svg):
        columns = [(float(x) - x0) / (x1 - x0) * counts.shape[1] for x in (left, right)]
        rows = [(float(y) - y0) / (y1 - y0) * counts.shape[0] for y in (bottom, top)]
        first, last = (round(value) for value in columns)
        assert round(rows[1]) == round(rows[0]) + 1
        painted[round(rows[0]), first:last] += 1
    np.testing.assert_array_equal(painted, counts > 0)


def test_the_ends_of_the_legend_are_the_least_and_the_most_of_cells_with_rows() -> None:
    assert density_of(np.array([[0, 3], [9, 0]])).ends == (3, 9)
    assert density_of(np.zeros((2, 2), int)).ends == (0, 0)
