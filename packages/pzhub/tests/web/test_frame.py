"""What every page of the site has, and what none may have."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.test import Client
from django.utils import timezone

import pzhub
from pzhub.accounts.models import User
from pzhub.catalog.models import ProductStatus, ProductType
from pzhub.config import hub_config
from pzhub.core.errors import ConflictError, ForbiddenError, NotFoundError, TooLargeError
from pzhub.processes.models import Phase, Pipeline, Process
from pzhub.web.middleware import RefusalPages

PACKAGE = Path(pzhub.__file__).parent
STATIC = PACKAGE / "web/static"
PUBLIC = ("/", "/login", "/about", "/contact", "/documentation")
PRIVATE = (
    "/",
    "/products",
    "/products?tab=drafts",
    "/products?q=none",
    "/account/tokens",
    "/documentation",
    "/product/1_gone",
)
TEMPLATES = sorted(
    path.relative_to(folder).as_posix()
    for folder in PACKAGE.glob("*/templates")
    for path in folder.rglob("*.html")
)


class Outline(HTMLParser):
    """The skeleton of a page: elements with their attributes, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture
def outlines(client: Client, ana: User, product_types: object) -> Iterator[dict[str, Outline]]:
    pages = {f"public {path}": client.get(path) for path in PUBLIC}
    client.force_login(ana)
    pages |= {path: client.get(path) for path in PRIVATE}
    return {name: Outline(response.content.decode()) for name, response in pages.items()}  # type: ignore[return-value]


def test_every_page_has_one_heading_one_main_part_and_a_way_to_it(
    outlines: dict[str, Outline],
) -> None:
    for name, page in outlines.items():
        links = page.named("a")
        assert len(page.named("h1")) == 1, name
        assert [main["id"] for main in page.named("main")] == ["main"], name
        assert links[0]["href"] == "#main", name
        assert page.named("html")[0]["lang"] == "en", name


def test_no_page_has_inline_script_or_style_or_asks_another_host(
    outlines: dict[str, Outline],
) -> None:
    for name, page in outlines.items():
        for tag, attrs in page.elements:
            assert "style" not in attrs, (name, tag, attrs)
            assert not [key for key in attrs if key.startswith("on")], (name, tag, attrs)
            is_feed = attrs.get("rel") == "alternate"
            loaded = attrs.get("src") or (attrs.get("href") if tag == "link" else None)
            own = "/" if is_feed else "/static/"
            assert loaded is None or loaded.startswith(own), (name, tag, attrs)
        assert all(script.get("src") for script in page.named("script")), name


def test_every_field_and_every_button_with_an_icon_has_a_name(outlines: dict[str, Outline]) -> None:
    for name, page in outlines.items():
        labelled = {label.get("for") for label in page.named("label")}
        for field in page.named("input") + page.named("select") + page.named("textarea"):
            if field.get("type") in {"hidden", "checkbox", "radio"}:
                continue
            assert field.get("aria-label") or field.get("id") in labelled, (name, field)
        ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
        assert len(ids) == len(set(ids)), name


def test_answers_forbid_what_pages_do_not_need(client: Client, db: None) -> None:
    headers = client.get("/login").headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_compiles_and_says_its_context(name: str) -> None:
    template = get_template(name)

    source = Path(template.origin.name).read_text()  # type: ignore[attr-defined]
    generated = re.match(r"\{% extends [^%]+%\}", source)
    assert source.startswith("{#") or generated


def test_script_of_all_pages_together_is_within_its_budget() -> None:
    scripts = list(STATIC.rglob("*.js"))

    assert sum(len(gzip.compress(script.read_bytes())) for script in scripts) < 200_000


def test_style_sheets_load_nothing_from_elsewhere() -> None:
    for sheet in STATIC.rglob("*.css"):
        for address in re.findall(r"url\((['\"]?)([^)]*?)\1\)", sheet.read_text()):
            assert not re.match(r"(https?:)?//", address[1]), sheet.name


@pytest.mark.parametrize(
    ("cookie", "attribute"),
    [("dark", "dark"), ("light", "light"), ("system", None), ("nonsense", None)],
)
def test_a_chosen_theme_is_in_the_page_from_the_start(
    client: Client, db: None, cookie: str, attribute: str | None
) -> None:
    client.cookies["pz_theme"] = cookie

    page = Outline(client.get("/login").content.decode())

    assert page.named("html")[0].get("data-bs-theme") == attribute


def test_a_theme_is_chosen_without_script(client: Client, db: None) -> None:
    response = client.post("/settings/theme", {"theme": "dark", "next": "/about"})

    assert (response.status_code, response["Location"]) == (302, "/about")
    assert response.cookies["pz_theme"].value == "dark"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_a_choice_never_leads_to_another_host(client: Client, db: None, target: str) -> None:
    response = client.post("/settings/theme", {"theme": "dark", "next": target})

    assert response["Location"] == "/"


def test_a_language_is_kept_with_the_account(client: Client, ana: User) -> None:
    client.force_login(ana)

    client.post("/settings/language", {"language": "pt-br", "next": "/"})

    ana.refresh_from_db()
    assert ana.language == "pt-br"
    assert Outline(client.get("/").content.decode()).named("html")[0]["lang"] == "pt-br"


def test_an_unknown_language_changes_nothing(client: Client, ana: User) -> None:
    client.force_login(ana)

    client.post("/settings/language", {"language": "xx", "next": "/"})

    ana.refresh_from_db()
    assert ana.language == ""
    assert Outline(client.get("/").content.decode()).named("html")[0]["lang"] == "en"


@pytest.mark.parametrize(("name", "is_shown"), [("Staging", True), ("Production", False)])
def test_other_instances_than_production_say_so(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, name: str, is_shown: bool
) -> None:
    monkeypatch.setattr(hub_config(), "environment_name", name)

    page = client.get("/about").content.decode()

    assert ("Test instance (Staging)" in page) is is_shown


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/user_products", "/products"),
        ("/official_products", "/products?tab=official"),
        ("/oficial_products", "/products?tab=official"),
        ("/pz_pipelines", "/pipelines"),
        ("/pz_compute", "/pipelines"),
        ("/specz_catalogs", "/pipelines/combine-redshift-catalogs"),
        ("/training_set_maker", "/pipelines/training-set-maker"),
    ],
)
def test_addresses_of_the_old_site_lead_to_the_new_ones(client: Client, old: str, new: str) -> None:
    response = client.get(old)

    assert (response.status_code, response["Location"]) == (301, new)


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (NotFoundError("There is no such thing."), 404),
        (ForbiddenError("Only the owner may."), 403),
        (TooLargeError("Over the limit."), 413),
        (ConflictError("It is running."), 409),
    ],
)
def test_a_refusal_becomes_a_page_with_its_sentence(
    rf: object, db: None, refusal: Exception, status: int
) -> None:
    request: HttpRequest = rf.get("/x")  # type: ignore[attr-defined]
    middleware = RefusalPages(lambda request: HttpResponse())

    response = middleware.process_exception(request, refusal)

    assert response is not None
    assert response.status_code == status
    assert str(refusal) in response.content.decode()


def test_a_fault_of_ours_is_not_taken_for_a_refusal(rf: object) -> None:
    middleware = RefusalPages(lambda request: HttpResponse())

    assert middleware.process_exception(rf.get("/x"), KeyError("x")) is None  # type: ignore[attr-defined]


def test_a_fault_of_ours_has_a_page_with_the_number_of_the_incident(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("our fault")

    monkeypatch.setattr("pzhub.web.pages.views.TextPage.get_context_data", broken)
    client.raise_request_exception = False

    response = client.get("/about", headers={"X-Request-ID": "incident-4711"})

    page = response.content.decode()
    assert response.status_code == 500
    assert "The server made a mistake" in page
    assert "<code>incident-4711</code>" in page
    assert "our fault" not in page


def test_a_wrong_method_has_a_page(client: Client, db: None) -> None:
    response = client.get("/settings/theme")

    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert "This address does not answer to that" in response.content.decode()


def test_a_form_from_before_the_sign_in_says_what_to_do(db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/settings/theme", {"theme": "dark"})

    assert response.status_code == 403
    assert "Go back, reload the page and send it again." in response.content.decode()


def test_jobs_that_run_or_failed_are_counted_in_the_bar(
    client: Client, ana: User, product_factory: object
) -> None:
    pipeline, _ = Pipeline.objects.get_or_create(name="combine_redshift_dedup")
    for phase, ended in ((Phase.EXECUTING, None), (Phase.ERROR, timezone.now())):
        product = product_factory(ana, status=ProductStatus.PROCESSING)  # type: ignore[operator]
        Process.objects.create(
            pipeline=pipeline,
            pipeline_version="1",
            user=ana,
            display_name="job",
            upload=product,
            phase=phase,
            ended_at=ended,
        )
    client.force_login(ana)

    assert "My jobs: 1 running, 1 failed" in client.get("/account/tokens").content.decode()


def test_the_start_page_greets_visitors_with_what_the_service_is(client: Client, db: None) -> None:
    page = client.get("/").content.decode()

    assert "Holders of LSST data rights" in page
    assert 'href="/login"' in page
    assert "/products?tab=mine" not in page


def test_the_start_page_of_a_user_has_entries_counts_latest_and_own_drafts(
    client: Client, ana: User, bob: User, product_factory: object
) -> None:
    product_factory(bob, name="Shared set", official_product=True)  # type: ignore[operator]
    product_factory(ana, name="Half done", status=ProductStatus.REGISTERING)  # type: ignore[operator]
    product_factory(bob, name="Not mine", status=ProductStatus.REGISTERING)  # type: ignore[operator]
    client.force_login(ana)

    page = client.get("/").content.decode()

    assert 'href="/products?tab=official"' in page
    assert 'href="/pipelines"' in page
    assert "All 1 products" in page
    assert "Shared set" in page
    assert "Half done" in page
    assert "Not mine" not in page


def test_queries_of_the_start_page_do_not_grow_with_the_products(
    client: Client, ana: User, product_factory: object, product_types: dict[str, ProductType]
) -> None:
    client.force_login(ana)
    few = _queries(client, "/")
    for number in range(12):
        product_factory(ana, name=f"Set {number}")  # type: ignore[operator]
    many = _queries(client, "/")

    assert many <= few + 2  # inspections and files of what is shown: two more, not twelve


def _queries(client: Client, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
