"""Build the profile of a canonical Parquet file in two streaming passes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pztables.formats import open_table
from pztables.limits import TRUSTED_LIMITS
from pztables.profile.checks import SANE_REDSHIFTS, column_checks, redshift_check
from pztables.profile.columns import ColumnProfile
from pztables.profile.histogram import Histogram, robust_edges
from pztables.profile.sky import SkyProfile

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

#: Grows when a section is added or changes its meaning.
PROFILE_VERSION: Final = 1
_CELLS_AT_ONCE: Final = 4_000_000
_SAMPLE_CELLS: Final = 20_000_000
_SAMPLE_ROWS: Final = 200_000
_REDSHIFT_BINS: Final = 80
_NUMBERS: Final = ("number", "integer")


def build_profile(parquet_path: str | Path, *, roles: Mapping[str, str]) -> dict[str, Any]:
    """Describe every column of a table, its redshifts and its place on the sky.

    Parameters
    ----------
    parquet_path
        Our own canonical copy.
    roles
        Role → column, of those that are known: ``z`` gives N(z); ``ra`` and ``dec``
        (degrees, ICRS) give the sky.

    Returns
    -------
    ``version``, ``n_rows``, ``columns`` (per column: ``name``, ``type``, ``unit``, ``ucd``,
    ``n_null``, ``n_nan``, ``min``, ``max``, ``mean``, ``std``, ``quantiles``, ``n_distinct``,
    ``top``, ``histogram``), ``redshift``, ``sky`` (or ``None``), ``checks``; JSON-safe

    Raises
    ------
    TableError
        If the file cannot be read.
    """
    with open_table(parquet_path, format="parquet", limits=TRUSTED_LIMITS) as reader:
        infos = reader.schema.columns
        n_rows = reader.schema.n_rows or 0
        kinds = {info.name: info.type for info in infos}
        roles = {role: name for role, name in roles.items() if name in kinds}
        sample_rows = max(1000, min(_SAMPLE_ROWS, _SAMPLE_CELLS // len(infos)))
        step = max(1, -(-n_rows // sample_rows))
        columns = {info.name: ColumnProfile(info, step) for info in infos}
        batch_rows = max(1000, min(100_000, _CELLS_AT_ONCE // len(infos)))
        for batch in reader.batches(batch_rows=batch_rows):
            for name, array in zip(batch.schema.names, batch.columns, strict=True):
                columns[name].look(array)
        histograms = _histograms(columns, roles)
        sky = _sky(columns, roles)
        wanted = [*dict.fromkeys([*(h.column for h in histograms), *(sky.columns if sky else ())])]
        for batch in reader.batches(wanted, batch_rows=batch_rows) if wanted else ():
            _look_again(batch, histograms, sky)
    return _assembled(n_rows, columns, histograms, sky, roles)


def _histograms(columns: Mapping[str, ColumnProfile], roles: Mapping[str, str]) -> list[Histogram]:
    """Return the empty histograms of the second pass; that of N(z) is the last, if any."""
    found = []
    for name, profile in columns.items():
        if profile.kind in _NUMBERS and profile.low is not None:
            found.append(Histogram(name, profile.edges()))
    z = roles.get("z")
    if z is not None and columns[z].kind in _NUMBERS and columns[z].low is not None:
        low, high = SANE_REDSHIFTS  # values like -99 mean "none" and would stretch the axis
        sane = columns[z].sample()
        sane = sane[(sane >= low) & (sane <= high)]
        edges = robust_edges(sane, most_bins=_REDSHIFT_BINS, tail=0.001)
        found.append(Histogram(z, edges, is_redshift=True))
    return found


def _sky(columns: Mapping[str, ColumnProfile], roles: Mapping[str, str]) -> SkyProfile | None:
    ra, dec = roles.get("ra"), roles.get("dec")
    if ra is None or dec is None:
        return None
    if columns[ra].kind not in _NUMBERS or columns[dec].kind not in _NUMBERS:
        return None
    return SkyProfile(ra, dec)


def _look_again(batch: pa.RecordBatch, histograms: list[Histogram], sky: SkyProfile | None) -> None:
    for histogram in histograms:
        histogram.look(batch.column(histogram.column))
    if sky is not None:
        sky.look(batch.column(sky.columns[0]), batch.column(sky.columns[1]))


def _assembled(
    n_rows: int,
    columns: Mapping[str, ColumnProfile],
    histograms: list[Histogram],
    sky: SkyProfile | None,
    roles: Mapping[str, str],
) -> dict[str, Any]:
    drawn = {h.column: h.as_dict() for h in histograms if not h.is_redshift}
    reports = [profile.as_dict() for profile in columns.values()]
    for report in reports:
        report["histogram"] = drawn.get(report["name"])
    redshift = next((h.as_dict() for h in histograms if h.is_redshift), None)
    if redshift is not None:
        statistics = columns[roles["z"]].as_dict()
        redshift |= {"column": roles["z"], "median": statistics["quantiles"]["0.5"]}
    checks = column_checks(reports, n_rows)
    if "z" in roles:
        checks.append(redshift_check(columns[roles["z"]].as_dict()))
    return {
        "version": PROFILE_VERSION,
        "n_rows": n_rows,
        "columns": reports,
        "redshift": redshift,
        "sky": None if sky is None else sky.as_dict(),
        "checks": checks + ([] if sky is None else sky.checks()),
    }
