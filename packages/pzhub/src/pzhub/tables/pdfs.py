"""Probability densities of a product: what the inspection kept of an ensemble."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from pzhub.catalog.models import Product
from pzhub.core import storage
from pzhub.core.errors import ConflictError, InvalidError, NotFoundError
from pzhub.uploads.models import Inspection, InspectionState
from pzhub.uploads.selectors import inspection_of
from pztables.qp.model import Estimates, Model, curve_of, estimates_of


class NoDensitiesError(NotFoundError):
    """The main file of a product is no ensemble of densities."""

    code = "no_densities"


class DensitiesNotReadyError(ConflictError):
    """The main file has not been read yet."""

    code = "densities_not_ready"


class NoSuchObjectError(InvalidError):
    """An ensemble has no object of a number."""

    code = "no_such_object"


@dataclass(frozen=True, slots=True)
class Density:
    """The density of one object.

    Attributes
    ----------
    row
        Its number, from 0.
    x, p
        Redshifts, and the density per unit of redshift there (``None`` where there is none).
    """

    row: int
    x: tuple[float, ...]
    p: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What is shown of an ensemble.

    Attributes
    ----------
    facts
        As `pztables.qp.report.describe` told them.
    curves
        Of the objects that are drawn at first.
    stack
        The mean density of ``n_stacked`` objects.
    """

    facts: Mapping[str, Any]
    model: Model
    curves: tuple[Density, ...]
    stack: Density
    n_stacked: int
    is_sample: bool


def described_ensemble(product: Product) -> Mapping[str, Any]:
    """Return what the inspection told of a product's ensemble.

    Returns
    -------
    with ``problem`` when it could not be read

    Raises
    ------
    NoDensitiesError
        If the main file is none.
    DensitiesNotReadyError
        If it has not been read yet.
    """
    inspection = inspection_of(product)
    if inspection and inspection.state in (InspectionState.WAITING, InspectionState.RUNNING):
        raise DensitiesNotReadyError(
            f"{inspection.file.name} is being read: ask again in a moment.", product=product.pk
        )
    described = _facts_of(inspection)
    if described is None:
        raise NoDensitiesError(
            f"The main file of {product.display_name} is no ensemble of probability densities that "
            "qp wrote: download the product.",
            product=product.pk,
        )
    return described


def _facts_of(inspection: Inspection | None) -> Mapping[str, Any] | None:
    described = inspection.described if inspection else None
    return described if described and described.get("kind") == "qp" else None


def ensemble_of(facts: Mapping[str, Any]) -> Ensemble | None:
    """Return what is drawn of an ensemble, or ``None`` when its file is gone."""
    try:
        drawn = _read(str(facts.get("drawn", "")))
    except (FileNotFoundError, IsADirectoryError):
        return None
    stack = drawn["stack"]
    return Ensemble(
        facts=facts,
        model=Model.from_dict(drawn["model"]),
        curves=tuple(
            Density(curve["row"], tuple(curve["x"]), tuple(curve["p"])) for curve in drawn["curves"]
        ),
        stack=Density(-1, tuple(stack["x"]), tuple(stack["p"])),
        n_stacked=int(stack["n"]),
        is_sample=bool(stack["is_sample"]),
    )


@lru_cache(maxsize=16)
def _read(path: str) -> dict[str, Any]:
    """Read what is drawn; the path holds the checksum of the file it was made of."""
    content: dict[str, Any] = json.loads(storage.data_path(path).read_text("ascii"))
    return content


def density_of(ensemble: Ensemble, row: int) -> tuple[Density, Estimates]:
    """Return the density of any object, and its point estimates.

    Raises
    ------
    NoSuchObjectError
        If there is no such object, or the densities of all were too large to keep.
    """
    n_objects = int(ensemble.facts["n_objects"])
    if not 0 <= row < n_objects:
        raise NoSuchObjectError(
            f"There is no object {row:,}: give a number from 0 to {n_objects - 1:,}.", row=row
        )
    kept = ensemble.facts.get("pdfs")
    if not kept:
        raise NoSuchObjectError(
            "This ensemble is too large to draw any of its objects: download it.", row=row
        )
    rows = np.load(storage.data_path(str(kept)), mmap_mode="r", allow_pickle=False)
    parameters = ensemble.model.split(rows[row : row + 1])
    curve = curve_of(ensemble.model, parameters)
    p = tuple(float(value) if np.isfinite(value) else None for value in curve.p)
    x = tuple(float(value) if np.isfinite(value) else 0.0 for value in curve.x)
    return Density(row, x, p), estimates_of(ensemble.model, parameters)
