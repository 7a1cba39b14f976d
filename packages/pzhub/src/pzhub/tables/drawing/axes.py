"""Axes of plots: where values lie on the drawing, and what is written beside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.html import escape

from pzhub.tables.drawing.numbers import (
    coordinate,
    count_label,
    log_ticks,
    nice_step,
    nice_ticks,
    value_label,
)

#: Where a count of nothing lies on a logarithmic axis: one must be seen above it.
LOG_FLOOR: Final = 0.5


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from ``low`` to ``high`` along the pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def place(self, value: float) -> float:
        """Return the pixel of a value; what lies outside is drawn at the end."""
        if self.is_log:
            low, high = math.log10(self.low), math.log10(self.high)
            value = math.log10(max(value, self.low))
        else:
            low, high = self.low, self.high
        share = (value - low) / (high - low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, parts: int) -> list[float]:
        """Return round values."""
        if self.is_log:
            return log_ticks(self.low, self.high)
        return nice_ticks(self.low, self.high, parts)


@dataclass(frozen=True, slots=True)
class Frame:
    """A plot's size and its two axes."""

    width: float
    height: float
    x: Axis
    y: Axis

    def attributes(self) -> str:
        """Return where values lie, for scripts."""
        axes = (("x", self.x), ("y", self.y))
        return " ".join(
            f'data-{name}="{axis.start:g} {axis.end:g} {axis.low!r} {axis.high!r}'
            f'{" log" if axis.is_log else ""}"'
            for name, axis in axes
        )


def count_axis(most: float, start: float, end: float, *, is_log: bool = False) -> Axis:
    """Return an axis of counts that ends at a round number above the most."""
    most = max(most, 1.0)
    if is_log:
        return Axis(
            LOG_FLOOR, max(10.0 ** math.ceil(math.log10(most * 1.05)), 10.0), start, end, True
        )
    step = max(nice_step(most), 1.0)
    return Axis(0.0, step * math.ceil(most / step * 1.02), start, end)


def value_axis(edges: Sequence[float], start: float, end: float, *, is_log: bool = False) -> Axis:
    """Return an axis over all bins; it begins at zero where they begin close to it."""
    low, high = float(edges[0]), float(edges[-1])
    if not is_log and 0 < low < (high - low) * 0.25:
        low = 0.0
    return Axis(low, high, start, end, is_log)


def grid(frame: Frame, title: str, parts: int = 4) -> str:
    """Draw the lines of counts, their labels, and what is counted."""
    left, right = frame.x.start, frame.x.end
    lines = []
    for tick in frame.y.ticks(parts):
        y = frame.y.place(tick)
        lines.append(
            f'<path class="grid" d="M{left:g} {coordinate(y)}H{right:g}"/>'
            f'<text x="{left - 8:g}" y="{coordinate(y + 4)}" text-anchor="end">'
            f"{count_label(tick)}</text>"
        )
    return f'{"".join(lines)}<text x="0" y="12">{escape(title)}</text>'


def value_ticks(frame: Frame, title: str, parts: int) -> str:
    """Draw the horizontal axis of values below the plot."""
    floor = max(frame.y.start, frame.y.end)
    ticks = []
    for tick in frame.x.ticks(parts):
        x = coordinate(frame.x.place(tick))
        ticks.append(
            f'<path class="axis" d="M{x} {coordinate(floor)}v5"/><text x="{x}"'
            f' y="{coordinate(floor + 19)}" text-anchor="middle">{value_label(tick)}</text>'
        )
    middle = (frame.x.start + frame.x.end) / 2
    return (
        f'{"".join(ticks)}<path class="axis" d="M{frame.x.start:g} {coordinate(floor)}'
        f'H{frame.x.end:g}"/><text x="{coordinate(middle)}" y="{coordinate(floor + 36)}"'
        f' text-anchor="middle">{escape(title)}</text>'
    )


def side_ticks(frame: Frame, title: str, parts: int) -> str:
    """Draw the vertical axis of values beside the plot, its title above."""
    left = frame.x.start
    ticks = []
    for tick in frame.y.ticks(parts):
        y = frame.y.place(tick)
        ticks.append(
            f'<path class="axis" d="M{left:g} {coordinate(y)}h-5"/><text x="{left - 8:g}"'
            f' y="{coordinate(y + 4)}" text-anchor="end">{value_label(tick)}</text>'
        )
    line = f'<path class="axis" d="M{left:g} {frame.y.end:g}V{frame.y.start:g}"/>'
    return f'{"".join(ticks)}{line}<text x="0" y="12">{escape(title)}</text>'
