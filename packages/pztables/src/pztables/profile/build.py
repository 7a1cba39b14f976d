"""Build the profile of a canonical Parquet file in streaming passes.

First every column by itself, a few at a time, so that all values of those few fit in memory
and quantiles are exact; tables beyond `EXACT_ROWS` are sampled instead. Then, once more, the
columns that say something together: redshifts with surveys, magnitudes and colours; positions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import pyarrow as pa

from pztables.formats import open_table
from pztables.limits import TRUSTED_LIMITS
from pztables.profile.checks import column_checks, redshift_check
from pztables.profile.columns import NUMBERS, NumberProfile, column_profile, kind_of
from pztables.profile.histogram import Histogram, counted_sorted
from pztables.profile.photometry import PhotometryProfile, find_magnitudes
from pztables.profile.quality import error_edges, flag_counts
from pztables.profile.redshift import RedshiftProfile, as_floats, sane
from pztables.profile.sky import SkyProfile
from pztables.roles import role_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from pztables.formats import ColumnInfo, TableReader

#: Grows when a section is added or changes its meaning.
PROFILE_VERSION: Final = 2
#: Up to so many rows quantiles are exact; beyond they are those of a sample.
EXACT_ROWS: Final = 4_000_000
_SAMPLE_ROWS: Final = 500_000
_JOINT_SAMPLE_ROWS: Final = 100_000
#: Values of a group of columns that are in memory together, bytes.
_GROUP_BYTES: Final = 96_000_000
_GROUP_COLUMNS: Final = 64
_TEXT_BYTES: Final = 32
_CELLS_AT_ONCE: Final = 4_000_000
_BATCH_ROWS: Final = 131_072
_SPLIT_BY: Final = {
    "survey": ("survey",),
    "instrument_type": ("instrument_type", "instrument_type_homogenized"),
    "is_training_set": ("is_training_set",),
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the owner of a table says of a column.

    Attributes
    ----------
    alias
        A role, or a free alias; ``None`` where the column was not associated.
    ucd
        Counts more than the UCD that the file has.
    unit
        Counts more than the unit that the file has.
    """

    alias: str | None = None
    ucd: str | None = None
    unit: str | None = None


class _Look(Protocol):
    """What reads some columns in the second pass."""

    @property
    def columns(self) -> Sequence[str]: ...

    def look(self, batch: pa.RecordBatch) -> None: ...


@dataclass
class _Joint:
    """What the first pass leaves for the second."""

    magnitudes: list[Any] = field(default_factory=list)
    samples: dict[str, list[npt.NDArray[np.float64]]] = field(default_factory=dict)
    redshifts: npt.NDArray[Any] = field(default_factory=lambda: np.zeros(0))
    errors: dict[str, Any] | None = None
    #: Histograms of sampled columns, and where their counts belong.
    pending: list[tuple[Histogram, dict[str, Any]]] = field(default_factory=list)


def build_profile(
    parquet_path: str | Path,
    *,
    roles: Mapping[str, str],
    meanings: Mapping[str, Meaning] | None = None,
    exact_rows: int = EXACT_ROWS,
) -> dict[str, Any]:
    """Describe every column of a table, its redshifts and its place on the sky.

    Parameters
    ----------
    parquet_path
        Our own canonical copy.
    roles
        Role → column, of those that are known: ``z`` gives N(z); ``ra`` and ``dec``
        (degrees, ICRS) give the sky; ``survey``, ``instrument_type``, ``z_flag``, ``z_err``.
    meanings
        What the owner says of columns, by name.
    exact_rows
        Larger tables have the quantiles of a sample, and estimates of distinct values.

    Returns
    -------
    ``version``, ``n_rows``, ``roles``, ``columns``, ``redshift``, ``flags``, ``magnitudes``,
    ``densities``, ``sky``, ``checks``: JSON-safe, as docs/explanation/profiles.md says

    Raises
    ------
    TableError
        If the file cannot be read.
    """
    with open_table(parquet_path, format="parquet", limits=TRUSTED_LIMITS) as reader:
        infos = [_meant(info, (meanings or {}).get(info.name)) for info in reader.schema.columns]
        known = {info.name for info in infos}
        roles = {role: name for role, name in roles.items() if name in known}
        builder = _Builder(reader, infos, roles, meanings or {}, exact_rows)
        return builder.build()


def _meant(info: ColumnInfo, meaning: Meaning | None) -> ColumnInfo:
    """Let the owner's words count more than the file's."""
    if meaning is None:
        return info
    role = role_named(meaning.alias or "")
    ucd = meaning.ucd or (role.ucd if role else None) or info.ucd
    unit = meaning.unit or info.unit or (role.unit if role else None)
    return replace(info, ucd=ucd or None, unit=unit or None)


class _Builder:
    """One table on its way through the passes."""

    def __init__(
        self,
        reader: TableReader,
        infos: Sequence[ColumnInfo],
        roles: Mapping[str, str],
        meanings: Mapping[str, Meaning],
        exact_rows: int,
    ) -> None:
        self._reader, self._infos = reader, {info.name: info for info in infos}
        self._roles, self._meanings = roles, meanings
        self._n_rows = reader.schema.n_rows or 0
        is_exact = self._n_rows <= exact_rows
        self._step = 1 if is_exact else max(2, -(-self._n_rows // _SAMPLE_ROWS))
        self._joint_step = max(1, -(-self._n_rows // _JOINT_SAMPLE_ROWS))
        self._reports: dict[str, dict[str, Any]] = {}
        numeric = [info for info in infos if kind_of(info.type) in NUMBERS]
        self._joint = _Joint(magnitudes=find_magnitudes(numeric) if numeric else [])

    def build(self) -> dict[str, Any]:
        """Go through all passes."""
        for names in _groups(list(self._infos.values()), self._n_rows):
            self._describe(names)
        redshift, photometry, sky = self._redshift(), None, self._sky()
        edges = None if redshift is None else (redshift.column, redshift.edges)
        if self._joint.magnitudes:
            samples = {name: np.concatenate(each) for name, each in self._joint.samples.items()}
            photometry = PhotometryProfile(self._joint.magnitudes, samples, edges)
        looks = [look for look in (redshift, photometry, sky) if look is not None]
        self._look_again([*looks, *(histogram for histogram, _ in self._joint.pending)])
        for histogram, counted in self._joint.pending:
            counted.update(histogram.as_dict())
        return self._assembled(redshift, photometry, sky)

    def _describe(self, names: list[str]) -> None:
        """Summarise a group of columns."""
        profiles = {name: column_profile(self._infos[name], self._step) for name in names}
        sampled = {each.column for each in self._joint.magnitudes} & set(names)
        for name in sampled:
            self._joint.samples[name] = [np.zeros(0)]
        row = 0
        for batch in self._batches(names):
            for name, array in zip(names, batch.columns, strict=True):
                profiles[name].look(array)
                if name in sampled:
                    kept = slice(-row % self._joint_step, None, self._joint_step)
                    self._joint.samples[name].append(as_floats(array)[kept].copy())
            row += batch.num_rows
        for name in names:
            self._finish(name, profiles.pop(name))

    def _finish(self, name: str, profile: Any) -> None:
        """Keep the statistics of a column, and of its values only what is needed again."""
        meaning = self._meanings.get(name)
        role = next((role for role, column in self._roles.items() if column == name), None)
        alias = meaning.alias if meaning else None
        self._reports[name] = {**profile.as_dict(), "role": role or alias or None}
        if not isinstance(profile, NumberProfile) or not profile.moments.count:
            return
        self._reports[name]["histogram"] = self._histogram(profile, profile.edges())
        if name == self._roles.get("z"):
            self._joint.redshifts = sane(profile.values())
        if name == self._roles.get("z_err"):
            scale, edges = error_edges(profile.values())
            self._joint.errors = self._histogram(profile, edges)
            self._joint.errors |= {"column": name, "scale": scale}

    def _histogram(self, profile: NumberProfile, edges: npt.NDArray[np.float64]) -> dict[str, Any]:
        """Return the histogram of a column: counted now, or empty until the second pass."""
        if profile.is_exact:
            return counted_sorted(profile.values(), edges)
        counted: dict[str, Any] = {}
        self._joint.pending.append((Histogram(profile.info.name, edges), counted))
        return counted

    def _redshift(self) -> RedshiftProfile | None:
        if not len(self._joint.redshifts):
            return None
        splits = {}
        for by, names in _SPLIT_BY.items():
            column = self._roles.get(by) or next((n for n in names if n in self._infos), None)
            if column is not None and self._reports[column]["top"]:
                top = [each["value"] for each in self._reports[column]["top"]]
                splits[by] = (column, top)
        return RedshiftProfile(self._roles["z"], self._joint.redshifts, splits)

    def _sky(self) -> SkyProfile | None:
        places = [self._roles.get(role) for role in ("ra", "dec")]
        names = [name for name in places if name and self._reports[name]["kind"] in NUMBERS]
        return SkyProfile(*names) if len(names) == 2 else None

    def _look_again(self, looks: Sequence[_Look]) -> None:
        names = list(dict.fromkeys(name for look in looks for name in look.columns))
        for batch in self._batches(names) if names else ():
            for look in looks:
                look.look(batch)

    def _batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        rows = max(1000, min(_BATCH_ROWS, _CELLS_AT_ONCE // len(names)))
        return self._reader.batches(names, batch_rows=rows)

    def _assembled(
        self,
        redshift: RedshiftProfile | None,
        photometry: PhotometryProfile | None,
        sky: SkyProfile | None,
    ) -> dict[str, Any]:
        reports = [self._reports[name] for name in self._infos]
        flags = self._roles.get("z_flag")
        checks = column_checks(reports, self._n_rows)
        if "z" in self._roles:
            checks.append(redshift_check(self._reports[self._roles["z"]]))
        return {
            "version": PROFILE_VERSION,
            "n_rows": self._n_rows,
            "roles": dict(self._roles),
            "columns": reports,
            "redshift": None if redshift is None else redshift.as_dict(),
            "flags": {
                "z_flag": flag_counts(self._reports[flags], self._n_rows) if flags else None,
                "z_err": self._joint.errors,
            },
            "magnitudes": [] if photometry is None else photometry.magnitudes(),
            "densities": [] if photometry is None else photometry.densities(),
            "sky": None if sky is None else sky.as_dict(),
            "checks": checks + ([] if sky is None else sky.checks()),
        }


def _groups(infos: Sequence[ColumnInfo], n_rows: int) -> Iterator[list[str]]:
    """Yield names of columns whose values fit in memory together."""
    group: list[str] = []
    size = 0
    for info in infos:
        width = info.type.bit_width // 8 if pa.types.is_primitive(info.type) else _TEXT_BYTES
        if group and (size + width * n_rows > _GROUP_BYTES or len(group) == _GROUP_COLUMNS):
            yield group
            group, size = [], 0
        group.append(info.name)
        size += width * n_rows
    if group:
        yield group
