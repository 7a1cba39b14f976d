"""Profiles of published tables: made as chores, stored whole, served in parts, summed up."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from pzhub.accounts.models import User
from pzhub.catalog.models import (
    Column,
    Product,
    ProductFile,
    ProductStatus,
    ProductSummary,
    SkyCell,
)
from pzhub.catalog.services import set_column_association
from pzhub.core import chores, storage
from pzhub.uploads import profiles as reads
from pzhub.uploads.models import Inspection, ProfileState, TableProfile
from pzhub.uploads.services import make_profile, profiles
from pztables.errors import TooCostlyError
from pztables.profile import PROFILE_VERSION, build_profile


@pytest.fixture
def table(ana: User, product_factory: Any, make: SimpleNamespace) -> Product:
    """A published table of 12 rows whose profile is asked for and not made yet."""
    product: Product = product_factory(ana, name="Combined", type_name="redshift_catalog")
    folder = storage.derived_dir(product, "a" * 64)
    folder.mkdir(parents=True)
    pq.write_table(make.table, folder / "canonical.parquet")
    path = storage.relative_path(folder / "canonical.parquet")
    file = ProductFile.objects.create(
        product=product, name="crd.parquet", path=path, sha256="a" * 64, n_rows=12
    )
    Inspection.objects.create(
        product=product, file=file, sha256=file.sha256, state="done", is_table=True,
        canonical_path=path,
    )  # fmt: skip
    for order, name in enumerate(make.table.column_names):
        alias = {"RA_deg": "RA", "DEC_deg": "Dec", "zspec": "z", "origin": "survey"}.get(name)
        Column.objects.create(product=product, column_name=name, alias=alias, order=order)
    profiles.want_profile(product)
    return product


def row_of(product: Product) -> TableProfile:
    return TableProfile.objects.get(product=product)


def made(product: Product) -> dict[str, Any]:
    make_profile(row_of(product).pk)
    stored = reads.stored_profile(product)
    assert stored is not None
    return stored


def test_a_published_table_is_described_with_what_its_columns_mean(table: Product) -> None:
    row = row_of(table)
    assert (row.state, reads.profile_state(table)) == (ProfileState.WAITING, "waiting")
    assert chores.queued_arguments(profiles.PROFILE_CHORE) == {row.pk}
    stored = made(table)
    inspection = Inspection.objects.get(product=table)
    expected = build_profile(
        storage.data_path(inspection.canonical_path),
        roles=reads.roles_of(table),
        meanings=reads.meanings_of(table),
    )
    assert stored == expected
    row = row_of(table)
    assert (row.state, row.signature == row.wanted) == (ProfileState.DONE, True)
    assert row.signature.startswith(f"{PROFILE_VERSION}-")
    assert inspection.profile_path == row.path


def test_a_summary_is_written_with_the_profile(table: Product) -> None:
    made(table)
    summary = ProductSummary.objects.get(product=table)
    assert (summary.n_rows, summary.n_columns, summary.has_positions) == (12, 6, True)
    assert (summary.z_min, summary.z_max, summary.z_median) == (0.1, 1.2, pytest.approx(0.65))
    assert summary.surveys == ["DEEP2", "VVDS"]
    assert summary.area_deg2 == pytest.approx(12 * 41252.96 / 12 / 4**10, rel=0.2)
    assert sum(summary.thumbnail["redshift"]["counts"]) == pytest.approx(12, abs=2)
    assert sum(summary.thumbnail["sky"]["counts"]) == 12
    assert summary.signature == row_of(table).signature
    whole = SkyCell.objects.filter(summary=summary, is_whole=True)
    assert {int(np.log2(cell.uniq / 4) // 2) for cell in whole} == {6}


def test_a_change_of_meaning_makes_the_profile_again(ana: User, table: Product) -> None:
    before = made(table)
    first = row_of(table)
    column = table.columns.get(column_name="zerr")
    set_column_association(actor=ana, column=column, alias="z", ucd="src.redshift")
    second = row_of(table)
    assert (second.state, second.wanted == first.wanted) == (ProfileState.WAITING, False)
    assert reads.stored_profile(table) == before  # the one before stays until then
    assert made(table)["redshift"]["column"] == "zerr"
    assert ProductSummary.objects.get(product=table).z_max == pytest.approx(0.012)


def test_the_file_before_is_removed_once_the_new_one_is_kept(
    ana: User, table: Product, django_capture_on_commit_callbacks: Any
) -> None:
    made(table)
    before = storage.data_path(row_of(table).path)
    column = table.columns.get(column_name="zerr")
    set_column_association(actor=ana, column=column, alias="z_err", ucd=None)
    with django_capture_on_commit_callbacks(execute=True):
        made(table)
    assert (before.exists(), storage.data_path(row_of(table).path).exists()) == (False, True)


def test_nothing_is_made_again_when_nothing_changed(ana: User, table: Product) -> None:
    made(table)
    DBTaskResult.objects.all().delete()
    column = table.columns.get(column_name="zspec")
    set_column_association(actor=ana, column=column, alias="z", ucd="src.redshift")
    profiles.want_profile(table)
    make_profile(row_of(table).pk)
    assert (row_of(table).state, row_of(table).attempt) == (ProfileState.DONE, 1)
    assert chores.queued_arguments(profiles.PROFILE_CHORE) == set()


def test_a_profile_whose_meaning_changed_while_it_was_made_is_made_once_more(
    ana: User, table: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = profiles._write

    def changed_meanwhile(*arguments: Any) -> None:
        write(*arguments)
        column = table.columns.get(column_name="zerr")
        set_column_association(actor=ana, column=column, alias="z", ucd=None)

    monkeypatch.setattr(profiles, "_write", changed_meanwhile)
    make_profile(row_of(table).pk)
    assert row_of(table).state == ProfileState.WAITING
    monkeypatch.setattr(profiles, "_write", write)
    assert made(table)["roles"]["z"] == "zerr"


def test_the_profile_of_a_killed_worker_is_made_by_another(table: Product) -> None:
    row = row_of(table)
    dead = "/".join([chores.holder_name().split("/")[0], "999999", "1.0", "x"])
    TableProfile.objects.filter(pk=row.pk).update(
        state=ProfileState.RUNNING, lease_holder=dead, lease_until=timezone.now(), attempt=1
    )
    DBTaskResult.objects.all().delete()
    TableProfile.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    profiles.sweep_profiles()
    assert chores.queued_arguments(profiles.PROFILE_CHORE) == {row.pk}
    made(table)
    assert row_of(table).attempt == 2


def test_a_table_that_costs_too_much_is_told_and_not_tried_again(
    table: Product, api: Any, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_costly(*_: Any) -> None:
        raise TooCostlyError("The statistics of the table take more memory than is allowed.")

    monkeypatch.setattr(profiles, "_write", too_costly)
    make_profile(row_of(table).pk)
    DBTaskResult.objects.all().delete()
    profiles.sweep_profiles()
    assert (row_of(table).state, reads.profile_state(table)) == (ProfileState.FAILED, "failed")
    assert chores.queued_arguments(profiles.PROFILE_CHORE) == set()
    TableProfile.objects.update(path="")
    Inspection.objects.update(profile_path="")
    answer = api(bob).get(f"/api/products/{table.pk}/profile/")
    assert (answer.status_code, answer.json()["code"]) == (409, "profile_failed")
    assert "more memory than is allowed" in answer.json()["error"]


def test_a_fault_of_ours_is_raised_and_given_up_after_three_times(
    table: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(profiles, "_write", broken)
    for _ in range(chores.MAX_ATTEMPTS):
        with pytest.raises(RuntimeError):
            make_profile(row_of(table).pk)
    profiles.sweep_profiles()
    row = row_of(table)
    assert (row.state, row.error and row.error["code"]) == ("failed", "profile_given_up")


def test_profiles_of_an_earlier_version_are_made_again_by_the_sweep(table: Product) -> None:
    made(table)
    TableProfile.objects.update(wanted="1-old", signature="1-old")
    DBTaskResult.objects.all().delete()
    profiles.sweep_profiles()
    assert row_of(table).state == ProfileState.WAITING
    assert chores.queued_arguments(profiles.PROFILE_CHORE) == {row_of(table).pk}


def test_a_table_that_was_published_before_profiles_gets_one(table: Product) -> None:
    TableProfile.objects.all().delete()
    DBTaskResult.objects.all().delete()
    profiles.sweep_profiles()
    assert chores.queued_arguments(profiles.PROFILE_CHORE) == {row_of(table).pk}


def test_a_large_table_is_described_by_a_process_of_its_own(
    table: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = made(table)
    monkeypatch.setattr(profiles, "_SMALL_CELLS", 0)
    TableProfile.objects.update(wanted="1-old", signature="1-old")
    profiles.want_profile(table)
    make_profile(row_of(table).pk)
    reads._read.cache_clear()
    assert reads.stored_profile(table) == here


def test_a_table_that_cannot_be_read_ends_as_failed(
    table: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "_SMALL_CELLS", 0)
    storage.data_path(Inspection.objects.get().canonical_path).write_bytes(b"PAR1 no table")
    make_profile(row_of(table).pk)
    error = row_of(table).error
    assert (row_of(table).state, error and error["code"]) == ("failed", "unreadable_table")


def test_the_profile_is_served_whole_in_parts_and_not_twice(
    table: Product, api: Any, bob: User
) -> None:
    address = f"/api/products/{table.pk}/profile/"
    stored = made(table)
    answer = api(bob).get(address)
    assert (answer.status_code, answer.json()) == (200, stored)
    again = api(bob).get(address, HTTP_IF_NONE_MATCH=answer["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    part = api(bob).get(address, {"section": "redshift,checks"})
    assert part.json() == {"redshift": stored["redshift"], "checks": stored["checks"]}
    assert part["ETag"] != answer["ETag"]
    refused = api(bob).get(address, {"section": "redshifts"})
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_section")
    assert "has no section redshifts; it has version" in refused.json()["error"]


def test_while_a_profile_is_made_the_answer_says_when_to_ask_again(
    table: Product, api: Any, bob: User
) -> None:
    answer = api(bob).get(f"/api/products/{table.pk}/profile/")
    assert (answer.status_code, answer["Retry-After"]) == (202, "5")
    assert answer.json()["state"] == "waiting"
    assert "being computed" in answer.json()["detail"]


def test_a_draft_has_the_profile_of_its_reading_and_what_is_no_table_none(
    ana: User, product_factory: Any, table: Product, api: Any
) -> None:
    draft = product_factory(ana, status=ProductStatus.REGISTERING)
    address = f"/api/products/{draft.pk}/profile/"

    def answer() -> tuple[int, Any]:
        response = api(ana).get(address)
        return response.status_code, response.json().get("code")

    assert answer() == (404, "no_profile")
    file = ProductFile.objects.create(product=draft, name="zed.csv", path="p/zed.csv")
    assert answer() == (409, "profile_not_ready")
    inspection = Inspection.objects.create(product=draft, file=file, state="waiting")
    assert answer() == (409, "profile_not_ready")
    Inspection.objects.filter(pk=inspection.pk).update(state="done")
    assert answer() == (404, "no_profile")
    made(table)
    read = {"canonical_path": "c.parquet", "profile_path": row_of(table).path}
    Inspection.objects.filter(pk=inspection.pk).update(**read)
    assert answer() == (200, None)


def test_the_summary_of_the_whole_sky_has_few_cells(table: Product, tmp_path: Path) -> None:
    from pzhub.uploads.services.summaries import write_summary

    rng = np.random.default_rng(1)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, 60_000)))
    pq.write_table(
        pa.table({"ra": rng.uniform(0, 360, 60_000), "dec": dec}), tmp_path / "sky.parquet"
    )
    profile = build_profile(tmp_path / "sky.parquet", roles={"ra": "ra", "dec": "dec"})
    write_summary(table.pk, json.loads(json.dumps(profile)), "2-x")
    cells = SkyCell.objects.filter(summary_id=table.pk)
    assert cells.filter(is_whole=True).count() <= 500
    assert cells.count() <= 700
