"""What is told of an ensemble, and its objects as a table of point estimates."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pztables.formats.model import ColumnInfo, TableSchema
from pztables.formats.reader import TableReader
from pztables.inspection import DRAWN_NAME, PDFS_NAME
from pztables.qp.model import Estimates, FloatArray, curve_of, densities, estimates_of

if TYPE_CHECKING:
    from pathlib import Path

    from pztables.qp.ensemble import Ensemble

_MOST_PDF_BYTES: Final = 2_000_000_000
_CELLS_AT_ONCE: Final = 2_000_000
_RANDOM_CURVES: Final = 4
_SEED: Final = 7
_STACK_POINTS: Final = 301
_STACK_OBJECTS: Final = 50_000
_DIGITS: Final = 8
#: Point estimates of the file, the best for a distribution of redshifts first.
_ESTIMATE_NAMES: Final = (
    "zmode", "z_mode", "zbest", "z_best", "zb", "z_phot", "zphot", "photoz", "photo_z",
    "photoz_mode", "zmedian", "z_median", "photoz_median", "zmean", "z_mean", "photoz_mean",
)  # fmt: skip
_COMPUTED: Final = {
    "pdf_mode": "Redshift at which the density is highest. Computed on this server.",
    "pdf_mean": "Mean redshift of the density. Computed on this server.",
    "pdf_median": "Median redshift of the density. Computed on this server.",
}


class EnsembleTable(TableReader):
    """The objects of an ensemble: its columns beside the densities, and point estimates."""

    def __init__(self, ensemble: Ensemble) -> None:
        self.path = ensemble.path
        self._ensemble = ensemble
        computed = tuple(
            ColumnInfo(name, pa.float64(), ucd="src.redshift", description=text)
            for name, text in _COMPUTED.items()
            if name not in ensemble.ancil
        )
        infos = (*(each.info for each in ensemble.ancil.values()), *computed)
        self.schema = TableSchema(ensemble.format, infos, n_rows=ensemble.n_objects)

    def _batches(self, names: list[str], batch_rows: int) -> Iterator[pa.RecordBatch]:
        arrow = self.schema.arrow
        wanted = pa.schema([arrow.field(name) for name in names])
        for start, stop in pieces(self._ensemble, batch_rows):
            found = estimates_of(self._ensemble.model, self._ensemble.parameters(start, stop))
            columns = [self._column(name, found, start, stop) for name in names]
            yield pa.RecordBatch.from_arrays(columns, schema=wanted)

    def _column(self, name: str, found: Estimates, start: int, stop: int) -> pa.Array:
        column = self._ensemble.ancil.get(name)
        if column is not None:
            return column.read(start, stop)
        values: FloatArray = getattr(found, name.removeprefix("pdf_"))
        return pa.array(values, mask=~np.isfinite(values))


def pieces(ensemble: Ensemble, most_rows: int) -> Iterator[tuple[int, int]]:
    """Yield the ends of runs of objects that fit into memory together."""
    width = max(sum(ensemble.model.widths.values()), 600)
    step = max(1, min(most_rows, _CELLS_AT_ONCE // width))
    for start in range(0, ensemble.n_objects, step):
        yield start, min(start + step, ensemble.n_objects)


def redshift_column(names: list[str]) -> str:
    """Return the column that stands for an object's redshift."""
    by_lower = {name.lower(): name for name in names}
    known = (by_lower[name] for name in _ESTIMATE_NAMES if name in by_lower)
    return next(known, "pdf_mode")


def describe(ensemble: Ensemble, out_dir: Path) -> dict[str, Any]:
    """Return what is told of an ensemble; keep what is drawn of it, and all parameters.

    Parameters
    ----------
    ensemble
        Open.
    out_dir
        Gets ``pdfs.npy``, the parameters of every object, one row each, and ``pdfs.json``:
        ``model``, ``curves`` and ``stack``.

    Returns
    -------
    JSON-safe values
    """
    model, names = ensemble.model, list(ensemble.ancil)
    kept, modes = _keep(ensemble, out_dir)
    low, high = _stack_range(ensemble, modes)
    drawn = {
        "model": model.as_dict(),
        "curves": [_curve(ensemble, row) for row in drawn_rows(ensemble.n_objects)],
        "stack": _stack(ensemble, low, high),
    }
    (out_dir / DRAWN_NAME).write_text(json.dumps(drawn, allow_nan=False), "ascii")
    lower = {name.lower() for name in _ESTIMATE_NAMES}
    return {
        "kind": "qp",
        "representation": model.name,
        "constructor": ensemble.constructor,
        "n_objects": ensemble.n_objects,
        "n_values": next(iter(model.widths.values())),
        "ancil": names[:200],
        "estimates": [name for name in names if name.lower() in lower],
        "redshift": redshift_column(names),
        "range": [_json(low), _json(high)],
        "pdfs": PDFS_NAME if kept else None,
        "drawn": DRAWN_NAME,
    }


def drawn_rows(n_objects: int) -> list[int]:
    """Return which objects are drawn at first: the first, the last, and some chosen once."""
    chosen = random.Random(_SEED).sample(range(n_objects), min(_RANDOM_CURVES, n_objects))
    return sorted({0, n_objects - 1, *chosen})


def _keep(ensemble: Ensemble, out_dir: Path) -> tuple[bool, FloatArray]:
    """Copy the parameters, unless they are too large; return whether, and all modes."""
    width = sum(ensemble.model.widths.values())
    shape = (ensemble.n_objects, width)
    is_kept = ensemble.n_objects * width * 8 <= _MOST_PDF_BYTES
    modes = []
    with (out_dir / PDFS_NAME).open("wb") as target:
        header = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(target, header)
        for start, stop in pieces(ensemble, ensemble.n_objects):
            found = ensemble.parameters(start, stop)
            modes.append(estimates_of(ensemble.model, found).mode)
            if is_kept:
                target.write(np.hstack(list(found.values())).astype("<f8").tobytes())
    if not is_kept:
        (out_dir / PDFS_NAME).unlink()
    return is_kept, np.concatenate(modes)


def _stack_range(ensemble: Ensemble, modes: FloatArray) -> tuple[float, float]:
    if len(ensemble.model.shared) and ensemble.model.name != "quant":
        return float(ensemble.model.shared[0]), float(ensemble.model.shared[-1])
    sane = modes[np.isfinite(modes)]
    if not len(sane):
        return 0.0, 1.0
    low, high = (float(each) for each in np.quantile(sane, (0.005, 0.995)))
    room = max(0.15 * (high - low), 0.05)
    return (max(low - room, 0.0) if low >= 0 else low - room), high + room


def _curve(ensemble: Ensemble, row: int) -> dict[str, Any]:
    found = curve_of(ensemble.model, ensemble.parameters(row, row + 1))
    return {"row": row, "x": _list(found.x), "p": _list(found.p)}


def _stack(ensemble: Ensemble, low: float, high: float) -> dict[str, Any]:
    """Return the mean density of all objects, or of a regular sample of very many."""
    x = np.round(np.linspace(low, high, _STACK_POINTS), _DIGITS - 1)
    total, used = np.zeros(len(x)), 0
    every = max(1, -(-ensemble.n_objects // _STACK_OBJECTS))
    for start, stop in pieces(ensemble, ensemble.n_objects):
        found = ensemble.parameters(start, stop)
        first = -start % every
        part = {name: values[first::every] for name, values in found.items()}
        p = densities(ensemble.model, part, x)
        p = p[np.isfinite(p).all(axis=1)]
        total, used = total + p.sum(axis=0), used + len(p)
    return {"x": _list(x), "p": _list(total / max(used, 1)), "n": used, "is_sample": every > 1}


def _list(values: FloatArray) -> list[float | None]:
    return [_json(value) for value in values.tolist()]


def _json(value: float) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None
