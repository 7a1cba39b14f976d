"""One catalog made ready: standard columns, unified flags and types, CRD_IDs, the cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pzpipelines.arrays import BoolArray
from pzpipelines.combine import flags
from pzpipelines.combine.assemble import Assembly, carried_names
from pzpipelines.combine.association import (
    HOMOGENIZED_FLAG,
    HOMOGENIZED_TYPE,
    PRODUCT_COLUMNS,
    PRODUCT_SIGNS,
    associate,
)
from pzpipelines.combine.catalog_columns import RawCatalog, Roles
from pzpipelines.combine.homogenize import (
    HomogenizedColumns,
    homogenize,
    passes_cut,
    refuse_nothing,
)
from pzpipelines.combine.parameters import CombineParameters, effective_parameters
from pzpipelines.combine.rules import RuleSet
from pztables.errors import UserError
from pztables.positions import PositionCheck


class InvalidPositionsError(UserError):
    """Rows have positions that are not on the sky."""

    code = "invalid_positions"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A catalog that is ready to be combined.

    Attributes
    ----------
    table
        ``CRD_ID, id, ra, dec, z, z_flag, z_err, instrument_type, survey,
        source[, source_original], tie_result, z_flag_homogenized,
        instrument_type_homogenized``, then tie-breaking columns, columns of
        rules, extra columns, and (with ``explain``) the rule of each row.
    path_used
        Where ``z_flag_homogenized`` and ``instrument_type_homogenized`` come
        from: ``user``, ``quality``, ``type``, ``translation`` or ``none``.
    counts
        Rows in and out, what was dropped and why, by survey and flag; ready for JSON.
    is_product
        Whether the catalog is itself the result of a combination.
    """

    table: pa.Table
    path_used: Mapping[str, str]
    counts: Mapping[str, Any]
    is_product: bool


def needed_columns(
    raw_names: Sequence[str],
    columns: Mapping[str, str | None],
    rules: RuleSet,
    parameters: CombineParameters,
    *,
    catalog: str = "catalog",
) -> list[str]:
    """Return the raw columns that `prepare_catalog` reads, in the catalog's order.

    Parameters
    ----------
    raw_names
        All columns of the catalog.
    columns
        Role to raw column.
    rules, parameters
        Of the run.

    Raises
    ------
    UserError
        What the names alone show to be wrong.
    """
    parameters = effective_parameters(parameters, rules)
    association = associate(raw_names, columns, catalog=catalog)
    names = {*association.columns.values(), *carried_names(parameters)}
    rules_apply = not (
        HOMOGENIZED_FLAG in association.columns and HOMOGENIZED_TYPE in association.columns
    )
    if rules_apply or parameters.save_expr_columns:
        names |= {association.raw_name_of(name) or name for name in rules.expression_names}
    if association.is_product:
        sign = next(name for name in PRODUCT_SIGNS if name in raw_names)
        names |= {*PRODUCT_COLUMNS, sign, "source_original"}
    names |= {"tie_result", *(column.source for column in parameters.extra)}
    return [name for name in raw_names if name in names]


def prepare_catalog(
    table: pa.Table,
    *,
    prefix: str,
    internal_name: str,
    columns: Mapping[str, str | None],
    rules: RuleSet,
    parameters: CombineParameters,
    raw_names: Sequence[str] | None = None,
) -> Prepared:
    """Make one catalog ready.

    Parameters
    ----------
    table
        All rows; at least the columns of `needed_columns`.
    prefix
        Digits for its CRD_IDs.
    internal_name
        Becomes its ``source``.
    columns
        Role to raw column.
    rules, parameters
        Of the run.
    raw_names
        All columns of the catalog, where ``table`` holds only some.

    Raises
    ------
    UserError
        Whatever makes the catalog unusable; each cause has its own code.
    """
    parameters = effective_parameters(parameters, rules)
    association = associate(raw_names or table.column_names, columns, catalog=internal_name)
    catalog = RawCatalog(table, association, internal_name)
    roles, flag = read_roles(catalog)
    positions = PositionCheck()
    invalid = positions.add(roles.ra, roles.dec)
    if positions.n_invalid and parameters.invalid_rows == "refuse":
        raise invalid_positions(internal_name, positions)
    homogenized = homogenize(catalog, roles, flag, rules, parameters)
    refuse_nothing(catalog, roles, homogenized, parameters)
    stays = ~invalid & passes_cut(homogenized.flag, parameters)
    assembled = Assembly(catalog, roles, homogenized, rules, parameters).table(prefix)
    if not stays.all():
        assembled = assembled.filter(pa.array(stays))
    counts = count_rows(roles, homogenized, positions, invalid, stays)
    paths = {HOMOGENIZED_FLAG: homogenized.flag.path, HOMOGENIZED_TYPE: homogenized.type.path}
    return Prepared(
        assembled,
        {name: path.value for name, path in paths.items()},
        counts,
        association.is_product,
    )


def read_roles(catalog: RawCatalog) -> tuple[Roles, flags.FlagColumn]:
    """Normalise the columns with a standard meaning.

    Raises
    ------
    NotANumberError
        If a numeric role holds anything else; with count and first rows.
    """
    survey = pc.utf8_upper(catalog.text("survey"))
    flag = flags.read_flags(catalog, survey)
    roles = Roles(
        id=catalog.text("id"),
        instrument_type=catalog.text("instrument_type"),
        survey=survey,
        source=pa.repeat(pa.scalar(catalog.name, pa.string()), catalog.n_rows),
        ra=catalog.numbers("ra"),
        dec=catalog.numbers("dec"),
        z=catalog.numbers("z"),
        z_flag=flag.numbers,
        z_err=catalog.numbers("z_err"),
    )
    return roles, flag


def invalid_positions(name: str, positions: PositionCheck) -> InvalidPositionsError:
    """Return the refusal of a catalog with positions that are not on the sky."""
    return InvalidPositionsError(
        f"{name}: {positions.sentence}. Correct them, check which columns are associated, or set "
        "invalid_rows to drop",
        catalog=name,
        count=positions.n_invalid,
        counts=positions.counts,
        first_rows=positions.first_rows,
    )


def count_rows(
    roles: Roles,
    homogenized: HomogenizedColumns,
    positions: PositionCheck,
    invalid: BoolArray,
    stays: BoolArray,
) -> dict[str, Any]:
    """Count what happened to the rows of a catalog, ready for JSON."""
    surveys = homogenized.surveys
    kept = np.bincount(surveys.codes[stays & (surveys.codes >= 0)], minlength=len(surveys.names))
    return {
        "rows_in": len(stays),
        "rows_out": int(stays.sum()),
        "dropped_invalid": int(invalid.sum()),
        "dropped_by_cut": int((~stays & ~invalid).sum()),
        "invalid_positions": {**positions.counts},
        "first_invalid_rows": positions.first_rows,
        "rows_by_survey": {**surveys.counts},
        "rows_kept_by_survey": dict(zip(surveys.names, kept.tolist(), strict=True)),
        "rows_without_survey": int((surveys.codes < 0).sum()),
        "rows_without_z": int(np.isnan(roles.z).sum()),
        "flags": homogenized.flag_counts,
        "rows_without_flag": int(np.isnan(homogenized.flag.values).sum()),
        "types": homogenized.type_counts,
        "rows_without_type": int(homogenized.type.values.null_count),
        "unmapped_flags": list(homogenized.flag.unmapped),
    }
