"""Products side by side: facts, columns, redshifts, the sky they share, common positions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from astropy_healpix import lonlat_to_healpix
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, Release
from pzhub.uploads.models import TableProfile
from pzhub.uploads.services import want_profile
from pzhub.uploads.services.profiles import make_profile

pytestmark = pytest.mark.django_db
RNG = np.random.default_rng(20261121)
LEFT_RA, LEFT_DEC = RNG.uniform(359.5, 360.5, 400) % 360, RNG.uniform(-0.5, 0.5, 400)
#: Half of the right rows repeat left ones, off by up to about 2 arcsec.
RIGHT_RA = np.concatenate([LEFT_RA[:200] + RNG.normal(0, 3e-4, 200), RNG.uniform(0.2, 1.2, 200)])
RIGHT_DEC = np.concatenate([LEFT_DEC[:200], RNG.uniform(-0.5, 0.5, 200)])


def catalog(ra: Any, dec: Any, z_name: str = "z", **more: Any) -> pa.Table:
    columns = {"ra": np.asarray(ra) % 360, "dec": dec, z_name: np.linspace(0.1, 1.5, len(dec))}
    return pa.table(columns | more)


@pytest.fixture
def described(table_product: Callable[..., Product]) -> Callable[..., Product]:
    """Return a maker of products with a profile."""

    def make(table: pa.Table, z_name: str = "z") -> Product:
        product = table_product(table, {"ra": "RA", "dec": "Dec", z_name: "z"})
        want_profile(product)
        make_profile(TableProfile.objects.get(product=product).pk)
        return product

    return make


@pytest.fixture
def pair(described: Callable[..., Product]) -> tuple[Product, Product]:
    left = described(catalog(LEFT_RA, LEFT_DEC, only_left=np.arange(400)))
    right = described(catalog(RIGHT_RA, RIGHT_DEC, "zspec"), "zspec")
    return left, right


@pytest.fixture
def signed_in(client: Client, ana: User) -> Client:
    client.force_login(ana)
    return client


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_facts_columns_redshifts_and_sky_stand_side_by_side(
    signed_in: Client, pair: tuple[Product, Product]
) -> None:
    names = ",".join(product.internal_name or "" for product in pair)

    response = signed_in.get(f"/compare?products={names}")

    page = response.content.decode()
    assert response.status_code == 200
    for product in pair:
        assert f'href="/product/{product.internal_name}"' in page
    assert "Rows 400 400" in text_of(page)
    assert "z z zspec" in text_of(page)  # what means the same is in one line
    assert "1 column only in" in page
    assert "only_left" in page
    assert page.count('class="skymap"') == 2
    assert page.count(">400 · median z") == 4  # all redshifts, for wide and for narrow screens


def test_common_positions_are_those_that_astropy_finds(
    signed_in: Client, pair: tuple[Product, Product]
) -> None:
    left, right = pair
    here, there = SkyCoord(LEFT_RA, LEFT_DEC, unit="deg"), SkyCoord(RIGHT_RA, RIGHT_DEC, unit="deg")
    expected = [
        int((one.match_to_catalog_sky(other)[1] <= 1 * u.arcsec).sum())
        for one, other in ((here, there), (there, here))
    ]
    assert 100 < expected[0] < 200

    page = signed_in.get(
        f"/compare/common?left={left.internal_name}&right={right.internal_name}&radius_arcsec=1",
        headers={"HX-Request": "true"},
    ).content.decode()

    assert [int(number) for number in re.findall(r"(\d+) of ", page)] == expected
    assert "within 1 arcsec" in page


def test_products_that_share_no_sky_have_nothing_to_count(
    signed_in: Client, described: Callable[..., Product]
) -> None:
    one = described(catalog(np.full(50, 10.0), np.linspace(1, 2, 50)))
    other = described(catalog(np.full(50, 200.0), np.linspace(1, 2, 50)))

    page = signed_in.get(
        f"/compare?products={one.internal_name},{other.internal_name}"
    ).content.decode()

    assert "none: they share no sky" in page
    assert "/compare/common" not in page


def test_positions_near_each_other_in_cells_side_by_side_are_counted(
    signed_in: Client, described: Callable[..., Product]
) -> None:
    rng = np.random.default_rng(4)
    apart = False
    while not apart:  # until the border of two cells of order 10 lies between them
        one = SkyCoord([rng.uniform(0, 360)], [rng.uniform(-60, 60)], unit="deg")
        other = one.directional_offset_by(rng.uniform(0, 360) * u.deg, 50 * u.arcsec)
        cells = [lonlat_to_healpix(each.ra, each.dec, 1024)[0] for each in (one, other)]
        apart = cells[0] != cells[1]
    products = [described(catalog([p.ra.deg[0]], [p.dec.deg[0]])) for p in (one, other)]
    names = [product.internal_name for product in products]
    page = signed_in.get(f"/compare?products={names[0]},{names[1]}&radius_arcsec=60.0").content
    assert "share no sky" not in page.decode()
    counted = signed_in.get(
        f"/compare/common?left={names[0]}&right={names[1]}&radius_arcsec=60",
        headers={"HX-Request": "true"},
    ).content.decode()
    assert [int(number) for number in re.findall(r"(\d+) of ", counted)] == [1, 1]


def test_products_without_tables_are_compared_by_their_facts(
    signed_in: Client, ana: User, product_factory: Any, pair: tuple[Product, Product]
) -> None:
    model = product_factory(ana, name="A model", type_name="training_results")

    page = signed_in.get(f"/compare?products={pair[0].internal_name},{model.internal_name}")

    assert page.status_code == 200
    assert "A model" in page.content.decode()


@pytest.mark.parametrize("chosen", [0, 1, 7])
def test_too_few_or_too_many_are_told_how_many_may_be(
    signed_in: Client, ana: User, product_factory: Any, chosen: int
) -> None:
    names = [product_factory(ana, name=f"P {n}").internal_name for n in range(chosen)]

    response = signed_in.get("/compare", {"products": ",".join(names)})

    assert response.status_code == (400 if chosen else 200)
    assert "Select 2 to 6 products" in response.content.decode()


def test_a_closed_product_cannot_be_compared_nor_counted(
    client: Client, pair: tuple[Product, Product]
) -> None:
    left, right = pair
    closed = Release.objects.create(name="closed", display_name="Closed", is_public=False)
    closed.access_groups.create(name="the chosen")
    Product.objects.filter(pk=right.pk).update(release=closed)
    client.force_login(User.objects.create_user("ben"))
    both = f"{left.internal_name},{right.internal_name}"
    pairs = f"left={left.internal_name}&right={right.internal_name}"

    assert client.get(f"/compare?products={both}").status_code == 404
    assert client.get(f"/compare/common?{pairs}").status_code == 404


def test_the_page_asks_the_database_as_often_for_six_as_for_two(
    signed_in: Client,
    described: Callable[..., Product],
    django_assert_max_num_queries: Any,
) -> None:
    made = [described(catalog(LEFT_RA, LEFT_DEC)) for _ in range(6)]
    names = ",".join(product.internal_name or "" for product in made)
    signed_in.get("/compare", {"products": names})

    with django_assert_max_num_queries(12):
        assert signed_in.get("/compare", {"products": names}).status_code == 200


@pytest.mark.parametrize("radius", ["", "-1", "nan", "1e9", "wide"])
def test_what_is_no_radius_counts_as_one_arcsec(
    signed_in: Client, pair: tuple[Product, Product], radius: str
) -> None:
    pairs = {"left": pair[0].internal_name, "right": pair[1].internal_name}

    page = signed_in.get("/compare/common", pairs | {"radius_arcsec": radius}).content.decode()

    assert "within 1 arcsec" in page
