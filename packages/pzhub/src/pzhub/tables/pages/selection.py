"""The rows of a view elsewhere: as a file, and as lines of Python, shell and addresses."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import pyarrow as pa
from django.urls import reverse

from pzhub.catalog.models import Product
from pzhub.config import hub_config
from pzhub.tables.pages.view import DataView
from pzhub.tables.services import SUBSET_FORMATS
from pzhub.tables.table import StoredTable

_LABELS: Final = {
    "csv": "CSV", "parquet": "Parquet", "fits": "FITS", "hdf5": "HDF5", "votable": "VOTable",
    "arrow": "Arrow",
}  # fmt: skip
#: Bytes of one number, by format; VOTable and CSV write digits.
_DIGITS: Final = {"csv": 1.6, "votable": 4.0}
_TEXT_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Download:
    """A format of the selection, its address, and how large it will be, if that is known."""

    name: str
    label: str
    address: str
    about_bytes: int | None


def downloads_of(
    product: Product, table: StoredTable, view: DataView, n_rows: int | None
) -> list[Download]:
    """Return the selection in every format.

    Parameters
    ----------
    product, table, view
        Of the page.
    n_rows
        How many rows fit; ``None`` when they were not counted.
    """
    path = reverse("api:product-data", args=[product.pk])
    formats = [*SUBSET_FORMATS, "json"]
    return [
        Download(
            name,
            _LABELS.get(name, name.upper()),
            f"{path}?{urlencode([*_parameters(table, view), ('format', name)])}",
            None if n_rows is None else _about(table, view, name, n_rows),
        )
        for name in formats
        if name != "json" or n_rows is None or n_rows <= 10_000
    ]


def is_too_large(n_rows: int | None) -> bool:
    """Return whether a selection has more rows than one answer may have."""
    return n_rows is not None and n_rows > hub_config().data_max_rows


def _parameters(table: StoredTable, view: DataView) -> list[tuple[str, str]]:
    found = [("where", view.where)] if view.where else []
    if view.cols is not None:
        found += [("columns", name) for name in view.shown(table.columns)]
    return [*found, *(("sort", word) for word in view.sort)]


def _about(table: StoredTable, view: DataView, name: str, n_rows: int) -> int:
    names = table.columns if view.cols is None else view.shown(table.columns)
    width = sum(_width(table.columns[each].info.type) for each in names)
    return int(n_rows * width * _DIGITS.get(name, 1.0)) + 2880


def _width(kind: pa.DataType) -> int:
    try:
        return max(int(kind.bit_width) // 8, 1)
    except ValueError:
        return _TEXT_BYTES


def snippets_of(
    product: Product, table: StoredTable, view: DataView, api: str, here: str
) -> list[tuple[str, str]]:
    """Return the view as lines to paste elsewhere: their kind, and the lines."""
    address = f"{api}products/{product.pk}/data/"
    return [
        ("Python", _python(product, table, view, api)),
        ("pz", _command(product, table, view)),
        ("curl", _curl(table, view, address)),
        ("URL", here),
    ]


def _python(product: Product, table: StoredTable, view: DataView, api: str) -> str:
    given = [json.dumps(product.internal_name)]
    if view.where:
        given.append(f"where={view.where!r}")
    if view.cols is not None:
        given.append(f"columns={list(view.shown(table.columns))!r}")
    lines = [
        "from pzserver import PzServer",
        f'pz = PzServer(token="…", host="{api}")',
        f"table = pz.get_product({', '.join(given)})",
    ]
    for word in view.sort[:1]:
        name = word if word in table.columns else word[1:]
        falling = ", reverse=True" if name != word else ""
        lines.append(f"table.sort({name!r}{falling})")
    return "\n".join(lines)


def _command(product: Product, table: StoredTable, view: DataView) -> str:
    words = ["pz", "get", str(product.internal_name)]
    if view.where:
        words += ["--where", view.where]
    if view.cols is not None:
        words += ["--columns", ",".join(view.shown(table.columns))]
    return shlex.join(words)


def _curl(table: StoredTable, view: DataView, address: str) -> str:
    lines = [f'curl -H "Authorization: Token $TOKEN" -G {address}']
    parameters: list[tuple[str, Any]] = [*_parameters(table, view), ("format", "csv")]
    lines += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in parameters]
    return " \\\n  ".join(lines)
