from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.lineage import (
    GENERATIONS,
    MOST_PRODUCTS,
    Lineage,
    Relative,
    lineage_of,
    made_from,
    made_of,
)
from pzhub.catalog.models import Product, Release
from pzhub.catalog.selectors import product_for
from pzhub.catalog.services import delete_product
from pzhub.processes.models import Phase, Pipeline, Process, ProcessInput

if TYPE_CHECKING:
    from conftest import ClientFactory, FileFactory, ProductFactory

Maker = Callable[..., Product]


@pytest.fixture
def make(ana: User, product_factory: ProductFactory) -> Maker:
    """Return a maker of products, uploaded or made by a run from others."""
    pipeline, _ = Pipeline.objects.get_or_create(name="combine_redshift_dedup")

    def make_product(
        name: str, *sources: Product, owner: User = ana, release: Release | None = None
    ) -> Product:
        product = product_factory(owner, name=name, type_name="redshift_catalog", release=release)
        if sources:
            process = Process.objects.create(
                pipeline=pipeline,
                pipeline_version="2.1",
                user=owner,
                display_name=name,
                upload=product,
                phase=Phase.COMPLETED,
                ended_at=timezone.now(),
            )
            for position, source in enumerate(sources):
                ProcessInput.objects.create(process=process, product=source, position=position)
        return product

    return make_product


def seen_by(user: User, product: Product) -> Lineage:
    return lineage_of(product_for(user, product.pk, include_deleted=True), user)


Nested = list["str | tuple[str, Nested]"]


def names(relatives: Sequence[Relative]) -> Nested:
    """Return the nested list as names, those with something below as pairs."""
    return [
        (relative.product.display_name, names(relative.relatives))
        if relative.relatives
        else relative.product.display_name
        for relative in relatives
    ]


def generations(lineage: Lineage) -> dict[str, int]:
    return {lineage.products[pk].display_name: g for pk, g in lineage.generation.items()}


def test_ancestors_and_descendants_are_found_over_several_generations(
    ana: User, make: Maker
) -> None:
    first, second = make("First"), make("Second")
    union = make("Union", second, first)
    deep = make("Deep", union)
    make("Deeper", deep)
    make("Elsewhere", first)

    lineage = seen_by(ana, union)

    assert names(made_from(lineage)) == ["Second", "First"]
    assert names(made_of(lineage)) == [("Deep", ["Deeper"])]
    assert generations(lineage) == {"Union": 0, "First": -1, "Second": -1, "Deep": 1, "Deeper": 2}
    assert {run.label for run in lineage.runs} == {"Combine Redshift Catalogs 2.1"}
    assert not lineage.is_cut


def test_a_product_reached_in_two_ways_stands_before_all_that_was_made_from_it(
    ana: User, make: Maker
) -> None:
    root = make("Root")
    middle = make("Middle", root)
    last = make("Last", root, middle)

    assert generations(seen_by(ana, last)) == {"Last": 0, "Middle": -1, "Root": -2}
    assert generations(seen_by(ana, root)) == {"Root": 0, "Middle": 1, "Last": 2}
    assert names(made_of(seen_by(ana, root))) == [("Middle", ["Last"]), "Last"]
    assert names(made_from(seen_by(ana, last))) == ["Root", ("Middle", ["Root"])]


def test_what_the_reader_may_not_see_is_neither_named_nor_walked_through(
    ana: User, bob: User, admin: User, make: Maker, closed_release: Release
) -> None:
    root = make("Root")
    secret = make("Secret", root, release=closed_release)
    result = make("Result", secret, root)

    for_bob, of_root = seen_by(bob, result), seen_by(bob, root)

    assert names(made_from(for_bob)) == ["Root"]
    assert [run.hides_inputs for run in for_bob.runs] == [True]
    assert names(made_of(of_root)) == ["Result"]
    assert "Secret" not in generations(of_root)
    assert names(made_from(seen_by(admin, result))) == [("Secret", ["Root"]), "Root"]
    assert not any(run.hides_inputs for run in seen_by(admin, result).runs)


def test_a_run_whose_sources_are_all_hidden_is_still_named(
    bob: User, make: Maker, closed_release: Release
) -> None:
    result = make("Result", make("Secret", release=closed_release))

    lineage = seen_by(bob, result)

    assert generations(lineage) == {"Result": 0}
    assert [(run.inputs, run.hides_inputs) for run in lineage.runs] == [((), True)]


def test_deleted_sources_stay_marked(ana: User, make: Maker) -> None:
    source = make("Gone")
    result = make("Result", source)
    delete_product(actor=ana, product=source)

    relatives = made_from(seen_by(ana, result))

    assert [(item.product.display_name, item.is_deleted) for item in relatives] == [("Gone", True)]


def test_only_so_many_generations_and_products_are_shown(ana: User, make: Maker) -> None:
    chain = [make("Generation 0")]
    for number in range(1, GENERATIONS + 2):
        chain.append(make(f"Generation {number}", chain[-1]))
    popular = make("Popular")
    for number in range(MOST_PRODUCTS + 2):
        make(f"Use {number}", popular)

    up, down, wide = (seen_by(ana, item) for item in (chain[-1], chain[0], popular))

    assert [len(up.products), len(down.products)] == [GENERATIONS + 1, GENERATIONS + 1]
    assert len(wide.products) == MOST_PRODUCTS + 1
    assert [up.is_cut, down.is_cut, wide.is_cut] == [True, True, True]
    assert not seen_by(ana, chain[1]).is_cut


def test_queries_depend_on_generations_alone(ana: User, make: Maker) -> None:
    def queries(product: Product) -> int:
        here = product_for(ana, product.pk)
        with CaptureQueriesContext(connection) as captured:
            lineage_of(here, ana)
        return len(captured)

    few = make("Few", make("Source"))
    make("Use", few)
    many = make("Many", *(make(f"Source {number}") for number in range(12)))
    for number in range(12):
        make(f"Use {number}", many)

    assert queries(few) == queries(many) <= 6
    assert queries(make("Alone")) == 1


def test_provenance_for_machines_is_prov_json(
    ana: User, bob: User, make: Maker, file_factory: FileFactory, api: ClientFactory
) -> None:
    source = make("Source")
    file = file_factory(source)
    type(file).objects.filter(pk=file.pk).update(sha256="ab" * 32)
    result = make("Result", source, owner=bob)
    run = f"pz:jobs/{result.process.pk}"
    made, read = f"pz:product/{result.internal_name}", f"pz:product/{source.internal_name}"

    response = api(ana).get(f"/api/products/{source.pk}/provenance/")
    document = response.json()

    assert response["Content-Disposition"] == (
        f'attachment; filename="{source.internal_name}.prov.json"'
    )
    assert document["prefix"]["pz"] == "http://testserver/"
    assert document["entity"].keys() == {made, read}
    assert document["entity"][read]["pz:sha256"] == "ab" * 32
    assert document["activity"][run]["prov:label"] == "Combine Redshift Catalogs 2.1"
    assert list(document["used"].values()) == [{"prov:activity": run, "prov:entity": read}]
    assert list(document["wasGeneratedBy"].values()) == [
        {"prov:entity": made, "prov:activity": run}
    ]
    assert list(document["wasDerivedFrom"].values()) == [
        {"prov:generatedEntity": made, "prov:usedEntity": read, "prov:activity": run}
    ]
    assert document["agent"].keys() == {"pz:users/ana", "pz:users/bob"}
