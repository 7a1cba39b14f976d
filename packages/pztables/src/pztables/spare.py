"""Libraries that a program does without, although libraries that it uses would load them.

Arrow asks for pandas at the first array that it makes, and mocpy for networkx and for
matplotlib: half of the time that a short program takes, and memory.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

#: What tables and pipelines never use; who asks for it finds that it is not installed.
DISPENSABLE: Final = ("pandas", "matplotlib", "networkx")


class _Spared(Loader):
    """Stands for a library and cannot load it."""

    def create_module(self, spec: ModuleSpec) -> None:
        raise ModuleNotFoundError(f"{spec.name} is spared in this program", name=spec.name)

    def exec_module(self, module: ModuleType) -> None:
        raise ModuleNotFoundError(f"{module.__name__} is spared in this program")


class _Finder(MetaPathFinder):
    """Answers for the libraries that are spared."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, _Spared()) if name in self._names else None


def spare(*names: str) -> None:
    """Let imports of libraries fail in this process as if they were not installed.

    Parameters
    ----------
    names
        Top-level modules; those that are loaded already stay.
    """
    # None in sys.modules would be shorter, but code of Cython takes that for the module.
    sys.meta_path.insert(0, _Finder(frozenset(names)))
