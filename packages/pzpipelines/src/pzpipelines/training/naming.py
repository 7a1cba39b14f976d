"""Names of the result's columns: a redshift column gets ``_specz`` only where names collide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SUFFIX: Final = "_specz"
SEPARATION_COLUMN: Final = "_dist_arcsec"
SPLIT_COLUMN: Final = "is_training_set"
#: Columns that the run adds, in order, after all others.
OWN_COLUMNS: Final = (SEPARATION_COLUMN, SPLIT_COLUMN)
#: Given to a photometric column that has the name of one of the run's own.
PHOTOMETRY_SUFFIX: Final = "_phot"


@dataclass(frozen=True, slots=True)
class OutputNames:
    """Names of the columns in the result, each list in the order of its input.

    Attributes
    ----------
    redshifts, photometry
        Name of each input column in the result; all names are distinct.
    """

    redshifts: tuple[str, ...]
    photometry: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every column of the result, in order."""
        return (*self.redshifts, *self.photometry, *OWN_COLUMNS)


def name_columns(redshifts: Sequence[str], photometry: Sequence[str]) -> OutputNames:
    """Name the columns of the result.

    Every redshift column gets ``_specz`` and photometric columns keep their
    names; then every column that ends in ``_specz`` loses it, unless the bare
    name is already a column. Where that would give two columns one name, the
    redshift column comes first: it takes the bare name if photometry has not got
    it, and otherwise as many ``_specz`` as it needs.

    Parameters
    ----------
    redshifts, photometry
        Names in the inputs, each list without repetition.

    Returns
    -------
    distinct names
    """
    photometry_names = _apart_from_own(photometry)
    suffixed = [name + SUFFIX for name in redshifts]
    columns = {*suffixed, *photometry_names, *OWN_COLUMNS}
    wanted_redshifts = [_bare(name, columns) for name in suffixed]
    wanted_photometry = [_bare(name, columns) for name in photometry_names]
    times = Counter([*wanted_redshifts, *wanted_photometry, *OWN_COLUMNS])
    if max(times.values(), default=1) == 1:
        return OutputNames(tuple(wanted_redshifts), tuple(wanted_photometry))
    return _resolved(redshifts, photometry_names, wanted_redshifts, wanted_photometry, times)


def _bare(name: str, columns: set[str]) -> str:
    bare = name.removesuffix(SUFFIX)
    return bare if bare and bare not in columns else name


def _apart_from_own(photometry: Sequence[str]) -> list[str]:
    """Return photometric names with those of the run's own columns given a suffix."""
    taken = {*photometry, *OWN_COLUMNS}
    names = []
    for name in photometry:
        chosen = name
        while chosen in OWN_COLUMNS or (chosen != name and chosen in taken):
            chosen += PHOTOMETRY_SUFFIX
        taken.add(chosen)
        names.append(chosen)
    return names


def _resolved(
    redshifts: Sequence[str],
    photometry: Sequence[str],
    wanted_redshifts: Sequence[str],
    wanted_photometry: Sequence[str],
    times: Counter[str],
) -> OutputNames:
    """Settle names that two columns want; everybody else keeps theirs."""
    taken = {name for name, count in times.items() if count == 1} | {*OWN_COLUMNS}
    stripped = {want for want, name in zip(wanted_photometry, photometry, strict=True)
                if want != name}  # fmt: skip
    # A photometric column that keeps its own name has it before anybody who must choose.
    taken |= {want for want in wanted_photometry if times[want] > 1 and want not in stripped}
    names_redshifts = []
    for name, want in zip(redshifts, wanted_redshifts, strict=True):
        chosen = want
        if times[want] > 1:
            chosen = _free(name, taken)
            taken.add(chosen)
        names_redshifts.append(chosen)
    names_photometry = []
    for name, want in zip(photometry, wanted_photometry, strict=True):
        chosen = want
        if want in stripped and times[want] > 1:
            chosen = _free(name, taken)
            taken.add(chosen)
        names_photometry.append(chosen)
    return OutputNames(tuple(names_redshifts), tuple(names_photometry))


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += SUFFIX
    return name
