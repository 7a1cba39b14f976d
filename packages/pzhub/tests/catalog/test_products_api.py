"""Products on the wire: whole objects, filters, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from pzhub.accounts.models import TokenScope, User
from pzhub.catalog.models import Product, ProductStatus, ProductType, Release
from pzhub.core.models import AuditEntry
from pzhub.core.storage import product_dir, trash_dir

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import ClientFactory, FileFactory, ProductFactory

URL = "/api/products/"
NEW = {
    "display_name": "My cat",
    "product_type": 1,
    "release": None,
    "official_product": False,
    "pz_code": None,
    "description": None,
    "status": 0,
}


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [row["display_name"] for row in answer.json()["results"]]


def one(product: Product) -> str:
    return f"{URL}{product.pk}/"


def wire(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def test_a_list_is_an_envelope_of_whole_objects(
    ana: User, bob: User, api: ClientFactory, product_factory: ProductFactory, open_release: Release
) -> None:
    product = product_factory(
        ana, type_name="training_set", release=open_release, description="Text", release_year=2026
    )
    answer = api(bob).get(URL)
    assert answer.json() == {
        "count": 1,
        "next": None,
        "previous": None,
        "results": [
            {
                "id": product.pk,
                "release": open_release.pk,
                "release_name": "DP0.2",
                "product_type": 2,
                "product_type_name": "Training Set",
                "product_type_internal_name": "training_set",
                "uploaded_by": "ana",
                "is_owner": False,
                "origin": "Upload",
                "process_status": None,
                "process_id": None,
                "product_status": "Published",
                "can_delete": False,
                "can_update": False,
                "internal_name": f"{product.pk}_my_set",
                "display_name": "My set",
                "official_product": False,
                "pz_code": None,
                "description": "Text",
                "created_at": wire(product.created_at),
                "updated_at": wire(product.updated_at),
                "status": 1,
                "release_year": 2026,
            }
        ],
    }


def test_a_member_creates_a_product_and_owns_it(
    ana: User, api: ClientFactory, product_types: dict[str, ProductType]
) -> None:
    answer = api(ana).post(URL, {**NEW, "unknown": "ignored"})
    product = Product.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": product.pk,
        "release": None,
        "release_name": None,
        "product_type": 1,
        "product_type_name": "Reference Redshift Catalog",
        "product_type_internal_name": "redshift_catalog",
        "uploaded_by": "ana",
        "is_owner": True,
        "origin": "Upload",
        "process_status": None,
        "process_id": None,
        "product_status": "Registering",
        "can_delete": True,
        "can_update": True,
        "internal_name": f"{product.pk}_my_cat",
        "display_name": "My cat",
        "official_product": False,
        "pz_code": None,
        "description": None,
        "created_at": wire(product.created_at),
        "updated_at": wire(product.updated_at),
        "status": 0,
        "release_year": None,
    }
    assert product_dir(product).is_dir()
    assert api(ana).get(one(product)).json() == answer.json()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"display_name": ""}, "display_name"),
        ({"display_name": None}, "display_name"),
        ({"display_name": "x" * 256}, "display_name"),
        ({"display_name": "nul\0"}, "display_name"),
        ({"product_type": 99}, "product_type"),
        ({"product_type": "redshift"}, "product_type"),
        ({"release": 99}, "release"),
        ({"pz_code": "x" * 56, "product_type": 3}, "pz_code"),
        ({"release_year": "soon"}, "release_year"),
        ({"release_year": -1}, "release_year"),
        ({"status": 7}, "status"),
    ],
)
def test_a_bad_field_of_a_new_product_is_named_with_one_text(
    ana: User,
    api: ClientFactory,
    product_types: dict[str, ProductType],
    change: dict[str, Any],
    field: str,
) -> None:
    answer = api(ana).post(URL, {**NEW, **change})
    body = answer.json()
    assert answer.status_code == 400
    assert isinstance(body[field], str)
    assert body["fields"] == {field: [body[field]]}
    assert body["error"] == body["detail"] == f"{field}: {body[field]}"
    assert body["code"] == "invalid"
    assert not Product.objects.exists()


@pytest.mark.parametrize("type_name", ["training_set", "training_results", "redshift_catalog"])
def test_types_without_photoz_code_refuse_one(
    ana: User, api: ClientFactory, product_types: dict[str, ProductType], type_name: str
) -> None:
    kind = product_types[type_name].pk
    answer = api(ana).post(URL, {**NEW, "product_type": kind, "pz_code": "BPZ"})
    assert answer.status_code == 400
    assert isinstance(answer.json()["pz_code"], list)
    assert answer.json()["code"] == "field_not_allowed"


@pytest.mark.parametrize(
    "type_name", ["validation_results", "photoz_estimates", "object_catalog", "other"]
)
def test_types_with_photoz_code_take_one(
    ana: User, api: ClientFactory, product_types: dict[str, ProductType], type_name: str
) -> None:
    kind = product_types[type_name].pk
    answer = api(ana).post(URL, {**NEW, "product_type": kind, "pz_code": "BPZ"})
    assert (answer.status_code, answer.json()["pz_code"]) == (201, "BPZ")


def test_a_redshift_catalog_has_no_release(
    ana: User, api: ClientFactory, product_types: dict[str, ProductType], open_release: Release
) -> None:
    answer = api(ana).post(URL, {**NEW, "release": open_release.pk})
    text = "A release must be null for the type Reference Redshift Catalog."
    assert answer.status_code == 400
    assert answer.json() == {
        "release": [text],
        "error": text,
        "code": "field_not_allowed",
        "fields": {"release": [text]},
        "detail": text,
    }


def test_a_release_that_the_caller_may_not_use_does_not_exist(
    ana: User,
    carla: User,
    api: ClientFactory,
    product_types: dict[str, ProductType],
    closed_release: Release,
) -> None:
    body = {**NEW, "product_type": 2, "release": closed_release.pk}
    assert api(ana).post(URL, body).json()["fields"].keys() == {"release"}
    assert api(carla).post(URL, body).status_code == 201


def test_only_administrators_make_official_products(
    ana: User, admin: User, api: ClientFactory, product_types: dict[str, ProductType]
) -> None:
    body = {**NEW, "official_product": True}
    refusal = api(ana).post(URL, body)
    assert refusal.status_code == 403
    assert refusal.json()["code"] == "official_requires_admin"
    assert refusal.json()["error"]
    assert not Product.objects.exists()
    assert api(admin).post(URL, body).status_code == 201


def test_a_product_cannot_be_born_published(
    ana: User, api: ClientFactory, product_types: dict[str, ProductType]
) -> None:
    answer = api(ana).post(URL, {**NEW, "status": 1})
    assert answer.status_code == 400
    assert answer.json()["fields"].keys() == {"status"}
    assert not Product.objects.exists()


@pytest.mark.parametrize("body", ["[]", '"text"', "3", "null"])
def test_a_body_that_is_no_object_is_refused(
    ana: User, api: ClientFactory, product_types: dict[str, ProductType], body: str
) -> None:
    answer = api(ana).post(URL, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_description_is_changed_by_a_form(
    ana: User, api: ClientFactory, product_factory: ProductFactory
) -> None:
    product = product_factory(ana)
    answer = api(ana).patch(
        one(product), "description=New+text", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    product.refresh_from_db()
    assert answer.json()["description"] == product.description == "New text"
    assert answer.json()["updated_at"] == wire(product.updated_at)
    entry = AuditEntry.objects.get(action="product-updated")
    assert (entry.actor, entry.data) == (ana, {"fields": ["description"]})


def test_publication_without_roles_is_a_bare_string(
    ana: User, api: ClientFactory, product_factory: ProductFactory
) -> None:
    product = product_factory(
        ana, type_name="redshift_catalog", status=ProductStatus.REGISTERING, name="Cat"
    )
    answer = api(ana).patch(one(product), {"status": 1, "description": "changed"})
    assert answer.status_code == 406
    assert answer.json() == (
        f"{product.pk}_cat: associate these columns before publishing: Dec, RA, z."
    )
    product.refresh_from_db()
    assert (product.status, product.description) == (ProductStatus.REGISTERING, None)


def test_publication_by_a_form(
    ana: User,
    api: ClientFactory,
    product_factory: ProductFactory,
    file_factory: FileFactory,
    column_factory: Callable[..., object],
) -> None:
    product = product_factory(ana, type_name="training_set", status=ProductStatus.REGISTERING)
    file_factory(product)
    column_factory(product, z="z")
    answer = api(ana).patch(
        one(product), "status=1", content_type="application/x-www-form-urlencoded"
    )
    assert (answer.status_code, answer.json()["product_status"]) == (200, "Published")


@pytest.mark.parametrize("status", ["x", 7, 2, 3, 9])
def test_other_moves_of_status_are_refused(
    ana: User, api: ClientFactory, product_factory: ProductFactory, status: Any
) -> None:
    product = product_factory(ana)
    answer = api(ana).patch(one(product), {"status": status})
    assert answer.status_code == 400
    assert answer.json()["status"] == answer.json()["fields"]["status"]
    product.refresh_from_db()
    assert product.status == ProductStatus.PUBLISHED


@pytest.mark.parametrize(
    "change", [{"official_product": True}, {"product_type": 2}, {"release_year": 2026}]
)
def test_what_is_published_keeps_what_others_rely_on(
    ana: User, api: ClientFactory, product_factory: ProductFactory, change: dict[str, Any]
) -> None:
    product = product_factory(ana)
    answer = api(ana).patch(one(product), change)
    assert answer.status_code in (403, 409)
    assert answer.json()["error"]
    again = Product.objects.get(pk=product.pk)
    assert [getattr(again, name) for name in change] == [getattr(product, name) for name in change]


def test_an_administrator_makes_a_published_product_official(
    ana: User, admin: User, api: ClientFactory, product_factory: ProductFactory
) -> None:
    product = product_factory(ana)
    answer = api(admin).patch(one(product), {"official_product": True})
    assert (answer.status_code, answer.json()["official_product"]) == (200, True)


def test_put_sends_everything_and_changes_what_differs(
    ana: User, api: ClientFactory, product_factory: ProductFactory
) -> None:
    product = product_factory(ana)
    body = {"display_name": "Other name", "product_type": product.product_type_id, "status": 1}
    answer = api(ana).put(one(product), body)
    assert (answer.status_code, answer.json()["display_name"]) == (200, "Other name")
    assert answer.json()["internal_name"] == product.internal_name
    assert api(ana).put(one(product), {"display_name": "x"}).json()["fields"].keys() == {
        "product_type"
    }


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_others_may_not_change_or_delete(
    ana: User, bob: User, api: ClientFactory, product_factory: ProductFactory, method: str
) -> None:
    product = product_factory(ana)
    body = {"display_name": "Mine now", "product_type": product.product_type_id}
    answer = getattr(api(bob), method)(one(product), body)
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"
    again = Product.objects.get(pk=product.pk)
    assert (again.display_name, again.status) == ("My set", ProductStatus.PUBLISHED)


@pytest.mark.parametrize("who", ["ana", "admin"])
def test_deletion_keeps_the_row_and_puts_the_files_away(
    who: str,
    ana: User,
    request: pytest.FixtureRequest,
    api: ClientFactory,
    product_factory: ProductFactory,
    file_factory: FileFactory,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    product = product_factory(ana)
    file_factory(product, b"bytes")
    client = api(request.getfixturevalue(who))
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.delete(one(product))
    assert (answer.status_code, answer.content) == (204, b"")
    shown = client.get(one(product))
    assert (shown.status_code, shown.json()["status"]) == (200, 2)
    assert shown.json()["product_status"] == "Deleted"
    assert names(client.get(URL)) == ["My set"]
    assert names(client.get(URL, {"status": 1})) == []
    assert not product_dir(product).exists()
    assert (trash_dir() / str(product.internal_name) / "cat.csv").read_bytes() == b"bytes"
    assert client.delete(one(product)).status_code == 204
    assert client.patch(one(product), {"description": "x"}).json()["code"] == "product_deleted"


def test_who_sees_what(
    ana: User,
    bob: User,
    carla: User,
    admin: User,
    api: ClientFactory,
    product_factory: ProductFactory,
    open_release: Release,
    closed_release: Release,
) -> None:
    states = ProductStatus
    product_factory(ana, name="free")
    product_factory(ana, name="open", release=open_release)
    product_factory(ana, name="closed", release=closed_release)
    product_factory(ana, name="draft", status=states.REGISTERING)
    product_factory(ana, name="running", status=states.PROCESSING)
    product_factory(ana, name="failed", status=states.FAILED)
    product_factory(ana, name="gone", status=states.DELETED)
    product_factory(ana, name="gone draft", status=states.DELETED, published_at=None)
    product_factory(ana, name="gone closed", status=states.DELETED, release=closed_release)
    everything = {
        "free", "open", "closed", "draft", "running", "failed", "gone", "gone draft",
        "gone closed",
    }  # fmt: skip
    seen = {user.username: set(names(api(user).get(URL))) for user in (ana, bob, carla, admin)}
    assert seen == {
        "ana": everything,
        "bob": {"free", "open", "gone"},
        "carla": {"free", "open", "gone", "closed", "gone closed"},
        "root": everything,
    }
    for product in Product.objects.all():
        for user in (ana, bob, carla, admin):
            expected = 200 if product.display_name in seen[user.username] else 404
            assert api(user).get(one(product)).status_code == expected
            changed = api(user).patch(one(product), {})
            may = user in (ana, admin)
            gone = product.status == states.DELETED
            assert changed.status_code == (
                404 if expected == 404 else 403 if not may else 409 if gone else 200
            )
    Group.objects.get(name="dp1-team").user_set.remove(carla)
    assert set(names(api(carla).get(URL))) == {"free", "open", "gone"}


def test_nobody_without_a_token_and_none_with_too_little_scope(
    ana: User, api: ClientFactory, product_factory: ProductFactory
) -> None:
    product = product_factory(ana)
    for method in ("get", "post", "options", "put"):
        answer = getattr(api(), method)(URL)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
        assert answer.json()["code"] == "not_authenticated"
    reader = api(ana, TokenScope.READ)
    assert reader.get(one(product)).status_code == 200
    for method in ("post", "patch", "put", "delete"):
        answer = getattr(reader, method)(URL if method == "post" else one(product), NEW)
        assert (answer.status_code, answer.json()["code"]) == (403, "token_scope")
    assert api(ana, TokenScope.UPLOAD).patch(one(product), {"description": "x"}).status_code == 200


def test_the_newest_draft_of_the_caller_is_offered(
    ana: User, bob: User, api: ClientFactory, product_factory: ProductFactory
) -> None:
    path = f"{URL}pending_publication/"
    assert api(ana).get(path).json() == {"product": None}
    product_factory(ana, name="old", status=ProductStatus.REGISTERING)
    draft = product_factory(ana, name="new", status=ProductStatus.REGISTERING)
    assert api(ana).get(path).json() == {"product": api(ana).get(one(draft)).json()}
    assert api(bob).get(path).json() == {"product": None}


def test_redshift_catalogs_have_a_list_of_their_own(
    ana: User, api: ClientFactory, product_factory: ProductFactory
) -> None:
    product_factory(ana, name="yes", type_name="redshift_catalog")
    product_factory(ana, name="draft", type_name="redshift_catalog", status=0)
    product_factory(ana, name="other type")
    client = api(ana)
    assert names(client.get("/api/products-specz/")) == ["yes"]
    assert names(client.get("/api/products-specz/", {"product_name": "no"})) == []
    assert client.post("/api/products-specz/", NEW).status_code == 405


@pytest.fixture
def shelf(ana: User, bob: User, product_factory: ProductFactory, open_release: Release) -> None:
    User.objects.filter(pk=ana.pk).update(first_name="Ana", last_name="Lima")
    rows: list[tuple[User, str, str, Release | None]] = [
        (ana, "Alpha deep", "redshift_catalog", None),
        (ana, "Beta wide", "training_set", open_release),
        (bob, "Gamma deep", "photoz_estimates", open_release),
        (bob, "Delta, wide", "other", None),
    ]
    for owner, name, type_name, release in rows:
        product_factory(owner, name=name, type_name=type_name, release=release)
    Product.objects.filter(display_name="Gamma deep").update(official_product=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "Delta Gamma Beta Alpha"),
        ("status=1", "Delta Gamma Beta Alpha"),
        ("status=0", ""),
        ("status__in=0,1", "Delta Gamma Beta Alpha"),
        ("display_name=Beta wide", "Beta"),
        ("display_name=beta wide", ""),
        ("display_name__in=Beta wide,Alpha deep", "Beta Alpha"),
        ("product_type__in=1,2", "Beta Alpha"),
        ("product_type=4", "Gamma"),
        ("release__isnull=true", "Delta Alpha"),
        ("release__isnull=False", "Gamma Beta"),
        ("release__isnull=perhaps", "Delta Gamma Beta Alpha"),
        ("official_product=true", "Gamma"),
        ("official_product=false", "Delta Beta Alpha"),
        ("official_product=x", "Delta Gamma Beta Alpha"),
        ("official_product__in=true,false", "Delta Gamma Beta Alpha"),
        ("official_product__in=true", "Gamma"),
        ("product_type_name=REDSHIFT", "Alpha"),
        ("product_type_name=training,set", "Beta"),
        ("product_type_name=training,redshift", ""),
        ("product_type_name__or=training,redshift", "Beta Alpha"),
        ("release_name=dp0", "Gamma Beta"),
        ("release_name=dp02,0.2", "Gamma Beta"),
        ("release_name__or=dp02,nothing", "Gamma Beta"),
        ("product_name=deep", "Gamma Alpha"),
        ("product_name=deep,gam", "Gamma"),
        ("product_name__or=alpha,beta wide", "Beta Alpha"),
        ("product_name=beta wide", "Beta"),
        ("uploaded_by=LIMA", "Beta Alpha"),
        ("uploaded_by=ana,lima", "Beta Alpha"),
        ("uploaded_by=ana,bob", ""),
        ("uploaded_by__or=ana,bob", "Delta Gamma Beta Alpha"),
        ("search=deep lima", "Alpha"),
        ("search=deep,bob", "Gamma"),
        ("search=DELTA", "Delta"),
        ("unknown=1", "Delta Gamma Beta Alpha"),
        ("format=xml", "Delta Gamma Beta Alpha"),
        ("ordering=display_name", "Alpha Beta Delta Gamma"),
        ("ordering=-display_name", "Gamma Delta Beta Alpha"),
        ("ordering=id", "Alpha Beta Gamma Delta"),
        ("ordering=nonsense,-product_type", "Delta Gamma Beta Alpha"),
        ("ordering=user__password", "Delta Gamma Beta Alpha"),
        ("page_size=2", "Delta Gamma"),
        ("page_size=2&page=2", "Beta Alpha"),
        ("page_size=2&page=last", "Beta Alpha"),
        ("page_size=0", "Delta Gamma Beta Alpha"),
        ("page_size=-3", "Delta Gamma Beta Alpha"),
        ("page_size=x", "Delta Gamma Beta Alpha"),
    ],
)
@pytest.mark.usefixtures("shelf")
def test_filters_search_order_and_pages(
    bob: User, api: ClientFactory, query: str, expected: str
) -> None:
    found = names(api(bob).get(f"{URL}?{query}"))
    assert [name.split()[0].strip(",") for name in found] == expected.split()


@pytest.mark.usefixtures("shelf")
def test_filters_by_id_of_release_user_and_internal_name(
    ana: User, bob: User, api: ClientFactory, open_release: Release
) -> None:
    client = api(ana)
    beta = Product.objects.get(display_name="Beta wide")
    found = {
        query: {name.split()[0] for name in names(client.get(f"{URL}?{query}"))}
        for query in (
            f"release={open_release.pk}",
            f"release__in={open_release.pk}",
            f"user={bob.pk}",
            f"user__in={bob.pk},{ana.pk}&product_name=wide",
            f"internal_name={beta.internal_name}",
            f"internal_name__in={beta.internal_name},nothing",
        )
    }
    assert list(found.values()) == [
        {"Beta", "Gamma"}, {"Beta", "Gamma"}, {"Gamma", "Delta,"}, {"Beta", "Delta,"},
        {"Beta"}, {"Beta"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("release=99", "release"),
        ("release=x", "release"),
        ("release__in=1,99", "release__in"),
        ("release__in=a", "release__in"),
        ("product_type=99", "product_type"),
        ("product_type__in=1,2,99", "product_type__in"),
        ("user=99999", "user"),
        ("user__in=-1", "user__in"),
        ("status=7", "status"),
        ("status=x", "status"),
        ("status__in=1,x", "status__in"),
        ("status__in=1e999999999", "status__in"),
        ("display_name=%00", "display_name"),
        ("search=%00", "search"),
    ],
)
def test_a_filter_value_that_means_nothing_is_named(
    ana: User, api: ClientFactory, product_types: dict[str, ProductType], query: str, field: str
) -> None:
    answer = api(ana).get(f"{URL}?{query}")
    assert answer.status_code == 400
    assert answer.json()["fields"].keys() == {field}
    assert answer.json()[field] == answer.json()["fields"][field]


@pytest.mark.parametrize("page", ["0", "-1", "3", "abc"])
@pytest.mark.usefixtures("shelf")
def test_a_page_that_does_not_exist_is_404(ana: User, api: ClientFactory, page: str) -> None:
    answer = api(ana).get(f"{URL}?page_size=2&page={page}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.usefixtures("shelf")
def test_pages_link_to_their_neighbours_through_the_clients_double_slash(
    ana: User, api: ClientFactory
) -> None:
    answer = api(ana).get("/api//products/?status=1&page_size=1&page=2").json()
    base = "http://testserver/api/products/?"
    assert (answer["count"], answer["next"], answer["previous"]) == (
        4,
        f"{base}page=3&page_size=1&status=1",
        f"{base}page_size=1&status=1",
    )


@pytest.mark.parametrize("who", ["ana", "carla", "admin"])
def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(
    who: str,
    ana: User,
    bob: User,
    carla: User,
    request: pytest.FixtureRequest,
    api: ClientFactory,
    product_factory: ProductFactory,
    open_release: Release,
    closed_release: Release,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = api(request.getfixturevalue(who))
    product_factory(bob, release=open_release)
    client.get(URL)  # notes the token's use
    rows = [
        product_factory(owner, release=release, type_name="training_set")
        for owner in (ana, bob, carla)
        for release in (open_release, closed_release, None)
    ]
    # token, group of administrators (superusers need none), count, rows
    expected = 3 if who == "admin" else 4
    with django_assert_num_queries(expected):
        assert len(names(client.get(f"{URL}?status=1&page_size=1"))) == 1
    with django_assert_num_queries(expected):
        assert len(names(client.get(f"{URL}?status=1&page_size=100"))) >= len(rows) - 3


def test_options_name_every_legal_filter(
    ana: User, api: ClientFactory, product_types: dict[str, ProductType]
) -> None:
    answer = api(ana).options(URL).json()
    actions = answer.pop("actions")
    plain = {
        "internal_name": "CharFilter", "internal_name__in": "CharInFilter",
        "display_name": "CharFilter", "display_name__in": "CharInFilter",
        "release": "ModelChoiceFilter", "release__in": "ModelChoiceInFilter",
        "product_type": "ModelChoiceFilter", "product_type__in": "ModelChoiceInFilter",
        "official_product": "BooleanFilter", "official_product__in": "BooleanInFilter",
        "status": "ChoiceFilter", "status__in": "NumberInFilter",
        "user": "ModelChoiceFilter", "user__in": "ModelChoiceInFilter",
        "release__isnull": "BooleanFilter",
        "uploaded_by__or": "CharFilter", "uploaded_by": "CharFilter",
        "product_type_name__or": "CharFilter", "product_type_name": "CharFilter",
        "release_name__or": "CharFilter", "release_name": "CharFilter",
        "product_name__or": "CharFilter", "product_name": "CharFilter",
    }  # fmt: skip
    classes: list[dict[str, Any]] = [{"name": name, "type": kind} for name, kind in plain.items()]
    classes[10]["choices"] = [
        {"value": 0, "display_name": "Registering"},
        {"value": 1, "display_name": "Published"},
        {"value": 2, "display_name": "Deleted"},
        {"value": 3, "display_name": "Processing"},
        {"value": 9, "display_name": "Failed"},
    ]
    assert answer == {
        "name": "Product List",
        "description": "",
        "renders": ["application/json"],
        "parses": [
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
        ],
        "filter_classes": classes,
        "search": ["display_name", "user__username", "user__first_name", "user__last_name"],
        "ordering": ["id", "display_name", "product_type", "created_at"],
    }
    assert list(actions["POST"]) == [
        "display_name", "product_type", "release", "pz_code", "description",
        "official_product", "release_year", "status",
    ]  # fmt: skip
