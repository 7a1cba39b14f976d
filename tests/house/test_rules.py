"""House rules read from the sources: sizes, broad excepts, environment, forbidden calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
RULES: dict[str, Any] = yaml.safe_load((ROOT / "rules.yml").read_text())


@lru_cache
def sources() -> dict[str, ast.Module]:
    """Return the syntax tree of every module of ours, by its path below ``src``."""
    paths = [path for path in ROOT.glob("packages/*/src/**/*.py") if "migrations" not in path.parts]
    return {
        path.relative_to(next(p for p in path.parents if p.name == "src")).as_posix(): ast.parse(
            path.read_text()
        )
        for path in paths
    }


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the length of a function without its docstring."""
    doc = ast.get_docstring(node, clean=False) or ""
    return (node.end_lineno or 0) - node.lineno - doc.count("\n")


def is_allowed(path: str, places: list[str]) -> bool:
    return any(
        path == place or (place.endswith("/") and path.startswith(place)) for place in places
    )


def test_no_module_is_longer_than_a_person_can_hold() -> None:
    limit = RULES["max_module_lines"]
    texts = ROOT.glob("packages/*/src/**/*.py")
    long = [
        f"{path.name}: {count}"
        for path in texts
        if "migrations" not in path.parts and (count := path.read_text().count("\n")) > limit
    ]
    assert long == []


def test_no_function_is_longer_than_a_screen() -> None:
    limit = RULES["max_function_lines"]
    long = [
        f"{path}:{node.lineno} {node.name}: {lines_of(node)}"
        for path, tree in sources().items()
        for node in functions(tree)
        if lines_of(node) > limit
    ]
    assert long == []


def test_broad_excepts_stand_only_where_the_rules_name_them() -> None:
    def is_broad(node: ast.AST) -> bool:
        if not isinstance(node, ast.ExceptHandler):
            return False
        names = ("Exception", "BaseException")
        passes_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        return not passes_on and (node.type is None or getattr(node.type, "id", "") in names)

    found = {path for path, tree in sources().items() if any(map(is_broad, ast.walk(tree)))}
    assert found == set(RULES["broad_except_allowed"])


def test_the_server_reads_the_environment_in_its_configuration_only() -> None:
    found = [
        path
        for path, tree in sources().items()
        if path.startswith("pzhub/")
        and not is_allowed(path, RULES["environment_allowed"])
        and any(
            isinstance(n, ast.Attribute) and n.attr in ("environ", "getenv", "putenv")
            for n in ast.walk(tree)
        )
    ]
    assert found == []


def test_nothing_evaluates_or_unpickles() -> None:
    forbidden = set(RULES["forbidden_calls"])
    found = [
        f"{path}:{node.lineno} {ast.unparse(node.func)}"
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in forbidden
    ]
    assert found == []
