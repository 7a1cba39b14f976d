"""Projections against those of astropy's WCS, which knows them as MOL, AIT and ZEA."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from pzhub.tables.drawing.projections import Field, aitoff, mollweide

RNG = np.random.default_rng(7)
RA = np.concatenate([RNG.uniform(0, 360, 400), [0.0, 90.0, 270.0, 0.0, 0.0, 12.0, 200.0]])
DEC = np.concatenate(
    [np.degrees(np.arcsin(RNG.uniform(-1, 1, 400))), [0.0, 0.0, 0.0, 90.0, -90.0, 89.9999, -89.99]]
)


def plane_of(kind: str, ra: float = 0.0, dec: float = 0.0) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"RA---{kind}", f"DEC--{kind}"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [0.0, 0.0]
    wcs.wcs.cdelt = [1.0, 1.0]
    return wcs


@pytest.mark.parametrize(("project", "kind"), [(mollweide, "MOL"), (aitoff, "AIT")])
def test_the_whole_sky_is_projected_as_astropy_does(project: object, kind: str) -> None:
    x, y = project(RA, DEC)  # type: ignore[operator]  # either function

    wanted_x, wanted_y = plane_of(kind).wcs_world2pix(RA, DEC, 0)
    scale = 1 / (90 * np.sqrt(8) / np.pi)
    np.testing.assert_allclose(x, -(wanted_x + 1) * scale, atol=2e-6)
    np.testing.assert_allclose(y, (wanted_y + 1) * scale, atol=2e-6)


@pytest.mark.parametrize(
    ("ra", "dec", "radius"), [(53.1, -28.1, 1.0), (0.2, 2.0, 5), (31, 89.9, 9)]
)
def test_a_field_is_projected_as_astropy_does(ra: float, dec: float, radius: float) -> None:
    angle, turn = RNG.uniform(0, radius, 100), RNG.uniform(0, 2 * np.pi, 100)
    lat = np.clip(dec + angle * np.cos(turn), -90, 90)
    lon = (ra + angle * np.sin(turn)) % 360

    x, y = Field(ra, dec, radius).project(lon, lat)

    wanted_x, wanted_y = plane_of("ZEA", ra, dec).wcs_world2pix(lon, lat, 0)
    scale = 1 / np.degrees(2 * np.sin(np.radians(radius / 2)))
    np.testing.assert_allclose(x, -(wanted_x + 1) * scale, atol=1e-6)
    np.testing.assert_allclose(y, (wanted_y + 1) * scale, atol=1e-6)


@given(
    ra=st.lists(st.floats(0, 360, exclude_max=True), min_size=1, max_size=20),
    dec=st.floats(-90, 90),
)
def test_every_position_is_drawn_inside_the_ellipse(ra: list[float], dec: float) -> None:
    for project in (mollweide, aitoff):
        x, y = project(np.array(ra), np.full(len(ra), dec))

        assert ((x / 2) ** 2 + y**2 <= 1 + 1e-6).all()


def test_the_border_of_a_field_is_one_from_its_centre() -> None:
    x, y = Field(10.0, 0.0, 4.0).project(np.array([14.0, 10.0]), np.array([0.0, -4.0]))

    np.testing.assert_allclose(np.hypot(x, y), 1, atol=1e-12)
    assert x[0] == pytest.approx(-1)  # east is left
