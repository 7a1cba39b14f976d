"""Releases and product types on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group
from pytest_django import DjangoAssertNumQueries

from pzhub.accounts.models import User
from pzhub.catalog.models import ProductType, Release
from pztables.product_types import PRODUCT_TYPES

if TYPE_CHECKING:
    from conftest import ClientFactory

RELEASES = "/api/releases/"
TYPES = "/api/product-types/"


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [row["name"] for row in answer.json()["results"]]


def test_a_release_has_its_twelve_keys(carla: User, api: ClientFactory) -> None:
    release = Release.objects.create(
        name="dp1",
        display_name="LSST DP1",
        description="First look",
        has_mag_hats=True,
        has_flux_hats=True,
        dereddening=[{"name": "sfd", "display_name": "SFD", "selected": True}],
        fluxes=None,
    )
    release.access_groups.set(Group.objects.filter(user=carla))
    row = {
        "id": release.pk,
        "name": "dp1",
        "display_name": "LSST DP1",
        "description": "First look",
        "created_at": release.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "indexing_column": "objectId",
        "has_mag_hats": True,
        "has_flux_hats": True,
        "dereddening": [{"name": "sfd", "display_name": "SFD", "selected": True}],
        "fluxes": None,
        "is_public": False,
        "access_groups": [group.pk for group in carla.groups.all()],
    }
    answer = api(carla).get(RELEASES).json()
    assert answer == {"count": 1, "next": None, "previous": None, "results": [row]}
    assert api(carla).get(f"{RELEASES}{release.pk}/").json() == row


def test_who_sees_which_release(
    ana: User, carla: User, admin: User, api: ClientFactory, open_release: Release,
    closed_release: Release,
) -> None:  # fmt: skip
    Release.objects.create(name="ungrouped", display_name="No group")
    public = Release.objects.create(name="both", display_name="Public with group", is_public=True)
    public.access_groups.set(closed_release.access_groups.all())
    open_to_all = ["both", "ungrouped", "dp02"]
    everything = ["both", "ungrouped", "dp1", "dp02"]
    seen = {user.username: names(api(user).get(RELEASES)) for user in (ana, carla, admin)}
    assert seen == {"ana": open_to_all, "carla": everything, "root": everything}
    path = f"{RELEASES}{closed_release.pk}/"
    asked = [api(user).get(path).status_code for user in (ana, carla, admin)]
    assert asked == [404, 200, 200]
    assert api().get(RELEASES).status_code == 401


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=dp1", "dp1"),
        ("name=dp", ""),
        ("search=lsst dp1", "dp1"),
        ("search=nothing", ""),
        ("ordering=name", "dp02 dp1"),
        ("ordering=-display_name", "dp1 dp02"),
        ("ordering=access_groups__user__password", "dp1 dp02"),
    ],
)
def test_releases_are_found(
    carla: User,
    api: ClientFactory,
    open_release: Release,
    closed_release: Release,
    query: str,
    expected: str,
) -> None:
    assert names(api(carla).get(f"{RELEASES}?{query}")) == expected.split()


def test_a_release_is_found_by_id(ana: User, api: ClientFactory, open_release: Release) -> None:
    assert names(api(ana).get(f"{RELEASES}?id={open_release.pk}")) == ["dp02"]
    assert api(ana).get(f"{RELEASES}?id=x").json()["fields"].keys() == {"id"}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("url", [RELEASES, TYPES])
def test_not_even_administrators_write(
    admin: User,
    api: ClientFactory,
    open_release: Release,
    product_types: dict[str, ProductType],
    method: str,
    url: str,
) -> None:
    path = url if method == "post" else f"{url}{open_release.pk if url == RELEASES else 1}/"
    answer = getattr(api(admin), method)(path, {})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_the_number_of_queries_does_not_depend_on_the_number_of_releases(
    ana: User, api: ClientFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api(ana)
    group = Group.objects.create(name="g")
    ana.groups.add(group)
    for count in (1, 5):
        for number in range(count):
            made = Release.objects.create(name=f"r{count}{number}", display_name="R")
            made.access_groups.add(group)
        client.get(RELEASES)
        with django_assert_num_queries(5):
            client.get(RELEASES)


def test_the_seven_product_types(
    ana: User, api: ClientFactory, product_types: dict[str, ProductType]
) -> None:
    answer = api(ana).get(f"{TYPES}?ordering=order").json()
    shown = [{k: v for k, v in row.items() if k != "created_at"} for row in answer["results"]]
    assert shown == [
        {
            "id": item.id,
            "name": item.name,
            "display_name": item.display_name,
            "order": item.order,
            "description": item.description,
        }
        for item in PRODUCT_TYPES
    ]
    assert api(ana).get(f"{TYPES}1/").json() == answer["results"][0]
    assert [row["id"] for row in api(ana).get(TYPES).json()["results"]] == list(range(1, 8))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=redshift_catalog", ["redshift_catalog"]),
        ("name=redshift", []),
        ("id=2", ["training_set"]),
        ("search=training results", ["training_results"]),
    ],
)
def test_product_types_are_found_by_exact_name(
    ana: User,
    api: ClientFactory,
    product_types: dict[str, ProductType],
    query: str,
    expected: list[str],
) -> None:
    assert names(api(ana).get(f"{TYPES}?{query}")) == expected


@pytest.mark.parametrize("url", [RELEASES, TYPES])
def test_options_name_the_filters(
    ana: User, api: ClientFactory, product_types: dict[str, ProductType], url: str
) -> None:
    options = api(ana).options(url).json()
    assert options["filterset"] == ["id", "name"]
    assert options["search"] == ["display_name", "description"]
