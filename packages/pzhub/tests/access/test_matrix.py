"""Who may do what: every cell of ``matrix.yaml``, and that nothing is left out of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from pzhub.core.api.views import UnknownPath

if TYPE_CHECKING:
    from conftest import Row, World

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("access")]
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def test_every_cell_of_a_row_answers_as_the_matrix_says(
    world: World, row: Row, cells: list[tuple[str, Any, int]]
) -> None:
    wrong = []
    for state, actor, expected in cells:
        answer = world.ask(world.client_of(actor, row.kind), row, state)
        if answer.status_code != expected:
            wrong.append(f"{state}, {actor.name}: {answer.status_code} instead of {expected}")
    assert wrong == []


def shape(path: str) -> str:
    """Return an address with stars in place of what differs from object to object."""
    path = re.sub(r"\(\?P<\w+>(?:[^()]|\([^()]*\))*\)|<[^>]*>|\{\w+\}", "*", path)
    path = path.partition("?")[0].removeprefix("/")
    return "/" + path.replace("^", "").replace("$", "").replace("\\Z", "")


def addresses(
    patterns: list[URLPattern | URLResolver] | None = None, before: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Yield every address of the URL conf, with its pattern."""
    for item in get_resolver().url_patterns if patterns is None else patterns:
        path = before + str(item.pattern).removeprefix("^")
        if isinstance(item, URLResolver):
            yield from addresses(item.url_patterns, path)
        elif getattr(item.callback, "cls", None) is not UnknownPath:
            yield shape(path), item


def shape_of_row(row: Row) -> str:
    """Return the shape of the address that a row asks, where words stand for what may differ."""
    try:
        found = resolve(re.sub(r"\{\w+\}", "1", row.path.partition("?")[0]))
    except Resolver404:
        return shape(row.path)
    is_unknown = getattr(found.func, "cls", None) is UnknownPath
    return shape(row.path if is_unknown else found.route.removeprefix("^"))


@pytest.fixture
def rows_by_shape(rows: tuple[Row, ...]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[shape_of_row(row)].append(row)
    return found


def test_every_address_has_a_row(rows_by_shape: dict[str, list[Row]]) -> None:
    known = {path for path, _ in addresses() if not path.startswith("/admin/")}
    unknown_paths = {"/api", "/api/no/such/address/"}
    assert known - set(rows_by_shape) == set()
    assert set(rows_by_shape) - known == unknown_paths


def test_methods_without_a_row_are_not_allowed(
    world: World, rows_by_shape: dict[str, list[Row]], actors: Any, send: Any, filled: Any
) -> None:
    named_actors = {actor.name: actor for actor in actors}
    wrong = []
    for path, rows in rows_by_shape.items():
        if path in ("/api", "/api/no/such/address/"):
            continue
        named = {row.method for row in rows}
        for method in METHODS:
            if method in named or (method == "HEAD" and "GET" in named):
                continue
            asks = named_actors["anonymous" if rows[0].public else "admin (session)"]
            client = world.client_of(asks, rows[0].kind)
            answer = send(client, method, filled(rows[0].path, world.names["published"]))
            if answer.status_code != 405:
                wrong.append(f"{method} {path}: {answer.status_code}")
    assert wrong == []


def test_options_describes_the_api_to_those_signed_in_only(
    world: World, rows_by_shape: dict[str, list[Row]], actors: Any, send: Any, filled: Any
) -> None:
    wrong = []
    for path, (row, *_) in rows_by_shape.items():
        if row.kind != "api" or "404" in str(row.cells.get("admin")):
            continue
        for actor in actors:
            answer = send(
                world.client_of(actor, "api"),
                "OPTIONS",
                filled(row.path, world.names["published"]),
            )
            known = row.public or (actor.standing is not None and actor.works)
            expected = (200, 405) if row.public else (200,) if known else (401,)
            if answer.status_code not in expected:
                wrong.append(f"{path}, {actor.name}: {answer.status_code} instead of {expected}")
    assert wrong == []


def test_a_session_changes_nothing_without_the_token_of_its_form(
    world: World, rows: tuple[Row, ...], actors: Any
) -> None:
    owner = next(actor for actor in actors if actor.name == "owner (session)")
    unsafe = [
        row for row in rows if row.method not in ("GET", "HEAD") and "no/such" not in row.path
    ]
    wrong = [
        f"{row}: {answer.status_code}"
        for row in unsafe
        # No session is asked for a token; the password is what counts there.
        if row.path != "/api/obtain_token/"
        and (answer := world.ask(world.client_of(owner, row.kind, csrf=True), row, "published"))
        and answer.status_code != 403
    ]
    assert wrong == []


def test_the_administration_is_for_administrators(world: World, actors: Any, send: Any) -> None:
    wrong = []
    for path, _ in addresses():
        if not path.startswith("/admin/") or path in ("/admin/login/", "/admin/*"):
            continue
        for actor in actors:
            client = world.client_of(actor, "pages")
            answer = send(client, "GET", path.replace("*", "1"))
            is_admin = actor.standing == "admin" and actor.proof == "session"
            refused = answer.status_code == 302 and "/admin/login/" in answer.headers["Location"]
            if path in ("/admin/logout/", "/admin/jsi18n/"):
                continue
            if refused is is_admin:
                wrong.append(f"{path}, {actor.name}: {answer.status_code}")
    assert wrong == []


LISTS: Final = {
    "/api/products/": "product",
    "/api/products-specz/": "catalog",
    "/api/product-contents/": "column",
    "/api/product-files/": "file",
    "/api/processes/": "process",
    "/api/releases/": "release",
}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_holds_what_its_members_addresses_show_and_nothing_else(
    world: World, rows: tuple[Row, ...], actors: Any, send: Any, path: str
) -> None:
    name = LISTS[path]
    one = next(row for row in rows if str(row) == f"GET {path}{{{name}}}/")
    for actor in actors:
        if not actor.works or actor.standing is None:
            continue
        client = world.client_of(actor, "api")
        answer = send(client, "GET", f"{path}?page_size=1000").json()
        listed = {item["id"] for item in answer["results"]}
        shown = {
            names[name]
            for number, names in enumerate(world.names.values())
            if one.expected(actor, number) == 200
        }
        known = {names[name] for names in world.names.values()}
        assert (actor.name, listed & known) == (actor.name, shown)


def test_no_page_or_list_names_a_product_that_one_may_not_see(
    world: World, rows: tuple[Row, ...], actors: Any
) -> None:
    one = next(row for row in rows if str(row) == "GET /api/products/{product}/")
    general = [row for row in rows if row.method == "GET" and "{" not in row.path]
    leaks = []
    for actor in actors:
        if actor.proof != "session" or actor.standing == "admin" or not actor.works:
            continue
        hidden = [
            names[name]
            for number, names in enumerate(world.names.values())
            if one.expected(actor, number) == 404
            for name in ("name", "catalog_name", "made_name")
        ]
        assert len(hidden) == {"member": 12, "group": 9, "owner": 0}[actor.standing]
        for row in general:
            answer = world.ask(world.client_of(actor, row.kind), row, "published")
            text = b"".join(answer).decode()
            leaks += [f"{row}, {actor.name}: {name}" for name in hidden if name in text]
    assert leaks == []


def test_who_sees_a_result_is_not_told_which_inputs_it_had(
    world: World, rows: tuple[Row, ...], actors: Any
) -> None:
    bob = next(actor for actor in actors if actor.name == "member (session)")
    for row in rows:
        if row.method == "GET" and "{made" in row.path:
            answer = world.ask(world.client_of(bob, row.kind), row, "published")
            assert (str(row), answer.status_code) == (str(row), 200)
            assert b"secret_input" not in b"".join(answer)


@pytest.mark.parametrize("state", ["registering", "processing", "failed", "deleted"])
def test_a_closed_release_hides_its_products_in_every_state(
    world: World, rows: tuple[Row, ...], actors: Any, undo: Any, state: str
) -> None:
    outsiders = [actor for actor in actors if actor.standing == "member"]
    restricted = list(world.names).index("restricted")
    wrong = []
    with undo():
        world.close(state)
        for row in rows:
            if not row.depends_on_state or row.public or "{process" in row.path:
                continue
            for actor in outsiders:
                answer = world.ask(world.client_of(actor, row.kind), row, state)
                expected = row.expected(actor, restricted)
                if answer.status_code != expected:
                    wrong.append(f"{row}, {actor.name}: {answer.status_code}, not {expected}")
    assert wrong == []
