"""Bars of values that have names: flags, surveys, words."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import escape

from pzhub.tables.drawing.axes import count_axis
from pzhub.tables.drawing.numbers import coordinate

_ROW = 24.0


def value_bars(
    values: Sequence[tuple[str, int]], title: str, width: float = 340, *, is_log: bool = False
) -> str:
    """Draw a bar for each value, its name at the left and its count at the right.

    Parameters
    ----------
    values
        Names and counts, in the order of the rows.
    title
        A sentence for who cannot see it.
    width
        CSS pixels at the natural size.
    is_log
        Whether bars are as long as the logarithm of their counts.
    """
    longest = max((len(name) for name, _ in values), default=1)
    left = min(max(longest * 6.8 + 10, 34.0), width * 0.4)
    letters = max(4, int((left - 8) / 6.6))
    most = max((count for _, count in values), default=1)
    axis = count_axis(most, left, width - 78, is_log=is_log)
    height = _ROW * max(len(values), 1) + 4
    rows = []
    for number, (name, count) in enumerate(values):
        y = number * _ROW + 4
        shown = name if len(name) <= letters else f"{name[: letters - 1]}…"
        end = max(axis.place(count), left + (1.5 if count else 0))
        rows.append(
            f'<text x="{left - 8:g}" y="{y + 15:g}" text-anchor="end">{escape(shown)}</text>'
            f'<path class="grey-bar" data-bar="{number}" d="M{left:g} {y + 3:g}'
            f'H{coordinate(end)}v16H{left:g}z"/>'
            f'<text x="{coordinate(end + 6)}" y="{y + 15:g}">{count:,}</text>'
        )
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title)}"'
        f' data-rows="{_ROW:g} 4">{"".join(rows)}</svg>'
    )
