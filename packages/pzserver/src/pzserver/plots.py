"""Quick looks at catalogs: where they lie, which redshifts they have, magnitude against redshift.

Colours are those of Okabe and Ito, told apart by all kinds of eyes; maps are perceptually even.
Needs the extra ``pzserver[plots]``.
"""

from __future__ import annotations

from typing import Any, Final

from pzserver._extras import needed
from pzserver.errors import Invalid

BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
#: Above so many points a density map is drawn instead of points.
MAX_POINTS: Final = 20_000
_BINS: Final = 50
#: Larger numbers stand for "no value" and would stretch, or break, every axis.
_LARGEST: Final = 1e100


def panels_of(n_panels: int) -> list[Any]:
    """Return axes side by side in a new figure, which notebooks and ``pyplot.show()`` show."""
    pyplot = needed("matplotlib.pyplot")
    size = (4.2 * n_panels, 3.6)
    _, panels = pyplot.subplots(1, n_panels, squeeze=False, figsize=size, layout="constrained")
    return list(panels[0])


def numbers(data: Any, name: str) -> Any:
    """Return a column of a table as doubles that can be drawn, or NaN; shape ``(n,)``.

    Raises
    ------
    Invalid
        If there is no such column, or it holds no numbers.
    """
    numpy = needed("numpy")
    names = _names(data)
    if name not in names:
        raise Invalid(f"no column {name}; the columns are: {', '.join(names)}")
    column = data[name]
    if hasattr(column, "filled"):  # a masked column of astropy
        column = column.astype(float).filled(numpy.nan)
    try:
        values = numpy.asarray(column, dtype=float)
    except (TypeError, ValueError) as error:
        raise Invalid(f"column {name} does not hold numbers: it cannot be plotted") from error
    return numpy.where(numpy.abs(values) < _LARGEST, values, numpy.nan)


def _names(data: Any) -> list[str]:
    """Return the names of the columns of an astropy, Arrow or pandas table."""
    for attribute in ("colnames", "column_names", "columns"):
        if hasattr(data, attribute):
            return [str(name) for name in getattr(data, attribute)]
    raise Invalid("there is no table to plot")


def draw_sky(panel: Any, ra: Any, dec: Any) -> None:
    """Draw positions as seen from the Earth: right ascension grows to the left.

    Parameters
    ----------
    panel
        Axes.
    ra, dec
        Degrees, shape ``(n,)``.
    """
    numpy = needed("numpy")
    ra = _in_one_piece(ra)
    draw_cloud(panel, ra, dec)
    panel.set_xlabel("RA (deg)")
    panel.set_ylabel("Dec (deg)")
    panel.invert_xaxis()
    panel.xaxis.set_major_formatter(lambda degrees, _: f"{round(degrees % 360, 6):g}")
    middle = numpy.nanmean(dec) if numpy.isfinite(dec).any() else 0.0
    panel.set_aspect(1 / max(numpy.cos(numpy.radians(middle)), 0.05), adjustable="datalim")


def draw_redshifts(panel: Any, z: Any, label: str) -> None:
    """Draw how many sources there are per redshift."""
    numpy = needed("numpy")
    z = z[numpy.isfinite(z)]
    panel.hist(z, bins=_BINS, range=_range(z), color=BLUE)
    panel.set_xlabel(label)
    panel.set_ylabel("sources per bin")
    panel.set_title(f"N(z), {len(z):,} sources")


def draw_cloud(panel: Any, x: Any, y: Any) -> None:
    """Draw points, or where there are many their density."""
    numpy = needed("numpy")
    both = numpy.isfinite(x) & numpy.isfinite(y)
    x, y = x[both], y[both]
    if len(x) <= MAX_POINTS:
        panel.plot(x, y, ".", markersize=3, alpha=0.6, color=BLUE, markeredgewidth=0)
    else:
        panel.hexbin(x, y, gridsize=60, bins="log", cmap="cividis", mincnt=1)


def draw_against_redshift(panel: Any, z: Any, values: Any, labels: tuple[str, str]) -> None:
    """Draw a magnitude or colour against redshift."""
    draw_cloud(panel, z, values)
    panel.set_xlabel(labels[0])
    panel.set_ylabel(labels[1])


def draw_counts(panel: Any, values: Any, label: str) -> None:
    """Draw how many sources there are per magnitude or colour."""
    numpy = needed("numpy")
    values = values[numpy.isfinite(values)]
    panel.hist(values, bins=_BINS, range=_range(values), color=ORANGE)
    panel.set_xlabel(label)
    panel.set_ylabel("sources per bin")


def _range(values: Any) -> tuple[float, float]:
    """Return limits that a few wild values do not stretch."""
    numpy = needed("numpy")
    if not len(values):
        return 0.0, 1.0
    low, high = numpy.percentile(values, (0.1, 99.9))
    room = (high - low) / 4 or 0.5
    low, high = float(max(values.min(), low - room)), float(min(values.max(), high + room))
    apart = max(abs(low) * 1e-6, 0.5)
    has_room = high - low > abs(low) * 1e-12  # bins need numbers between
    return (low, high) if has_room else (low - apart, low + apart)


def _in_one_piece(ra: Any) -> Any:
    """Return right ascensions so that a field across 0 is not torn apart."""
    numpy = needed("numpy")
    known = ra[numpy.isfinite(ra)]
    turned = numpy.where(ra > 180, ra - 360, ra)
    if not len(known):
        return ra
    spread = numpy.ptp(known)
    return turned if numpy.ptp(turned[numpy.isfinite(turned)]) < spread else ra
