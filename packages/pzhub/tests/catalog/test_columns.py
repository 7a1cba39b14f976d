"""Columns: their wire, what they mean, and who may say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction

from pzhub.accounts.models import TokenScope, User
from pzhub.catalog.models import Column, Product, ProductStatus, Release
from pzhub.catalog.services import (
    RequiredRoleError,
    set_column_association,
    set_column_associations,
)
from pzhub.catalog.services.columns import Association
from pzhub.core.errors import ForbiddenError, NotFoundError
from pzhub.core.models import AuditEntry

if TYPE_CHECKING:
    from conftest import ClientFactory, ProductFactory

URL = "/api/product-contents/"
FORM = "application/x-www-form-urlencoded"
Columns = Callable[..., list[Column]]


def one(column: Column) -> str:
    return f"{URL}{column.pk}/"


def meanings(product: Product) -> dict[str, tuple[str | None, str | None]]:
    return {c.column_name: (c.alias, c.ucd) for c in product.columns.all()}


@pytest.fixture
def draft(ana: User, product_factory: ProductFactory) -> Product:
    return product_factory(ana, type_name="redshift_catalog", status=ProductStatus.REGISTERING)


def test_columns_are_listed_by_product(
    ana: User, api: ClientFactory, draft: Product, column_factory: Columns
) -> None:
    first, second = column_factory(draft, RA=None, Z="z")
    client = api(ana)
    answer = client.get(URL, {"product": draft.pk}).json()
    assert answer == {
        "count": 2,
        "next": None,
        "previous": None,
        "results": [
            {
                "id": first.pk,
                "product": draft.pk,
                "column_name": "RA",
                "ucd": None,
                "order": 0,
                "alias": None,
            },
            {
                "id": second.pk,
                "product": draft.pk,
                "column_name": "Z",
                "ucd": None,
                "order": 1,
                "alias": "z",
            },
        ],
    }
    assert client.get(one(second)).json() == answer["results"][1]
    backwards = client.get(f"{URL}?ordering=-order&product={draft.pk}").json()["results"]
    assert backwards == answer["results"][::-1]
    assert client.get(f"{URL}?id={second.pk}").json()["count"] == 1


@pytest.mark.parametrize("query", ["product=99", "product=x", "id=x"])
def test_an_unknown_product_is_400(ana: User, api: ClientFactory, query: str) -> None:
    answer = api(ana).get(f"{URL}?{query}")
    assert answer.status_code == 400
    assert answer.json()["fields"].keys() == {query.split("=")[0]}


def test_options_name_the_filters(ana: User, api: ClientFactory) -> None:
    options = api(ana).options(URL).json()
    assert (options["filterset"], options["ordering"]) == (["id", "product"], ["id", "order"])
    assert "filter_classes" not in options
    assert list(options["actions"]["POST"]) == ["product", "column_name", "ucd", "order", "alias"]


def test_a_form_says_what_a_column_means_and_takes_it_back(
    ana: User, api: ClientFactory, draft: Product, column_factory: Columns
) -> None:
    (column,) = column_factory(draft, ra_deg=None)
    client = api(ana)
    given = client.patch(one(column), "alias=RA&ucd=pos.eq.ra%3Bmeta.main", content_type=FORM)
    assert given.status_code == 200
    assert given.json() == {
        "id": column.pk,
        "product": draft.pk,
        "column_name": "ra_deg",
        "ucd": "pos.eq.ra;meta.main",
        "order": 0,
        "alias": "RA",
    }
    taken = client.patch(one(column), "ucd=&alias=", content_type=FORM)
    assert (taken.json()["ucd"], taken.json()["alias"]) == ("", "")
    assert meanings(draft) == {"ra_deg": ("", "")}
    acts = AuditEntry.objects.filter(action="column-changed", object_id=draft.pk)
    assert [act.data["alias"] for act in acts] == ["", "RA"]


def test_a_free_alias_drops_the_standard_ucd_that_the_client_leaves_out(
    ana: User, api: ClientFactory, draft: Product, column_factory: Columns
) -> None:
    (column,) = column_factory(draft, x=None)
    set_column_association(actor=ana, column=column, alias="RA", ucd="pos.eq.ra;meta.main")
    answer = api(ana).patch(one(column), "alias=my_column", content_type=FORM)
    assert (answer.json()["alias"], answer.json()["ucd"]) == ("my_column", None)


def test_a_standard_role_moves_to_the_column_it_was_given_last(
    ana: User, draft: Product, column_factory: Columns
) -> None:
    a, b, _ = column_factory(draft, a=None, b=None, c="note")
    set_column_association(actor=ana, column=a, alias="z", ucd="src.redshift")
    set_column_association(actor=ana, column=b, alias="z", ucd="src.redshift")
    assert meanings(draft) == {
        "a": (None, None),
        "b": ("z", "src.redshift"),
        "c": ("note", None),
    }


def test_an_unknown_column_is_404(ana: User, api: ClientFactory) -> None:
    answer = api(ana).patch(f"{URL}None/", "alias=RA", content_type=FORM)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "change",
    [{"alias": "x" * 257}, {"ucd": "x" * 129}, {"column_name": "x" * 257}, {"order": -1},
     {"column_name": ""}],
)  # fmt: skip
def test_bad_values_are_named(
    ana: User, api: ClientFactory, draft: Product, column_factory: Columns, change: dict[str, Any]
) -> None:
    (column,) = column_factory(draft, a="z")
    answer = api(ana).patch(one(column), change)
    assert answer.status_code == 400
    assert answer.json()["fields"].keys() == change.keys()


def test_columns_are_added_replaced_and_removed(
    ana: User, api: ClientFactory, draft: Product
) -> None:
    client = api(ana)
    body = {"product": draft.pk, "column_name": "RA", "ucd": None, "order": 3, "alias": "RA"}
    added = client.post(URL, body)
    path = f"{URL}{added.json()['id']}/"
    assert (added.status_code, added.json()) == (201, {"id": added.json()["id"], **body})
    again = client.post(URL, body)
    assert (again.status_code, again.json()["code"]) == (409, "column_name_taken")
    replaced = client.put(path, {**body, "column_name": "ra", "order": 0})
    assert (replaced.status_code, replaced.json()["column_name"]) == (200, "ra")
    assert client.put(path, {"alias": "x"}).status_code == 400
    assert client.delete(path).status_code == 204
    assert meanings(draft) == {}
    assert client.post(URL, {"column_name": "x"}).json()["fields"].keys() == {"product"}
    second = client.post(URL, {"product": draft.pk, "column_name": "last"})
    assert second.json()["order"] == 0


def test_column_names_of_a_product_differ(draft: Product, column_factory: Columns) -> None:
    column_factory(draft, a=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        column_factory(draft, a=None)


@pytest.mark.parametrize("method", ["patch", "put", "delete", "post"])
def test_others_read_columns_and_leave_them_alone(
    ana: User,
    bob: User,
    admin: User,
    api: ClientFactory,
    product_factory: ProductFactory,
    column_factory: Columns,
    method: str,
) -> None:
    product = product_factory(ana)
    (column,) = column_factory(product, a="note")
    body = {"product": product.pk, "column_name": "b", "alias": "spam"}
    path = URL if method == "post" else one(column)
    assert api(bob).get(one(column)).status_code == 200
    refusal = getattr(api(bob), method)(path, body)
    assert (refusal.status_code, refusal.json()["code"]) == (403, "forbidden")
    assert meanings(product) == {"a": ("note", None)}
    assert getattr(api(), method)(path, body).status_code == 401
    assert getattr(api(ana, TokenScope.READ), method)(path, body).status_code == 403
    assert getattr(api(admin), method)(path, body).status_code in (200, 201, 204)


@pytest.mark.parametrize("state", ["closed", "draft", "deleted"])
def test_columns_of_products_that_one_may_not_see_do_not_exist(
    ana: User,
    bob: User,
    api: ClientFactory,
    product_factory: ProductFactory,
    column_factory: Columns,
    closed_release: Release,
    state: str,
) -> None:
    options: dict[str, dict[str, Any]] = {
        "closed": {"release": closed_release},
        "draft": {"status": ProductStatus.REGISTERING},
        "deleted": {"status": ProductStatus.DELETED},
    }
    product = product_factory(ana, **options[state])
    (column,) = column_factory(product, a="note")
    client = api(bob)
    assert client.get(URL).json()["count"] == 0
    assert client.get(f"{URL}?product={product.pk}").status_code == 400
    assert client.get(one(column)).status_code == 404
    assert client.patch(one(column), {"alias": "x"}).status_code == 404
    added = client.post(URL, {"product": product.pk, "column_name": "x"})
    assert (added.status_code, added.json()["fields"].keys()) == (400, {"product"})


def test_a_published_product_keeps_its_required_roles(
    ana: User, api: ClientFactory, product_factory: ProductFactory, column_factory: Columns
) -> None:
    product = product_factory(ana, type_name="training_set")
    z, other = column_factory(product, z="z", other=None)
    client = api(ana)
    for answer in (client.patch(one(z), {"alias": ""}), client.delete(one(z))):
        assert (answer.status_code, answer.json()["code"]) == (409, "required_role")
    assert meanings(product) == {"z": ("z", None), "other": (None, None)}
    assert client.patch(one(other), {"alias": "z"}).status_code == 200
    assert meanings(product) == {"z": (None, None), "other": ("z", None)}


def test_roles_are_swapped_in_one_act(
    ana: User, bob: User, product_factory: ProductFactory, column_factory: Columns
) -> None:
    product = product_factory(ana, type_name="object_catalog")
    ra, dec = column_factory(product, a="Dec", b="RA")
    swapped = {ra.pk: Association("RA", None), dec.pk: Association("Dec", None)}
    with pytest.raises(ForbiddenError):
        set_column_associations(actor=bob, product=product, associations=swapped)
    set_column_associations(actor=ana, product=product, associations=swapped)
    assert meanings(product) == {"a": ("RA", None), "b": ("Dec", None)}
    with pytest.raises(RequiredRoleError):
        set_column_associations(
            actor=ana, product=product, associations={ra.pk: Association(None, None)}
        )
    assert meanings(product) == {"a": ("RA", None), "b": ("Dec", None)}
    with pytest.raises(NotFoundError):
        set_column_associations(
            actor=ana, product=product, associations={0: Association("z", None)}
        )


def test_columns_that_were_read_again_meanwhile_are_not_found(
    ana: User, draft: Product, column_factory: Columns
) -> None:
    (column,) = column_factory(draft, a=None)
    Column.objects.all().delete()
    with pytest.raises(NotFoundError, match="read again"):
        set_column_association(actor=ana, column=column, alias="z", ucd=None)
