"""Every page that can be opened is among those that `make screenshots` takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[4]
MATRIX: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[1] / "access/matrix.yaml").read_text()
)
PAGES: dict[str, dict[str, str]] = yaml.safe_load((ROOT / "scripts/pages.yaml").read_text())
STATES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "scripts/page_states.yaml").read_text())
#: Addresses that answer GET without being a page, by why.
NO_PAGES = {
    "leads to a page that has its picture": (
        "/user_products",
        "/official_products",
        "/oficial_products",
        "/upload",
        "/pz_pipelines",
        "/pz_compute",
        "/specz_catalogs",
        "/training_set_maker",
        "/notices/{notice}",
        "/upload/{product}",
        "/product/{name}/plots/rows",
        "/product/{name}/download",
    ),
    "is a file": (
        "/robots.txt",
        "/bundles/{bundle}/file",
        "/product/{name}/columns.csv",
        "/product/{name}/plots/nz.svg",
        "/product/{name}/moc.fits",
        "/product/{name}/cite/{style}",
        "/product/{name}/files/{file}",
        "/product/{name}/documents/{document}",
        "/product/{name}/download/file",
        "/jobs/{process}/log.txt",
    ),
    "is a part of a page that has its picture": (
        "/live",
        "/products/{name}/row",
        "/product/{name}/rows",
        "/product/{name}/data/first",
        "/product/{name}/data/names",
        "/upload/{product}/inspection",
        "/upload/{product}/columns-state",
        "/upload/ucd-words",
        "/jobs/{process}/live",
        "/jobs/{process}/log",
    ),
    "is there once, for who lost a session with a form: tests/e2e/test_account_story.py": (
        "/account/kept",
    ),
}
EXCEPTED = {path for paths in NO_PAGES.values() for path in paths}


def address_of(row: dict[str, Any]) -> str:
    """Return the path of a row of the matrix, without its query."""
    return str(row["do"]).split(" ", 1)[1].partition("?")[0]


def pattern_of(path: str) -> re.Pattern[str]:
    """Return what addresses of this path look like, whatever the objects."""
    parts = (r"[^/]+" if part.startswith("{") else re.escape(part) for part in path.split("/"))
    return re.compile("/".join(parts))


def pictured() -> set[str]:
    """Return the paths of all pictures."""
    opened = (state["at"] for states in STATES.values() for state in states.values())
    plain = (path for pages in PAGES.values() for path in pages.values())
    return {re.split(r"[?#]", path)[0] for path in (*plain, *opened)}


OPENED = sorted({address_of(row) for row in MATRIX["pages"] if str(row["do"]).startswith("GET ")})


@pytest.mark.parametrize("path", [path for path in OPENED if path not in EXCEPTED])
def test_a_page_has_its_picture(path: str) -> None:
    pattern = pattern_of(path)

    assert [seen for seen in pictured() if pattern.fullmatch(seen)] != []


def test_only_what_exists_is_left_out() -> None:
    assert sorted(EXCEPTED - set(OPENED)) == []


def test_each_picture_has_a_name_of_its_own() -> None:
    names = [name for part in (PAGES, STATES) for pages in part.values() for name in pages]

    assert sorted(set(names)) == sorted(names)
