"""What forms offer of a release: flux types, dereddenings, the identifier of an object."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from pzhub.core.errors import InvalidError

#: Preselected where nobody says otherwise, the first that there is.
_USUAL_FLUX_TYPES: Final = ("auto", "cmodel")
_USUAL_DEREDDENINGS: Final = ("sfd", "dered")
#: Names of identifiers in catalogs that people have, the first that there is.
_USUAL_IDENTIFIERS: Final = (
    "objectId",
    "object_id",
    "id",
    "COADD_OBJECT_ID",
    "obj_id",
    "source_id",
)
_DEREDDENING_NAMES: Final = {"none": "None", "dered": "Dereddened"}

Entries = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Choices:
    """What an administrator decides of flux types and dereddenings; ``None``: as it was.

    Attributes
    ----------
    disabled
        Names that forms show greyed.
    flux_type, dereddening
        Preselected.
    """

    disabled: Collection[str] | None = None
    flux_type: str | None = None
    dereddening: str | None = None


def flux_entries(described: Mapping[str, Any], choices: Choices, before: object) -> Entries:
    """Return the flux types of a release as the wire has them.

    Parameters
    ----------
    described
        What the object catalog offers.
    choices
        What an administrator decides.
    before
        The entries so far, whose decisions stay where nothing else is said.

    Raises
    ------
    InvalidError
        If a name that was given is not offered.
    """
    names: list[str] = described["flux_types"]
    offered = [*names, *described["dereddening"]]
    _require_offered(choices, offered)
    return _entries(
        names, choices.disabled, choices.flux_type, before, _USUAL_FLUX_TYPES, {}, "flux_type"
    )


def dereddening_entries(described: Mapping[str, Any], choices: Choices, before: object) -> Entries:
    """Return the dereddenings of a release as the wire has them (see `flux_entries`)."""
    names: list[str] = described["dereddening"]
    labels = {name: _DEREDDENING_NAMES.get(name, name.upper()) for name in names}
    return _entries(
        names,
        choices.disabled,
        choices.dereddening,
        before,
        _USUAL_DEREDDENINGS,
        labels,
        "dereddening",
    )


def indexing_column_of(described: Mapping[str, Any], wished: str | None, known: str | None) -> str:
    """Return the column that identifies an object.

    Parameters
    ----------
    described
        What the object catalog holds.
    wished, known
        As an administrator says, as it was.

    Raises
    ------
    InvalidError
        If there is no such column, or none that is usual.
    """
    columns = [column["name"] for column in described["columns"]]
    if wished:
        if wished not in columns:
            near = get_close_matches(wished, columns, 1)
            hint = f" Did you mean {near[0]}?" if near else f" It has {', '.join(columns[:20])}."
            text = f"The object catalog has no column {wished}.{hint}"
            raise InvalidError(text, fields={"indexing_column": [text]})
        return wished
    usual = [each for name in _USUAL_IDENTIFIERS for each in columns if each == name]
    found = [known] if known in columns else usual
    if not found:
        text = (
            "No column looks like the identifier of an object; name it (--indexing-column)."
            f" There are {', '.join(columns[:20])}."
        )
        raise InvalidError(text, fields={"indexing_column": [text]})
    return str(found[0])


def disabled_names(*lists: object) -> list[str]:
    """Return the names that entries of releases switch off."""
    return [entry["name"] for each in lists for entry in _known(each) if entry.get("disabled")]


def selected_name(entries: object) -> str:
    """Return the name that entries of a release preselect; empty: none."""
    return next((entry["name"] for entry in _known(entries) if entry.get("selected")), "")


def _entries(
    names: Sequence[str],
    disabled: Collection[str] | None,
    selected: str | None,
    before: object,
    usual: Sequence[str],
    labels: Mapping[str, str],
    option: str,
) -> Entries:
    off = set(disabled_names(before) if disabled is None else disabled)
    enabled = [name for name in names if name not in off]
    if names and not enabled:
        text = "Leave at least one switched on."
        raise InvalidError(f"{option}: {text}", fields={option: [text]})
    if selected and selected not in enabled:
        text = f"{selected} is switched off, so it cannot be the preselected one."
        raise InvalidError(text, fields={option: [text]})
    chosen = selected or _preselected(enabled, selected_name(before), usual)
    shown = {each["name"]: each.get("display_name") for each in _known(before)}
    return [
        {
            "name": name,
            "display_name": shown.get(name) or labels.get(name, name),
            **({"selected": True} if name == chosen else {}),
            **({"disabled": True} if name in off else {}),
        }
        for name in names
    ]


def _preselected(enabled: Sequence[str], before: str, usual: Sequence[str]) -> str | None:
    if before in enabled:
        return before
    usually = [name for each in usual for name in enabled if name.casefold() == each]
    return next(iter([*usually, *enabled]), None)


def _require_offered(choices: Choices, offered: Sequence[str]) -> None:
    asked = [*(choices.disabled or ()), choices.flux_type, choices.dereddening]
    unknown = [name for name in asked if name and name not in offered]
    if unknown:
        raise InvalidError(
            f"The object catalog offers no {', '.join(unknown)}; it offers"
            f" {', '.join(offered) or 'no flux type and no dereddening that could be chosen'}."
        )


def _known(entries: object) -> list[Mapping[str, Any]]:
    """Return the entries that have a name; administrators may have typed anything."""
    listed = entries if isinstance(entries, list) else []
    return [each for each in listed if isinstance(each, Mapping) and each.get("name")]
