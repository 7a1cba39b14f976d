"""Densities of two columns: counts per cell on a ramp of one blue, on a log scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.html import escape

from pzhub.tables.drawing.axes import Axis, Frame, side_ticks, value_ticks
from pzhub.tables.drawing.numbers import coordinate
from pzhub.tables.drawing.series import levels_of


@dataclass(frozen=True, slots=True)
class Density:
    """Counts of pairs: ``counts[iy][ix]``.

    Attributes
    ----------
    x_title, y_title
        Of the axes.
    x_edges, y_edges
        Increasing.
    counts
        A row for each bin of y, from the lowest.
    n, outside
        Rows with both values, and those of them beyond the edges.
    """

    x_title: str
    y_title: str
    x_edges: tuple[float, ...]
    y_edges: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]
    n: int
    outside: int = 0

    @property
    def ends(self) -> tuple[int, int]:
        """The least and the most of a cell that has any."""
        some = [count for row in self.counts for count in row if count]
        return (min(some), max(some)) if some else (0, 0)


def density_plot(density: Density, title: str, width: float = 340, height: float = 280) -> str:
    """Draw a density; neighbouring cells of one step are one shape."""
    x_edges, y_edges = density.x_edges, density.y_edges
    x = Axis(x_edges[0], x_edges[-1], 50, width - 10)
    y = Axis(y_edges[0], y_edges[-1], height - 40, 26)
    frame = Frame(width, height, x, y)
    parts = 6 if width > 400 else 4
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title)}"'
        f' {frame.attributes()} class="density"><rect class="m0" x="{x.start:g}" y="{y.end:g}"'
        f' width="{x.end - x.start:g}" height="{y.start - y.end:g}"/>{_cells(density, x, y)}'
        f"{side_ticks(frame, density.y_title, parts)}"
        f"{value_ticks(frame, density.x_title, parts)}</svg>"
    )


def _cells(density: Density, x: Axis, y: Axis) -> str:
    counts = np.array(density.counts, dtype=np.int64)
    rows, columns = np.nonzero(counts)
    if not len(rows):
        return ""
    grid = np.full(counts.shape, -1)
    grid[rows, columns] = levels_of(counts[rows, columns].tolist())
    paths: list[list[str]] = [[] for _ in range(6)]
    for number, row in enumerate(grid):
        below, above = (y.place(density.y_edges[number + side]) for side in (0, 1))
        for first, last, level in _runs(row.tolist()):
            left, right = x.place(density.x_edges[first]), x.place(density.x_edges[last])
            paths[level].append(
                f"M{coordinate(left)} {coordinate(above)}H{coordinate(right)}"
                f"V{coordinate(below)}H{coordinate(left)}z"
            )
    shapes = [f'<path class="m{n + 1}" d="{"".join(p)}"/>' for n, p in enumerate(paths) if p]
    return f'<g class="cells">{"".join(shapes)}</g>'


def _runs(levels: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return first, one beyond the last, and level of neighbours that are alike."""
    runs, start = [], 0
    for place in range(1, len(levels) + 1):
        if place == len(levels) or levels[place] != levels[start]:
            if levels[start] >= 0:
                runs.append((start, place, levels[start]))
            start = place
    return runs
