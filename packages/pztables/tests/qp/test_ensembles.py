"""Ensembles that the library qp itself wrote are read, described and computed as it does."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy import stats

from pztables.errors import ForeignReferenceError, TableError, UserError
from pztables.formats import read_table
from pztables.inspection import Inspection, inspect_main_file
from pztables.isolation import inspect_isolated
from pztables.limits import DEFAULT_LIMITS
from pztables.qp.ensemble import is_ensemble, open_ensemble
from pztables.qp.model import Curve, Model, curve_of, densities, estimates_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import qp

N = 9
REPRESENTATIONS = ("interp", "hist", "quant", "norm", "mixmod")
GRID = np.linspace(-0.2, 3.3, 283)
_RANDOM = np.random.default_rng(3)
CENTRES = _RANDOM.uniform(0.3, 2.2, N)
ANCIL = {"zmode": CENTRES, "object_id": np.arange(N) + 2**60}


def _made(name: str) -> Any:
    grid = np.concatenate([np.linspace(0, 1, 31), np.linspace(1.1, 3, 20)])
    shapes = np.exp(-0.5 * ((grid - CENTRES[:, None]) / 0.2) ** 2)
    levels = np.linspace(0.05, 0.95, 9)
    places = stats.norm(loc=CENTRES[:, None], scale=0.2).ppf(levels)
    column = CENTRES[:, None]
    made = {
        "interp": lambda: qp.Ensemble(
            qp.interp, data={"xvals": grid, "yvals": shapes}, ancil=ANCIL
        ),
        "hist": lambda: qp.Ensemble(
            qp.hist, data={"bins": grid, "pdfs": shapes[:, :-1]}, ancil=ANCIL
        ),
        "quant": lambda: qp.Ensemble(
            qp.quant, data={"quants": levels, "locs": places}, ancil=ANCIL
        ),
        "norm": lambda: qp.Ensemble(
            qp.stats.norm, data={"loc": column, "scale": 0.05 + column / 9}, ancil=ANCIL
        ),
        "mixmod": lambda: qp.Ensemble(
            qp.mixmod,
            data={
                "weights": np.tile([0.3, 0.7], (N, 1)),
                "means": np.hstack([column, column + 0.4]),
                "stds": np.full((N, 2), 0.1),
            },
            ancil=ANCIL,
        ),
    }
    return made[name]()


@pytest.fixture(params=REPRESENTATIONS)
def representation(request: pytest.FixtureRequest) -> str:
    """Return each representation."""
    return str(request.param)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str], tuple[Any, Path]]:
    """Return a maker of an ensemble and its file: ``written("interp", "hdf5")``."""

    def make(name: str, suffix: str) -> tuple[Any, Path]:
        path = tmp_path / f"{name}.{suffix}"
        ensemble = _made(name)
        ensemble.write_to(str(path))
        return ensemble, path

    return make


@pytest.fixture
def out_dir(tmp_path: Path) -> Path:
    """Return an empty output directory."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.mark.parametrize("suffix", ["hdf5", "fits"])
def test_densities_are_those_of_qp(
    representation: str, suffix: str, written: Callable[..., Any]
) -> None:
    theirs, path = written(representation, suffix)
    assert is_ensemble(path)
    with open_ensemble(path, DEFAULT_LIMITS) as ensemble:
        rows = ensemble.parameters(0, N)
        ours = densities(ensemble.model, rows, GRID)
        own_grids = densities(ensemble.model, rows, np.tile(GRID, (N, 1)))

    np.testing.assert_allclose(ours, theirs.pdf(GRID), rtol=0, atol=1e-6)
    np.testing.assert_allclose(own_grids, ours, rtol=0, atol=1e-12)


def test_point_estimates_are_those_of_a_fine_grid(
    representation: str, written: Callable[..., Any]
) -> None:
    theirs, path = written(representation, "hdf5")
    fine = np.linspace(-1, 5, 60_001)
    p = theirs.pdf(fine)
    cumulated = np.cumsum(p, axis=1) / p.sum(axis=1)[:, None]
    with open_ensemble(path, DEFAULT_LIMITS) as ensemble:
        found = estimates_of(ensemble.model, ensemble.parameters(0, N))

    np.testing.assert_allclose(found.mean, (p * fine).sum(axis=1) / p.sum(axis=1), atol=2e-3)
    np.testing.assert_allclose(found.median, fine[np.argmax(cumulated >= 0.5, axis=1)], atol=2e-3)
    highest = densities(ensemble.model, ensemble_rows(path), found.mode[:, None])[:, 0]
    np.testing.assert_allclose(highest, p.max(axis=1), rtol=5e-3)


def ensemble_rows(path: Path) -> dict[str, Any]:
    """Return all parameters of a file."""
    with open_ensemble(path, DEFAULT_LIMITS) as ensemble:
        return ensemble.parameters(0, N)


@pytest.mark.parametrize("suffix", ["hdf5", "fits"])
def test_an_inspection_makes_a_table_of_objects_and_keeps_the_parameters(
    representation: str, suffix: str, written: Callable[..., Any], out_dir: Path
) -> None:
    theirs, path = written(representation, suffix)

    found = inspect_main_file(path, out_dir, tabular_required=False)

    assert Inspection.from_dict(json.loads(json.dumps(found.as_dict(), allow_nan=False))) == found
    assert (found.is_table, found.n_rows, found.format) == (True, N, suffix)
    names = [column.name for column in found.columns]
    assert set(names) == {"zmode", "object_id", "pdf_mode", "pdf_mean", "pdf_median"}
    table = read_table(out_dir / "canonical.parquet").to_pydict()
    assert table["object_id"] == ANCIL["object_id"].tolist()
    np.testing.assert_allclose(table["zmode"], CENTRES)
    described = found.described or {}
    told = {name: described[name] for name in ("kind", "representation", "n_objects", "redshift")}
    assert told == {
        "kind": "qp", "representation": representation, "n_objects": N, "redshift": "zmode",
    }  # fmt: skip
    drawn = json.loads((out_dir / described["drawn"]).read_text())
    rows = [curve["row"] for curve in drawn["curves"]]
    assert (rows[0], rows[-1]) == (0, N - 1)
    assert 3 <= len(rows) <= 6
    for curve in drawn["curves"]:
        x = np.array(curve["x"])
        if representation != "hist":  # a step has two values at its edge
            expected = theirs[curve["row"]].pdf(x).ravel()
            np.testing.assert_allclose(curve["p"], expected, atol=1e-5 * expected.max())
        assert np.trapezoid(curve["p"], x) == pytest.approx(
            1, abs=0.04
        )  # qp leaves "quant" unscaled
    stack = drawn["stack"]
    np.testing.assert_allclose(stack["p"], theirs.pdf(np.array(stack["x"])).mean(axis=0), atol=1e-6)
    kept = np.load(out_dir / "pdfs.npy", mmap_mode="r", allow_pickle=False)
    assert kept.shape[0] == N


def test_any_object_is_drawn_from_the_kept_parameters(
    representation: str, written: Callable[..., Any], out_dir: Path
) -> None:
    theirs, path = written(representation, "hdf5")
    inspect_main_file(path, out_dir, tabular_required=False)
    model = Model.from_dict(json.loads((out_dir / "pdfs.json").read_text())["model"])
    kept = np.load(out_dir / "pdfs.npy", mmap_mode="r", allow_pickle=False)

    curve = curve_of(model, model.split(kept[3:4]))

    if representation == "hist":  # the middle of each step
        curve = Curve(0.5 * (curve.x[::2] + curve.x[1::2]), curve.p[::2])
    np.testing.assert_allclose(curve.p, theirs[3].pdf(curve.x).ravel(), atol=1e-6)


def test_the_isolated_process_describes_an_ensemble(
    written: Callable[..., Any], out_dir: Path
) -> None:
    _, path = written("interp", "hdf5")
    found = inspect_isolated(path, out_dir, tabular_required=False)
    assert ((found.described or {})["pdfs"], found.n_rows) == ("pdfs.npy", N)
    assert (out_dir / "pdfs.npy").is_file()


def test_a_representation_that_is_not_read_is_named(tmp_path: Path, out_dir: Path) -> None:
    path = tmp_path / "spline.hdf5"
    _handwritten(path, name=b"spline")

    found = inspect_main_file(path, out_dir, tabular_required=False)

    assert found.is_table is False
    assert "represented as 'spline'" in str((found.described or {})["problem"])


def _handwritten(path: Path, name: bytes = b"interp", **changes: Any) -> None:
    arrays = {"xvals": np.linspace(0, 1, 5), "yvals": np.ones((3, 5)), **changes}
    with h5py.File(path, "w") as file:
        file["meta/pdf_name"] = np.array([name])
        file["meta/pdf_version"] = np.array([0])
        file["meta/xvals"] = arrays["xvals"][None, :]
        file["data/yvals"] = arrays["yvals"]


@pytest.mark.parametrize(("changes", "says"), [
    ({"xvals": np.linspace(0, 1, 4)}, "a grid of 4 values for 5"),
    ({"xvals": np.array([0, 1, 1, 2, 3.0])}, "does not rise"),
    ({"xvals": np.array([0, 1, np.nan, 2, 3.0])}, "does not rise"),
    ({"yvals": np.ones((0, 5))}, "no object"),
    ({"yvals": np.ones((3, 5, 2))}, "a parameter has the shape"),
])  # fmt: skip
def test_a_damaged_ensemble_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    path = tmp_path / "odd.hdf5"
    _handwritten(path, **changes)
    with pytest.raises(TableError, match=says) as caught:
        open_ensemble(path, DEFAULT_LIMITS)
    assert caught.value.message.startswith("odd.hdf5")


def test_an_object_without_density_has_no_point_estimate(tmp_path: Path, out_dir: Path) -> None:
    path = tmp_path / "holes.hdf5"
    values = np.ones((3, 5))
    values[1] = 0
    values[2, 2] = np.nan
    _handwritten(path, yvals=values)

    inspect_main_file(path, out_dir, tabular_required=False)

    table = read_table(out_dir / "canonical.parquet").to_pydict()
    assert [value is None for value in table["pdf_mean"]] == [False, True, True]
    assert [value is None for value in table["pdf_median"]] == [False, True, True]


def test_an_ensemble_with_its_data_elsewhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "away.hdf5"
    _handwritten(path)
    with h5py.File(path, "a") as file:
        del file["data"]["yvals"]
        file["data"]["yvals"] = h5py.ExternalLink("/etc/other.h5", "/x")
    with pytest.raises(ForeignReferenceError, match="link to another file"):
        open_ensemble(path, DEFAULT_LIMITS)


def test_a_table_of_another_kind_is_no_ensemble(tmp_path: Path) -> None:
    path = tmp_path / "plain.hdf5"
    with h5py.File(path, "w") as file:
        file["data/z"] = np.arange(3)
    assert not is_ensemble(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\nbroken")
    assert not is_ensemble(path)


def test_a_pickle_is_described_and_never_loaded(tmp_path: Path, out_dir: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04cos\nsystem\n\x8c\x02id\x85R.")

    found = inspect_isolated(path, out_dir, tabular_required=False)

    assert (found.is_table, found.reason) == (
        False, "model.pkl: is a Python pickle, which is never loaded here.",
    )  # fmt: skip
    assert (found.described or {})["imports"] == [
        {"name": "os.system", "kind": "suspicious", "is_certain": True}
    ]


def test_a_pickle_where_a_table_is_required_is_refused(tmp_path: Path, out_dir: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04N.")
    with pytest.raises(UserError, match="Python pickle"):
        inspect_main_file(path, out_dir, tabular_required=True)
