"""Combine Redshift Catalogs: the stages of a run, in order."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pzpipelines.arrays import BoolArray, IntArray
from pzpipelines.combine.evidence import Criteria, SlimCatalog
from pzpipelines.combine.explain import EXPLAIN_FIELDS
from pzpipelines.combine.groups import number_groups
from pzpipelines.combine.inputs import CombineInput, checked_inputs
from pzpipelines.combine.matching import Whole, explain, remove_duplicates, resolve
from pzpipelines.combine.outputs import COLUMNS_ASSOC, MATCHING_COLUMNS, output_schema
from pzpipelines.combine.parameters import CombineParameters, effective_parameters, validate
from pzpipelines.combine.prepare import Prepared, needed_columns, prepare_catalog
from pzpipelines.combine.rules import RuleSet, load_rules
from pzpipelines.combine.schema_check import CatalogSchema, refuse_schemas
from pzpipelines.combine.store import PreparedStore
from pzpipelines.combine.summary import add_counts, count_surveys, sentences_of
from pzpipelines.combine.verdicts import TieTreatment, Verdicts
from pzpipelines.combine.writing import Matched, Result, write_result
from pzpipelines.runtime.executors import open_executor
from pzpipelines.runtime.job import Job, JobResources
from pzpipelines.runtime.outcome import Outcome, OutputFile, Status
from pzpipelines.runtime.workspace import Workspace
from pzpipelines.runtime.writing import SUFFIXES, require_output_format
from pztables.errors import UserError
from pztables.formats import TableReader, open_table
from pztables.limits import TRUSTED_LIMITS

PARAMETERS_FILE: Final = "effective_parameters.json"
RULES_FILE: Final = "flags_translation.yaml"
#: Of the memory aim, for a pair on its way from the search to the result.
BYTES_PER_PAIR: Final = 64
REMOVE: Final = "concatenate_and_remove_duplicates"


class EmptyResultError(UserError):
    """Nothing is left of the catalogs."""

    code = "empty_result"


@dataclass(frozen=True, slots=True)
class Combination:
    """A run that may begin: everything that needs no data has been checked."""

    workspace: Workspace
    parameters: CombineParameters
    rules: RuleSet
    inputs: list[CombineInput]
    name: str
    output_format: str
    resources: JobResources

    @property
    def criteria(self) -> Criteria:
        """Which columns decide between duplicates."""
        return Criteria(
            tuple(self.parameters.tiebreaking_priority or ()),
            self.parameters.instrument_type_priority or {},
            tuple(self.parameters.collapse_priority),
        )


def run(job: Job, workspace: Workspace) -> Outcome:
    """Combine the catalogs of a job.

    Raises
    ------
    UserError
        If the job, the rules or the catalogs must be mended; the message says how.
    """
    combination = plan_combination(job, workspace)
    if combination.parameters.removes_or_marks:
        workspace.plan("prepare", "match", "resolve", "write")
    else:
        workspace.plan("prepare", "write")
    store = PreparedStore(workspace.scratch, combination.resources.memory_bytes)
    with ThreadPoolExecutor(1) as ahead:
        if combination.parameters.removes_or_marks:
            ahead.submit(_import_matching)
        summary, slims = prepare_catalogs(combination, store)
    if summary["rows_prepared"] == 0:
        raise EmptyResultError(
            "no row of any catalog is left after the flag cut; lower "
            "z_flag_homogenized_value_to_cut or check the flags",
            cut=combination.parameters.z_flag_homogenized_value_to_cut,
        )
    matched, stays = None, None
    if combination.parameters.removes_or_marks:
        matched, stays = match_catalogs(combination, slims, summary)
    result = Result(store, _schema_of(combination, store), stays, matched)
    outputs = _write(combination, result, summary)
    return Outcome(Status.COMPLETED, outputs=outputs, summary=summary)


def _import_matching() -> None:
    """Import what matching needs: a fifth of a second that reading the catalogs hides."""
    import hpgeom  # noqa: F401
    import scipy.sparse.csgraph
    import scipy.spatial  # noqa: F401


def plan_combination(job: Job, workspace: Workspace) -> Combination:
    """Check everything that can be checked before data is read.

    Raises
    ------
    UserError
        Naming the option, rule or input.
    """
    parameters = validate(job.parameters)
    output_format = require_output_format(job.output.format or parameters.output_format)
    rules = load_rules(_rules_path(job, parameters))
    return Combination(
        workspace=workspace,
        parameters=effective_parameters(parameters, rules),
        rules=rules,
        inputs=checked_inputs(job.inputs),
        name=job.output.name,
        output_format=output_format,
        resources=_resources_of(job, parameters),
    )


def _resources_of(job: Job, parameters: CombineParameters) -> JobResources:
    """Return what the run may use: who starts it decides, else the parameters.

    A service always says it, so that its users choose neither its memory nor
    where it connects to.
    """
    if "resources" in job.model_fields_set:
        return job.resources
    wishes = parameters.model_dump(include={"workers", "memory_bytes", "executor"})
    return JobResources(**{key: value for key, value in wishes.items() if value is not None})


def _rules_path(job: Job, parameters: CombineParameters) -> Path | None:
    if job.flags_translation is not None:
        return job.flags_translation
    named = parameters.flags_translation_file
    return Path(named) if named else None


def prepare_catalogs(
    combination: Combination, store: PreparedStore
) -> tuple[dict[str, Any], list[SlimCatalog]]:
    """Prepare every catalog into the store; return the summary so far and what matching needs."""
    workspace, inputs = combination.workspace, combination.inputs
    slims: list[SlimCatalog] = []
    summaries: list[dict[str, Any]] = []
    with ExitStack() as opened:
        readers = [opened.enter_context(_open(each)) for each in inputs]
        _refuse_columns(combination, readers)
        for number, (each, reader) in enumerate(zip(inputs, readers, strict=True)):
            workspace.progress("prepare", number / len(inputs), f"reading {each.internal_name}")
            prepared = _prepare(combination, each, reader)
            summaries.append(_catalog_summary(each, prepared))
            if combination.parameters.removes_or_marks:
                slims.append(SlimCatalog.of_table(prepared.table, combination.criteria))
            store.add(prepared.table)
    rows_in = sum(each["rows_in"] for each in summaries)
    workspace.progress("prepare", 1, f"{rows_in:,} rows of {len(inputs)} catalogs read")
    surveys: dict[str, int] = {}
    for each_summary in summaries:
        add_counts(surveys, each_summary["rows_by_survey"])
    summary = {
        "rows_in": rows_in,
        "rows_prepared": sum(len(table) for table in store.tables),
        "catalogs": summaries,
        "rows_by_survey": dict(sorted(surveys.items())),
    }
    return summary, slims


def _open(each: CombineInput) -> TableReader:
    source = each.source
    return open_table(source.path, format=source.format, limits=TRUSTED_LIMITS)


def _refuse_columns(combination: Combination, readers: Sequence[TableReader]) -> None:
    """Refuse what the columns of all catalogs show to be wrong, before a row is read."""
    schemas = [
        CatalogSchema(each.internal_name, reader.schema.arrow, each.source.columns)
        for each, reader in zip(combination.inputs, readers, strict=True)
    ]
    refuse_schemas(schemas, combination.rules, combination.parameters)


def _prepare(combination: Combination, each: CombineInput, reader: TableReader) -> Prepared:
    source, names = each.source, reader.schema.names
    needed = needed_columns(
        names,
        source.columns,
        combination.rules,
        combination.parameters,
        catalog=source.internal_name,
    )
    table = reader.read(needed)
    return prepare_catalog(
        table,
        prefix=each.prefix,
        internal_name=source.internal_name,
        columns=source.columns,
        rules=combination.rules,
        parameters=combination.parameters,
        raw_names=names,
    )


def _catalog_summary(each: CombineInput, prepared: Prepared) -> dict[str, Any]:
    counts = dict(prepared.counts)
    counts["rows_prepared"] = counts.pop("rows_out")
    return {
        "internal_name": each.internal_name,
        "prefix": each.prefix,
        "path_used": dict(prepared.path_used),
        "is_product": prepared.is_product,
        **counts,
    }


def match_catalogs(
    combination: Combination, slims: list[SlimCatalog], summary: dict[str, Any]
) -> tuple[Matched, BoolArray | None]:
    """Match and resolve the prepared rows; return what to write of them, and which of them."""
    parameters, workspace = combination.parameters, combination.workspace
    whole = Whole.of_catalogs(slims, [each.prefix for each in combination.inputs])
    pairs = _find_pairs(combination, whole)
    workspace.progress("resolve", 0, f"{len(pairs):,} pairs found")
    resolved = resolve(
        whole,
        pairs,
        delta_z_threshold=parameters.delta_z_threshold or 0.0,
        null_z_loses=parameters.null_z == "lose",
        n_neighbors=parameters.crossmatch_n_neighbors or 1,
    )
    summary["matching"] = resolved.counts
    verdicts, stays = resolved.verdicts, None
    if parameters.combine_type == REMOVE:
        verdicts, stays = _remove(parameters, verdicts)
    explanation = None
    if parameters.explain:
        explanation = explain(whole, resolved, verdicts, combination.criteria.priority)
    labels = verdicts.labels if stays is None else verdicts.labels[stays]
    workspace.progress("resolve", 1, f"{resolved.counts['groups']['count']:,} groups resolved")
    matched = Matched(
        verdicts.tie_result, number_groups(labels), resolved.links, whole.rows, explanation
    )
    return matched, stays


def _find_pairs(combination: Combination, whole: Whole) -> IntArray:
    workspace, resources = combination.workspace, combination.resources
    workspace.progress("match", 0, f"looking for neighbours of {len(whole.slim):,} rows")
    with open_executor(resources.executor, resources.workers) as executor:
        return whole.find_pairs(
            radius_arcsec=combination.parameters.crossmatch_radius_arcsec or 0.0,
            executor=executor,
            workers=resources.workers,
            max_pairs=resources.memory_bytes // BYTES_PER_PAIR,
            progress=lambda share: workspace.progress(
                "match", share, f"{share:.0%} of the rows matched"
            ),
        )


def _remove(parameters: CombineParameters, verdicts: Verdicts) -> tuple[Verdicts, BoolArray]:
    verdicts, stays = remove_duplicates(
        verdicts,
        TieTreatment(parameters.tie_treatment_option),
        keep_stars=parameters.keep_stars,
        seed=parameters.random_seed,
    )
    if not stays.any():
        raise EmptyResultError(
            "no row stays when duplicates are removed; keep ties (tie_treatment_option: "
            "keep_all) or stars (keep_stars: true), or mark duplicates instead"
        )
    return verdicts, stays


def _schema_of(combination: Combination, store: PreparedStore) -> pa.Schema:
    parameters = combination.parameters
    absent = set() if parameters.removes_or_marks else set(MATCHING_COLUMNS)
    if not parameters.insert_DP1_footprint_flag:
        absent.add("is_in_DP1_fields")
    if not parameters.insert_rubin_footprint_flag:
        absent.add("is_in_rubin_footprint")
    further = EXPLAIN_FIELDS if parameters.explain and parameters.removes_or_marks else ()
    return output_schema(store.schemas, absent=frozenset(absent), explain=further)


def _write(combination: Combination, result: Result, summary: dict[str, Any]) -> list[OutputFile]:
    workspace, name = combination.workspace, combination.name
    main = name + SUFFIXES[combination.output_format]
    _count_output(result, summary)
    workspace.progress("write", 0, f"writing {summary['rows_out']:,} rows to {main}")
    with workspace.publishing(main) as path:
        write_result(
            result,
            path,
            combination.output_format,
            lambda share: workspace.progress("write", share, f"{share:.0%} written"),
        )
    workspace.write_json(PARAMETERS_FILE, combination.parameters.model_dump(mode="json"))
    workspace.write_text(RULES_FILE, combination.rules.text)
    for sentence in sentences_of(summary):
        workspace.log.info(sentence)
    return [
        OutputFile(main, "main", dict(COLUMNS_ASSOC)),
        OutputFile(PARAMETERS_FILE, "auxiliary"),
        OutputFile(RULES_FILE, "auxiliary"),
    ]


def _count_output(result: Result, summary: dict[str, Any]) -> None:
    """Add how many rows of each catalog and survey are written."""
    surveys: dict[str, int] = {}
    written = np.diff(result.written_before)
    bounds = result.store.first_rows
    for number, (catalog, table) in enumerate(
        zip(summary["catalogs"], result.store.tables, strict=True)
    ):
        column = table["survey"]
        if result.stays is not None:
            column = column.filter(pa.array(result.stays[bounds[number] : bounds[number + 1]]))
        catalog["rows_out"] = int(written[number])
        catalog["rows_out_by_survey"] = count_surveys(column)
        add_counts(surveys, catalog["rows_out_by_survey"])
    summary["rows_out"] = int(written.sum())
    summary["rows_out_by_survey"] = dict(sorted(surveys.items()))
