"""Views saved as products: the same rows, with where they come from, whole or not at all."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from django.test import Client
from django.utils import timezone

from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.services.metadata import metadata_of
from pzhub.config import hub_config
from pzhub.core import chores, storage
from pzhub.tables.models import SavedView, ViewState
from pzhub.tables.services import views
from pzhub.uploads.selectors import main_file_of
from pztables.expressions import matches, parse

from .conftest import N_ROWS, TABLE

WHERE = "zspec > 0.5 and survey == 'DESI'"
GIVEN = {
    "display_name": "Deep half",
    "where": WHERE,
    "columns": ["objectId", "RA", "dec", "zspec", "flag, quality"],
    "sort": ["-zspec"],
}


@pytest.fixture
def source(table_product: Any) -> Product:
    """Return a published redshift catalog."""
    product: Product = table_product()
    return product


@pytest.fixture
def begun(source: Product, api: Any, bob: Any) -> SavedView:
    """Return a view of bob's that waits for a worker."""
    answer = api(bob).post(f"/api/products/{source.pk}/data/save/", GIVEN, format="json")
    assert answer.status_code == 202, answer.content
    return SavedView.objects.get(product=answer.json()["id"])


def rows_that_fit() -> list[int]:
    columns = {name: TABLE[name] for name in TABLE.column_names}
    fits = np.flatnonzero(matches(parse(WHERE), columns)).tolist()
    z = TABLE["zspec"].to_numpy()
    return sorted(fits, key=lambda row: (-z[row], row))


def test_the_product_has_the_rows_columns_meanings_and_source_of_the_view(
    begun: SavedView, source: Product, bob: Any
) -> None:
    product = begun.product
    assert (product.status, product.user) == (ProductStatus.PROCESSING, bob)
    views.run_view(begun.pk)
    product.refresh_from_db()
    begun.refresh_from_db()
    assert (product.status, begun.state) == (ProductStatus.PUBLISHED, ViewState.DONE)
    file = main_file_of(product)
    table = pq.read_table(str(storage.data_path(file.path)))
    rows = rows_that_fit()
    expected = TABLE.select(GIVEN["columns"]).take(rows)
    assert table.replace_schema_metadata(None).to_pydict() == expected.to_pydict()
    assert file.n_rows == len(rows)
    provenance = json.loads(
        pq.read_schema(str(storage.data_path(file.path))).metadata[b"pz.provenance"]
    )
    assert provenance["product"] == source.internal_name
    assert provenance["query"]["where"] == WHERE
    roles = dict(product.columns.values_list("column_name", "alias"))
    assert {name: role for name, role in roles.items() if role} == {
        "RA": "RA", "dec": "Dec", "zspec": "z",
    }  # fmt: skip
    told = yaml.safe_load(yaml.safe_dump(metadata_of(product)))["view"]
    assert (told["product"], told["rows"], told["rows_of_product"]) == (
        source.internal_name, len(rows), N_ROWS,
    )  # fmt: skip
    assert len(told["main_file_sha256"]) == 64


def test_the_source_and_the_product_name_each_other(
    begun: SavedView, source: Product, client: Client, bob: Any, api: Any
) -> None:
    views.run_view(begun.pk)
    client.force_login(bob)
    page = client.get(f"/product/{begun.product.internal_name}").content.decode()
    assert f'href="/product/{source.internal_name}"' in page
    assert "Saved view" in page
    above = client.get(f"/product/{source.internal_name}").content.decode()
    assert f'href="/product/{begun.product.internal_name}"' in above
    prov = api(bob).get(f"/api/products/{begun.product.pk}/provenance/").json()
    (derived,) = prov["wasDerivedFrom"].values()
    assert derived["prov:usedEntity"] == f"pz:product/{source.internal_name}"
    (run,) = prov["activity"].values()
    assert run["pz:where"] == WHERE


def test_its_origin_is_a_saved_view_wherever_it_is_told(
    begun: SavedView, source: Product, client: Client, bob: Any, api: Any
) -> None:
    views.run_view(begun.pk)
    name = begun.product.internal_name
    told = api(bob).get(f"/api/products/{begun.product.pk}/").json()
    assert (told["origin"], told["process_id"]) == ("Saved view", None)
    client.force_login(bob)
    listed = client.get("/products?tab=all&origin=saved_view").content.decode()
    assert (f"/product/{name}" in listed, f"/product/{source.internal_name}" in listed) == (
        True, False,
    )  # fmt: skip
    assert name not in client.get("/products?tab=all&origin=upload").content.decode()
    compared = client.get(f"/compare?products={name},{source.internal_name}").content.decode()
    assert "<td>Saved view</td><td>Upload</td>" in compared


def test_a_worker_that_fails_gives_the_view_back_and_nothing_is_half_visible(
    begun: SavedView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_given: Any) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(views, "register_result", fails)
        with pytest.raises(OSError, match="no space"):
            views.run_view(begun.pk)
    begun.refresh_from_db()
    assert (begun.state, begun.attempt) == (ViewState.WAITING, 1)
    assert begun.product.files.count() == 0
    assert list(storage.staging_dir().glob("view-*")) == []
    views.run_view(begun.pk)
    begun.product.refresh_from_db()
    assert begun.product.status == ProductStatus.PUBLISHED


def test_a_view_of_a_killed_worker_is_made_by_another_also_when_it_was_published(
    begun: SavedView,
) -> None:
    views.run_view(begun.pk)
    # As a kill leaves it between the publication and the end of the chore.
    SavedView.objects.filter(pk=begun.pk).update(
        state=ViewState.RUNNING, lease_holder="gone/1/1.0/x", lease_until=timezone.now()
    )
    views.sweep_views()
    views.run_view(begun.pk)
    begun.refresh_from_db()
    assert begun.state == ViewState.DONE
    assert begun.product.files.count() == 1


def test_what_killed_several_workers_is_given_up(begun: SavedView) -> None:
    SavedView.objects.filter(pk=begun.pk).update(attempt=chores.MAX_ATTEMPTS)
    views.sweep_views()
    begun.product.refresh_from_db()
    assert begun.product.status == ProductStatus.FAILED
    assert begun.product.failure["code"] == "view_given_up"


def test_a_source_that_changed_meanwhile_fails_the_view(begun: SavedView) -> None:
    SavedView.objects.filter(pk=begun.pk).update(facts=begun.facts | {"source_sha256": "cd" * 32})
    views.run_view(begun.pk)
    begun.product.refresh_from_db()
    assert begun.product.failure["code"] == "view_source"


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"where": "zspec > 99"}, 400, "empty_view"),
        ({"where": "zspek > 9"}, 400, "expression_unknown_name"),
        ({"columns": ["RA", "dec"]}, 400, "view_columns"),
        ({"columns": ["nothing"]}, 400, "unknown_column"),
        ({"sort": ["nothing"]}, 400, "unknown_column"),
        ({"display_name": " "}, 400, "invalid"),
        ({"product_type": "no_such_type"}, 400, "invalid"),
        ({"limit": 0}, 400, "invalid"),
    ],
)
def test_what_cannot_become_a_product_is_refused_before_anything_is_made(
    source: Product, api: Any, bob: Any, given: dict[str, Any], status: int, code: str
) -> None:
    before = Product.objects.count()
    address = f"/api/products/{source.pk}/data/save/"
    answer = api(bob).post(address, {**GIVEN, **given}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Product.objects.count() == before


def test_a_view_with_too_many_rows_is_refused(
    source: Product, api: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_config(), "data_max_rows", 5)
    address = f"/api/products/{source.pk}/data/save/"
    answer = api(bob).post(address, GIVEN, format="json")
    assert (answer.status_code, answer.json()["code"]) == (413, "subset_too_large")
    assert api(bob).post(address, {**GIVEN, "limit": 5}, format="json").json()["rows"] == 5


def test_a_view_may_be_of_a_region(source: Product, api: Any, bob: Any) -> None:
    address = f"/api/products/{source.pk}/data/save/"
    region = {"cone": "0,0,0.9", "box": "359.5,0.5,-0.5,0.5", "moc": "0/0-11"}
    answer = api(bob).post(address, {**GIVEN, **region}, format="json")
    assert answer.status_code == 202, answer.content
    view = SavedView.objects.get()
    views.run_view(view.pk)
    view.refresh_from_db()
    assert (view.state, view.question["cone"]) == (ViewState.DONE, [0.0, 0.0, 0.9])
    joined = {"where": WHERE, **region}
    counted = api(bob).get(f"/api/products/{source.pk}/data/count/", joined).json()["count"]
    assert (view.facts["rows"], 0 < counted < len(rows_that_fit())) == (counted, True)
    wrong = api(bob).post(address, {**GIVEN, "cone": "1,2"}, format="json")
    assert "cone: must be 3 numbers" in wrong.json()["error"]


def test_the_release_of_the_source_stays_so_that_nobody_sees_more(
    source: Product, api: Any, carla: Any, closed_release: Any, product_types: Any
) -> None:
    objects = product_types["object_catalog"]
    Product.objects.filter(pk=source.pk).update(release=closed_release, product_type=objects)
    client, address = api(carla), f"/api/products/{source.pk}/data/save/"
    answer = client.post(address, GIVEN, format="json")
    assert answer.status_code == 202, answer.content
    assert Product.objects.get(pk=answer.json()["id"]).release == closed_release
    away = client.post(address, {**GIVEN, "product_type": "redshift_catalog"}, format="json")
    assert away.status_code == 400  # a type without a release would show it to everybody


def test_the_page_of_a_table_leads_to_saving_it(source: Product, client: Client, bob: Any) -> None:
    client.force_login(bob)
    address = f"/product/{source.internal_name}/data/save?where=zspec > 1"
    shown = client.get(address).content.decode()
    assert "zspec &gt; 1" in shown
    sent = {"display_name": "Mine", "product_type": "redshift_catalog", "description": ""}
    answer = client.post(address, sent)
    view = SavedView.objects.get()
    assert answer.headers["Location"] == f"/product/{view.product.internal_name}"
    assert view.question == {"where": "zspec > 1"}
    wrong = client.post(address, {**sent, "product_type": "training_set"})
    assert wrong.status_code in (302, 409)
    assert client.post(address, {**sent, "display_name": ""}).status_code == 400
