"""Searching by words in any case, in any alphabet, on every database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pzhub.accounts.models import User
from pzhub.catalog.fulltext import ensure_indexes, tokens_of
from pzhub.catalog.models import Column, FileRole, Product
from pzhub.catalog.product_list import ProductFilter, products_list

if TYPE_CHECKING:
    from conftest import ClientFactory, ColumnFactory, FileFactory, ProductFactory

NAMES = ("Galáxias do CÉU", "galaxias", "Øresund 100%", "ΣΊΣΥΦΟΣ", "café_1")


@pytest.mark.parametrize(
    ("words", "in_api", "on_site"),
    [
        ("GALÁXIAS", ["Galáxias do CÉU"], ["galaxias", "Galáxias do CÉU"]),
        ("galáxias", ["Galáxias do CÉU"], ["galaxias", "Galáxias do CÉU"]),
        # the accent as a sign of its own
        ("gal\u0061\u0301xias", ["Galáxias do CÉU"], ["galaxias", "Galáxias do CÉU"]),
        ("céu do", ["Galáxias do CÉU"], ["Galáxias do CÉU"]),
        ("ceu", [], ["Galáxias do CÉU"]),
        ("GALAX", ["galaxias"], ["galaxias", "Galáxias do CÉU"]),
        ("laxi", ["galaxias"], ["galaxias"]),
        ("øRESUND", ["Øresund 100%"], ["Øresund 100%"]),
        ("ø%", [], ["Øresund 100%"]),
        ("%", ["Øresund 100%"], ["Øresund 100%"]),
        ("Ø 100%", ["Øresund 100%"], ["Øresund 100%"]),
        ("ίσυ", ["ΣΊΣΥΦΟΣ"], ["ΣΊΣΥΦΟΣ"]),
        ("CAFÉ_", ["café_1"], ["café_1"]),
        ("cafe_1", [], ["café_1"]),
        ("É_", ["café_1"], ["café_1"]),
        ("ñ", [], []),
    ],
)
def test_words_are_found_in_any_case(
    ana: User,
    product_factory: ProductFactory,
    api: ClientFactory,
    words: str,
    in_api: list[str],
    on_site: list[str],
) -> None:
    for name in NAMES:
        product_factory(ana, name=name)
    answer = api(ana).get("/api/products/", {"search": words})
    assert [row["display_name"] for row in answer.json()["results"]] == in_api
    assert found(ana, words) == on_site


def found(user: User, words: str) -> list[str]:
    return [product.display_name for product in products_list(user, ProductFilter(q=words))]


@pytest.mark.parametrize(
    "words",
    [
        "cmodel",
        "r_cModelMag",
        "CMODELMAG_DERED",
        "redshift",
        "spec",
        "readme",
        "lensing",
        "lens",
        "tpz",
    ],
)
def test_everything_that_a_product_tells_is_searched(
    ana: User,
    product_factory: ProductFactory,
    column_factory: ColumnFactory,
    file_factory: FileFactory,
    words: str,
) -> None:
    product_factory(ana, name="other thing", description="nothing of the kind")
    product = product_factory(ana, name="A", description="Strong *lensing*.", pz_code="TPZ")
    column_factory(product, r_cModelMag_dered=None, zspec="z")
    product.columns.filter(column_name="zspec").update(ucd="src.redshift", description="spec-z")
    file_factory(product, b"text", name="ReadMe-first.txt", role=FileRole.AUXILIARY)
    assert found(ana, words) == ["A"]


@pytest.mark.parametrize("words", ["odelmag", "mag_cmodel", "adme", "ensing", "'", '"', "* OR a"])
def test_the_middle_of_a_word_and_signs_of_the_engines_find_nothing(
    ana: User, product_factory: ProductFactory, column_factory: ColumnFactory, words: str
) -> None:
    product = product_factory(ana, name="B", description="lensing")
    column_factory(product, r_cModelMag_dered=None)
    assert found(ana, words) == []


def test_the_index_follows_every_change_also_those_that_pass_the_services_by(
    ana: User, product_factory: ProductFactory, column_factory: ColumnFactory
) -> None:
    product = product_factory(ana, name="C", description="grism")
    column_factory(product, first=None)
    assert (found(ana, "grism"), found(ana, "first")) == (["C"], ["C"])
    Product.objects.filter(pk=product.pk).update(description="prism")
    Column.objects.filter(product=product).update(column_name="second")
    assert [found(ana, word) for word in ("grism", "prism", "first", "second")] == [
        [],
        ["C"],
        [],
        ["C"],
    ]
    Column.objects.filter(product=product).delete()
    assert found(ana, "second") == []


def test_a_lost_index_is_made_again_after_a_migration(
    ana: User, product_factory: ProductFactory
) -> None:
    product_factory(ana, name="D", description="grism")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER catalog_product_words_update")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no index is made before them
            cursor.execute("DROP INDEX catalog_product_words")
    Product.objects.update(description="prism")
    ensure_indexes(using="default")
    assert (found(ana, "prism"), found(ana, "grism")) == (["D"], [])
    Product.objects.update(description="grating")
    assert (found(ana, "grating"), found(ana, "prism")) == (["D"], [])


WORDS = st.sampled_from(["desi", "DESI_DR1", "Dés", "vvds", "z spec", "Zspec", "e", "É", "", "dr"])


@settings(
    max_examples=settings.default.max_examples // 3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.lists(st.lists(WORDS, max_size=4), min_size=1, max_size=5), query=WORDS)
def test_search_finds_what_a_slow_reader_finds(
    ana: User, product_factory: ProductFactory, texts: list[list[str]], query: str
) -> None:
    Product.objects.all().delete()
    for number, words in enumerate(texts):
        product_factory(ana, name=f"n{number}", description=" ".join(words))
    expected = []
    for number, words in enumerate(texts):
        told = [tokens_of(" ".join(words)), tokens_of(f"n{number}"), tokens_of("ana")]
        if all(any(_begins(asked, tokens) for tokens in told) for asked in query.split()):
            expected.append(f"n{number}")
    assert sorted(found(ana, query)) == expected


def _begins(asked: str, tokens: list[str]) -> bool:
    """Tell whether the words of a query stand in a row; the last may be the beginning of one."""
    wanted = tokens_of(asked)
    rows = (tokens[start : start + len(wanted)] for start in range(len(tokens)))
    return any(
        row[:-1] == wanted[:-1] and len(row) == len(wanted) and row[-1].startswith(wanted[-1])
        for row in rows
    )


def test_names_of_owners_and_filters_are_read_in_any_case(
    ana: User, bob: User, product_factory: ProductFactory, api: ClientFactory
) -> None:
    User.objects.filter(pk=bob.pk).update(last_name="Łukasz")
    product_factory(ana, name="one")
    product = product_factory(bob, name="Éclair")
    for query in ({"search": "łUK"}, {"uploaded_by": "ŁUKASZ"}, {"product_name__or": "xyz,écl"}):
        rows = api(ana).get("/api/products/", query).json()["results"]
        assert (query, [row["id"] for row in rows]) == (query, [product.pk])


@pytest.mark.parametrize("name", ["search", "product_name", "product_name__or", "uploaded_by"])
def test_a_search_of_very_many_words_is_refused(ana: User, api: ClientFactory, name: str) -> None:
    assert api(ana).get("/api/products/", {name: "a," * 50}).status_code == 200
    answer = api(ana).get("/api/products/", {name: "a," * 3000})
    assert answer.status_code == 400
    assert answer.json()["error"] == "A search takes at most 50 words; this one has 3000."


def test_the_list_page_says_so_too(ana: User, client: Client) -> None:
    client.force_login(ana)
    answer = client.get("/products", {"q": "a " * 51})
    assert answer.status_code == 400
    assert "A search takes at most 50 words; this one has 51." in answer.content.decode()
