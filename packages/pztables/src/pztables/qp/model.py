"""Probability densities from their parameters, as qp computes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Parameters = Mapping[str, FloatArray]

#: Parameters of each object, and values that all share, by representation.
PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "interp": ("yvals",),
    "hist": ("pdfs",),
    "quant": ("locs",),
    "norm": ("loc", "scale"),
    "mixmod": ("weights", "means", "stds"),
}
SHARED: Final[Mapping[str, str]] = {"interp": "xvals", "hist": "bins", "quant": "quants"}
_CURVE_POINTS: Final = 401
_GRID_POINTS: Final = 601
_SIGMAS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Model:
    """How the densities of an ensemble are represented.

    Attributes
    ----------
    name
        One of `PARAMETERS`.
    shared
        ``xvals``, ``bins`` or ``quants``, shape ``(k,)``; empty for the others.
    widths
        How many values each parameter of an object has.
    """

    name: str
    shared: FloatArray
    widths: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {"name": self.name, "shared": self.shared.tolist(), "widths": dict(self.widths)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Model:
        """Build a model from `as_dict`."""
        shared = np.array(values["shared"], dtype=np.float64)
        return cls(str(values["name"]), shared, dict(values["widths"]))

    def split(self, rows: npt.NDArray[Any]) -> dict[str, FloatArray]:
        """Return the parameters in rows of all values, shape ``(m, sum of widths)``, by name."""
        ends = np.cumsum(list(self.widths.values()))
        parts = np.split(np.asarray(rows, dtype=np.float64), ends[:-1], axis=1)
        return dict(zip(self.widths, parts, strict=True))


@dataclass(frozen=True, slots=True)
class Curve:
    """A density as it is drawn: points ``x`` and ``p``, joined by straight lines."""

    x: FloatArray
    p: FloatArray


@dataclass(frozen=True, slots=True)
class Estimates:
    """Point estimates of some objects, shape ``(m,)`` each; NaN where there is no density."""

    mode: FloatArray
    mean: FloatArray
    median: FloatArray


def densities(model: Model, parameters: Parameters, x: FloatArray) -> FloatArray:
    """Return the densities of some objects.

    Parameters
    ----------
    model
        How they are represented.
    parameters
        By name, shape ``(m, width)`` each.
    x
        Redshifts: shape ``(g,)``, or ``(m, g)`` for other ones of each object.

    Returns
    -------
    shape ``(m, g)``, per unit of redshift
    """
    with np.errstate(all="ignore"):
        return _DENSITIES[model.name](model, parameters, np.asarray(x, dtype=np.float64))


def _interpolated(model: Model, parameters: Parameters, x: FloatArray) -> FloatArray:
    grid, y = model.shared, parameters["yvals"]
    y = y / _trapezoid(y, grid)[:, None]
    place = np.clip(np.searchsorted(grid, x, side="right") - 1, 0, len(grid) - 2)
    share = (x - grid[place]) / (grid[place + 1] - grid[place])
    inside = (x >= grid[0]) & (x <= grid[-1])
    found = _taken(y, place) * (1 - share) + _taken(y, place + 1) * share
    return np.where(inside, found, 0.0)


def _binned(model: Model, parameters: Parameters, x: FloatArray) -> FloatArray:
    edges, values = model.shared, parameters["pdfs"]
    values = values / (values * np.diff(edges)).sum(axis=1)[:, None]
    place = np.searchsorted(edges, x, side="left") - 1  # an edge is of the bin before, as in qp
    inside = (place >= 0) & (place < values.shape[1])
    return np.where(inside, _taken(values, np.clip(place, 0, values.shape[1] - 1)), 0.0)


def _from_quantiles(model: Model, parameters: Parameters, x: FloatArray) -> FloatArray:
    quantiles, places = _padded(model.shared, parameters["locs"])
    slopes = np.diff(quantiles) / np.diff(places, axis=1)
    middles = places[:, 1:] - np.diff(places, axis=1) / 2
    wanted = np.broadcast_to(x, (len(places), x.shape[-1]))
    rows = (
        np.interp(each, middle, slope, left=0.0, right=0.0)
        for each, middle, slope in zip(wanted, middles, slopes, strict=True)
    )
    return np.stack(list(rows)) if len(places) else np.zeros((0, x.shape[-1]))


def _normal(model: Model, parameters: Parameters, x: FloatArray) -> FloatArray:
    return _bell(x, parameters["loc"], parameters["scale"])


def _mixed(model: Model, parameters: Parameters, x: FloatArray) -> FloatArray:
    weights = parameters["weights"] / parameters["weights"].sum(axis=1)[:, None]
    total = np.zeros((len(weights), x.shape[-1]))
    for number in range(weights.shape[1]):
        part = slice(number, number + 1)
        bell = _bell(x, parameters["means"][:, part], parameters["stds"][:, part])
        total += weights[:, part] * bell
    return total


_DENSITIES: Final[Mapping[str, Callable[[Model, Parameters, FloatArray], FloatArray]]] = {
    "interp": _interpolated,
    "hist": _binned,
    "quant": _from_quantiles,
    "norm": _normal,
    "mixmod": _mixed,
}


def _bell(x: FloatArray, centre: FloatArray, width: FloatArray) -> FloatArray:
    bell: FloatArray = np.exp(-0.5 * ((x - centre) / width) ** 2) / (width * math.sqrt(2 * math.pi))
    return bell


def _taken(values: FloatArray, place: npt.NDArray[np.intp]) -> FloatArray:
    return values[:, place] if place.ndim == 1 else np.take_along_axis(values, place, axis=1)


def _trapezoid(y: FloatArray, x: FloatArray) -> FloatArray:
    area: FloatArray = (0.5 * (y[..., 1:] + y[..., :-1]) * np.diff(x)).sum(axis=-1)
    return area


def _padded(quantiles: FloatArray, places: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return quantiles that reach from 0 to 1, continued in straight lines, as qp does."""
    if quantiles[0] > np.finfo(float).eps:
        slope = (places[:, 1] - places[:, 0]) / (quantiles[1] - quantiles[0])
        places = np.column_stack([places[:, 0] - quantiles[0] * slope, places])
        quantiles = np.concatenate([[0.0], quantiles])
    if quantiles[-1] < 1.0:
        slope = (places[:, -1] - places[:, -2]) / (quantiles[-1] - quantiles[-2])
        places = np.column_stack([places, places[:, -1] + (1.0 - quantiles[-1]) * slope])
        quantiles = np.concatenate([quantiles, [1.0]])
    return quantiles, places


def own_ranges(model: Model, parameters: Parameters) -> tuple[FloatArray, FloatArray]:
    """Return where the density of each object begins and ends, shape ``(m,)`` each."""
    if model.name in ("interp", "hist"):
        n = len(next(iter(parameters.values())))
        return np.full(n, model.shared[0]), np.full(n, model.shared[-1])
    if model.name == "quant":
        _, places = _padded(model.shared, parameters["locs"])
        return places[:, 0], places[:, -1]
    centre, width = ("loc", "scale") if model.name == "norm" else ("means", "stds")
    reach = _SIGMAS * parameters[width]
    return (parameters[centre] - reach).min(axis=1), (parameters[centre] + reach).max(axis=1)


def estimates_of(model: Model, parameters: Parameters) -> Estimates:
    """Return mode, mean and median of some objects."""
    with np.errstate(all="ignore"):
        if model.name == "norm":
            centre = parameters["loc"][:, 0]
            return Estimates(centre, centre, centre)
        if model.name == "hist":
            return _estimates_of_bins(model, parameters["pdfs"])
        low, high = own_ranges(model, parameters)
        shares = np.linspace(0, 1, _GRID_POINTS)
        x = low[:, None] + (high - low)[:, None] * shares
        if model.name == "interp" and len(model.shared) >= 2:
            x = np.broadcast_to(model.shared, (len(low), len(model.shared)))
        return _estimates_on(x, densities(model, parameters, x))


def _estimates_on(x: FloatArray, p: FloatArray) -> Estimates:
    pieces = 0.5 * (p[:, 1:] + p[:, :-1]) * np.diff(x, axis=1)
    x0, x1, p0, p1 = x[:, :-1], x[:, 1:], p[:, :-1], p[:, 1:]
    moments = np.diff(x, axis=1) / 6 * (x0 * (2 * p0 + p1) + x1 * (p0 + 2 * p1))
    total = pieces.sum(axis=1)
    mode = np.where(total > 0, np.take_along_axis(x, _highest(p), axis=1)[:, 0], np.nan)
    summed = np.concatenate([np.zeros((len(p), 1)), np.cumsum(pieces, axis=1)], axis=1)
    return Estimates(mode, moments.sum(axis=1) / total, _halves(x, summed / total[:, None]))


def _estimates_of_bins(model: Model, values: FloatArray) -> Estimates:
    edges = model.shared
    pieces = values * np.diff(edges)
    total = pieces.sum(axis=1)
    middles = 0.5 * (edges[1:] + edges[:-1])
    mode = np.where(total > 0, middles[_highest(values)[:, 0]], np.nan)
    summed = np.concatenate([np.zeros((len(values), 1)), np.cumsum(pieces, axis=1)], axis=1)
    x = np.broadcast_to(edges, summed.shape)
    return Estimates(
        mode, (pieces * middles).sum(axis=1) / total, _halves(x, summed / total[:, None])
    )


def _highest(values: FloatArray) -> npt.NDArray[np.intp]:
    places: npt.NDArray[np.intp] = np.argmax(np.nan_to_num(values, nan=-np.inf), axis=1)
    return places[:, None]


def _halves(x: FloatArray, cumulated: FloatArray) -> FloatArray:
    """Return where each cumulated density passes a half, between two points of its grid."""
    after = np.argmax(cumulated >= 0.5, axis=1)[:, None]
    before = np.maximum(after - 1, 0)
    c0, c1 = (np.take_along_axis(cumulated, each, axis=1)[:, 0] for each in (before, after))
    x0, x1 = (np.take_along_axis(x, each, axis=1)[:, 0] for each in (before, after))
    found = x0 + (x1 - x0) * np.where(c1 > c0, (0.5 - c0) / (c1 - c0), 0.0)
    return np.where(np.isfinite(cumulated[:, -1]) & (c1 >= 0.5), found, np.nan)


def curve_of(model: Model, parameters: Parameters) -> Curve:
    """Return the density of one object as it is drawn.

    Parameters
    ----------
    model, parameters
        As for `densities`, of one object: shape ``(1, width)`` each.
    """
    if model.name == "hist":
        p = densities(model, parameters, 0.5 * (model.shared[1:] + model.shared[:-1]))[0]
        return Curve(np.repeat(model.shared, 2)[1:-1], np.repeat(p, 2))
    if model.name == "interp":
        x = model.shared
    else:
        low, high = (float(each[0]) for each in own_ranges(model, parameters))
        x = np.linspace(low, high, _CURVE_POINTS)
    return Curve(x, densities(model, parameters, x)[0])
