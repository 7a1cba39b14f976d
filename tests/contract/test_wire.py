"""The contract on the wire of a live server: addresses, sign-in, shapes, lists, OPTIONS."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contract.wire import PRODUCT_KEYS, Wire

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("wire")]
COLLECTIONS = (
    "users", "releases", "product-types", "products", "products-specz", "product-contents",
    "product-files", "pipelines", "processes",
)  # fmt: skip
FILTERS = (
    "internal_name CharFilter, internal_name__in CharInFilter, display_name CharFilter,"
    " display_name__in CharInFilter, release ModelChoiceFilter, release__in ModelChoiceInFilter,"
    " product_type ModelChoiceFilter, product_type__in ModelChoiceInFilter,"
    " official_product BooleanFilter, official_product__in BooleanInFilter, status ChoiceFilter,"
    " status__in NumberInFilter, user ModelChoiceFilter, user__in ModelChoiceInFilter,"
    " release__isnull BooleanFilter, uploaded_by__or CharFilter, uploaded_by CharFilter,"
    " product_type_name__or CharFilter, product_type_name CharFilter, release_name__or CharFilter,"
    " release_name CharFilter, product_name__or CharFilter, product_name CharFilter"
)


# -- addresses and forms ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", *COLLECTIONS])
def test_a_collection_is_served_in_every_way_of_asking(name: str, nina: Wire, nobody: Wire) -> None:
    path = f"{name}/" if name else ""
    plain = nina.get(path)
    assert plain.status_code == 200
    assert plain.headers["Content-Type"].startswith("application/json")
    if name:
        assert {"count", "next", "previous", "results"} == set(plain.json())
        assert nina.get(name).status_code == 404  # never a redirect
    # The published client sends a media type with every GET and OPTIONS, and no body.
    typed = {"Accept": "application/json", "Content-Type": "application/json"}
    assert nina.get(path, headers=typed).status_code == 200
    assert nina.send("OPTIONS", path, headers=typed).status_code == 200
    browser = {"Accept": "text/html,application/xhtml+xml"}
    assert nina.get(path, headers=browser).status_code == 200
    assert nina.get(path, headers={"Accept": "application/x-nothing"}).status_code == 406
    stranger = nobody.get(path)
    assert stranger.status_code == 401
    assert stranger.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert stranger.json()["detail"] == stranger.json()["error"]


def test_the_root_lists_the_collections_of_this_host(nina: Wire, hub: Any) -> None:
    assert nina.read("") == {name: f"{hub.address}/api/{name}/" for name in COLLECTIONS}


@pytest.mark.parametrize(
    "path", ["/api//products/?status=1", "//api///products//?status=1", "/api/products//?status=1"]
)
def test_repeated_slashes_are_one_on_the_wire(path: str, nina: Wire, hub: Any) -> None:
    # httpx would tidy a relative path up; an absolute address goes out as it is.
    answer = httpx.get(f"{hub.address}{path}", headers=nina.headers)
    assert answer.status_code == 200
    assert answer.json()["count"] == nina.read("products/?status=1")["count"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"a,b", "headers": {"Content-Type": "text/csv"}}, 415),
        ({"content": b"{x", "headers": {"Content-Type": "application/json"}}, 400),
        ({"json": {"display_name": "json", "product_type": 7}}, 201),
        ({"data": {"display_name": "form", "product_type": "7"}}, 201),
        ({"files": {"display_name": (None, "multipart"), "product_type": (None, "7")}}, 201),
        ({"json": {"display_name": "unknown keys", "product_type": 7, "colour": "red"}}, 201),
    ],
)
def test_bodies_come_in_three_forms(sent: dict[str, Any], status: int, nina: Wire) -> None:
    answer = nina.send("POST", "products/", **sent)
    assert answer.status_code == status
    assert status == 201 or "detail" in answer.json()


# -- sign-in ---------------------------------------------------------------------------------------


def basic(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "Token": lambda token: f"Token {token}",
    "token": lambda token: f"token {token}",
    "TOKEN": lambda token: f"TOKEN {token}",
    "Bearer": lambda token: f"Bearer {token}",
    "bEARER": lambda token: f"bEARER {token}",
    "Basic, token as password": lambda token: f"Basic {basic(f'x-oauth-basic:{token}')}",
    "basic, token as user": lambda token: f"basic {basic(f'{token}:x-oauth-basic')}",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_token_is_taken_in_each_form(form: str, nina: Wire, hub: Any) -> None:
    token = nina.headers["Authorization"].removeprefix("Token ")
    answer = httpx.get(f"{hub.address}/api/", headers={"Authorization": FORMS[form](token)})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        f"Token {'0' * 40}", "Token", "Bearer wrong", "Bearer github wrong", "Basic !!",
        f"Basic {basic('nina:correct horse battery')}", f"Basic {basic('x-oauth-basic:wrong')}",
        "Digest x",
    ],
)  # fmt: skip
def test_other_credentials_are_401_on_the_wire(header: str, hub: Any) -> None:
    answer = httpx.get(f"{hub.address}/api/", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_the_calls_of_accounts(nina: Wire, nobody: Wire, hub: Any) -> None:
    assert nina.send("POST", "logged_user/").json() == {"username": "nina", "is_admin": False}
    for path in ("logged_user/", "get_token/", "obtain_token/"):
        assert nina.get(path).status_code == 405
    pair = {"username": "nina", "password": hub.password}
    obtained = nobody.send("POST", "obtain_token/", json=pair)
    assert (obtained.status_code, set(obtained.json())) == (200, {"token"})
    refused = nobody.send("POST", "obtain_token/", data=pair | {"password": "no"})
    assert refused.status_code == 400
    assert refused.json()["non_field_errors"]
    out = nina.get("logout/")
    assert (out.status_code, out.content) == (200, b"")
    renewed = nina.send("POST", "get_token/")
    assert (renewed.status_code, set(renewed.json())) == (200, {"token"})
    assert nina.get("").status_code == 200  # only the token named "default" was replaced


def test_what_everybody_may_read(hub: Any, nobody: Wire) -> None:
    answer = httpx.get(f"{hub.address}/which_environment/")
    assert answer.json() == {"enviroment_name": "Development", "is_dev": True}
    for path in ("schema/", "swagger/", "redoc/"):
        assert nobody.get(path).status_code == 200


# -- collections that are read only ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["users", "releases", "product-types", "products-specz"])
def test_what_is_read_only_stays_so_for_administrators(name: str, chief: Wire) -> None:
    assert chief.send("POST", f"{name}/", json={}).status_code == 405
    for method in ("PUT", "PATCH", "DELETE"):
        assert chief.send(method, f"{name}/1/", json={}).status_code == 405


def test_product_types_have_their_ids_names_and_order(nina: Wire) -> None:
    rows = nina.results("product-types/")
    assert [(row["id"], row["name"], row["display_name"], row["order"]) for row in rows] == [
        (1, "redshift_catalog", "Reference Redshift Catalog", 1),
        (2, "training_set", "Training Set", 2),
        (3, "validation_results", "Validation Results", 4),
        (4, "photoz_estimates", "Photo-z Estimates", 5),
        (5, "training_results", "Training Results", 3),
        (6, "object_catalog", "Objects Catalog", 6),
        (7, "other", "Other", 7),
    ]
    assert [row["id"] for row in nina.results("product-types/?ordering=order")] == [
        1, 2, 5, 3, 4, 6, 7,
    ]  # fmt: skip
    assert nina.results("product-types/?name=redshift") == []
    assert [row["id"] for row in nina.results("product-types/?name=redshift_catalog")] == [1]
    assert set(rows[0]) == {"id", "name", "display_name", "order", "description", "created_at"}


def test_users_have_no_id_and_are_ordered_by_login(nina: Wire) -> None:
    rows = nina.results("users/?page_size=1000")
    assert {key for row in rows for key in row} == {
        "username", "first_name", "last_name", "display_name",
    }  # fmt: skip
    assert [row["username"] for row in rows] == sorted(row["username"] for row in rows)
    assert nina.get("users/1/").status_code == 200
    assert nina.get("users/99999/").status_code == 404


def test_a_closed_release_is_there_for_its_group_and_administrators_only(
    nina: Wire, chief: Wire, closed: int
) -> None:
    assert closed not in {row["id"] for row in nina.results("releases/")}
    assert nina.get(f"releases/{closed}/").status_code == 404
    assert chief.read(f"releases/{closed}/") in chief.results("releases/")
    assert {
        "id", "name", "display_name", "description", "created_at", "indexing_column",
        "has_mag_hats", "has_flux_hats", "dereddening", "fluxes", "is_public", "access_groups",
    } <= set(chief.read(f"releases/{closed}/"))  # fmt: skip


# -- products --------------------------------------------------------------------------------------


def test_a_new_product_has_its_23_keys_and_its_name_for_ever(nina: Wire) -> None:
    answer = nina.begin(display_name="Zed Ünï  Name! (v2)*")
    assert answer.status_code == 201
    product = answer.json()
    key = product["id"]
    times = [product.pop(name) for name in ("created_at", "updated_at")]
    assert [name for name in PRODUCT_KEYS if not name.endswith("d_at")] == list(product)
    assert product == {
        "id": key, "release": None, "release_name": None, "product_type": 1,
        "product_type_name": "Reference Redshift Catalog",
        "product_type_internal_name": "redshift_catalog", "uploaded_by": "nina", "is_owner": True,
        "origin": "Upload", "process_status": None, "process_id": None,
        "product_status": "Registering", "can_delete": True, "can_update": True,
        "internal_name": f"{key}_zed_ünï__name_v2", "display_name": "Zed Ünï  Name! (v2)*",
        "official_product": False, "pz_code": None, "description": None, "status": 0,
        "release_year": None,
    }  # fmt: skip
    for moment in times:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", moment)
    renamed = nina.send("PATCH", f"products/{key}/", data={"display_name": "Else"}).json()
    assert renamed["internal_name"] == f"{key}_zed_ünï__name_v2"


@pytest.mark.parametrize(
    ("fields", "status", "key", "kind"),
    [
        ({"product_type": 1, "release": True}, 400, "release", list),
        ({"product_type": 1, "pz_code": "BPZ"}, 400, "pz_code", list),
        ({"product_type": 2, "pz_code": "BPZ"}, 400, "pz_code", list),
        ({"product_type": 5, "pz_code": "BPZ"}, 400, "pz_code", list),
        ({"official_product": True}, 403, "error", str),
        ({"display_name": ""}, 400, "display_name", str),
        ({"display_name": "x" * 256}, 400, "display_name", str),
        ({"product_type": 99}, 400, "product_type", str),
        ({"product_type": None}, 400, "product_type", str),
        ({"status": 7}, 400, "status", str),
        ({"status": 1}, 400, "status", list),
        ({"pz_code": "x" * 56, "product_type": 7}, 400, "pz_code", str),
        ({"display_name": "x" * 255}, 201, "id", int),
        ({"product_type": 3, "pz_code": "BPZ"}, 201, "id", int),
        ({"product_type": 2, "release": True}, 201, "id", int),
    ],
)
def test_what_a_new_product_may_be(
    fields: dict[str, Any], status: int, key: str, kind: type, nina: Wire, opened: int
) -> None:
    if fields.get("release"):
        fields = fields | {"release": opened}
    answer = nina.begin(**fields)
    assert answer.status_code == status
    assert type(answer.json()[key]) is kind


#: Of the catalogs that `shelf` makes: name, type, whether in a release, who.
@pytest.fixture(scope="module")
def shelf(nina: Wire, chief: Wire, opened: int) -> list[dict[str, Any]]:
    """Make products that differ in all that can be asked for; return all that nina sees."""
    nina.begin(display_name="Alpha One", product_type=7)
    nina.begin(display_name="alpha Two", product_type=6)
    nina.begin(display_name="Beta One", product_type=2, release=opened)
    chief.begin(display_name="Official Alpha", product_type=4, official_product=True)
    return nina.results("products/?page_size=1000")


def words(*names: str) -> Callable[[dict[str, Any]], bool]:
    return lambda item: item["display_name"] in names


ASKED: dict[str, Callable[[dict[str, Any]], bool]] = {
    "status=1": lambda item: item["status"] == 1,
    "status__in=0,1": lambda item: item["status"] in (0, 1),
    "display_name=Alpha One": words("Alpha One"),
    "display_name=alpha one": words(),
    "display_name__in=Alpha One,Beta One,nothing": words("Alpha One", "Beta One"),
    "product_type=7": lambda item: item["product_type"] == 7,
    "product_type__in=6,2": lambda item: item["product_type"] in (6, 2),
    "release__isnull=true": lambda item: item["release"] is None,
    "release__isnull=False": lambda item: item["release"] is not None,
    "release__isnull=maybe": lambda item: True,
    "product_type_name=REDSHIFT,ref": lambda item: item["product_type"] == 1,
    "product_type_name=redshift,other": words(),
    "product_type_name__or=redshift,other": lambda item: item["product_type"] in (1, 7),
    "product_name=alpha,one": words("Alpha One"),
    "product_name__or=two,beta": words("alpha Two", "Beta One"),
    "release_name=wire,open": lambda item: item["release_name"] == "WIRE_OPEN",
    "release_name__or=wire_open,nothing": lambda item: item["release_name"] == "WIRE_OPEN",
    "uploaded_by=NIN": lambda item: item["uploaded_by"] == "nina",
    "uploaded_by=nin,nobody": words(),
    "uploaded_by__or=nina,chief": lambda item: item["uploaded_by"] in ("nina", "chief"),
    "official_product=true": lambda item: item["official_product"],
    "official_product=maybe": lambda item: True,
    "official_product__in=true": lambda item: item["official_product"],
    "official_product__in=true,false": lambda item: True,
    "search=alpha nina": lambda item: (
        "alpha" in item["display_name"].lower() and item["uploaded_by"] == "nina"
    ),
    "search=alpha,two": words("alpha Two"),
    "no_such_key=3": lambda item: True,
}


@pytest.mark.parametrize("query", ASKED)
def test_a_filter_finds_what_it_says(query: str, nina: Wire, shelf: list[dict[str, Any]]) -> None:
    expected = [item["id"] for item in shelf if ASKED[query](item)]
    found = nina.ids(query)
    assert [key for key in found if key in {item["id"] for item in shelf}] == expected


def test_filters_by_ids_of_rows(nina: Wire, shelf: list[dict[str, Any]], opened: int) -> None:
    inside = [item["id"] for item in shelf if item["release"] == opened]
    assert nina.ids(f"release={opened}") == nina.ids(f"release__in={opened}") == inside
    one = shelf[0]
    assert nina.ids(f"internal_name={one['internal_name']}") == [one["id"]]
    assert nina.ids(f"internal_name__in=x,{one['internal_name']}") == [one["id"]]


@pytest.mark.parametrize(
    "query",
    [
        "status=8", "status=abc", "status__in=x", "release=99999", "release=abc",
        "release__in=99999", "product_type=99", "product_type__in=1,99", "user=99999",
        "user__in=a",
    ],
)  # fmt: skip
def test_a_filter_value_without_meaning_is_400_at_its_key(query: str, nina: Wire) -> None:
    answer = nina.get(f"products/?{query}")
    assert answer.status_code == 400
    assert isinstance(answer.json()[query.partition("=")[0]], list)


def test_orders_are_total_and_unknown_names_are_ignored(
    nina: Wire, shelf: list[dict[str, Any]]
) -> None:
    known = {item["id"]: item for item in shelf}

    def ordered(query: str) -> list[int]:
        return [key for key in nina.ids(query) if key in known]

    assert ordered("") == ordered("ordering=colour") == sorted(known, reverse=True)
    assert ordered("ordering=id") == sorted(known)
    assert ordered("ordering=product_type,-id") == sorted(
        known, key=lambda key: (known[key]["product_type"], -key)
    )


@pytest.mark.parametrize("size", ["0", "-1", "abc", "5000", ""])
def test_an_odd_page_size_means_the_default_or_the_maximum(
    size: str, nina: Wire, shelf: list[dict[str, Any]]
) -> None:
    found = nina.read(f"products/?page_size={size}")
    assert len(found["results"]) == min(found["count"], 1000 if size == "5000" else 100)


def test_pages_are_numbered_from_1_and_the_last_has_a_name(
    nina: Wire, shelf: list[dict[str, Any]]
) -> None:
    first = nina.read("products/?page_size=2")
    assert len(first["results"]) == 2
    last = nina.read("products/?page_size=2&page=last")
    assert last["results"][-1]["id"] == min(nina.ids(""))
    for page in ("0", "99999", "abc", "-1"):
        refused = nina.get(f"products/?page={page}")
        assert (refused.status_code, "detail" in refused.json()) == (404, True)


# -- OPTIONS ---------------------------------------------------------------------------------------


def test_options_of_products_name_every_filter_with_its_kind(nina: Wire) -> None:
    told = nina.send("OPTIONS", "products/").json()
    assert ", ".join(f"{item['name']} {item['type']}" for item in told["filter_classes"]) == FILTERS
    (status,) = [item for item in told["filter_classes"] if item["name"] == "status"]
    assert [(item["value"], item["display_name"]) for item in status["choices"]] == [
        (0, "Registering"), (1, "Published"), (2, "Deleted"), (3, "Processing"), (9, "Failed"),
    ]  # fmt: skip
    assert told["search"] == [
        "display_name", "user__username", "user__first_name", "user__last_name",
    ]  # fmt: skip
    assert told["ordering"] == ["id", "display_name", "product_type", "created_at"]
    assert told["name"] == "Product List"
    assert told["description"] == ""
    assert told["parses"] == [
        "application/json", "application/x-www-form-urlencoded", "multipart/form-data",
    ]  # fmt: skip
    assert set(told["actions"]["POST"]) >= {"display_name", "product_type", "release", "status"}


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("users", {}),
        ("releases", {"filterset": ["id", "name"], "search": ["display_name", "description"]}),
        ("product-types", {"filterset": ["id", "name"], "search": ["display_name", "description"]}),
        ("pipelines", {"filterset": ["id", "name"], "search": ["display_name", "description"]}),
        ("product-contents", {"filterset": ["id", "product"], "ordering": ["id", "order"]}),
        ("product-files", {"filterset": ["id", "product_id"], "ordering": ["id", "role"]}),
    ],
)
def test_options_of_the_other_collections(name: str, facts: dict[str, Any], nina: Wire) -> None:
    told = nina.send("OPTIONS", f"{name}/").json()
    names = ("filterset", "search", "ordering") if "ordering" in facts else ("filterset", "search")
    assert {key: told[key] for key in names if key in told} == facts


def test_options_of_processes(nina: Wire) -> None:
    told = nina.send("OPTIONS", "processes/").json()
    assert [item["name"] for item in told["filter_classes"]] == [
        "pipeline",
        "status",
        "release",
        "upload",
        "user",
        "release__isnull",
        "pipeline__or",
        "release_name__or",
        "release_name",
    ]
    assert told["search"]
    assert told["ordering"] == ["id", "created_at"]
