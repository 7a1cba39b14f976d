"""Maps of the sky: rows per equal area on the whole sky, or on a field of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from django.utils.html import escape

from pzhub.tables.drawing import footprints
from pzhub.tables.drawing.numbers import coordinate, nice_step, value_label
from pzhub.tables.drawing.projections import PROJECTIONS, Field
from pzhub.tables.drawing.series import FloatArray, levels_of

_WHOLE_SKY_DEG2: Final = 41_252.961_249_419_27
_MARGIN: Final = 10.0
_MOST_CELLS: Final = 2_000
#: Of the radius of a field; smaller cells could not be seen.
_SMALLEST_CELL: Final = 1 / 50
_FEW_CELLS: Final = 24
#: A field that comes as near to a pole has lines of right ascension like spokes.
_POLAR_DEG: Final = 85.0
Place = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True)
class Sky:
    """Counts per HEALPix cell, nested scheme, of one order; the area covered, deg²."""

    order: int
    cells: tuple[int, ...]
    counts: tuple[int, ...]
    area_deg2: float | None = None

    @property
    def cell_deg2(self) -> float:
        """The area of one cell, square degrees."""
        return float(_WHOLE_SKY_DEG2 / (12 * 4**self.order))

    def centres(self) -> tuple[FloatArray, FloatArray]:
        """Return right ascension and declination of the cells, degrees."""
        import hpgeom

        pixels = np.array(self.cells, dtype=np.int64)
        ra, dec = hpgeom.pixel_to_angle(2**self.order, pixels, nest=True)
        return np.asarray(ra, float), np.asarray(dec, float)

    def coarser(self, orders: int = 1) -> Sky:
        """Return the same rows in cells four times as large, so many times."""
        parents = np.array(self.cells, dtype=np.int64) >> (2 * orders)
        cells, place = np.unique(parents, return_inverse=True)
        counts = np.bincount(place, weights=np.array(self.counts, float))
        return Sky(
            self.order - orders,
            tuple(cells.tolist()),
            tuple(int(count) for count in counts),
            self.area_deg2,
        )

    def inside(self, field: Field) -> Sky:
        """Return the cells whose centre lies in a field, of an order that can be drawn."""
        near = np.flatnonzero(field.distance_deg(*self.centres()) <= field.radius_deg * 1.05)
        cells, counts = np.array(self.cells)[near], np.array(self.counts)[near]
        part = Sky(self.order, tuple(cells.tolist()), tuple(counts.tolist()), self.area_deg2)
        smallest = (field.radius_deg * _SMALLEST_CELL) ** 2
        while part.order > 0 and (len(part.cells) > _MOST_CELLS or part.cell_deg2 < smallest):
            part = part.coarser()
        return part


@dataclass(frozen=True, slots=True)
class SkyLook:
    """How a map is drawn: projection, what lies over it, a sentence for who cannot see it."""

    title: str
    projection: str = "mollweide"
    shows_dp1: bool = True
    shows_rubin: bool = False


def sky_map(sky: Sky, look: SkyLook, width: float = 720, others: Sequence[Sky] = ()) -> str:
    """Draw the whole sky: rows per cell, east to the left, RA 0 in the middle.

    Parameters
    ----------
    sky
        What the ramp shows.
    look
        Projection and overlays.
    width
        CSS pixels at the natural size.
    others
        Drawn as rings over it, for comparisons.
    """
    radius = (width - 2 * _MARGIN) / 4
    cx, cy = width / 2, radius + _MARGIN
    project = PROJECTIONS[look.projection]

    def place(ra: FloatArray, dec: FloatArray) -> tuple[FloatArray, FloatArray]:
        x, y = project(ra, dec)
        return cx + x * radius, cy - y * radius

    size = max(cell_size(sky, radius) * 0.9, 5.0 if len(sky.cells) <= _FEW_CELLS else 3.0)
    ellipse = f'cx="{cx:g}" cy="{cy:g}" rx="{2 * radius:g}" ry="{radius:g}"'
    rings = "".join(_rings(other, place, size, number) for number, other in enumerate(others, 1))
    return (
        f'<svg viewBox="0 0 {width:g} {2 * radius + 2 * _MARGIN:g}" role="img"'
        f' aria-label="{escape(look.title)}" class="skymap" data-projection="{look.projection}"'
        f' data-sphere="{cx:g} {cy:g} {radius:g}"><g class="pan">'
        f'<ellipse class="m0" {ellipse}/>{dots(sky, place, size)}{rings}'
        f"{_lines(look.projection, radius, cx, cy)}"
        f'<ellipse class="axis" {ellipse}/>{_overlays(look, place, radius)}'
        f"{_labels(place)}</g></svg>"
    )


def cell_size(sky: Sky, radius: float) -> float:
    """Return the side of a cell on the map: the ellipse has the area of all cells."""
    return float(radius * np.sqrt(2 * np.pi / (12 * 4**sky.order)))


def dots(sky: Sky, place: Place, size: float) -> str:
    """Return one path of round strokes per step of the ramp: counts on a log scale."""
    x, y = place(*sky.centres())
    level = np.array(levels_of(sky.counts))
    paths = []
    for step in range(6):
        chosen = level == step
        if chosen.any():
            path = _dotted(x[chosen], y[chosen])
            paths.append(f'<path class="m{step + 1}" d="{path}"/>')
    return f'<g class="dots" stroke-width="{coordinate(size)}">{"".join(paths)}</g>'


def _dotted(x: FloatArray, y: FloatArray) -> str:
    places = zip(x.tolist(), y.tolist(), strict=True)
    return "".join(f"M{coordinate(px)} {coordinate(py)}h0" for px, py in places)


def _rings(sky: Sky, place: Place, size: float, number: int) -> str:
    x, y = place(*sky.centres())
    half = size / 2
    path = "".join(
        f"M{coordinate(px - half)} {coordinate(py)}h{coordinate(size)}"
        for px, py in zip(x.tolist(), y.tolist(), strict=True)
    )
    return f'<path class="cmp-line dash-{number}" d="{path}"/>'


@lru_cache(maxsize=64)
def _lines(projection: str, radius: float, cx: float, cy: float) -> str:
    """Draw graticule and Galactic plane, the same on every map of a size."""

    def place(ra: FloatArray, dec: FloatArray) -> tuple[FloatArray, FloatArray]:
        x, y = PROJECTIONS[projection](ra, dec)
        return cx + x * radius, cy - y * radius

    lines = []
    for dec in (-60, -30, 0, 30, 60):
        ra = np.linspace(-179.99, 179.99, 61) % 360
        lines.append(path_of(*place(ra, np.full(61, float(dec))), radius))
    for ra_line in range(-120, 180, 60):
        dec_line = np.linspace(-90, 90, 37)
        lines.append(path_of(*place(np.full(37, float(ra_line % 360)), dec_line), radius))
    plane = path_of(*place(*footprints.galactic_plane()), radius)
    return (
        f'<path class="grid graticule" d="{"".join(lines)}"/><path class="galplane" d="{plane}"/>'
    )


def path_of(x: FloatArray, y: FloatArray, longest: float) -> str:
    """Return a path that is broken where it would cross the map from border to border."""
    parts, last = [], None
    for px, py in zip(x.tolist(), y.tolist(), strict=True):
        far = last is None or abs(px - last[0]) > longest or abs(py - last[1]) > longest
        parts.append(f"{'M' if far else 'L'}{coordinate(px)} {coordinate(py)}")
        last = (px, py)
    return "".join(parts)


def _overlays(look: SkyLook, place: Place, radius: float) -> str:
    drawn = ""
    if look.shows_rubin:
        ra, dec = footprints.rubin_limit()
        # In the order of the map, so that the line is not cut in the middle.
        order = np.argsort((ra + 180) % 360)
        line = path_of(*place(ra[order], dec[order]), radius)
        drawn += f'<path class="rubin-under" d="{line}"/><path class="rubin" d="{line}"/>'
    if not look.shows_dp1:
        return drawn
    ring = max(footprints.DP1_FIELD_RADIUS_DEG / 90 * radius, 4.5)
    for name, ra_deg, dec_deg in footprints.DP1_FIELDS:
        x, y = place(np.array([ra_deg]), np.array([dec_deg]))
        drawn += (
            f'<circle class="over" cx="{coordinate(x[0])}" cy="{coordinate(y[0])}"'
            f' r="{coordinate(ring)}"><title>{escape(name)}</title></circle>'
        )
    return drawn


def _labels(place: Place) -> str:
    labels = []
    for ra in (60, 120, 0, 240, 300):
        x, y = place(np.array([float(ra)]), np.array([0.0]))
        text = f"RA {ra}°" if ra == 0 else f"{ra}°"
        labels.append(_label(float(x[0]), float(y[0]) + 15, text, "middle"))
    for dec in (-60, -30, 30, 60):
        x, y = place(np.array([180.001]), np.array([float(dec)]))
        labels.append(_label(float(x[0]) - 5, float(y[0]) + 4, _degrees(dec), "end"))
    return "".join(labels)


def _label(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{coordinate(x)}" y="{coordinate(y)}" text-anchor="{anchor}"'
    return f'<text class="halo" {place}>{text}</text>'


def _degrees(dec: float) -> str:
    sign = "+" if dec > 0 else ""
    return f"{sign}{value_label(dec)}°"


@lru_cache(maxsize=64)
def field_map(sky: Sky, field: Field, look: SkyLook, width: float = 720) -> str:
    """Draw a field: the cells as they are, a grid of its own, east to the left.

    Parameters
    ----------
    sky
        Cells inside the field (`Sky.inside`).
    field
        Centre and radius.
    look
        Overlays.
    width
        CSS pixels at the natural size; the height is at most two thirds of it.
    """
    height = min(width, max(width * 0.62, 300))
    radius = (height - 30) / 2
    cx, cy = width / 2, height / 2

    def place(ra: FloatArray, dec: FloatArray) -> tuple[FloatArray, FloatArray]:
        x, y = field.project(ra, dec)
        return cx + x * radius, cy - y * radius

    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(look.title)}"'
        f' class="skymap fieldmap" data-projection="field" data-sphere="{cx:g} {cy:g} {radius:g}"'
        f' data-field="{field.ra!r} {field.dec!r} {field.radius_deg!r}">'
        f'<rect class="m0" width="{width:g}" height="{height:g}"/><g class="pan">'
        f"{_polygons(sky, place)}{_field_grid(field, place, width, height)}"
        f"{_field_overlays(look, field, place, radius)}</g>{_locator(field, width, height)}</svg>"
    )


def _locator(field: Field, width: float, height: float) -> str:
    """Draw the whole sky small in the corner, a ring where the field is."""
    radius = 22.0
    cx, cy = width - 2 * radius - 6, height - radius - 6
    x, y = PROJECTIONS["mollweide"](np.array([field.ra]), np.array([field.dec]))
    ring = f'cx="{coordinate(cx + x[0] * radius)}" cy="{coordinate(cy - y[0] * radius)}" r="3"'
    ellipse = f'cx="{cx:g}" cy="{cy:g}" rx="{2 * radius:g}" ry="{radius:g}"'
    return f'<ellipse class="locator" {ellipse}/><circle class="locator-here" {ring}/>'


def _polygons(sky: Sky, place: Place) -> str:
    """Return the cells as quadrilaterals, one path per step of the ramp."""
    import hpgeom

    if not sky.cells:
        return ""
    pixels = np.array(sky.cells, dtype=np.int64)
    ra, dec = hpgeom.boundaries(2**sky.order, pixels, nest=True)
    x, y = place(np.asarray(ra, float), np.asarray(dec, float))
    paths: list[list[str]] = [[] for _ in range(6)]
    for step, cell_x, cell_y in zip(levels_of(sky.counts), x.tolist(), y.tolist(), strict=True):
        corners = zip(cell_x, cell_y, strict=True)
        line = "L".join(f"{coordinate(px)} {coordinate(py)}" for px, py in corners)
        paths[step].append(f"M{line}z")
    shapes = [f'<path class="m{n + 1}" d="{"".join(p)}"/>' for n, p in enumerate(paths) if p]
    return f'<g class="cells">{"".join(shapes)}</g>'


def _field_grid(field: Field, place: Place, width: float, height: float) -> str:
    """Draw lines of right ascension and declination at round degrees, with their values."""
    reach = field.radius_deg * 1.05 * max(width / height, 1.0)
    step = max(nice_step(2 * field.radius_deg, 4), 1e-4)
    lines, labels = [], []
    low, high = max(field.dec - reach, -90.0), min(field.dec + reach, 90.0)
    for dec in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step:
        span = _ra_reach(field, float(dec), reach)
        ra = field.ra + np.linspace(-span, span, 41)
        lines.append(path_of(*place(ra, np.full(41, dec)), width))
        _, y = place(np.array([field.ra]), np.array([dec]))
        if 24 < y[0] < height - 24 and abs(dec) < 89.99:
            labels.append(_label(6, float(y[0]) - 4, _degrees(float(dec)), "start"))
    if abs(field.dec) + field.radius_deg >= _POLAR_DEG:
        return (
            f'<path class="grid graticule" d="{"".join(lines)}{_spokes(field, place, width)}"/>'
            + ("".join(labels))
        )
    ra_step = _ra_step(field, step)
    span = _ra_reach(field, field.dec, reach)
    first, last = np.ceil((field.ra - span) / ra_step), np.floor((field.ra + span) / ra_step)
    for ra_line in np.arange(first, last + 1) * ra_step:
        lines.append(path_of(*place(np.full(41, ra_line), np.linspace(low, high, 41)), width))
        bottom = field.dec - field.radius_deg
        x, _ = place(np.array([ra_line]), np.array([max(bottom, -89.9)]))
        if 40 < x[0] < width - 110:
            text = f"{value_label(float(ra_line % 360))}°"
            labels.append(_label(float(x[0]), height - 6, text, "middle"))
    return f'<path class="grid graticule" d="{"".join(lines)}"/>{"".join(labels)}'


def _spokes(field: Field, place: Place, width: float) -> str:
    """Return lines of right ascension around a pole; their values would lie on one another."""
    lines = []
    side = np.copysign(1.0, field.dec)
    for ra in range(0, 360, 30):
        dec = side * np.linspace(90 - 2 * field.radius_deg, 90, 21)
        lines.append(path_of(*place(np.full(21, float(ra)), dec), width))
    return "".join(lines)


def _ra_reach(field: Field, dec: float, reach: float) -> float:
    if abs(field.dec) + reach >= 89:
        return 180.0
    return float(min(reach / max(np.cos(np.radians(dec)), 0.02) * 1.2, 180.0))


def _ra_step(field: Field, step: float) -> float:
    return min(nice_step(4 * step / float(np.cos(np.radians(field.dec))), 4), 60.0)


def _field_overlays(look: SkyLook, field: Field, place: Place, radius: float) -> str:
    drawn = ""
    if look.shows_rubin:
        ra, dec = footprints.rubin_limit()
        near = field.distance_deg(ra, dec) < field.radius_deg * 2 + 4
        if near.any():
            drawn += f'<path class="rubin" d="{path_of(*place(ra[near], dec[near]), radius)}"/>'
    if not look.shows_dp1:
        return drawn
    for name, ra_deg, dec_deg in footprints.DP1_FIELDS:
        distance = field.distance_deg(np.array([ra_deg]), np.array([dec_deg]))[0]
        if distance > 2 * field.radius_deg + footprints.DP1_FIELD_RADIUS_DEG:
            continue
        x, y = place(*footprints.circle(ra_deg, dec_deg, footprints.DP1_FIELD_RADIUS_DEG))
        top = int(np.argmin(y))
        drawn += f'<path class="over" d="{path_of(x, y, 1e6)}"/>'
        drawn += (
            f'<text class="halo strong" x="{coordinate(x[top])}" y="{coordinate(y[top] - 5)}"'
            f' text-anchor="middle">{escape(name)}</text>'
        )
    return drawn
