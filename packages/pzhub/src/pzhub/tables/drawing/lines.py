"""Curves: functions of one value, the first filled, others as dashed lines over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape

from pzhub.tables.drawing.axes import Axis, Frame, side_ticks, value_axis, value_ticks
from pzhub.tables.drawing.histogram import Look
from pzhub.tables.drawing.numbers import coordinate

_WIDE = 400.0


@dataclass(frozen=True, slots=True)
class Line:
    """Points joined by straight lines; a point without a height is left out."""

    x: Sequence[float]
    y: Sequence[float | None]

    @property
    def points(self) -> list[tuple[float, float]]:
        """The points that have a height."""
        return [(x, y) for x, y in zip(self.x, self.y, strict=True) if y is not None]


def curves(lines: Sequence[Line], look: Look, width: float = 720, height: float = 280) -> str:
    """Draw curves on shared axes.

    Parameters
    ----------
    lines
        The first is filled; up to five more are dashed lines over it.
    look
        Titles, and whether the values are redshifts.
    width, height
        Of the drawing, CSS pixels at its natural size.

    Returns
    -------
    an ``svg`` element
    """
    frame = _frame(lines, width, height)
    drawn = [_line(frame, line, look, number) for number, line in reversed(list(enumerate(lines)))]
    parts = 6 if width > _WIDE else 4
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(look.title)}"'
        f" {frame.attributes()}>{''.join(drawn)}{side_ticks(frame, look.y_title, 4)}"
        f"{value_ticks(frame, look.x_title, parts)}</svg>"
    )


def _frame(lines: Sequence[Line], width: float, height: float) -> Frame:
    left, right, above, below = 46.0, 12.0, 26.0, 40.0
    points = [point for line in lines for point in line.points]
    most = max((y for _, y in points), default=0) or 1.0
    low, high = min((x for x, _ in points), default=0), max((x for x, _ in points), default=1)
    if high <= low:
        low, high = low - 0.5, low + 0.5
    x = value_axis([low, high], left, width - right)
    return Frame(width, height, x, Axis(0, most * 1.04, height - below, above))


def _line(frame: Frame, line: Line, look: Look, number: int) -> str:
    places = [
        f"{coordinate(frame.x.place(x))} {coordinate(frame.y.place(y))}" for x, y in line.points
    ]
    if not places:
        return ""
    path = "L".join(places)
    if number:
        return f'<path class="cmp-line dash-{number}" d="M{path}"/>'
    colour = "z" if look.is_redshift else "grey"
    floor = coordinate(frame.y.start)
    first, last = places[0].split()[0], places[-1].split()[0]
    return (
        f'<path class="{colour}-fill" d="M{first} {floor}L{path}L{last} {floor}z"/>'
        f'<path class="{colour}-line" d="M{path}"/>'
    )
