"""What a run would do with catalogs, told before it: paths, surveys, flags, rows that stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from pzpipelines.combine import flags
from pzpipelines.combine.association import HOMOGENIZED_FLAG, HOMOGENIZED_TYPE, associate
from pzpipelines.combine.catalog_columns import RawCatalog, Roles
from pzpipelines.combine.homogenize import (
    homogenize,
    needed_blocks,
    passes_cut,
    paths_of,
    refuse_nothing,
)
from pzpipelines.combine.parameters import CombineParameters, effective_parameters, validate
from pzpipelines.combine.prepare import invalid_positions, needed_columns, read_roles
from pzpipelines.combine.rules import RuleSet, load_rules
from pzpipelines.combine.schema_check import CatalogSchema, schema_problems
from pzpipelines.combine.translation import SurveyRows, unsupported
from pzpipelines.runtime.job import JobInput
from pztables.errors import UserError
from pztables.formats import open_table, read_table
from pztables.limits import TRUSTED_LIMITS
from pztables.positions import PositionCheck

#: Names of the ways as the documentation has them.
PATH_LETTERS: Final = {
    flags.Path.USER: "A", flags.Path.QUALITY: "B", flags.Path.TYPE: "B",
    flags.Path.TRANSLATION: "C", flags.Path.NONE: None,
}  # fmt: skip
_REQUIRED_ROLES: Final = ("ra", "dec", "z")


@dataclass
class CatalogReport:
    """What a run would do with one catalog.

    Attributes
    ----------
    internal_name, product_id
        Which one.
    path, paths
        ``A`` (own columns), ``B`` (quality or type) or ``C`` (rules) for the
        flag; and the way of each homogenized column in words.
    rows_in, rows_kept
        Rows, and rows that the cut leaves (``None`` where it cannot be told).
    unsupported_surveys
        Surveys without rules: survey, count, blocks, nearest.
    unmapped_flags
        Flag values without a rule: survey, value, count.
    missing_roles
        Roles without a column that the run needs.
    flags, types, rows_by_survey
        Rows by unified flag, unified type and survey.
    problems, warnings
        What stops a run; what a user should know.
    """

    internal_name: str
    product_id: int | None = None
    path: str | None = None
    paths: dict[str, str] = field(default_factory=dict)
    rows_in: int = 0
    rows_kept: int | None = None
    unsupported_surveys: list[dict[str, Any]] = field(default_factory=list)
    unmapped_flags: list[dict[str, Any]] = field(default_factory=list)
    missing_roles: list[str] = field(default_factory=list)
    flags: dict[str, int] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    rows_by_survey: dict[str, int] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the report, ready for JSON."""
        return dict(self.__dict__)


def preflight(parameters: Mapping[str, Any], inputs: Sequence[JobInput]) -> dict[str, Any]:
    """Tell what a run would do, without matching anything.

    Parameters
    ----------
    parameters
        Options, as JSON gives them.
    inputs
        The catalogs.

    Returns
    -------
    ``catalogs`` (one `CatalogReport` each), ``rows_in``, ``rows_kept``
    (``None`` where one cannot be told) and ``problems`` of the whole

    Raises
    ------
    UserError
        If an option or the rule file is wrong, or an input cannot be opened.
    """
    options = validate(parameters)
    path = options.flags_translation_file
    rules = load_rules(Path(path) if path else None)
    options = effective_parameters(options, rules)
    schemas = [
        CatalogSchema(each.internal_name, read_schema(each), each.columns) for each in inputs
    ]
    reports = [
        report_catalog(each, schema, rules, options)
        for each, schema in zip(inputs, schemas, strict=True)
    ]
    problems = _common_problems(schemas, reports, rules, options)
    kept = [report.rows_kept for report in reports]
    return {
        "catalogs": [report.as_dict() for report in reports],
        "rows_in": sum(report.rows_in for report in reports),
        "rows_kept": None if None in kept else sum(rows or 0 for rows in kept),
        "problems": problems,
    }


def _common_problems(
    schemas: Sequence[CatalogSchema],
    reports: Sequence[CatalogReport],
    rules: RuleSet,
    options: CombineParameters,
) -> list[dict[str, Any]]:
    """Return what is wrong beyond single catalogs, each with the option that it belongs to."""
    told = {problem["message"] for report in reports for problem in report.problems}
    problems = [
        {**_entry(problem), "field": problem.data.get("option", "inputs")}
        for problem in schema_problems(schemas, rules, options)
        if problem.message not in told
    ]
    if reports and all(report.rows_kept == 0 for report in reports):
        cut = options.z_flag_homogenized_value_to_cut
        problems.append(
            {
                "code": "all_catalogs_empty",
                "message": f"no row of any catalog has a flag of {cut:g} or more; lower the cut"
                if cut
                else "the catalogs have no rows",
                "field": "z_flag_homogenized_value_to_cut",
            }
        )
    return problems


def read_schema(source: JobInput) -> pa.Schema:
    """Return the columns of an input."""
    with open_table(source.path, format=source.format, limits=TRUSTED_LIMITS) as reader:
        return reader.schema.arrow


def report_catalog(
    source: JobInput, schema: CatalogSchema, rules: RuleSet, parameters: CombineParameters
) -> CatalogReport:
    """Tell what a run would do with one catalog; what stops it is in the report."""
    report = CatalogReport(source.internal_name, source.product_id)
    given = {role for role, raw in schema.columns.items() if raw}
    report.missing_roles = [
        role for role in _REQUIRED_ROLES if role not in given and role not in schema.schema.names
    ]
    try:
        names = needed_columns(
            schema.schema.names, schema.columns, rules, parameters, catalog=schema.name
        )
        table = read_table(source.path, columns=names, format=source.format, limits=TRUSTED_LIMITS)
        report.rows_in = table.num_rows
        association = associate(schema.schema.names, schema.columns, catalog=schema.name)
        _report_rows(report, RawCatalog(table, association, schema.name), rules, parameters)
    except UserError as problem:
        report.problems.append(_entry(problem))
    return report


def _report_rows(
    report: CatalogReport, catalog: RawCatalog, rules: RuleSet, parameters: CombineParameters
) -> None:
    roles, flag = read_roles(catalog)
    invalid = _report_positions(report, roles, parameters)
    surveys = SurveyRows.of(roles.survey)
    paths = paths_of(catalog, flag, parameters)
    report.rows_by_survey = surveys.counts
    report.path = PATH_LETTERS[paths[0]]
    report.paths = {HOMOGENIZED_FLAG: paths[0].value, HOMOGENIZED_TYPE: paths[1].value}
    if flags.Path.TRANSLATION in paths and not catalog.has("survey"):
        report.missing_roles.append("survey")
    report.unsupported_surveys = unsupported(surveys, needed_blocks(paths, rules))
    homogenized = homogenize(catalog, roles, flag, rules, parameters)
    report.unmapped_flags = list(homogenized.flag.unmapped)
    refuse_nothing(catalog, roles, homogenized, parameters)
    report.flags, report.types = homogenized.flag_counts, homogenized.type_counts
    stays = passes_cut(homogenized.flag, parameters) & ~invalid
    report.rows_kept = int(stays.sum())
    _report_warnings(report)


def _report_positions(report: CatalogReport, roles: Roles, parameters: CombineParameters) -> Any:
    positions = PositionCheck()
    invalid = positions.add(roles.ra, roles.dec)
    if positions.n_invalid:
        entry = _entry(invalid_positions(report.internal_name, positions))
        refused = parameters.invalid_rows == "refuse"
        (report.problems if refused else report.warnings).append(entry)
    return invalid


def _report_warnings(report: CatalogReport) -> None:
    if report.unmapped_flags:
        count = sum(each["count"] for each in report.unmapped_flags)
        shown = ", ".join(
            f"{each['value']} of {each['survey']} ({each['count']} rows)"
            for each in report.unmapped_flags[:5]
        )
        report.warnings.append(
            {
                "code": "unmapped_flags",
                "message": f"{report.internal_name}: {count} rows have flag values without a "
                f"rule and get none: {shown}",
            }
        )
    if report.rows_kept == 0 and report.rows_in:
        report.warnings.append(
            {
                "code": "catalog_empty_after_cut",
                "message": f"{report.internal_name}: no row reaches the lowest quality flag",
            }
        )


def _entry(problem: UserError) -> dict[str, Any]:
    return {"code": problem.code, "message": problem.message, "data": problem.data}
