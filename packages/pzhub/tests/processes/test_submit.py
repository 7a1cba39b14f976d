"""Submitting: everything is checked before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus, Release
from pzhub.core.errors import ForbiddenError
from pzhub.core.models import AuditEntry
from pzhub.core.storage import process_dir
from pzhub.processes.models import Phase, Pipeline, Process
from pzhub.processes.pipelines import job_for
from pzhub.processes.services import request_stop, rerun_process, submit_process
from pzhub.uploads.services import stage_copy
from pztables.errors import UserError

Catalog = Callable[..., Product]


@pytest.fixture
def refused(combine: Pipeline) -> Callable[..., UserError]:
    """Return a function that submits, expects a refusal, and checks that nothing was kept."""

    def submit(actor: User, inputs: list[Product], **options: Any) -> UserError:
        before = (Product.objects.count(), AuditEntry.objects.count())
        with pytest.raises(UserError) as refusal:
            submit_process(
                actor=actor,
                pipeline=combine,
                inputs=inputs,
                **{"display_name": "x", "parameters": {}, **options},
            )
        assert Process.objects.count() == 0
        assert (Product.objects.count(), AuditEntry.objects.count()) == before
        return refusal.value

    return submit


def test_a_submission_writes_process_product_inputs_and_audit(
    catalog: Catalog, combine: Pipeline, ana: User, bob: User
) -> None:
    one, two = catalog(bob, "b"), catalog(ana, "a")
    process = submit_process(
        actor=ana,
        pipeline=combine,
        display_name="My combination",
        description="words",
        inputs=[one, two],
        parameters={"combine_type": "concatenate_and_mark_duplicates"},
        output_format="csv",
    )
    product = process.upload
    links = list(process.input_links.values_list("position", "product", "sha256"))
    last = AuditEntry.objects.latest("pk")
    assert {
        "phase": process.phase,
        "version": process.pipeline_version,
        "user": process.user,
        "type": product.product_type.name,
        "status": product.status,
        "internal_name": product.internal_name,
        "description": product.description,
        "links": links,
        "path": process.path,
        "format": process.used_config["output_format"],
        "combine_type": process.used_config["param"]["combine_type"],
        "cut": process.used_config["param"]["z_flag_homogenized_value_to_cut"],
        "audit": (last.action, last.actor, last.data["inputs"]),
    } == {
        "phase": Phase.PENDING,
        "version": "1.0.0",
        "user": ana,
        "type": "redshift_catalog",
        "status": ProductStatus.PROCESSING,
        "internal_name": f"{product.pk}_my_combination",
        "description": "words",
        "links": [(0, one.pk, f"{one.pk:064d}"), (1, two.pk, f"{two.pk:064d}")],
        "path": f"processes/combine_redshift_dedup/{process.pk:08d}",
        "format": "csv",
        "combine_type": "concatenate_and_mark_duplicates",
        "cut": 3.0,
        "audit": ("process-submitted", ana, [one.internal_name, two.internal_name]),
    }


def test_the_job_holds_canonical_copies_and_columns_by_role(
    catalog: Catalog, submit: Any, ana: User, data_dir: Path
) -> None:
    one, two = catalog(ana, "one"), catalog(ana, "two")
    one.columns.filter(column_name="DEC").update(alias="DEC")  # in any case
    job = job_for(submit(ana, inputs=[two, one]))
    columns = {"ra": "RA", "dec": "DEC", "z": "Z", "z_flag": "QF", "survey": "SV"}
    assert job["inputs"] == [
        {
            "path": str(data_dir / product.inspection.canonical_path),
            "internal_name": product.internal_name,
            "columns": columns,
            "product_id": product.pk,
            "sha256": f"{product.pk:064d}",
            "format": "parquet",
        }
        for product in (two, one)
    ]
    assert job["output"] == {"name": "crd", "format": "parquet"}
    assert job["flags_translation"] is None


def test_a_product_that_the_actor_may_not_see_is_refused(
    catalog: Catalog, refused: Any, ana: User, bob: User, closed_release: Release
) -> None:
    hidden = catalog(bob, "hidden", release=closed_release)
    error = refused(ana, [catalog(ana), hidden])
    assert (error.code, error.message) == (
        "input_not_usable",
        f"There is no product {hidden.pk}, or you may not see it.",
    )


def test_a_product_that_is_not_published_is_refused(
    catalog: Catalog, refused: Any, ana: User
) -> None:
    draft = catalog(ana, "draft", status=ProductStatus.REGISTERING)
    error = refused(ana, [catalog(ana), draft])
    assert error.message == (
        f"{draft.internal_name} is registering; only published products can be used."
    )


def test_a_product_of_another_type_is_refused(
    catalog: Catalog, product_factory: Any, refused: Any, ana: User
) -> None:
    other = product_factory(ana, name="set", type_name="training_set")
    error = refused(ana, [catalog(ana), other])
    assert error.message == (
        f"{other.internal_name} is of type Training Set; Combine Redshift Catalogs takes"
        " Reference Redshift Catalog."
    )


def test_a_catalog_chosen_twice_is_refused_by_name(
    catalog: Catalog, refused: Any, ana: User
) -> None:
    one = catalog(ana)
    error = refused(ana, [one, catalog(ana, "two"), one])
    assert (error.code, error.message) == (
        "input_twice",
        f"{one.internal_name} was chosen twice; choose each catalog once.",
    )
    assert refused(ana, [one, one]).code == "input_twice"


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_catalogs_are_refused(
    catalog: Catalog, refused: Any, ana: User, count: int
) -> None:
    error = refused(ana, [catalog(ana, f"c{n}") for n in range(count)])
    assert error.message == (
        f"Combine Redshift Catalogs needs at least 2 catalogs; {count} chosen."
    )


def test_a_catalog_whose_table_is_gone_is_refused(
    catalog: Catalog, refused: Any, ana: User, data_dir: Path
) -> None:
    lost = catalog(ana, "lost")
    (data_dir / lost.inspection.canonical_path).unlink()
    error = refused(ana, [catalog(ana), lost])
    assert (error.code, error.data) == ("input_not_ready", {"product": lost.internal_name})


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"combine_type": "merge"}, "combine_type"),
        ({"combin_type": "concatenate"}, "combin_type"),
        ({"executor": {"name": "slurm"}}, "executor"),
        ({"output_name": "../../x"}, "output_name"),
        ({"flags_translation_file": "/etc/passwd"}, "flags_translation_file"),
        ({"use_absolute_lsdb_path": True}, "use_absolute_lsdb_path"),
        ({"z_flag_homogenized_value_to_cut": "many"}, "z_flag_homogenized_value_to_cut"),
    ],
)
def test_a_parameter_that_is_not_the_users_is_refused_by_name(
    catalog: Catalog, refused: Any, ana: User, parameters: dict[str, Any], named: str
) -> None:
    error = refused(ana, [catalog(ana), catalog(ana, "two")], parameters=parameters)
    assert named in error.message


def test_a_format_that_cannot_be_written_is_refused(
    catalog: Catalog, refused: Any, ana: User
) -> None:
    error = refused(ana, [catalog(ana), catalog(ana, "two")], output_format="xlsx")
    assert (error.code, error.message) == (
        "output_format",
        "Output format 'xlsx' is not one of parquet, csv, fits, hdf5, hats.",
    )


def test_a_release_is_refused_for_a_redshift_catalog(
    catalog: Catalog, refused: Any, ana: User, open_release: Release
) -> None:
    error = refused(ana, [catalog(ana), catalog(ana, "two")], release=open_release)
    assert error.code == "field_not_allowed"


def test_only_administrators_make_official_products(
    catalog: Catalog, refused: Any, ana: User
) -> None:
    inputs = [catalog(ana), catalog(ana, "two")]
    assert refused(ana, inputs, official_product=True).code == "official_requires_admin"


def test_a_pipeline_that_is_switched_off_runs_nothing(
    catalog: Catalog, refused: Any, ana: User, combine: Pipeline
) -> None:
    combine.is_enabled = False
    assert refused(ana, [catalog(ana), catalog(ana, "two")]).code == "pipeline_off"


def test_a_rule_file_is_kept_with_the_run(submit: Any, ana: User, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("delta_z_threshold: 0.002\n")
    process = submit(ana, flags_translation=stage_copy(rules, "mine.yaml"))
    kept = process_dir(process) / "flags_translation.yaml"
    assert kept.read_text() == "delta_z_threshold: 0.002\n"
    assert job_for(process)["flags_translation"] == str(kept)
    assert process.used_config["flags_translation"]["name"] == "mine.yaml"


def test_a_rule_file_that_is_wrong_is_refused_by_its_own_name(
    catalog: Catalog, refused: Any, ana: User, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("delta_z_threshold: often\n")
    inputs = [catalog(ana), catalog(ana, "two")]
    error = refused(ana, inputs, flags_translation=stage_copy(rules, "mine.yaml"))
    assert "mine.yaml" in error.message
    assert "delta_z_threshold" in error.message


def test_stopping_is_for_owners_and_administrators(
    submit: Any, ana: User, bob: User, admin: User
) -> None:
    process = submit(ana)
    with pytest.raises(ForbiddenError):
        request_stop(actor=bob, process=process)
    assert request_stop(actor=admin, process=process).stop_requested_by == "root"
    assert request_stop(actor=ana, process=process).stop_requested_by == "root"
    acts = AuditEntry.objects.filter(action="process-stop-requested")
    assert [act.actor for act in acts] == [admin]


def test_a_run_can_be_run_again(submit: Any, ana: User, bob: User) -> None:
    first = submit(ana, parameters={"combine_type": "concatenate_and_remove_duplicates"})
    again = rerun_process(actor=ana, process=first)
    assert again.pk != first.pk
    assert again.upload_id != first.upload_id
    assert again.used_config == first.used_config
    with pytest.raises(ForbiddenError):
        rerun_process(actor=bob, process=first)
