"""What the columns of all catalogs alone show to be wrong, before a row is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pzpipelines.combine import kept_columns
from pzpipelines.combine.assemble import carried_names
from pzpipelines.combine.association import Association, associate
from pzpipelines.combine.extra_columns import ExtraColumnError
from pzpipelines.combine.parameters import CombineParameters, effective_parameters
from pzpipelines.combine.rules import RuleSet
from pztables.errors import UserError
from pztables.expressions.errors import near_names
from pztables.numbers import is_numeric


@dataclass(frozen=True, slots=True)
class CatalogSchema:
    """The columns of one catalog and their association.

    Attributes
    ----------
    name
        For messages.
    schema
        All its columns with their types.
    columns
        Role to column.
    """

    name: str
    schema: pa.Schema
    columns: Mapping[str, str | None]


def schema_problems(
    catalogs: Sequence[CatalogSchema], rules: RuleSet, parameters: CombineParameters
) -> list[UserError]:
    """Return what cannot work, in the order of the catalogs; empty when all can.

    Found are: associated columns that do not exist, missing positions,
    tie-breaking columns that are missing or not numeric, and extra columns
    that no catalog has.
    """
    parameters = effective_parameters(parameters, rules)
    problems: list[UserError] = []
    try:
        carried = carried_names(parameters)
    except UserError as refused:
        return [refused]
    for catalog in catalogs:
        try:
            association = associate(catalog.schema.names, catalog.columns, catalog=catalog.name)
        except UserError as refused:
            problems.append(refused)
            continue
        for name in carried:
            if problem := _priority_problem(name, catalog, association):
                problems.append(problem)
    return problems + _extra_problems(catalogs, parameters)


def refuse_schemas(
    catalogs: Sequence[CatalogSchema], rules: RuleSet, parameters: CombineParameters
) -> None:
    """Raise the first of `schema_problems`, if there is one."""
    for problem in schema_problems(catalogs, rules, parameters):
        raise problem


def _priority_problem(
    name: str, catalog: CatalogSchema, association: Association
) -> UserError | None:
    raw_name = association.raw_name_of(name)
    if raw_name is None:
        return kept_columns.missing_priority(name, catalog.name, association)
    type_ = catalog.schema.field(raw_name).type
    if is_numeric(type_) or pa.types.is_null(type_):
        return None
    return kept_columns.not_numeric(name, catalog.name, type_)


def _extra_problems(
    catalogs: Sequence[CatalogSchema], parameters: CombineParameters
) -> list[UserError]:
    there = {name for catalog in catalogs for name in catalog.schema.names}
    problems: list[UserError] = []
    for column in parameters.extra:
        if column.source in there:
            continue
        near = near_names(column.source, sorted(there))
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        problems.append(
            ExtraColumnError(
                f"extra_columns, {column.name!r}: no catalog has a column {column.source}{hint}",
                option="extra_columns",
                column=column.name,
                source=column.source,
                near=near,
            )
        )
    return problems
