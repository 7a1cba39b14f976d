"""Tells what a release holds, and what is wrong with it, before anybody uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from pzpipelines.arrays import FloatArray, IntArray
from pzpipelines.objects.bands import detect
from pzpipelines.objects.catalog import ObjectCatalog, open_objects
from pzpipelines.objects.density import ORDER, Density, read_density
from pzpipelines.objects.errors import NotAnObjectCatalogError
from pzpipelines.objects.layout import PreparedCatalog, offers
from pzpipelines.objects.partitions import Partition
from pzpipelines.objects.reading import PartitionReader
from pzpipelines.sky.healpix import healpix_pixels
from pztables.errors import UserError
from pztables.positions import PositionCheck

#: Partitions whose positions are looked at unless all are.
_SAMPLED_PARTITIONS: Final = 16
_SAMPLED_ROWS: Final = 131_072
_LONGEST_MOC: Final = 200_000
_SHOWN_PROBLEMS: Final = 20


def describe_objects(root: Path, *, deep: bool) -> dict[str, Any]:
    """Describe a release, ready for JSON.

    Parameters
    ----------
    root
        A HATS catalog or collection, or the layout of prepared catalogs.
    deep
        Whether all positions are looked at, or those of a few partitions only.
        The files of all partitions are opened in any case.

    Returns
    -------
    ``offers`` (catalogs: ``kind``, ``flux_type``, ``dereddening``, ``path`` relative to the
    root, ``ra``, ``dec``, ``margin_arcsec``, ``rows``, ``partitions``, ``bytes``),
    ``flux_types``, ``dereddening``, ``bands``, ``photometry`` (sets of columns), ``columns``
    (``name``, ``type``), ``rows``, ``partitions``, ``area_deg2``, ``moc`` (text), all of the
    first catalog; ``bytes`` of all; ``problems`` (``code``, ``message``)

    Raises
    ------
    NotAnObjectCatalogError
        If there is no HATS catalog at all.
    UserError
        If the first catalog cannot be opened.
    """
    found = offers(root)
    if not found:
        raise NotAnObjectCatalogError(
            f"{root.name}: is no HATS catalog or collection, and there is none at "
            f"{root.name}/<mag or flux>/<flux type>/<dereddening>/catalog; give the folder of "
            "one, or of a release in this layout",
            catalog=root.name,
        )
    reports = [_report(root, found[0], deep=deep, must_open=True)]
    reports += [_report(root, each, deep=deep, must_open=False) for each in found[1:]]
    first = reports[0]
    photometry = _photometry(reports)
    prepared = [report.offer for report in reports if report.offer["kind"]]
    return {
        "offers": [report.offer for report in reports],
        "flux_types": _distinct(each["flux_type"] for each in prepared or photometry),
        "dereddening": _distinct(each["dereddening"] for each in prepared or photometry),
        "bands": _distinct(band for each in photometry for band in each["bands"]),
        "photometry": photometry,
        "columns": first.columns,
        "rows": first.offer["rows"],
        "partitions": first.offer["partitions"],
        "bytes": sum(report.offer["bytes"] for report in reports),
        "area_deg2": first.density.area_deg2 if first.density else None,
        "moc": _moc_text(first.density),
        "problems": [problem for report in reports for problem in report.problems],
    }


@dataclass
class _Report:
    """What is told of one catalog."""

    offer: dict[str, Any]
    columns: list[dict[str, str]] = field(default_factory=list)
    density: Density | None = None
    problems: list[dict[str, str]] = field(default_factory=list)

    def complain(self, code: str, message: str) -> None:
        """Add a problem; a long list of the same kind says nothing more."""
        if sum(problem["code"] == code for problem in self.problems) < _SHOWN_PROBLEMS:
            self.problems.append({"code": code, "message": f"{self.offer['path']}: {message}"})


def _report(root: Path, offer: PreparedCatalog, *, deep: bool, must_open: bool) -> _Report:
    report = _Report(
        {
            "kind": offer.kind,
            "flux_type": offer.flux_type,
            "dereddening": offer.dereddening,
            "path": offer.path.relative_to(root).as_posix(),
            "ra": None,
            "dec": None,
            "margin_arcsec": None,
            "rows": 0,
            "partitions": 0,
            "bytes": 0,
        }
    )
    try:
        catalog = open_objects(offer.path)
    except UserError as problem:
        if must_open:
            raise
        report.complain(problem.code, problem.message)
        return report
    report.columns = [{"name": each.name, "type": str(each.type)} for each in catalog.schema]
    readable = _report_partitions(report, catalog)
    _report_positions(report, catalog, readable, deep=deep)
    return report


def _report_partitions(report: _Report, catalog: ObjectCatalog) -> list[Partition]:
    """Open the files of all partitions; return the readable ones."""
    readable, rows, n_bytes = [], 0, 0
    for partition in catalog.partitions:
        try:
            rows += partition.n_rows
            n_bytes += partition.size_bytes
            readable.append(partition)
        except UserError as problem:
            report.complain(problem.code, problem.message)
    told = catalog.properties.get("hats_nrows", "")
    if told.isdecimal() and int(told) != rows and len(readable) == len(catalog.partitions):
        report.complain(
            "row_count_differs",
            f"the properties say {int(told):,} rows, but the partitions hold {rows:,}; "
            "copy or make the catalog again",
        )
    report.offer |= {
        "ra": catalog.ra,
        "dec": catalog.dec,
        "margin_arcsec": catalog.margin.threshold_arcsec if catalog.margin else None,
        "rows": rows,
        "partitions": len(catalog.partitions),
        "bytes": n_bytes,
    }
    return readable


def _report_positions(
    report: _Report, catalog: ObjectCatalog, readable: Sequence[Partition], *, deep: bool
) -> None:
    """Check positions of all or of some partitions, and find out which sky they cover."""
    density = None if deep else read_density(catalog)
    chosen = list(readable) if deep else _sample(readable)
    complete = len(chosen) == len(readable)
    seen = Density(ORDER, np.empty(0, np.int64), np.empty(0, np.int64))
    for partition in chosen:
        try:
            for ra, dec in _positions(report, catalog, partition, whole=deep or complete):
                seen = seen.plus(Density.of_positions(ra, dec))
                _require_inside(report, partition, ra, dec)
        except UserError as problem:
            report.complain(problem.code, problem.message)
    if density is None:
        density = seen if complete else _of_partitions(readable)
    report.density = density


def _sample(partitions: Sequence[Partition]) -> list[Partition]:
    if len(partitions) <= _SAMPLED_PARTITIONS:
        return list(partitions)
    places = np.linspace(0, len(partitions) - 1, _SAMPLED_PARTITIONS).astype(int)
    return [partitions[place] for place in places]


def _positions(
    report: _Report, catalog: ObjectCatalog, partition: Partition, *, whole: bool
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield the valid positions of a partition, of all rows or of the first ones."""
    check = PositionCheck()
    reader = PartitionReader(partition, catalog.path)
    for first, batch in reader.batches([catalog.ra, catalog.dec]):
        if first >= _SAMPLED_ROWS and not whole:
            break
        ra, dec = (batch.column(place).cast("float64") for place in (0, 1))
        lon, lat = (np.asarray(each.to_numpy(zero_copy_only=False)) for each in (ra, dec))
        valid = ~check.add(lon, lat)
        yield lon[valid], lat[valid]
    if check.n_invalid:
        report.complain(
            "invalid_positions",
            f"partition {partition.name}: {check.n_invalid:,} objects have no position or one "
            f"that is not on the sky ({catalog.ra}, {catalog.dec} in degrees); "
            "they will never be matched",
        )


def _require_inside(report: _Report, partition: Partition, ra: FloatArray, dec: FloatArray) -> None:
    outside: IntArray = np.flatnonzero(
        healpix_pixels(ra % 360, dec, partition.order) != partition.pixel
    )
    if len(outside):
        report.complain(
            "objects_outside_partition",
            f"partition {partition.name}: {len(outside):,} objects lie outside of it (the first "
            f"at {ra[outside[0]]:.6f}, {dec[outside[0]]:.6f}), so that they cannot be found; "
            "make the catalog again",
        )


def _of_partitions(partitions: Sequence[Partition]) -> Density | None:
    """Return the pixels of whole partitions as far as they are no smaller than a map's."""
    if not partitions or max(each.order for each in partitions) > ORDER:
        return None
    finest = max(each.order for each in partitions)
    pixels = [
        np.arange(each.pixel << (shift := 2 * (finest - each.order)), (each.pixel + 1) << shift)
        for each in partitions
    ]
    joined = np.concatenate(pixels)
    return Density(finest, joined, np.ones(len(joined), np.int64))


def _moc_text(density: Density | None) -> str | None:
    """Return the coverage as ASCII of bearable length."""
    if density is None or len(density.pixels) == 0:
        return None
    moc = density.moc()
    for order in range(density.order, -1, -1):
        coarse = moc if order == density.order else moc.degrade_to_order(order)
        text = str(coarse.to_string("ascii"))
        if len(text) <= _LONGEST_MOC:
            return text
    return None


def _photometry(reports: Sequence[_Report]) -> list[dict[str, Any]]:
    """Return the sets of photometric columns; what names do not say, folders do."""
    return [
        {
            "path": report.offer["path"],
            "kind": each.kind,
            "flux_type": each.flux_type or report.offer["flux_type"],
            "dereddening": each.dereddening or report.offer["dereddening"],
            "bands": [band.name for band in each.bands],
        }
        for report in reports
        for each in detect(column["name"] for column in report.columns).sets
    ]


def _distinct(values: Any) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
