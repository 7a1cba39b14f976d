"""What a run would do, told before it: common sky, matches to expect, bytes to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from pzpipelines.arrays import FloatArray, IntArray
from pzpipelines.objects.catalog import ObjectCatalog, open_objects
from pzpipelines.objects.partitions import Partition, read_footer, sky_ranges
from pzpipelines.runtime.executors import InProcessExecutor
from pzpipelines.runtime.job import JobInput, JobObjects
from pzpipelines.sky.healpix import healpix_pixels
from pzpipelines.training.columns import ColumnPlan, plan_columns
from pzpipelines.training.coverage import (
    area_deg2,
    area_words,
    objects_moc,
    positions_moc,
)
from pzpipelines.training.dust import DustMapError
from pzpipelines.training.errors import PhotometryError, QualityFlagError
from pzpipelines.training.inputs import RedshiftCatalog, read_redshifts, the_input
from pzpipelines.training.match import match_objects, overlapping
from pzpipelines.training.parameters import TrainingParameters, validate
from pzpipelines.training.run import ranks_of, warnings_of_recipe
from pzpipelines.training.sources import Recipe, Release, choose, look_at_release
from pzpipelines.training.split import mix, position_keys
from pztables.errors import UserError

#: Redshifts and partitions that the expectation is made from, at most; all partitions where
#: they are few and hold few objects.
SAMPLE_ROWS: Final = 2_000
SAMPLE_PARTITIONS: Final = 4
_FEW_PARTITIONS: Final = 64
_FEW_OBJECTS: Final = 1_000_000
#: Partitions whose footers are read to know the bytes of columns; the others are like them.
_FOOTERS: Final = 16
_MEMORY_BYTES: Final = 500_000_000
#: Two-sided 95 %.
_STANDARD_ERRORS: Final = 1.96
#: Of 95 %: what may be expected at most after nothing was seen (rule of three).
_UNSEEN: Final = 3.0


@dataclass(frozen=True, slots=True)
class Expectation:
    """How many rows a run would give.

    Attributes
    ----------
    rows, low, high
        Pairs, and the 95 % limits of their number.
    sample_size
        Redshifts that were matched to know it.
    """

    rows: int
    low: int
    high: int
    sample_size: int


def preflight(
    parameters: Mapping[str, Any],
    inputs: Sequence[JobInput],
    *,
    objects: JobObjects | None = None,
) -> dict[str, Any]:
    """Tell what a run would do, without doing it.

    Parameters
    ----------
    parameters
        Options, as JSON gives them.
    inputs
        The redshift catalog.
    objects
        The release.

    Returns
    -------
    ``available`` (what photometry can be had), areas, ``partitions``,
    ``bytes_to_read``, ``expected_matches`` with its 95 % limits, ``problems``
    that a run would refuse (each with the option it belongs to), ``warnings``

    Raises
    ------
    UserError
        If the options, the redshift catalog or the release cannot be used at all.
    """
    options = validate(parameters)
    release = look_at_release(objects)
    report: dict[str, Any] = {
        "release": release.objects.name,
        "available": release.available(),
        "problems": [],
        "warnings": [],
    }
    redshifts = read_redshifts(the_input(inputs), only_roles=True)
    _report_flags(report, redshifts, options)
    planned = _planned(release, options, report)
    catalog = planned[0] if planned else _any_catalog(release)
    rows = np.flatnonzero(redshifts.has_position)
    ra, dec = redshifts.ra[rows], redshifts.dec[rows]
    report |= _rows(redshifts)
    near = overlapping(ra, dec, catalog, radius_arcsec=options.crossmatch.radius_arcsec)
    expected = expect_matches((ra, dec), catalog, near, options)
    _report_sky(report, redshifts, catalog, near, (ra, dec), has_matches=expected.rows > 0)
    columns = planned[1] if planned else ColumnPlan(())
    report["partitions"] = len(near)
    report["bytes_to_read"] = bytes_to_read(near, [*columns.reads, catalog.ra, catalog.dec])
    report |= {
        "expected_matches": expected.rows,
        "expected_matches_low": expected.low,
        "expected_matches_high": expected.high,
        "sample_size": expected.sample_size,
    }
    _report_no_match(report, expected, options)
    return report


def _planned(
    release: Release, options: TrainingParameters, report: dict[str, Any]
) -> tuple[ObjectCatalog, ColumnPlan, Recipe | None] | None:
    """Choose photometry and columns; what stops that is reported."""
    try:
        recipe = choose(release, options)
        catalog = release.only
        if catalog is None and recipe is not None:
            catalog = open_objects(recipe.source.path, name=release.objects.name)
        assert catalog is not None  # a release has a catalog of its own, or sources
        report["warnings"] += warnings_of_recipe(recipe, catalog, options)
        columns = plan_columns(catalog, recipe, options, identifier=release.objects.indexing_column)
        report["photometry"] = "columns as they are" if recipe is None else recipe.words
        report["columns"] = list(columns.names)
    except (PhotometryError, DustMapError) as problem:
        report["problems"].append(_entry(problem))
        return None
    except UserError as problem:
        if "option" not in problem.data:
            raise
        report["problems"].append(_entry(problem))
        return None
    return catalog, columns, recipe


def _any_catalog(release: Release) -> ObjectCatalog:
    """Return a catalog of the release: the sky of all of them is the same."""
    if release.only is not None:
        return release.only
    return open_objects(release.sources[0].path, name=release.objects.name)


def _report_flags(
    report: dict[str, Any], redshifts: RedshiftCatalog, options: TrainingParameters
) -> None:
    try:
        ranks_of(options, redshifts)
    except QualityFlagError as problem:
        report["problems"].append(_entry(problem))


def _rows(redshifts: RedshiftCatalog) -> dict[str, int]:
    return {
        "rows_in": redshifts.table.num_rows,
        "rows_without_position": int((~redshifts.has_position).sum()),
    }


def _report_sky(
    report: dict[str, Any],
    redshifts: RedshiftCatalog,
    catalog: ObjectCatalog,
    near: Sequence[Partition],
    positions: tuple[FloatArray, FloatArray],
    *,
    has_matches: bool,
) -> None:
    asked = positions_moc(*positions)
    covered = objects_moc(catalog, near)
    common = asked.intersection(covered)
    report |= {
        "redshift_area_deg2": area_deg2(asked),
        "objects_area_deg2": area_deg2(covered),
        "overlap_area_deg2": area_deg2(common),
    }
    if common.empty() and not has_matches:  # a match can lie across the border of their pixels
        report["problems"].append(
            {
                "code": "no_overlap",
                "message": f"{redshifts.name} and {catalog.name} do not overlap on the sky: the "
                f"redshifts cover {area_words(asked)}; the objects cover {area_words(covered)}",
                "field": "release",
                "data": {"redshifts": area_words(asked), "objects": area_words(covered)},
            }
        )


def bytes_to_read(partitions: Sequence[Partition], columns: Sequence[str]) -> int:
    """Return the compressed bytes of columns in partitions.

    Footers of up to 16 partitions are read; for the others the share of the
    columns in the size of a file is taken to be the same.
    """
    if not partitions:
        return 0
    places = np.unique(np.linspace(0, len(partitions) - 1, _FOOTERS).astype(int))
    wanted = set(columns)
    of_columns = size = 0
    for place in places.tolist():
        size += partitions[place].size_bytes
        of_columns += sum(_column_bytes(partitions[place], wanted))
    if len(places) == len(partitions):
        return of_columns
    total = sum(partition.size_bytes for partition in partitions)
    return round(total * of_columns / max(size, 1))


def _column_bytes(partition: Partition, wanted: set[str]) -> list[int]:
    sizes = []
    for file in partition.files:
        footer = read_footer(partition, file)
        for number in range(footer.num_row_groups):
            group = footer.row_group(number)
            sizes += [
                column.total_compressed_size
                for column in map(group.column, range(group.num_columns))
                if column.path_in_schema.split(".")[0] in wanted
            ]
    return sizes


def expect_matches(
    positions: tuple[FloatArray, FloatArray],
    catalog: ObjectCatalog,
    near: Sequence[Partition],
    options: TrainingParameters,
) -> Expectation:
    """Match a sample of the redshifts to know how many rows to expect.

    Parameters
    ----------
    positions
        ``(ra, dec)`` of the redshifts, finite, each of shape ``(n,)``.
    catalog
        Of the objects.
    near
        Its partitions within reach.
    options
        Of the run; ``unique`` is not taken into account.
    """
    if not near or len(positions[0]) == 0:
        return Expectation(0, 0, 0, 0)
    sampled, n_within = _sample(positions, catalog, near, options)
    counts = _counts(tuple(each[sampled] for each in positions), catalog, near, options)
    return extrapolate(counts, n_within)


def _sample(
    positions: tuple[FloatArray, FloatArray],
    catalog: ObjectCatalog,
    near: Sequence[Partition],
    options: TrainingParameters,
) -> tuple[IntArray, int]:
    """Return the rows of the sample, and how many rows they stand for."""
    ra, dec = positions
    by_hash = np.argsort(mix(position_keys(ra, dec)), kind="stable")
    if len(near) <= SAMPLE_PARTITIONS or _are_small(near):
        return np.sort(by_hash[:SAMPLE_ROWS]), len(ra)
    # Of many partitions only a few are read: the first that the shuffled redshifts fall into.
    starts, ends = sky_ranges(catalog.partitions)
    pixels = healpix_pixels(ra[by_hash], dec[by_hash], 29)
    places = np.searchsorted(starts, pixels, side="right") - 1
    inside = (places >= 0) & (pixels < ends[np.maximum(places, 0)])
    _, first = np.unique(places[inside], return_index=True)
    chosen = places[inside][np.sort(first)[:SAMPLE_PARTITIONS]]
    rows = by_hash[inside & np.isin(places, chosen)][:SAMPLE_ROWS]
    return np.sort(rows), int(inside.sum())


def _are_small(partitions: Sequence[Partition]) -> bool:
    if len(partitions) > _FEW_PARTITIONS:
        return False
    return sum(partition.n_rows for partition in partitions) <= _FEW_OBJECTS


def _counts(
    positions: tuple[FloatArray, ...],
    catalog: ObjectCatalog,
    near: Sequence[Partition],
    options: TrainingParameters,
) -> IntArray:
    """Return how many objects each redshift of the sample has."""
    found = match_objects(
        (positions[0], positions[1]),
        replace(catalog, partitions=tuple(near)),
        radius_arcsec=options.crossmatch.radius_arcsec,
        n_neighbors=options.crossmatch.n_neighbors,
        columns=[],
        executor=InProcessExecutor(),
        workers=1,
        memory_bytes=_MEMORY_BYTES,
        on_progress=lambda done, total: None,
    )
    return np.bincount(found.left, minlength=len(positions[0])).astype(np.int64)


def extrapolate(counts: IntArray, n_rows: int) -> Expectation:
    """Tell from a sample how many matches all redshifts have.

    Parameters
    ----------
    counts
        Matches of each redshift of the sample, shape ``(k,)``.
    n_rows
        Redshifts that the sample stands for, at least ``k``.

    Returns
    -------
    the sum where the sample is everything; else the mean times ``n_rows`` with
    1.96 standard errors (for redshifts that are alike), and with the rule of
    three where the sample has no match at all
    """
    size = len(counts)
    if size == 0:
        return Expectation(0, 0, n_rows, 0)
    if size >= n_rows:
        total = int(counts.sum())
        return Expectation(total, total, total, size)
    rows = n_rows * float(counts.mean())
    spread = float(counts.std(ddof=1)) if size > 1 else 1.0
    error = _STANDARD_ERRORS * n_rows * spread / np.sqrt(size) * np.sqrt(1 - size / n_rows)
    if spread == 0:  # all alike: what was not seen is at most three in the sample
        error = _UNSEEN * n_rows / size
    low = max(rows - error, float(counts.sum()))
    high = min(rows + error, float(n_rows * max(1, int(counts.max()))))
    return Expectation(round(rows), round(low), round(high), size)


def _report_no_match(
    report: dict[str, Any], expected: Expectation, options: TrainingParameters
) -> None:
    if expected.rows or any(each["code"] == "no_overlap" for each in report["problems"]):
        return
    radius = options.crossmatch.radius_arcsec
    entry = {
        "code": "no_match",
        "message": f"no object is within {radius:g} arcsec of any of the "
        f"{expected.sample_size:,} redshifts that were looked at",
        "field": "crossmatch.radius_arcsec",
        "data": {"radius_arcsec": radius, "sample_size": expected.sample_size},
    }
    is_certain = expected.high == 0
    report["problems" if is_certain else "warnings"].append(entry)


def _entry(problem: UserError) -> dict[str, Any]:
    told = {"code": problem.code, "message": problem.message, "data": problem.data}
    return {**told, "field": problem.data.get("option", "inputs")}
