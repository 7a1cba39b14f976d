"""The inputs of a combination: what can be refused before any of them is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pzpipelines.combine.association import crd_prefix
from pzpipelines.runtime.job import JobInput
from pztables.errors import UserError


class InputError(UserError):
    """An input cannot take part as it is given."""

    code = "invalid_input"


class DuplicateInputError(InputError):
    """The same catalog is given twice."""

    code = "duplicate_catalog"


@dataclass(frozen=True, slots=True)
class CombineInput:
    """One catalog of the combination.

    Attributes
    ----------
    prefix
        Digits that begin its CRD_IDs after ``CRD``.
    """

    prefix: str
    source: JobInput

    @property
    def path(self) -> Path:
        """Where the table is."""
        return self.source.path

    @property
    def internal_name(self) -> str:
        """Name as users know it."""
        return self.source.internal_name


def checked_inputs(sources: Sequence[JobInput]) -> list[CombineInput]:
    """Order the inputs by product id (else as given) and refuse what cannot be combined.

    Raises
    ------
    InputError
        If there is none, two names begin with the same digits, a file is absent,
        or a catalog is given twice.
    InternalNameError
        If a name has no digits in front.
    """
    if not sources:
        raise InputError("no catalog is given; choose at least one")
    ordered = list(sources)
    if all(source.product_id is not None for source in sources):
        ordered.sort(key=lambda source: source.product_id or 0)
    inputs = [CombineInput(crd_prefix(source.internal_name), source) for source in ordered]
    _refuse_repeated(inputs)
    for each in inputs:
        if not each.path.exists():
            raise InputError(
                f"{each.internal_name}: {each.path}: no such file", file=str(each.path)
            )
    return inputs


def _refuse_repeated(inputs: Sequence[CombineInput]) -> None:
    by_path: dict[Path, str] = {}
    by_prefix: dict[str, str] = {}
    for each in inputs:
        first = by_path.setdefault(each.path.resolve(), each.internal_name)
        if first is not each.internal_name:
            raise DuplicateInputError(
                f"{each.internal_name}: the same catalog is given twice (first as {first}); "
                "give it once",
                internal_name=each.internal_name,
            )
        first = by_prefix.setdefault(each.prefix, each.internal_name)
        if first is not each.internal_name:
            raise DuplicateInputError(
                f"{each.internal_name} and {first} begin with the same digits {each.prefix}, "
                "so their CRD_IDs would be equal; give each its own",
                internal_name=each.internal_name,
                prefix=each.prefix,
            )
