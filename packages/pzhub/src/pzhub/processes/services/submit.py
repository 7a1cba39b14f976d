"""Submitting a run: everything is checked before anything is written."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction

from pzhub.accounts.models import User
from pzhub.catalog.models import FileRole, Product, ProductStatus, ProductType, Release
from pzhub.catalog.selectors import products_visible_to
from pzhub.catalog.services import create_product
from pzhub.core.audit import record
from pzhub.core.errors import ConflictError, InvalidError
from pzhub.core.storage import process_dir, publish_file, relative_path, remove_tree
from pzhub.processes import pipelines
from pzhub.processes.models import Pipeline, Process, ProcessInput
from pzhub.processes.policies import require_stop
from pzhub.processes.selectors import inputs_of
from pzhub.processes.services.release import check_release
from pzhub.uploads.services.staged import StagedFile, stage_copy

#: A seed that nobody gave is below: every reader of JSON has such numbers exactly.
_SEEDS: Final = 2**31


class TooFewInputsError(InvalidError):
    """The pipeline needs more input products."""

    code = "too_few_inputs"


class TooManyInputsError(InvalidError):
    """The pipeline takes fewer input products."""

    code = "too_many_inputs"


class InputTwiceError(InvalidError):
    """A product was chosen more than once."""

    code = "input_twice"


class InputNotUsableError(InvalidError):
    """A product cannot be an input of this pipeline, or the user may not see it."""

    code = "input_not_usable"


class PipelineOffError(ConflictError):
    """An administrator switched the pipeline off."""

    code = "pipeline_off"


def products_named(*, actor: User, keys: Sequence[int]) -> list[Product]:
    """Return the products of ids, in their order.

    Raises
    ------
    InputNotUsableError
        Naming the ids that do not exist or that the actor may not see.
    """
    found = {product.pk: product for product in products_visible_to(actor).filter(pk__in=keys)}
    missing = [str(key) for key in keys if key not in found]
    if missing:
        raise _not_usable(f"There is no product {', '.join(missing)}, or you may not see it.")
    return [found[key] for key in keys]


def check_inputs(*, actor: User, pipeline: Pipeline, inputs: Sequence[Product]) -> None:
    """Refuse inputs that the pipeline cannot take or the actor may not use.

    Raises
    ------
    TooFewInputsError, TooManyInputsError, InputTwiceError, InputNotUsableError
        Naming the product.
    """
    spec = pipelines.spec_of(pipeline)
    _refuse_twice(inputs)
    _check_number(pipeline.name, spec.display_name, len(inputs))
    visible = set(
        products_visible_to(actor)
        .filter(pk__in=[product.pk for product in inputs])
        .values_list("pk", flat=True)
    )
    for product in inputs:
        if product.pk not in visible:
            raise _not_usable(f"There is no product {product.pk}, or you may not see it.")
        _check_input(product, spec.display_name, spec.product_types_accepted)


def _check_number(name: str, display_name: str, chosen: int) -> None:
    needed, most = pipelines.min_inputs(name), pipelines.max_inputs(name)
    if most == needed == 1 and chosen != 1:
        text = f"{display_name} takes exactly one redshift catalog; {chosen} chosen."
    elif chosen < needed:
        text = f"{display_name} needs at least {needed} catalogs; {chosen} chosen."
    else:
        text = f"{display_name} takes at most {most} catalogs; {chosen} chosen."
    if chosen < needed:
        raise TooFewInputsError(text, fields={"inputs": [text]})
    if most is not None and chosen > most:
        raise TooManyInputsError(text, fields={"inputs": [text]})


def _refuse_twice(inputs: Sequence[Product]) -> None:
    seen: set[int] = set()
    for product in inputs:
        if product.pk in seen:
            text = f"{product.internal_name} was chosen twice; choose each catalog once."
            raise InputTwiceError(text, fields={"inputs": [text]}, product=product.internal_name)
        seen.add(product.pk)


def _check_input(product: Product, pipeline_name: str, accepted: Sequence[str]) -> None:
    name = product.internal_name
    if product.product_type.name not in accepted:
        types = ProductType.objects.filter(name__in=accepted)
        wanted = " or ".join(kind.display_name for kind in types)
        raise _not_usable(
            f"{name} is of type {product.product_type.display_name};"
            f" {pipeline_name} takes {wanted}."
        )
    if product.status != ProductStatus.PUBLISHED:
        status = product.get_status_display().lower()
        raise _not_usable(f"{name} is {status}; only published products can be used.")


def _not_usable(text: str) -> InputNotUsableError:
    return InputNotUsableError(text, fields={"inputs": [text]})


@transaction.atomic
def submit_process(
    *,
    actor: User,
    pipeline: Pipeline,
    display_name: str,
    inputs: Sequence[Product],
    parameters: Mapping[str, Any],
    output_format: str | None = None,
    description: str | None = None,
    release: Release | None = None,
    pz_code: str | None = None,
    official_product: bool = False,
    flags_translation: StagedFile | None = None,
) -> Process:
    """Record a run that the reconciler will start, and the product that it will make.

    Parameters
    ----------
    actor
        Becomes the owner of run and product.
    pipeline
        The recipe.
    display_name, description, release, pz_code, official_product
        Of the product to be made; some pipelines match with the objects of the release.
    inputs
        Published products in the order that counts.
    parameters
        Those that differ from the defaults.
    output_format
        One of the pipeline's; its first by default.
    flags_translation
        The user's own rule file.

    Raises
    ------
    InvalidError, ConflictError, pztables.errors.UserError
        Naming what is wrong; nothing is kept then.
    """
    if not pipeline.is_enabled:
        raise PipelineOffError(f"{pipeline.name} is switched off; ask the administrators")
    check_inputs(actor=actor, pipeline=pipeline, inputs=inputs)
    check_release(actor=actor, pipeline=pipeline, release=release)
    used_config = _used_config(
        pipeline, inputs, parameters, output_format, flags_translation, release
    )
    spec = pipelines.spec_of(pipeline)
    product = create_product(
        actor=actor,
        display_name=display_name,
        product_type=ProductType.objects.get(name=spec.output_product_type),
        release=release,
        pz_code=pz_code,
        description=description,
        official_product=official_product,
        status=ProductStatus.PROCESSING,
    )
    process = Process.objects.create(
        pipeline=pipeline,
        pipeline_version=spec.version,
        user=actor,
        display_name=product.display_name,
        release=release,
        upload=product,
        used_config=used_config,
    )
    _link_inputs(process, inputs)
    _keep_folder(process, flags_translation)
    names = [item.internal_name for item in inputs]
    record(actor=actor, action="process-submitted", target=process, inputs=names)
    return process


def _used_config(
    pipeline: Pipeline,
    inputs: Sequence[Product],
    parameters: Mapping[str, Any],
    output_format: str | None,
    flags_translation: StagedFile | None,
    release: Release | None,
) -> dict[str, Any]:
    """Return the complete configuration of a run, once everything in it was checked."""
    validated = pipelines.complete_parameters(pipeline.name, parameters, release)
    wanted = output_format or validated.get("output_format")
    used_config: dict[str, Any] = {
        "param": validated,
        "inputs": {"specz": [_described(product) for product in inputs]},
        "output_name": pipelines.spec_of(pipeline).output_name,
        "output_format": pipelines.output_format_of(pipeline.name, wanted, inputs),
    }
    if release is not None and pipelines.needs_release(pipeline.name):
        used_config["inputs"]["dataset"] = pipelines.described_objects(release)
    if "output_format" in validated:
        validated["output_format"] = used_config["output_format"]
    if validated.get("random_seed", 0) is None:  # drawn here, so that it is told and repeats
        validated["random_seed"] = secrets.randbelow(_SEEDS)
    if flags_translation is not None:
        pipelines.check_flags_translation(flags_translation.path, flags_translation.name)
        kept = {"name": flags_translation.name, "sha256": flags_translation.sha256}
        used_config["flags_translation"] = kept
    return used_config


def _described(product: Product) -> dict[str, Any]:
    """Return what is kept of an input for provenance; paths are nobody's business."""
    told = pipelines.job_input(product)
    kept = ("internal_name", "product_id", "columns", "format", "sha256")
    return {key: told[key] for key in kept}


def _link_inputs(process: Process, inputs: Sequence[Product]) -> None:
    for position, product in enumerate(inputs):
        main = product.files.get(role=FileRole.MAIN)
        ProcessInput.objects.create(
            process=process, product=product, position=position, sha256=main.sha256
        )


def _keep_folder(process: Process, flags_translation: StagedFile | None) -> None:
    folder = process_dir(process)
    remove_tree(folder)  # of a submission that was rolled back: SQLite gives its number again
    folder.mkdir(parents=True)
    if flags_translation is not None:
        publish_file(flags_translation.path, folder / pipelines.FLAGS_FILE)
    process.path = relative_path(folder)
    process.save(update_fields=["path"])


def rerun_process(*, actor: User, process: Process) -> Process:
    """Submit the same run again, as a new process with a new product.

    Raises
    ------
    ForbiddenError
        If the actor is neither its owner nor an administrator.
    InvalidError, ConflictError
        If an input can no longer be used.
    """
    require_stop(process, actor)
    flags = process_dir(process) / pipelines.FLAGS_FILE
    return submit_process(
        actor=actor,
        pipeline=process.pipeline,
        display_name=process.display_name,
        inputs=inputs_of(process),
        parameters=process.used_config["param"],
        output_format=process.used_config["output_format"],
        description=process.upload.description,
        release=process.release,
        flags_translation=stage_copy(flags) if flags.exists() else None,
    )
