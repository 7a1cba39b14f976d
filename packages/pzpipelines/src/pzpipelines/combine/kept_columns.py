"""Columns that are carried to the result beside the standard ones, each with a fixed type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pzpipelines import values
from pzpipelines.combine.association import (
    HOMOGENIZED_FLAG,
    HOMOGENIZED_TYPE,
    STANDARD_ROLES,
    Association,
)
from pzpipelines.combine.extra_columns import RESERVED_NAMES, ExtraColumn, ExtraType
from pzpipelines.combine.rules import RuleSet, SchemaWord
from pztables.errors import UserError
from pztables.expressions.errors import near_names
from pztables.expressions.tree import Comparison, Literal, Name, children, walk
from pztables.numbers import is_numeric, is_text

ARROW_TYPES: Final[dict[ExtraType, pa.DataType]] = {
    "str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(),
}  # fmt: skip
#: Columns of the result that can be a priority without being carried along.
_NUMERIC_STANDARD: Final = ("ra", "dec", "z", "z_flag", "z_err", HOMOGENIZED_FLAG)
_WHOLE: Final = r"^[+-]?[0-9]{1,18}$"


class NotWholeError(UserError):
    """A column that is wanted as integers holds values with a fraction."""

    code = "extra_column_not_convertible"


class PriorityError(UserError):
    """A tie-breaking column is missing or not numeric."""

    code = "invalid_priority_column"


def priority_columns(names: Sequence[str]) -> tuple[str, ...]:
    """Return the tie-breaking columns that must be carried along.

    Raises
    ------
    PriorityError
        If a name is a standard column that is not numeric.
    """
    carried = []
    for name in names:
        if name in _NUMERIC_STANDARD or name == HOMOGENIZED_TYPE:
            continue
        if name in RESERVED_NAMES:
            raise PriorityError(
                f"tie-breaking column {name}: not a number that the catalogs have; standard "
                f"columns that can decide are {', '.join(_NUMERIC_STANDARD)}, {HOMOGENIZED_TYPE}",
                column=name,
            )
        carried.append(name)
    return tuple(dict.fromkeys(carried))


def missing_priority(name: str, catalog: str, association: Association) -> PriorityError:
    """Return the refusal of a tie-breaking column that a catalog does not have."""
    near = near_names(name, (*association.raw_names, *_NUMERIC_STANDARD))
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    return PriorityError(
        f"{catalog}: no tie-breaking column {name}; every catalog must have it{hint}",
        catalog=catalog,
        column=name,
        near=near,
    )


def not_numeric(name: str, catalog: str, type_: pa.DataType) -> PriorityError:
    """Return the refusal of a tie-breaking column that holds no numbers."""
    return PriorityError(
        f"{catalog}: tie-breaking column {name} holds {type_}; only numbers can decide",
        catalog=catalog,
        column=name,
        type=str(type_),
    )


def priority_values(column: pa.Array, *, catalog: str, name: str) -> pa.Array:
    """Return a tie-breaking column as nullable doubles.

    Raises
    ------
    PriorityError
        If it is not numeric.
    """
    if not (is_numeric(column.type) or pa.types.is_null(column.type)):
        raise not_numeric(name, catalog, column.type)
    return values.nullable(values.numbers(column, catalog=catalog, name=name))


def expression_types(rules: RuleSet, schema: dict[str, SchemaWord]) -> dict[str, SchemaWord]:
    """Return the columns that rules use, in the order of the file, with their types.

    Types that the schema leaves out follow from what the rules compare the
    column with, never from the data: text, true or false, else numbers.
    """
    standard = {*STANDARD_ROLES, *RESERVED_NAMES}
    compared = _compared_kinds(rules)
    return {
        name: schema.get(name, compared.get(name, "float"))
        for name in rules.expression_names
        if name not in standard
    }


def _compared_kinds(rules: RuleSet) -> dict[str, SchemaWord]:
    found: dict[str, SchemaWord] = {}
    for survey in rules.surveys.values():
        for block in (survey.z_flag, survey.instrument_type):
            for condition in block.conditions if block else ():
                for node in walk(condition.expression.root):
                    if isinstance(node, Comparison):
                        found |= _kinds_of(node)
    return found


def _kinds_of(comparison: Comparison) -> dict[str, SchemaWord]:
    operands = children(comparison)
    kinds = {type(each.value) for each in operands if isinstance(each, Literal)}
    word: SchemaWord | None = "str" if str in kinds else "bool" if bool in kinds else None
    names = (each.name for each in operands if isinstance(each, Name))
    return dict.fromkeys(names, word) if word else {}


def converted(column: pa.Array, type_: ExtraType, *, catalog: str, name: str) -> pa.Array:
    """Return a column as a type; what has no such value is null.

    Text is trimmed. Numbers are read from text where it shows one. Only bools
    are bools.

    Raises
    ------
    NotWholeError
        If integers are wanted and a value has a fraction.
    """
    if pa.types.is_null(column.type):
        return pa.nulls(len(column), ARROW_TYPES[type_])
    if type_ == "str":
        return values.texts(column, catalog=catalog, name=name)
    if type_ == "bool":
        is_bool = pa.types.is_boolean(column.type)
        return column if is_bool else pa.nulls(len(column), pa.bool_())
    if type_ == "int" and (whole := _exactly_whole(column)) is not None:
        return whole
    numbers, _ = values.numbers_where_possible(column, catalog=catalog, name=name)
    if type_ == "float":
        return values.nullable(numbers)
    wrong = np.isfinite(numbers) & ((np.trunc(numbers) != numbers) | (np.abs(numbers) >= 2.0**63))
    if wrong.any():
        rows = np.flatnonzero(wrong)[:5]
        shown = ", ".join(f"row {row + 1}: {numbers[row]}" for row in rows.tolist())
        raise NotWholeError(
            f"{catalog}: column {name} is wanted as int, but {int(wrong.sum())} values are not "
            f"whole numbers ({shown}); ask for float",
            catalog=catalog,
            column=name,
            count=int(wrong.sum()),
            examples=numbers[rows].tolist(),
        )
    finite = np.isfinite(numbers)
    return pa.array(np.where(finite, numbers, 0).astype(np.int64), mask=~finite)


def _exactly_whole(column: pa.Array) -> pa.Array | None:
    """Return 64-bit integers where that loses nothing, else ``None``."""
    if pa.types.is_integer(column.type) and column.type != pa.uint64():
        return column.cast(pa.int64())
    if not is_text(column.type):
        return None
    written = pc.utf8_trim_whitespace(column.cast(pa.string()))
    is_whole = pc.match_substring_regex(written, _WHOLE)
    is_number = pc.match_substring_regex(written, r"^[+-]?\.?[0-9]")
    if pc.any(pc.and_not(is_number, is_whole), min_count=0).as_py():
        return None
    kept = pc.if_else(is_whole, written, pa.scalar(None, pa.string()))
    return pc.utf8_ltrim(kept, characters="+").cast(pa.int64())


def lenient(column: pa.Array, word: SchemaWord, *, catalog: str, name: str) -> pa.Array:
    """Return a column as a type as `converted` does, with null for fractions too."""
    try:
        return converted(column, word, catalog=catalog, name=name)
    except NotWholeError:
        numbers, _ = values.numbers_where_possible(column, catalog=catalog, name=name)
        whole = np.isfinite(numbers) & (np.trunc(numbers) == numbers) & (np.abs(numbers) < 2.0**63)
        return pa.array(np.where(whole, numbers, 0).astype(np.int64), mask=~whole)


def refuse_clashes(extra: Sequence[ExtraColumn], priorities: Sequence[str]) -> None:
    """Refuse extra columns whose name the result uses for a tie-breaking column."""
    for column in extra:
        if column.name in priorities and column.type != "float":
            raise PriorityError(
                f"extra_columns, {column.name!r}: it is a tie-breaking column, which the result "
                "has as float; choose another name or type float",
                column=column.name,
            )
