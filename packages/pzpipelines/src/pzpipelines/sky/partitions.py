"""HEALPix partitions with margins: the sky in pieces that are matched one by one.

A partition is a HEALPix pixel (nested scheme) with the rows in it; its margin
holds the rows outside that may lie within the radius of a row inside. A pair
that crosses a border is seen from both sides and counted by the partition that
holds its smaller row number, so the union over partitions is every pair, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pzpipelines.sky.healpix import healpix_pixels, margin_order

_BASE_PIXELS = 12


@dataclass(frozen=True, slots=True)
class Partition:
    """The rows of one HEALPix pixel, and those around it.

    Attributes
    ----------
    order, pixel
        HEALPix order and nested index.
    rows
        Row numbers inside, ascending.
    margin
        Row numbers outside that may have partners inside, ascending.
    """

    order: int
    pixel: int
    rows: IntArray
    margin: IntArray


def split_sky(
    sorted_pixels: IntArray, order: int, max_rows: int
) -> list[tuple[int, int, int, int]]:
    """Cover occupied sky with the largest pixels that hold at most ``max_rows`` rows.

    Parameters
    ----------
    sorted_pixels
        Nested pixels of the rows at ``order``, ascending, shape ``(n,)``.
    order
        Pixels are not divided beyond this order, however full they are.
    max_rows
        Rows per pixel, at least 1.

    Returns
    -------
    ``(order, pixel, first, last)`` in ascending sky order: ``first:last`` slices ``sorted_pixels``
    """
    covers: list[tuple[int, int, int, int]] = []
    waiting = [(0, pixel) for pixel in reversed(range(_BASE_PIXELS))]
    while waiting:
        level, pixel = waiting.pop()
        shift = 2 * (order - level)
        first, last = np.searchsorted(sorted_pixels, [pixel << shift, (pixel + 1) << shift])
        if first == last:
            continue
        if last - first <= max_rows or level == order:
            covers.append((level, pixel, int(first), int(last)))
        else:
            waiting += [(level + 1, 4 * pixel + child) for child in (3, 2, 1, 0)]
    return covers


def partition_sky(
    ra: FloatArray, dec: FloatArray, *, radius_arcsec: float, max_rows: int
) -> Iterator[Partition]:
    """Divide positions into HEALPix partitions with margins.

    Parameters
    ----------
    ra, dec
        ICRS degrees, finite, shape ``(n,)``.
    radius_arcsec
        Width of the margin, at most `healpix.WIDEST_MARGIN_ARCSEC`.
    max_rows
        Rows in a partition, as far as the margin's width allows.
    """
    order = margin_order(radius_arcsec)
    pixels = healpix_pixels(ra, dec, order)
    by_sky = np.argsort(pixels)  # rows of one pixel in any order: partitions sort theirs
    covers = split_sky(pixels[by_sky], order, max_rows)
    starts = np.array([pixel << 2 * (order - level) for level, pixel, _, _ in covers], np.int64)
    ends = np.array([(pixel + 1) << 2 * (order - level) for level, pixel, _, _ in covers], np.int64)
    visitors, hosts = _margin_members(pixels[by_sky], order, covers, starts, ends)
    for number, (level, pixel, first, last) in enumerate(covers):
        low, high = np.searchsorted(hosts, [number, number + 1])
        yield Partition(
            level, pixel, np.sort(by_sky[first:last]), np.sort(by_sky[visitors[low:high]])
        )


def _margin_members(
    pixels: IntArray,
    order: int,
    covers: list[tuple[int, int, int, int]],
    starts: IntArray,
    ends: IntArray,
) -> tuple[IntArray, IntArray]:
    """Return (place of a row in sky order, partition whose margin it is in), by partition."""
    import hpgeom

    at_border = np.concatenate(
        [
            first + np.flatnonzero(_touches_border(pixels[first:last], order - level))
            for level, _, first, last in covers
        ]
        or [np.empty(0, np.int64)]
    )
    around = hpgeom.neighbors(1 << order, pixels[at_border], nest=True).reshape(-1, 8)
    home = np.searchsorted(starts, pixels[at_border], side="right") - 1
    host = np.searchsorted(starts, around, side="right") - 1
    foreign = (around >= 0) & (host >= 0) & (host != home[:, None])
    foreign &= around < ends[np.maximum(host, 0)]  # not in a gap between partitions
    places = np.broadcast_to(at_border[:, None], around.shape)[foreign]
    members = np.unique(np.column_stack([host[foreign], places]), axis=0)
    return members[:, 1], members[:, 0]


def _touches_border(pixels: IntArray, levels: int) -> BoolArray:
    """Tell which pixels lie along the border of their ancestor ``levels`` orders above."""
    x_bits = sum(1 << 2 * level for level in range(levels))
    y_bits = x_bits << 1
    x, y = pixels & x_bits, pixels & y_bits
    touches: BoolArray = (x == 0) | (x == x_bits) | (y == 0) | (y == y_bits)
    return touches
