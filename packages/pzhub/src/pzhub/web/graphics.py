"""Small charts as SVG text: redshift distributions and sky maps. Numbers in, text out.

Colours come from classes (``z-line``, ``m1`` … ``m6``), so a change of theme needs no redraw.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from pzhub.web.profiles import Redshifts, Sky

FloatArray = npt.NDArray[np.float64]
_SPARK_WIDTH: Final = 116.0
_SPARK_HEIGHT: Final = 26.0
_SPARK_BINS: Final = 46
_PLOT_BINS: Final = 100
#: Sparklines share one axis, log2(1 + z): z = 0, 1, 3, 7 are evenly spaced in every row.
_SPARK_Z: Final = 7.0


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def rebinned(edges: FloatArray, counts: FloatArray, target: FloatArray) -> FloatArray:
    """Spread a histogram over other bins, each count evenly over its own bin.

    Parameters
    ----------
    edges, counts
        The histogram, shapes ``(n + 1,)`` and ``(n,)``.
    target
        Edges of the wanted bins, shape ``(m + 1,)``.

    Returns
    -------
    counts of the wanted bins, shape ``(m,)``; what lies outside them is left out
    """
    total = np.concatenate([[0.0], np.cumsum(counts, dtype=float)])
    return np.diff(np.interp(target, edges, total))


def spark(redshifts: Redshifts) -> str:
    """Return the N(z) of a list's line on the axis that all lines share."""
    target = np.exp2(np.linspace(0, math.log2(1 + _SPARK_Z), _SPARK_BINS + 1)) - 1
    counts = rebinned(np.array(redshifts.edges), np.array(redshifts.counts, float), target)
    peak = counts.max() or 1.0
    base, step = _SPARK_HEIGHT - 0.5, _SPARK_WIDTH / _SPARK_BINS
    tops = base - counts / peak * (_SPARK_HEIGHT - 3)
    line = "".join(f"V{_number(top)}H{_number((bin_ + 1) * step)}" for bin_, top in enumerate(tops))
    line = f"M0 {base}{line}V{base}"
    ticks = "".join(f"M{_number(_SPARK_WIDTH * tick / 3)} {base}v2.5" for tick in range(4))
    return (
        f'<svg class="spark" width="{_SPARK_WIDTH:g}" height="{_SPARK_HEIGHT + 3:g}"'
        f' viewBox="0 0 {_SPARK_WIDTH:g} {_SPARK_HEIGHT + 3:g}" aria-hidden="true">'
        f'<path class="z-fill" d="{line}z"/><path class="z-line" d="{line}"/>'
        f'<path class="axis" d="M0 {base}H{_SPARK_WIDTH:g}{ticks}"/></svg>'
    )


@lru_cache(maxsize=1)
def spark_axis() -> str:
    """Return the labels of the sparklines' axis."""
    anchors = ((0, "start"), (1, "middle"), (3, "middle"), (7, "end"))
    labels = "".join(
        f'<text x="{_number(_SPARK_WIDTH * place / 3)}" y="10" text-anchor="{anchor}">{z}</text>'
        for place, (z, anchor) in enumerate(anchors)
    )
    return (
        f'<svg class="spark" width="{_SPARK_WIDTH:g}" height="12"'
        f' viewBox="0 0 {_SPARK_WIDTH:g} 12" aria-hidden="true">{labels}</svg>'
    )


def nice_step(span: float, parts: int = 4) -> float:
    """Return a round step that divides a span into about so many parts."""
    raw = span / parts
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)


def _short(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value / 1e3:g} k" if value >= 1e3 else f"{value:g}"


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where data lie on a plot: the margins, and the highest values of both axes."""

    width: float
    height: float
    high: float
    top: float
    left: float = 50.0
    right: float = 12.0
    above: float = 26.0
    below: float = 40.0

    def x(self, z: float) -> float:
        return self.left + z / self.high * (self.width - self.left - self.right)

    def y(self, count: float) -> float:
        return self.above + (1 - count / self.top) * (self.height - self.above - self.below)


def nz_plot(redshifts: Redshifts, width: float = 720, height: float = 280) -> str:
    """Return the redshift distribution of a product page, with axes and the median."""
    edges, counts = np.array(redshifts.edges), np.array(redshifts.counts, float)
    high = _shown_limit(edges, counts)
    step_z = nice_step(high, 6 if width > 400 else 4)
    high = math.ceil(high / step_z) * step_z
    target = _plot_edges(edges, high)
    heights = rebinned(edges, counts, target)
    step = nice_step(max(heights.max(), 1.0))
    frame = _Frame(width, height, high, step * math.ceil(max(heights.max(), 1.0) / step * 1.02))
    title = _("Histogram of redshift, median %(median)s") % {"median": f"{redshifts.median:.3g}"}
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{title}">'
        f"{_count_axis(frame, step)}{_redshift_axis(frame, step_z)}{_steps(frame, target, heights)}"
        f"{_median(frame, redshifts.median)}</svg>"
    )


def _count_axis(frame: _Frame, step: float) -> str:
    end = frame.width - frame.right
    lines = [
        f'<path class="grid" d="M{frame.left:g} {_number(frame.y(n))}H{end:g}"/>'
        f'<text x="{frame.left - 8:g}" y="{_number(frame.y(n) + 4)}"'
        f' text-anchor="end">{_short(n)}</text>'
        for n in np.arange(0, frame.top + step / 2, step)
    ]
    label = _("redshifts per bin")  # not inside the f-string: gettext would not find it
    return f'{"".join(lines)}<text x="0" y="12">{label}</text>'


def _redshift_axis(frame: _Frame, step: float) -> str:
    floor, middle = frame.y(0), (frame.left + frame.width - frame.right) / 2
    ticks = [
        f'<path class="axis" d="M{_number(frame.x(z))} {_number(floor)}v5"/>'
        f'<text x="{_number(frame.x(z))}" y="{_number(floor + 19)}"'
        f' text-anchor="middle">{z:.4g}</text>'
        for z in np.arange(0, frame.high + step / 2, step)
    ]
    label = _("redshift z")
    return (
        f'{"".join(ticks)}<path class="axis" d="M{frame.left:g} {_number(floor)}'
        f'H{frame.width - frame.right:g}"/><text x="{_number(middle)}" y="{frame.height - 4:g}"'
        f' text-anchor="middle">{label}</text>'
    )


def _steps(frame: _Frame, edges: FloatArray, heights: FloatArray) -> str:
    floor = _number(frame.y(0))
    bins = zip(heights, edges[1:], strict=True)
    line = "".join(f"V{_number(frame.y(n))}H{_number(frame.x(edge))}" for n, edge in bins)
    line = f"M{_number(frame.x(edges[0]))} {floor}{line}V{floor}"
    return f'<path class="z-fill" d="{line}z"/><path class="z-line" d="{line}"/>'


def _median(frame: _Frame, median: float) -> str:
    place, label = min(median, frame.high), _("median z")
    return (
        f'<path class="axis" stroke-dasharray="2 3"'
        f' d="M{_number(frame.x(place))} {frame.above:g}V{_number(frame.y(0))}"/>'
        f'<text class="halo" x="{_number(frame.x(place) + 6)}" y="{frame.above + 11:g}">'
        f"{label} = {median:.3g}</text>"
    )


def _plot_edges(edges: FloatArray, high: float) -> FloatArray:
    """Return the histogram's own bins between 0 and the limit, or fewer where they are too fine."""
    own = edges[(edges > 0) & (edges < high)]
    if len(own) > _PLOT_BINS:
        return np.linspace(0, high, _PLOT_BINS + 1)
    return np.concatenate([[0.0], own, [high]])


def _shown_limit(edges: FloatArray, counts: FloatArray) -> float:
    """Return the redshift below which nearly all lie: a few outliers must not flatten the rest."""
    share = np.cumsum(counts) / max(counts.sum(), 1.0)
    last = int(np.searchsorted(share, 0.998))
    return max(float(edges[min(last + 1, len(edges) - 1)]), 0.1)


def mollweide(ra: FloatArray, dec: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Project the sky: RA 0 in the middle, east to the left.

    Parameters
    ----------
    ra, dec
        ICRS degrees, shape ``(n,)``.

    Returns
    -------
    x in [-2, 2] and y in [-1, 1], shapes ``(n,)``
    """
    longitude = -np.radians((ra + 180) % 360 - 180)
    latitude = np.radians(np.clip(dec, -89.99, 89.99))
    angle = latitude.copy()
    for _step in range(30):
        wanted = 2 * angle + np.sin(2 * angle) - np.pi * np.sin(latitude)
        angle -= wanted / (2 + 2 * np.cos(2 * angle) + 1e-9)
    return 2 / np.pi * longitude * np.cos(angle), np.sin(angle)


def _pixel_centres(order: int, pixels: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    import hpgeom

    ra, dec = hpgeom.pixel_to_angle(2**order, np.array(pixels, dtype=np.int64), nest=True)
    return np.asarray(ra, float), np.asarray(dec, float)


def _dots(sky: Sky, radius: float, middle: tuple[float, float], size: float) -> str:
    """Return one path of round strokes per step of the ramp: counts on a log scale."""
    x, y = mollweide(*_pixel_centres(sky.order, sky.cells))
    logs = np.log(np.maximum(np.array(sky.counts, float), 1))
    span = max(float(np.quantile(logs, 0.99) - logs.min()), 1e-9)
    level = np.clip((logs - logs.min()) / span * 6, 0, 5).astype(int)
    if len(logs) <= 24:
        level = np.maximum(level, 4)  # a single field must be seen too
    paths = []
    for step in range(6):
        chosen = level == step
        if not chosen.any():
            continue
        places = zip(middle[0] + x[chosen] * radius, middle[1] - y[chosen] * radius, strict=True)
        path = "".join(f"M{_number(px)} {_number(py)}h0" for px, py in places)
        paths.append(f'<path class="m{step + 1}" d="{path}"/>')
    return f'<g class="dots" stroke-width="{_number(size)}">{"".join(paths)}</g>'


def _cell_size(sky: Sky, radius: float) -> float:
    """Return the side of a pixel on the map: the ellipse has the area of all pixels."""
    return radius * math.sqrt(2 * math.pi / (12 * 4**sky.order))


@lru_cache(maxsize=2048)
def sky_thumb(sky: Sky, width: float = 60) -> str:
    """Return the coverage of a list's line."""
    radius = (width - 2) / 4
    middle = (width / 2, radius + 1)
    size = max(_cell_size(sky, radius) * 1.15, 1.2)
    if len(sky.cells) <= 24:
        size = max(size, 3.0)
    return (
        f'<svg class="skythumb" width="{width:g}" height="{2 * radius + 2:g}"'
        f' viewBox="0 0 {width:g} {2 * radius + 2:g}" aria-hidden="true">'
        f'<ellipse class="m0 rim" cx="{middle[0]:g}" cy="{middle[1]:g}" rx="{2 * radius:g}"'
        f' ry="{radius:g}"/>{_dots(sky, radius, middle, size)}</svg>'
    )


@lru_cache(maxsize=256)
def _graticule(radius: float, cx: float, cy: float) -> str:
    lines = []
    for dec in (-60, -30, 0, 30, 60):
        ra = np.linspace(-179.99, 179.99, 41) % 360
        lines.append(_line(ra, np.full(41, float(dec)), radius, cx, cy))
    for ra_line in range(-120, 180, 60):
        dec_line = np.linspace(-89.9, 89.9, 25)
        lines.append(_line(np.full(25, float(ra_line % 360)), dec_line, radius, cx, cy))
    return f'<path class="grid graticule" d="{"".join(lines)}"/>'


def _line(ra: FloatArray, dec: FloatArray, radius: float, cx: float, cy: float) -> str:
    x, y = mollweide(ra, dec)
    places = zip(cx + x * radius, cy - y * radius, strict=True)
    return "M" + "L".join(f"{_number(px)} {_number(py)}" for px, py in places)


@lru_cache(maxsize=256)
def sky_map(sky: Sky, width: float = 720) -> str:
    """Return the coverage of a product page: counts per equal area, east to the left."""
    margin = 10.0
    radius = (width - 2 * margin) / 4
    cx, cy = width / 2, radius + margin
    ellipse = f'cx="{cx:g}" cy="{cy:g}" rx="{2 * radius:g}" ry="{radius:g}"'
    dots = _dots(sky, radius, (cx, cy), max(_cell_size(sky, radius) * 0.9, 3.0))
    labels = []
    for ra in (60, 120, 0, 240, 300):
        x, y = mollweide(np.array([float(ra)]), np.array([0.0]))
        text = f"RA {ra}°" if ra == 0 else f"{ra}°"
        labels.append(
            f'<text class="halo" x="{_number(cx + x[0] * radius)}"'
            f' y="{_number(cy - y[0] * radius + 15)}" text-anchor="middle">{text}</text>'
        )
    title = _("Map of the sky: %(n)s cells with data") % {"n": len(sky.cells)}
    return (
        f'<svg viewBox="0 0 {width:g} {2 * radius + 2 * margin:g}" role="img"'
        f' aria-label="{title}" class="skymap"><ellipse class="m0" {ellipse}/>{dots}'
        f'{_graticule(radius, cx, cy)}<ellipse class="axis" {ellipse}/>{"".join(labels)}</svg>'
    )
