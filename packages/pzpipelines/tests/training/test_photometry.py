"""Magnitudes, errors, dust, and what is no photometry."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u
from hypothesis import given
from hypothesis import strategies as st

from pzpipelines.training.extinction import (
    NoExtinctionCoefficientError,
    coefficient_sets,
    coefficients_of,
)
from pzpipelines.training.photometry import (
    Measured,
    cleaned_fluxes,
    cleaned_magnitudes,
    magnitudes_of_fluxes,
)
from pztables.errors import OptionError

nan, inf = np.nan, np.inf
FLUX = st.floats(1e-3, 1e9)


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def same(found: Measured, value: np.ndarray, error: np.ndarray) -> None:
    np.testing.assert_allclose(found.value, value, rtol=1e-12)
    assert found.error is not None
    np.testing.assert_allclose(found.error, error, rtol=1e-12)


@given(FLUX, st.floats(1e-4, 0.3), st.floats(0, 3))
def test_magnitudes_are_those_of_astropy(flux: float, relative: float, extinction: float) -> None:
    found = magnitudes_of_fluxes(array(flux), array(flux * relative), array(extinction))
    assert found.error is not None
    # 31.4 is the zero point as it is published; 2.5 log10(3631e9) = 31.40006
    assert found.value[0] + extinction == pytest.approx((flux * u.nJy).to_value(u.ABmag), abs=1e-4)
    assert found.error[0] == pytest.approx(1.0857362 * relative, rel=1e-6)
    assert found.counts == {}


@given(FLUX, st.floats(0, 3))
def test_dereddening_a_flux_is_dereddening_its_magnitude(flux: float, extinction: float) -> None:
    brighter = cleaned_fluxes(array(flux), array(flux / 10), array(extinction))
    one = magnitudes_of_fluxes(brighter.value, brighter.error)
    other = magnitudes_of_fluxes(array(flux), array(flux / 10), array(extinction))
    assert other.error is not None
    same(one, other.value, other.error)


def test_fluxes_that_are_no_magnitude_are_counted_by_reason() -> None:
    flux = array(nan, inf, 0, -5, 3631, 3631, 3631)
    error = array(1, 1, 1, 1, nan, -1, 0)
    found = magnitudes_of_fluxes(flux, error)
    mag = 31.4 - 2.5 * np.log10(3631)
    same(found, array(nan, nan, nan, nan, mag, mag, mag), array(nan, nan, nan, nan, nan, nan, 0))
    assert found.counts == {"missing": 1, "not_finite": 1, "not_positive": 2, "no_error": 2}


def test_sentinels_of_magnitudes_are_taken_out_with_their_errors() -> None:
    magnitude = array(99.0, 999.0, -99.0, 25.0, 24.0, nan)
    error = array(99.0, 0.1, 99.0, 99.0, 0.2, 0.1)
    found = cleaned_magnitudes(magnitude, error)
    same(found, array(nan, nan, nan, 25, 24, nan), array(nan, nan, nan, nan, 0.2, nan))
    assert found.counts == {"missing": 1, "sentinel": 3, "no_error": 1}


def test_negative_fluxes_are_fluxes() -> None:
    found = cleaned_fluxes(array(-5, 0, inf, nan), array(1, 1, 1, 1))
    same(found, array(-5, 0, nan, nan), array(1, 1, nan, nan))
    assert found.counts == {"missing": 1, "not_finite": 1}


def test_outside_of_the_dust_map_there_is_no_dereddened_value() -> None:
    found = cleaned_magnitudes(array(20, 21), None, array(0.5, nan))
    np.testing.assert_array_equal(found.value, array(19.5, nan))
    assert found.counts == {"no_dust_value": 1}
    assert cleaned_fluxes(array(1.0), None, array(nan)).counts == {"no_dust_value": 1}


def test_coefficients_are_those_of_their_sources() -> None:
    assert {name: list(each.items()) for name, each in coefficient_sets().items()} == {
        "rail_lsst": list(zip("ugrizy", (4.81, 3.64, 2.70, 2.06, 1.58, 1.31), strict=True)),
        "sf11_lsst": list(zip("ugrizy", (4.145, 3.237, 2.273, 1.684, 1.323, 1.088), strict=True)),
    }
    assert coefficients_of("sf11_lsst", ["g", "Y"]) == {"g": 3.237, "Y": 1.088}


def test_bands_and_sets_without_coefficients_are_refused() -> None:
    with pytest.raises(NoExtinctionCoefficientError, match="no coefficient for band J, K") as no:
        coefficients_of("rail_lsst", ["g", "J", "K"])
    assert no.value.data["bands"] == ["J", "K"]
    with pytest.raises(OptionError, match="must be one of rail_lsst, sf11_lsst"):
        coefficients_of("sf98", ["g"])
