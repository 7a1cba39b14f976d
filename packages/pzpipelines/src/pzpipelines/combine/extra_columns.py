"""The option ``extra_columns``: which columns of the catalogs are carried along, as what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pztables.errors import OptionError

ExtraType: TypeAlias = Literal["str", "int", "float", "bool"]

#: Names that the result uses itself.
RESERVED_NAMES: Final = (
    "CRD_ID", "id", "ra", "dec", "z", "z_flag", "z_err", "instrument_type", "survey", "source",
    "source_original", "tie_result", "compared_to", "group_id", "z_flag_homogenized",
    "instrument_type_homogenized", "is_in_DP1_fields", "is_in_rubin_footprint",
)  # fmt: skip
_TYPES: Final[dict[str, ExtraType]] = {
    "str": "str", "string": "str", "int": "int", "int64": "int", "float": "float",
    "float64": "float", "double": "float", "bool": "bool", "boolean": "bool",
}  # fmt: skip
_MAX_COLUMNS: Final = 200


class ExtraColumnError(OptionError):
    """An entry of ``extra_columns`` cannot be."""

    code = "invalid_extra_column"


@dataclass(frozen=True, slots=True)
class ExtraColumn:
    """A column to carry along: its name in the result, in the catalogs, and its type."""

    name: str
    source: str
    type: ExtraType


def read_extra_columns(content: Mapping[str, Any]) -> tuple[ExtraColumn, ...]:
    """Check the option.

    Parameters
    ----------
    content
        Name in the result to type, or to ``{"source": …, "type": …}``.

    Raises
    ------
    ExtraColumnError
        Naming the entry and what was expected.
    """
    if len(content) > _MAX_COLUMNS:
        raise ExtraColumnError(
            f"extra_columns: at most {_MAX_COLUMNS} columns, not {len(content)}",
            option="extra_columns",
        )
    return tuple(_entry(str(name), entry) for name, entry in content.items())


def _entry(name: str, entry: object) -> ExtraColumn:
    if not name.strip():
        raise _refusal(name, "give the column a name")
    if name in RESERVED_NAMES:
        raise _refusal(name, "the result has a column of that name; choose another one")
    source, word = name, entry
    if isinstance(entry, Mapping):
        if unknown := sorted(set(map(str, entry)) - {"source", "type"}):
            raise _refusal(name, f"unknown {', '.join(unknown)}; expected source and type")
        source, word = entry.get("source", name), entry.get("type")
    if not isinstance(source, str) or not source.strip():
        raise _refusal(name, "source must be the name of a column")
    known = _TYPES.get(word.strip().lower()) if isinstance(word, str) else None
    if known is None:
        raise _refusal(name, f"the type must be str, int, float or bool, not {word!r}")
    return ExtraColumn(name, source, known)


def _refusal(name: str, reason: str) -> ExtraColumnError:
    return ExtraColumnError(
        f"extra_columns, {name!r}: {reason}", option="extra_columns", column=name, reason=reason
    )
