"""Which way each homogenized column of a catalog goes, and going it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pzpipelines import values
from pzpipelines.arrays import BoolArray
from pzpipelines.combine import flags
from pzpipelines.combine.association import HOMOGENIZED_FLAG, HOMOGENIZED_TYPE
from pzpipelines.combine.catalog_columns import RawCatalog, Roles, RuleColumns
from pzpipelines.combine.flags import Homogenized, Path
from pzpipelines.combine.parameters import CombineParameters
from pzpipelines.combine.rules import RuleSet
from pzpipelines.combine.translation import SurveyRows, refuse_unsupported
from pztables.errors import UserError


class NothingHomogenizedError(UserError):
    """Not one row of a catalog got a unified flag, or a unified type."""

    code = "all_homogenized_null"


@dataclass(frozen=True, slots=True)
class HomogenizedColumns:
    """Unified flags and types of a catalog, and its rows by survey."""

    flag: Homogenized
    type: Homogenized
    surveys: SurveyRows

    @property
    def flag_counts(self) -> dict[str, int]:
        """Rows by unified flag, from low to high."""
        counted = pc.value_counts(values.nullable(self.flag.values)).to_pylist()
        rows = {each["values"]: each["counts"] for each in counted if each["values"] is not None}
        return {f"{flag:g}": rows[flag] for flag in sorted(rows)}

    @property
    def type_counts(self) -> dict[str, int]:
        """Rows by unified type."""
        counted = pc.value_counts(self.type.values).to_pylist()
        rows = {each["values"]: each["counts"] for each in counted if each["values"] is not None}
        return {letter: rows[letter] for letter in sorted(rows)}


def is_flag_wanted(parameters: CombineParameters) -> bool:
    """Return whether a run needs unified flags."""
    listed = HOMOGENIZED_FLAG in (parameters.tiebreaking_priority or ())
    return listed or parameters.z_flag_homogenized_value_to_cut is not None


def is_type_wanted(parameters: CombineParameters) -> bool:
    """Return whether a run needs unified types."""
    return HOMOGENIZED_TYPE in (parameters.tiebreaking_priority or ())


def paths_of(
    catalog: RawCatalog, flag: flags.FlagColumn, parameters: CombineParameters
) -> tuple[Path, Path]:
    """Return where the unified flags and types of a catalog come from."""
    flag_path, type_path = flags.flag_path(catalog, flag), flags.type_path(catalog)
    if flag_path is Path.TRANSLATION and not is_flag_wanted(parameters):
        flag_path = Path.NONE
    if type_path is Path.TRANSLATION and not is_type_wanted(parameters):
        type_path = Path.NONE
    return flag_path, type_path


def needed_blocks(paths: tuple[Path, Path], rules: RuleSet) -> dict[str, frozenset[str]]:
    """Return the blocks of rules that the paths need, each with the surveys that have it."""
    needed = {}
    if paths[0] is Path.TRANSLATION:
        having = (name for name, survey in rules.surveys.items() if survey.z_flag)
        needed["z_flag_translation"] = frozenset(having)
    if paths[1] is Path.TRANSLATION:
        having = (name for name, survey in rules.surveys.items() if survey.instrument_type)
        needed["instrument_type_translation"] = frozenset(having)
    return needed


def homogenize(
    catalog: RawCatalog,
    roles: Roles,
    flag: flags.FlagColumn,
    rules: RuleSet,
    parameters: CombineParameters,
) -> HomogenizedColumns:
    """Unify flags and types, each by its own path.

    Raises
    ------
    UnsupportedSurveyError, InvalidHomogenizedError, RuleEvaluationError
    """
    surveys = SurveyRows.of(roles.survey)
    paths = paths_of(catalog, flag, parameters)
    refuse_unsupported(surveys, needed_blocks(paths, rules), catalog=catalog.name)
    columns = RuleColumns(catalog, roles)
    return HomogenizedColumns(
        _flags(paths[0], catalog, flag, surveys, columns, rules, parameters),
        _types(paths[1], catalog, roles, surveys, columns, rules, parameters),
        surveys,
    )


def _flags(
    path: Path,
    catalog: RawCatalog,
    flag: flags.FlagColumn,
    surveys: SurveyRows,
    columns: RuleColumns,
    rules: RuleSet,
    parameters: CombineParameters,
) -> Homogenized:
    match path:
        case Path.USER:
            return flags.user_flags(catalog)
        case Path.QUALITY:
            return flags.quality_flags(flag)
        case Path.TRANSLATION:
            return flags.translated_flags(
                catalog, flag, surveys, columns, rules, explain=parameters.explain
            )
    return Homogenized(Path.NONE, np.full(catalog.n_rows, np.nan))


def _types(
    path: Path,
    catalog: RawCatalog,
    roles: Roles,
    surveys: SurveyRows,
    columns: RuleColumns,
    rules: RuleSet,
    parameters: CombineParameters,
) -> Homogenized:
    match path:
        case Path.USER:
            return flags.user_types(catalog)
        case Path.TYPE:
            return Homogenized(Path.TYPE, pc.utf8_lower(catalog.text("type")))
        case Path.TRANSLATION:
            return flags.translated_types(
                catalog, roles.instrument_type, surveys, columns, rules, explain=parameters.explain
            )
    return Homogenized(Path.NONE, pa.nulls(catalog.n_rows, pa.string()))


def refuse_nothing(
    catalog: RawCatalog,
    roles: Roles,
    homogenized: HomogenizedColumns,
    parameters: CombineParameters,
) -> None:
    """Refuse a catalog of which not one row got a flag, or a type.

    Raises
    ------
    NothingHomogenizedError
    """
    if not catalog.n_rows:
        return
    if is_flag_wanted(parameters) and np.isnan(homogenized.flag.values).all():
        raise _nothing(catalog, roles, HOMOGENIZED_FLAG, homogenized.flag)
    if is_type_wanted(parameters) and homogenized.type.values.null_count == catalog.n_rows:
        raise _nothing(catalog, roles, HOMOGENIZED_TYPE, homogenized.type)


def _nothing(
    catalog: RawCatalog, roles: Roles, column: str, found: Homogenized
) -> NothingHomogenizedError:
    if found.path is Path.TRANSLATION and roles.survey.null_count == catalog.n_rows:
        why = "no row names its survey; associate the survey column"
    elif (
        column == HOMOGENIZED_FLAG and found.path is Path.TRANSLATION and not catalog.has("z_flag")
    ):
        why = "the rules of its surveys need a quality flag; associate the column that has it"
    elif found.path is Path.TRANSLATION:
        seen = ", ".join(f"{each['value']}" for each in found.unmapped[:5]) or "none"
        why = f"the rules of its surveys know none of its values (seen: {seen})"
    else:
        why = f"the column {catalog.association.columns.get(column, column)} is empty"
    return NothingHomogenizedError(
        f"{catalog.name}: not one row has a {column}: {why}",
        catalog=catalog.name,
        column=column,
        path=found.path.value,
        unmapped=list(found.unmapped[:20]),
    )


def passes_cut(flag: Homogenized, parameters: CombineParameters) -> BoolArray:
    """Return which rows reach the lowest flag; all of them without a cut."""
    cut = parameters.z_flag_homogenized_value_to_cut
    if cut is None:
        return np.ones(len(flag.values), bool)
    passes: BoolArray = flag.values >= cut
    return passes
