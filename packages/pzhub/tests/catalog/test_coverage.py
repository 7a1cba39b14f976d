"""Which products touch a cone, against the distance of every position."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pzhub.accounts.models import User
from pzhub.catalog.coverage import ancestors, cells_of_cone, normalised, touching, uniq
from pzhub.catalog.models import Product, ProductSummary, SkyCell


@settings(max_examples=60, deadline=None)
@given(cells=st.sets(st.integers(0, 12 * 4**3 - 1), max_size=200))
def test_normalised_cells_are_the_same_area_in_fewer_cells(cells: set[int]) -> None:
    found = normalised(3, np.array(sorted(cells), np.int64))
    spread: list[int] = []
    for number in found.tolist():
        order = (int(number).bit_length() - 3) // 2
        first = (number - 4 * 4**order) << 2 * (3 - order)
        spread += range(first, first + 4 ** (3 - order))
    assert sorted(spread) == sorted(cells)
    for number in ancestors(found).tolist():
        assert number not in found


def _points_in(ra: float, dec: float, radius: float, number: int) -> Any:
    """Return positions in a cone, those on its border first."""
    from astropy import units
    from astropy.coordinates import SkyCoord

    rng = np.random.default_rng(8)
    lowest = np.cos(np.radians(radius))
    distance = np.degrees(np.arccos(rng.uniform(lowest, 1, number))) * (1 - 1e-9)
    distance[: number // 2] = radius * (1 - 1e-9)
    centre = SkyCoord(ra, dec, unit="deg")
    return centre.directional_offset_by(rng.uniform(0, 360, number) * units.deg,
                                        distance * units.deg)  # fmt: skip


@pytest.mark.parametrize(
    "cone",
    [(296.37072649297136, -43.2734488544082, 0.12779474474980385), (10, 20, 179), (0, 0, 90),
     (84.09092161492242, 3.618630534408289, 150.01319178469205), (0, 90, 0.1), (10, -90, 0.01),
     (0, 0, 0.001), (359.9999, 0, 0.5), (0, 89.99, 0.05), (0, -89.5, 1), (7, 7, 60), (0, 0, 180)],
)  # fmt: skip
def test_no_position_in_a_cone_is_in_another_cell(cone: tuple[float, float, float]) -> None:
    from astropy_healpix import lonlat_to_healpix

    order, cells = cells_of_cone(*cone)
    points = _points_in(*cone, 400)
    assert np.isin(lonlat_to_healpix(points.ra, points.dec, 2**order, order="nested"), cells).all()


@pytest.mark.django_db
def test_a_cone_finds_the_products_with_positions_in_it_and_none_far_away(
    ana: User, product_factory: Any
) -> None:
    from astropy import units
    from astropy.coordinates import SkyCoord
    from astropy_healpix import lonlat_to_healpix

    rng = np.random.default_rng(3)
    products: dict[int, Any] = {}
    for number, spread in enumerate((0.5, 3.0, 40.0, 180.0)):
        product = product_factory(ana, name=f"Set {number}")
        dec = np.clip(rng.uniform(-spread, spread, 500), -85, 85)
        ra = (rng.uniform(0, 360) + rng.uniform(-spread, spread, 500)) % 360
        products[product.pk] = SkyCoord(ra, dec, unit="deg")
        summary = ProductSummary.objects.create(product=product, n_rows=500, n_columns=2)
        cells = lonlat_to_healpix(ra * units.deg, dec * units.deg, 64, order="nested")
        whole = normalised(6, np.unique(cells))
        SkyCell.objects.bulk_create(
            [SkyCell(summary=summary, uniq=n, is_whole=True) for n in whole.tolist()]
            + [SkyCell(summary=summary, uniq=n, is_whole=False) for n in ancestors(whole).tolist()]
        )
    for _ in range(60):
        ra, dec, radius = rng.uniform(0, 360), rng.uniform(-90, 90), 10 ** rng.uniform(-1, 2)
        found = set(Product.objects.filter(touching(ra, dec, radius)).values_list("pk", flat=True))
        order, _ = cells_of_cone(ra, dec, radius)
        blur = 2.5 * np.degrees(np.sqrt(np.pi / 3)) / 2**order
        centre = SkyCoord(ra, dec, unit="deg")
        nearest = {pk: centre.separation(at).deg.min() for pk, at in products.items()}
        assert {pk for pk, distance in nearest.items() if distance <= radius} <= found
        assert found <= {pk for pk, distance in nearest.items() if distance <= radius + blur}


def test_every_order_has_its_own_numbers() -> None:
    assert uniq(0, np.array([0, 11])).tolist() == [4, 15]
    assert ancestors(uniq(2, np.array([0, 1]))).tolist() == [4, 16]
