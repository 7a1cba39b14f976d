"""Magnitudes from fluxes, corrected for dust; what cannot be becomes NaN and is counted.

Formulas (AB magnitudes: Oke & Gunn 1983, ApJ 266, 713; fluxes in nanojansky):
``m = 31.4 - 2.5 log10 f``, ``sigma_m = 2.5 / ln 10 * sigma_f / f``, and for an
extinction of ``A`` magnitudes ``f -> f * 10^(0.4 A)``, ``m -> m - A``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from pzpipelines.arrays import BoolArray, FloatArray

#: AB magnitude of one nanojansky: 2.5 log10(3631e9) = 31.4001, as all of Rubin's pages round it.
ZERO_POINT: Final = 31.4
#: Magnitudes and errors from here on stand for "not measured" (99, 999).
SENTINEL: Final = 99.0
_MAG_PER_RELATIVE_FLUX: Final = 2.5 / np.log(10)


@dataclass(frozen=True, slots=True)
class Measured:
    """Photometry of one band.

    Attributes
    ----------
    value, error
        NaN where there is none, shape ``(n,)``; ``error`` is ``None`` where the
        band has no errors.
    counts
        Rows without value by reason (``missing``, ``not_finite``,
        ``not_positive``, ``sentinel``, ``no_dust_value``) and, as ``no_error``,
        rows with a value but no error.
    """

    value: FloatArray
    error: FloatArray | None
    counts: dict[str, int]


def magnitudes_of_fluxes(
    flux: FloatArray, error: FloatArray | None, extinction: FloatArray | None = None
) -> Measured:
    """Turn fluxes into AB magnitudes.

    Parameters
    ----------
    flux, error
        Nanojansky, NaN where there is none, shape ``(n,)``.
    extinction
        Magnitudes to take away, shape ``(n,)``.

    Returns
    -------
    magnitudes; no value where a flux is missing, not finite, zero or negative
    """
    reasons = {**_not_numbers(flux), "not_positive": np.isfinite(flux) & (flux <= 0)}
    valid = np.isfinite(flux) & (flux > 0)
    usable = np.where(valid, flux, np.nan)
    value = ZERO_POINT - 2.5 * np.log10(usable)
    magnitude_error = None
    if error is not None:
        magnitude_error = _MAG_PER_RELATIVE_FLUX * _usable_errors(error) / usable
    return _dimmed(value, magnitude_error, extinction, reasons)


def cleaned_magnitudes(
    magnitude: FloatArray, error: FloatArray | None, extinction: FloatArray | None = None
) -> Measured:
    """Take out what is no magnitude.

    Parameters
    ----------
    magnitude, error
        AB magnitudes, NaN where there is none, shape ``(n,)``.
    extinction
        Magnitudes to take away, shape ``(n,)``.

    Returns
    -------
    magnitudes; no value where one is missing, not finite or a sentinel (99 or
    more, -99 or less), and no error where it is one of these or the value is
    """
    is_sentinel = np.isfinite(magnitude) & (np.abs(magnitude) >= SENTINEL)
    reasons = {**_not_numbers(magnitude), "sentinel": is_sentinel}
    value = np.where(np.isfinite(magnitude) & ~is_sentinel, magnitude, np.nan)
    if error is not None:
        error = _usable_errors(error)
        error = np.where(np.abs(error) >= SENTINEL, np.nan, error)
    return _dimmed(value, error, extinction, reasons)


def cleaned_fluxes(
    flux: FloatArray, error: FloatArray | None, extinction: FloatArray | None = None
) -> Measured:
    """Take out what is no flux; zero and negative fluxes are measurements and stay.

    Parameters
    ----------
    flux, error
        Nanojansky, NaN where there is none, shape ``(n,)``.
    extinction
        Magnitudes that dust took away, shape ``(n,)``: the flux becomes brighter.
    """
    reasons = _not_numbers(flux)
    value = np.where(np.isfinite(flux), flux, np.nan)
    if error is not None:
        error = _usable_errors(error)
    if extinction is not None:
        brighter = 10 ** (0.4 * extinction)
        reasons["no_dust_value"] = np.isfinite(value) & ~np.isfinite(brighter)
        value = value * brighter
        error = None if error is None else error * brighter
    return _told(value, error, reasons)


def _dimmed(
    value: FloatArray,
    error: FloatArray | None,
    extinction: FloatArray | None,
    reasons: dict[str, BoolArray],
) -> Measured:
    if extinction is not None:
        reasons["no_dust_value"] = np.isfinite(value) & ~np.isfinite(extinction)
        value = value - np.where(np.isfinite(extinction), extinction, np.nan)
    return _told(value, error, reasons)


def _told(value: FloatArray, error: FloatArray | None, reasons: dict[str, BoolArray]) -> Measured:
    counts = {reason: int(rows.sum()) for reason, rows in reasons.items()}
    if error is not None:
        error = np.where(np.isnan(value), np.nan, error)
        counts["no_error"] = int((np.isnan(error) & ~np.isnan(value)).sum())
    return Measured(value, error, {reason: count for reason, count in counts.items() if count})


def _not_numbers(values: FloatArray) -> dict[str, BoolArray]:
    return {"missing": np.isnan(values), "not_finite": np.isinf(values)}


def _usable_errors(error: FloatArray) -> FloatArray:
    """Return errors, NaN where one is not finite or negative."""
    return np.where(np.isfinite(error) & (error >= 0), error, np.nan)
