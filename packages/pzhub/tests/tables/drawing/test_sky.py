from __future__ import annotations

import re
from xml.etree import ElementTree

import hpgeom
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from pzhub.tables.drawing import footprints
from pzhub.tables.drawing.fields import fields_of
from pzhub.tables.drawing.projections import Field
from pzhub.tables.drawing.sky import Sky, SkyLook, field_map, path_of, sky_map
from pzhub.tables.drawing.standalone import as_file

LOOK = SkyLook("Map")


def sky_at(ra: list[float], dec: list[float], order: int) -> Sky:
    pixels = hpgeom.angle_to_pixel(2**order, np.array(ra), np.array(dec), nest=True)
    cells, counts = np.unique(pixels, return_counts=True)
    return Sky(order, tuple(cells.tolist()), tuple(counts.tolist()), 1.0)


def test_a_map_of_one_field_is_seen() -> None:
    svg = sky_map(Sky(4, (5,), (3,), 1.0), LOOK)

    assert len(re.findall(r'<path class="m5" d="M', svg)) == 1
    assert ElementTree.fromstring(svg).get("aria-label") == "Map"


def test_every_cell_is_one_dot_where_it_is() -> None:
    sky = sky_at([53.1, 0.0, 200.0], [-28.0, 80.0, 10.0], 4)

    svg = sky_map(sky, SkyLook("Map", "aitoff", shows_dp1=False))

    dots = re.findall(r"M([\d.]+) ([\d.]+)h0", svg)
    assert len(dots) == 3
    ElementTree.fromstring(svg)
    assert 'class="over"' not in svg


def test_overlays_are_drawn_when_they_are_asked_for() -> None:
    svg = sky_map(Sky(4, (5,), (3,), 1.0), SkyLook("Map", shows_rubin=True))

    assert re.findall(r"<title>([^<]+)</title>", svg) == [
        name for name, *_ in footprints.DP1_FIELDS
    ]
    assert 'class="rubin"' in svg


@given(seed=st.integers(0, 2**32 - 1), orders=st.integers(1, 4))
def test_coarser_maps_keep_the_rows(seed: int, orders: int) -> None:
    rng = np.random.default_rng(seed)
    cells = np.unique(rng.integers(0, 12 * 4**6, 50))
    sky = Sky(6, tuple(cells.tolist()), tuple(rng.integers(1, 9, len(cells)).tolist()))

    coarser = sky.coarser(orders)

    assert sum(coarser.counts) == sum(sky.counts)
    assert coarser.order == 6 - orders
    assert set(coarser.cells) == {cell >> (2 * orders) for cell in sky.cells}


def test_fields_are_told_apart_and_hold_their_rows_across_ra_zero() -> None:
    rng = np.random.default_rng(3)
    ra = [*(rng.normal(0, 1, 300) % 360), *rng.normal(150, 1, 100), 80.0]
    dec = [*rng.normal(0, 1, 300), *rng.normal(2, 1, 100), 89.5]
    coarse, fine = sky_at(ra, dec, 4), sky_at(ra, dec, 9)

    (first, n_first), (second, n_second), (third, n_third) = fields_of(coarse, fine)

    assert (n_first, n_second, n_third) == (300, 100, 1)
    assert min(first.ra, 360 - first.ra) < 0.5
    assert abs(second.ra - 150) < 0.5
    assert third.dec == pytest.approx(89.5, abs=0.2)
    assert sum(fine.inside(first).counts) == 300


def test_a_sky_that_no_flat_map_can_show_has_no_fields() -> None:
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(0, 360, 20_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000)))

    assert (
        fields_of(sky_at(ra.tolist(), dec.tolist(), 4), sky_at(ra.tolist(), dec.tolist(), 5)) == ()
    )


@pytest.mark.parametrize(
    "field", [Field(53.1, -28.1, 1.0), Field(0.0, 0.0, 3.0), Field(31.6, 89.9, 4.0)]
)
def test_maps_of_fields_are_well_formed_at_poles_and_across_ra_zero(field: Field) -> None:
    ra, dec = footprints.circle(field.ra, field.dec, field.radius_deg * 0.5)
    sky = sky_at(ra.tolist(), dec.tolist(), 8).inside(field)

    svg = field_map(sky, field, SkyLook("Field", shows_rubin=True))

    ElementTree.fromstring(svg)
    assert "nan" not in svg
    cells = [path for _, path in re.findall(r'<path class="(m\d)" d="([^"]+)"', svg)]
    assert sum(path.count("z") for path in cells) == len(sky.cells)


def test_cells_too_small_to_be_seen_are_joined() -> None:
    sky = sky_at([35.0, 36.0, 37.0], [6.0, 7.0, 8.0], 12)

    part = sky.inside(Field(36.0, 7.0, 2.5))

    assert part.order < 12
    assert sum(part.counts) == 3


def test_lines_are_broken_at_the_border_of_the_map() -> None:
    path = path_of(np.array([0.0, 5.0, 300.0, 305.0]), np.zeros(4), 100)

    assert path == "M0 0L5 0M300 0L305 0"


def test_the_galactic_plane_has_no_galactic_latitude() -> None:
    ra, dec = footprints.galactic_plane()

    latitude = SkyCoord(ra, dec, unit="deg").galactic.b.deg

    np.testing.assert_allclose(latitude, 0, atol=1e-3)


def test_circles_have_their_radius_also_at_the_pole() -> None:
    for centre in ((6.02, -72.08), (0.0, 89.0)):
        ra, dec = footprints.circle(*centre, 2.5)

        away = SkyCoord(*centre, unit="deg").separation(SkyCoord(ra, dec, unit="deg")).deg
        np.testing.assert_allclose(away, 2.5, atol=1e-9)


def test_overlays_are_what_the_pipelines_flag_by() -> None:
    combine = pytest.importorskip("pzpipelines.combine.footprints")
    fields = sorted((ra, dec) for _, ra, dec in footprints.DP1_FIELDS)
    ra, limit = footprints.rubin_limit()

    assert fields == sorted(combine.DP1_FIELDS)
    assert footprints.DP1_FIELD_RADIUS_DEG == combine.DP1_FIELD_RADIUS_DEG
    assert combine.is_in_rubin_footprint(ra, limit - 0.02).all()
    assert not combine.is_in_rubin_footprint(ra, limit + 0.02).any()


def test_a_drawing_as_a_file_needs_no_style_sheet() -> None:
    file = as_file(sky_map(Sky(4, (5,), (3,), 1.0), LOOK))

    root = ElementTree.fromstring(file.encode())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert (root.get("width"), root.get("height")) == ("720", "370")
    style = root.find("{http://www.w3.org/2000/svg}style")
    assert style is not None
    assert ".m5{" in (style.text or "")
