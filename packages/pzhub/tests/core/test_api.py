"""What holds for every address of the API: slashes, errors, JSON, documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from pzhub.accounts.models import User
from pzhub.catalog import selectors
from pzhub.catalog.api import views
from pzhub.core.middleware import CollapseSlashes, RequestId

if TYPE_CHECKING:
    from conftest import ClientFactory


def test_the_root_lists_the_collections_with_absolute_addresses(
    ana: User, api: ClientFactory
) -> None:
    answer = api(ana).get("/api/")
    base = "http://testserver/api/"
    expected = {
        name: f"{base}{name}/"
        for name in (
            "users", "releases", "product-types", "products", "products-specz", "product-contents",
            "product-files", "pipelines", "processes",
        )
    }  # fmt: skip
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == expected
    assert api().get("/api/").status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/nothing/", "/api/products", "/api/products/1", "/api/products/1/nothing/"],
)
@pytest.mark.parametrize("method", ["get", "post", "delete", "options"])
def test_an_unknown_address_is_404_in_json_and_never_redirects(
    client: Client, path: str, method: str
) -> None:
    answer = getattr(client, method)(path)
    text = f"There is nothing at {path}. All addresses of the API end in a slash."
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"error": text, "code": "not_found", "fields": {}, "detail": text}


@pytest.mark.parametrize("path", ["/api//products/", "//api/products///", "/api/products//"])
def test_repeated_slashes_are_one(ana: User, api: ClientFactory, path: str) -> None:
    client = api(ana)
    answer = client.generic("GET", "/api/products/", PATH_INFO=path)
    assert (answer.status_code, answer.json()["count"]) == (200, 0)


def test_streams_pass_the_middleware_unread() -> None:
    read: list[int] = []

    def chunks() -> Any:
        for number in range(3):
            read.append(number)
            yield b"x"

    response = StreamingHttpResponse(chunks())
    stack = RequestId(CollapseSlashes(lambda request: response))
    answer = stack(RequestFactory().get("//file"))
    assert answer is response
    assert read == []
    assert b"".join(response) == b"xxx"


def test_a_request_keeps_the_number_that_the_proxy_gave(client: Client) -> None:
    given = client.get("/api/nothing/", headers={"X-Request-ID": "proxy-12345678"})
    bad = client.get("/api/nothing/", headers={"X-Request-ID": "a b\t"})
    assert given.headers["X-Request-ID"] == "proxy-12345678"
    assert len(bad.headers["X-Request-ID"]) == 32


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("secret detail"), 500, "server_error"),
        (OperationalError("database is locked"), 503, "busy"),
        (SuspiciousOperation("Too many fields."), 400, "parse_error"),
    ],
)
def test_faults_are_told_in_the_one_shape_without_their_insides(
    ana: User,
    api: ClientFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    code: str,
) -> None:
    def broken(user: User) -> Any:
        raise error

    monkeypatch.setattr(views, "releases_visible_to", broken)
    answer = api(ana).get("/api/releases/")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert body.keys() == {"error", "code", "fields", "detail"}
    assert "secret" not in answer.content.decode()
    if status == 500:
        assert answer.headers["X-Request-ID"] in body["error"]
        assert "secret detail" in caplog.text
    assert selectors.releases_visible_to is not broken


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("post", "/api/releases/", {"data": {}}, 405, "method_not_allowed"),
        ("get", "/api/releases/", {"headers": {"Accept": "image/png"}}, 406, "not_acceptable"),
        (
            "post",
            "/api/products/",
            {"data": "{", "content_type": "application/json"},
            400,
            "parse_error",
        ),
        (
            "post",
            "/api/products/",
            {"data": "x", "content_type": "text/plain"},
            415,
            "unsupported_media_type",
        ),
        ("get", "/api/products/999/", {}, 404, "not_found"),
        ("get", "/api/products/None/", {}, 404, "not_found"),
        ("get", f"/api/products/{10**30}/", {}, 404, "not_found"),
        ("get", "/api/products/%00/", {}, 404, "not_found"),
    ],
)
def test_refusals_of_the_framework_have_the_one_shape(
    ana: User,
    api: ClientFactory,
    method: str,
    path: str,
    options: dict[str, Any],
    status: int,
    code: str,
) -> None:
    answer = getattr(api(ana), method)(path, **options)
    body = answer.json()
    assert (answer.status_code, body["code"], body["fields"]) == (status, code, {})
    assert body["error"] == body["detail"] != ""


def test_a_browser_gets_json_too(ana: User, api: ClientFactory) -> None:
    answer = api(ana).get("/api/releases/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("path", ["/api/swagger/", "/api/redoc/"])
def test_the_documentation_asks_no_other_host(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "http" not in answer.content.decode().replace("http://testserver", "")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_schema_is_open_to_everybody_and_describes_the_collections(client: Client) -> None:
    answer = APIClient().get("/api/schema/", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    schema = answer.json()
    products = schema["paths"]["/api/products/"]
    assert {"get", "post"} <= products.keys()
    assert schema["components"]["schemas"]["ProductOut"]["properties"].keys() >= {"internal_name"}
    assert products["get"]["responses"].keys() == {"200", "414", "4XX"}
    names = {item["name"] for item in products["get"]["parameters"]}
    assert names >= {"release__in", "product_name__or", "search", "ordering", "page", "page_size"}


def test_the_environment_is_told_to_everybody(client: Client) -> None:
    answer = client.get("/which_environment/")
    assert answer.json() == {"enviroment_name": "Development", "is_dev": True}
