"""Small pictures for lists: redshifts on the axis that all lines share, and the sky."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np

from pzhub.tables.drawing.numbers import coordinate
from pzhub.tables.drawing.projections import mollweide
from pzhub.tables.drawing.series import FloatArray, Series, rebinned
from pzhub.tables.drawing.sky import Sky, cell_size, dots

_WIDTH: Final = 116.0
_HEIGHT: Final = 26.0
_BINS: Final = 46
#: Sparklines share one axis, log2(1 + z): z = 0, 1, 3, 7 are evenly spaced in every row.
_MOST_Z: Final = 7.0


@lru_cache(maxsize=4096)
def spark(redshifts: Series) -> str:
    """Return the N(z) of a list's line on the axis that all lines share."""
    target = np.exp2(np.linspace(0, math.log2(1 + _MOST_Z), _BINS + 1)) - 1
    counts = rebinned(np.array(redshifts.edges), np.array(redshifts.counts, float), target)
    peak = counts.max() or 1.0
    base, step = _HEIGHT - 0.5, _WIDTH / _BINS
    tops = base - counts / peak * (_HEIGHT - 3)
    line = "".join(f"V{coordinate(top)}H{coordinate((n + 1) * step)}" for n, top in enumerate(tops))
    line = f"M0 {base}{line}V{base}"
    ticks = "".join(f"M{coordinate(_WIDTH * tick / 3)} {base}v2.5" for tick in range(4))
    return (
        f'<svg class="spark" width="{_WIDTH:g}" height="{_HEIGHT + 3:g}"'
        f' viewBox="0 0 {_WIDTH:g} {_HEIGHT + 3:g}" aria-hidden="true">'
        f'<path class="z-fill" d="{line}z"/><path class="z-line" d="{line}"/>'
        f'<path class="axis" d="M0 {base}H{_WIDTH:g}{ticks}"/></svg>'
    )


@lru_cache(maxsize=1)
def spark_axis() -> str:
    """Return the labels of the sparklines' axis."""
    anchors = ((0, "start"), (1, "middle"), (3, "middle"), (7, "end"))
    labels = "".join(
        f'<text x="{coordinate(_WIDTH * place / 3)}" y="10" text-anchor="{anchor}">{z}</text>'
        for place, (z, anchor) in enumerate(anchors)
    )
    return (
        f'<svg class="spark" width="{_WIDTH:g}" height="12"'
        f' viewBox="0 0 {_WIDTH:g} 12" aria-hidden="true">{labels}</svg>'
    )


@lru_cache(maxsize=4096)
def sky_thumb(sky: Sky, width: float = 60) -> str:
    """Return the coverage of a list's line."""
    radius = (width - 2) / 4
    middle = (width / 2, radius + 1)
    size = max(cell_size(sky, radius) * 1.15, 1.2)
    if len(sky.cells) <= 24:
        size = max(size, 3.0)

    def place(ra: FloatArray, dec: FloatArray) -> tuple[FloatArray, FloatArray]:
        x, y = mollweide(ra, dec)
        return middle[0] + x * radius, middle[1] - y * radius

    return (
        f'<svg class="skythumb" width="{width:g}" height="{2 * radius + 2:g}"'
        f' viewBox="0 0 {width:g} {2 * radius + 2:g}" aria-hidden="true">'
        f'<ellipse class="m0 rim" cx="{middle[0]:g}" cy="{middle[1]:g}" rx="{2 * radius:g}"'
        f' ry="{radius:g}"/>{dots(sky, place, size)}</svg>'
    )
