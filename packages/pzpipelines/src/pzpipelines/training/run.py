"""Training Set Maker: the stages of a run, in order."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pzpipelines import values
from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pzpipelines.objects.catalog import ObjectCatalog, open_objects
from pzpipelines.runtime.executors import open_executor
from pzpipelines.runtime.job import Job, JobInput, JobResources
from pzpipelines.runtime.outcome import Outcome, OutputFile, Status
from pzpipelines.runtime.workspace import Workspace
from pzpipelines.runtime.writing import SUFFIXES, require_output_format
from pzpipelines.training.columns import ColumnPlan, plan_columns
from pzpipelines.training.coverage import area_words, objects_moc, positions_moc
from pzpipelines.training.dust import DUST_MAPS, open_dust_map
from pzpipelines.training.errors import NoMatchError, NoOverlapError, QualityFlagError
from pzpipelines.training.extinction import coefficient_sets
from pzpipelines.training.groups import connect, count_distinct, identities
from pzpipelines.training.inputs import (
    GROUP_COLUMN,
    HOMOGENIZED_FLAG,
    RedshiftCatalog,
    position_counts,
    read_redshifts,
    the_input,
)
from pzpipelines.training.match import Matches, match_objects, overlapping
from pzpipelines.training.measure import count_invalid, measure
from pzpipelines.training.parameters import (
    NO_DEREDDENING,
    USUAL_DEREDDENING,
    TrainingParameters,
    validate,
)
from pzpipelines.training.photometry import ZERO_POINT
from pzpipelines.training.result import TrainingSet, write_training_set
from pzpipelines.training.sources import Recipe, choose, look_at_release
from pzpipelines.training.split import position_keys, split_rows
from pzpipelines.training.summary import sentences_of
from pzpipelines.training.unique import flag_ranks, unique_pairs
from pztables.numbers import NotNumericError

PARAMETERS_FILE: Final = "effective_parameters.json"


@dataclass(frozen=True, slots=True)
class Training:
    """A run that may begin: everything that needs no data has been checked.

    Attributes
    ----------
    catalog
        Of the objects.
    recipe
        How the photometry is made; ``None``: the columns are taken as they are.
    columns
        Photometric columns.
    seed
        Of the split.
    """

    job: Job
    workspace: Workspace
    parameters: TrainingParameters
    source: JobInput
    catalog: ObjectCatalog
    recipe: Recipe | None
    columns: ColumnPlan
    seed: int

    @property
    def resources(self) -> JobResources:
        """What the run may use."""
        return self.job.resources


def run(job: Job, workspace: Workspace) -> Outcome:
    """Make a training set as a job says.

    Raises
    ------
    UserError
        If the job, the redshifts or the release must be mended; the message says how.
    """
    training = plan_training(job, workspace)
    workspace.plan("prepare", "match", "photometry", "write")
    workspace.progress("prepare", 0, f"reading {training.source.internal_name}")
    redshifts = read_redshifts(training.source)
    output_format = _output_format(training, redshifts)
    ranks = ranks_of(training.parameters, redshifts)
    workspace.progress("prepare", 1, f"{redshifts.table.num_rows:,} redshifts read")
    matches = match(training, redshifts)
    stays = _stays(training.parameters, matches, ranks)
    workspace.progress("photometry", 0, f"photometry of {len(matches.left):,} pairs")
    photometry, invalid = _photometry(training, matches)
    is_training, n_groups = _split(training, redshifts, matches, stays)
    workspace.progress("photometry", 1, "photometry and split made")
    summary = _summary(training, redshifts, matches, stays)
    summary["photometry"] = {**_choices(training), "invalid": count_invalid(invalid)}
    summary["split"] = _split_summary(training, is_training[stays], n_groups)
    kept = np.flatnonzero(stays)
    result = TrainingSet(
        redshifts,
        matches.left[kept],
        photometry.take(pa.array(kept)),
        matches.separation_arcsec[kept],
        is_training[kept],
        _metadata(training, summary),
    )
    outputs = _write(training, result, output_format, summary)
    return Outcome(Status.COMPLETED, outputs=outputs, summary=summary)


def plan_training(job: Job, workspace: Workspace) -> Training:
    """Check everything that can be checked before data is read.

    Raises
    ------
    UserError
        Naming the option, the input or what the release lacks.
    """
    parameters = validate(job.parameters)
    source = the_input(job.inputs)
    release = look_at_release(job.objects)
    recipe = choose(release, parameters)
    catalog = release.only
    if catalog is None and recipe is not None:
        catalog = open_objects(recipe.source.path, name=release.objects.name)
    assert catalog is not None  # a release has a catalog of its own, or sources
    seed = parameters.random_seed
    return Training(
        job=job,
        workspace=workspace,
        parameters=parameters,
        source=source,
        catalog=catalog,
        recipe=recipe,
        columns=plan_columns(
            catalog, recipe, parameters, identifier=release.objects.indexing_column
        ),
        seed=secrets.randbelow(2**31) if seed is None else seed,
    )


def _output_format(training: Training, redshifts: RedshiftCatalog) -> str:
    asked = training.job.output.format or training.parameters.output_format
    same = asked.strip().lower() in ("same", "specz")
    return require_output_format(redshifts.format if same else asked)


def ranks_of(parameters: TrainingParameters, redshifts: RedshiftCatalog) -> FloatArray | None:
    """Return how good each redshift is, where that decides.

    Raises
    ------
    QualityFlagError
        If the catalog has no quality flag, or none that is a number.
    """
    if parameters.unique != "best":
        return None
    column = redshifts.roles.get("z_flag", "")
    if HOMOGENIZED_FLAG in redshifts.table.column_names:
        column = HOMOGENIZED_FLAG
    if not column:
        raise QualityFlagError(
            f"unique: best needs a quality flag, and {redshifts.name} has none; associate z_flag, "
            "or choose nearest",
            option="unique",
            catalog=redshifts.name,
        )
    is_homogenized = column.strip().lower() == HOMOGENIZED_FLAG
    flags = values.one_array(redshifts.table[column])
    try:
        ranks = flag_ranks(flags, are_homogenized=is_homogenized)
    except NotNumericError:
        ranks = np.full(len(flags), -np.inf)
    if np.isneginf(ranks).all():
        raise QualityFlagError(
            f"unique: best needs quality flags that are numbers, and column {column} of "
            f"{redshifts.name} has none; associate another z_flag, or choose nearest",
            option="unique",
            catalog=redshifts.name,
            column=column,
        )
    return ranks


def match(training: Training, redshifts: RedshiftCatalog) -> Matches:
    """Match the redshifts that have a position with the objects.

    Raises
    ------
    NoOverlapError
        If no object is anywhere near.
    NoMatchError
        If none is within the radius.
    """
    workspace, parameters = training.workspace, training.parameters
    rows = np.flatnonzero(redshifts.has_position)
    ra, dec = redshifts.ra[rows], redshifts.dec[rows]
    workspace.progress("match", 0, f"matching {len(rows):,} redshifts with {training.catalog.name}")

    def told(done: int, total: int) -> None:
        workspace.progress("match", done / max(total, 1), f"{done} of {total} partitions matched")

    with open_executor(training.resources.executor, training.resources.workers) as executor:
        found = match_objects(
            (ra, dec),
            training.catalog,
            radius_arcsec=parameters.crossmatch.radius_arcsec,
            n_neighbors=parameters.crossmatch.n_neighbors,
            columns=training.columns.reads,
            executor=executor,
            workers=training.resources.workers,
            memory_bytes=training.resources.memory_bytes,
            on_progress=told,
        )
    if len(found.left) == 0:
        raise nothing_matched(training, redshifts, ra, dec)
    workspace.progress("match", 1, f"{len(found.left):,} pairs found")
    return replace(found, left=rows[found.left], objects=_objects(training.columns, found))


def _objects(columns: ColumnPlan, found: Matches) -> IntArray:
    """Number the objects: rows with one identifier are one object, other rows each their own."""
    if columns.identifier is None:
        return found.objects
    named = identities([found.table[columns.identifier]])
    return np.where(named < 0, -2 - found.objects, named)  # -1 would connect nothing


def nothing_matched(
    training: Training, redshifts: RedshiftCatalog, ra: FloatArray, dec: FloatArray
) -> NoOverlapError | NoMatchError:
    """Return why no redshift has an object: they lie elsewhere, or not near enough."""
    radius = training.parameters.crossmatch.radius_arcsec
    catalog = training.catalog
    near = overlapping(ra, dec, catalog, radius_arcsec=radius)
    covered = objects_moc(catalog, near)
    asked = positions_moc(ra, dec)
    if asked.intersection(covered).empty():
        return NoOverlapError(
            f"{redshifts.name} and {catalog.name} do not overlap on the sky: the redshifts cover "
            f"{area_words(asked)}; the objects cover {area_words(covered)}. Choose another release "
            "or another redshift catalog, or check which columns are associated with position",
            redshifts=area_words(asked),
            objects=area_words(covered),
        )
    return NoMatchError(
        f"no object of {catalog.name} is within {radius:g} arcsec of any of the {len(ra):,} "
        f"redshifts of {redshifts.name} that have a position; choose a larger "
        "crossmatch.radius_arcsec, or check which columns are associated with position",
        radius_arcsec=radius,
        rows=len(ra),
    )


def _stays(parameters: TrainingParameters, matches: Matches, ranks: FloatArray | None) -> BoolArray:
    if parameters.unique == "none":
        return np.ones(len(matches.left), np.bool_)
    of_pairs = None if ranks is None else ranks[matches.left]
    return unique_pairs(matches.left, matches.objects, matches.separation_arcsec, of_pairs)


def _photometry(training: Training, matches: Matches) -> tuple[pa.Table, dict[str, dict[str, int]]]:
    parameters, recipe, reddening = training.parameters, training.recipe, None
    dust_map = recipe.dereddening if recipe is not None else ""
    if training.columns.dereddens:
        objects = training.job.objects
        look_up = open_dust_map(dust_map, objects.dust_maps if objects else None)
        ra, dec = (
            np.asarray(matches.table[name].to_numpy(), np.float64)
            for name in (training.catalog.ra, training.catalog.dec)
        )
        reddening = look_up(ra, dec)
    return measure(
        training.columns,
        matches.table,
        reddening,
        invalid_value=parameters.invalid_value,
        dust_words=f"dereddened with {dust_map} ({parameters.extinction_coefficients})",
    )


def _split(
    training: Training, redshifts: RedshiftCatalog, matches: Matches, stays: BoolArray
) -> tuple[BoolArray, int]:
    """Return which pairs are for training, and how many galaxies they are."""
    left = matches.left
    links: list[IntArray] = [left, matches.objects]
    table, roles = redshifts.table, redshifts.roles
    if "id" in roles:
        named = [table[roles[role]] for role in ("survey", "id") if role in roles]
        links.append(identities(named)[left])
    if GROUP_COLUMN in table.column_names and "CRD_ID" in table.column_names:
        links.append(identities([table[GROUP_COLUMN]])[left])
    groups = connect(*links)
    keys = position_keys(redshifts.ra[left], redshifts.dec[left])
    is_training = split_rows(
        groups, keys, stays, train_fraction=training.parameters.train_fraction, seed=training.seed
    )
    return is_training, count_distinct(groups[stays])


def _split_summary(training: Training, is_training: BoolArray, n_groups: int) -> dict[str, Any]:
    n_train = int(is_training.sum())
    return {
        "method": training.parameters.split_method,
        "train_fraction": training.parameters.train_fraction,
        "random_seed": training.seed,
        "groups": n_groups,
        "train_rows": n_train,
        "test_rows": len(is_training) - n_train,
    }


def _choices(training: Training) -> dict[str, Any]:
    """Return how photometry is made, for the summary and the file."""
    parameters, recipe = training.parameters, training.recipe
    recorded: dict[str, Any] = {
        "release": training.catalog.name,
        "kind": None,
        "flux_type": None,
        "dereddening": None,
        "how": "columns as they are",
        "zero_point": None,
        "dust_map": None,
        "extinction_coefficients": None,
        "invalid_value": parameters.invalid_value,
    }
    if recipe is None:
        return recorded
    recorded |= {
        "kind": "mag" if recipe.converts else recipe.source.kind,
        "flux_type": recipe.source.flux_type,
        "dereddening": recipe.dereddening,
        "how": recipe.words,
        "zero_point": ZERO_POINT if recipe.converts else None,
    }
    if training.columns.dereddens:
        named = parameters.extinction_coefficients
        recorded["dust_map"] = DUST_MAPS[recipe.dereddening].source
        recorded["extinction_coefficients"] = {"set": named, **coefficient_sets()[named]}
    return recorded


def warnings_of_recipe(
    recipe: Recipe | None, catalog: ObjectCatalog, parameters: TrainingParameters
) -> list[dict[str, str]]:
    """Return what a user should know about the photometry."""
    if recipe is None:
        return [
            {
                "code": "photometry_not_recognised",
                "message": f"the columns of {catalog.name} are of no known pattern of magnitudes "
                "or fluxes: they are taken as they are",
            }
        ]
    if parameters.dereddening is None and recipe.dereddening == NO_DEREDDENING:
        return [
            {
                "code": "not_dereddened",
                "message": f"the photometry of {catalog.name} is not corrected for dust: it is "
                f"not prepared so, and the dust map {USUAL_DEREDDENING} is not installed",
            }
        ]
    return []


def _summary(
    training: Training, redshifts: RedshiftCatalog, matches: Matches, stays: BoolArray
) -> dict[str, Any]:
    statistics = matches.statistics
    n_matched = count_distinct(matches.left)
    return {
        **position_counts(redshifts),
        "rows_out": int(stays.sum()),
        "matching": {
            "radius_arcsec": training.parameters.crossmatch.radius_arcsec,
            "n_neighbors": training.parameters.crossmatch.n_neighbors,
            "unique": training.parameters.unique,
            "pairs": len(matches.left),
            "pairs_removed": int((~stays).sum()),
            "redshifts_matched": n_matched,
            "matched_fraction": n_matched / redshifts.table.num_rows,
            "objects_matched": count_distinct(matches.objects),
            "median_separation_arcsec": float(np.median(matches.separation_arcsec)),
            "partitions": statistics.partitions,
            "partitions_overlapping": statistics.partitions_overlapping,
            "partitions_read": statistics.partitions_read,
            "bytes_read": statistics.bytes_read,
        },
        "warnings": warnings_of_recipe(training.recipe, training.catalog, training.parameters),
    }


def _metadata(training: Training, summary: dict[str, Any]) -> dict[str, Any]:
    return {
        "photometry": _choices(training),
        "crossmatch": {
            key: summary["matching"][key] for key in ("radius_arcsec", "n_neighbors", "unique")
        },
        "split": summary["split"],
    }


def _effective(training: Training, output_format: str) -> dict[str, Any]:
    """Return the options with everything filled in that the run decided, so that it repeats."""
    update: dict[str, Any] = {"random_seed": training.seed, "output_format": output_format}
    if training.recipe is not None:
        update["dereddening"] = training.recipe.dereddening
        update["flux_type"] = training.recipe.source.flux_type
    return training.parameters.model_copy(update=update).model_dump(mode="json")


def _write(
    training: Training, result: TrainingSet, output_format: str, summary: dict[str, Any]
) -> list[OutputFile]:
    workspace, name = training.workspace, training.job.output.name
    main = name + SUFFIXES[output_format]
    summary["output_format"] = output_format
    summary["columns"] = list(result.names.all)
    workspace.progress("write", 0, f"writing {len(result.left):,} rows to {main}")
    with workspace.publishing(main) as path:
        write_training_set(
            result,
            path,
            output_format,
            catalog_name=training.parameters.crossmatch.output_catalog_name or name,
            progress=lambda share: workspace.progress("write", share, f"{share:.0%} written"),
        )
    workspace.write_json(PARAMETERS_FILE, _effective(training, output_format))
    for sentence in sentences_of(summary):
        workspace.log.info(sentence)
    return [
        OutputFile(main, "main", result.columns_assoc),
        OutputFile(PARAMETERS_FILE, "auxiliary"),
    ]
