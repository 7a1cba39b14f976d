"""Libraries that only some calls need: imported then, or named with how to install them."""

from __future__ import annotations

import importlib
from typing import Any, Final

from pzserver.errors import MissingExtra

#: The extra of this package that brings a library.
EXTRAS: Final = {
    "pztables": "tables",
    "numpy": "tables",
    "pyarrow": "tables",
    "pandas": "tables",
    "astropy": "tables",
    "IPython": "notebook",
    "matplotlib": "plots",
    "lsdb": "lsdb",
    "mocpy": "sky",
}


def needed(module: str) -> Any:
    """Return a module of a library that an extra brings.

    Raises
    ------
    MissingExtra
        With the command that installs it.
    """
    library = module.split(".", maxsplit=1)[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or library).split(".", maxsplit=1)[0]
        raise MissingExtra(missing, EXTRAS.get(missing, EXTRAS[library])) from error
