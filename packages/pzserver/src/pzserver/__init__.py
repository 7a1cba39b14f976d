"""Python client of the Photo-z Server.

from pzserver import PzServer

pz = PzServer(token="…", host="https://…/api/")
pz.get_products_list({"product_type": "redshift"})
"""

# Nothing is imported here at once, not even typing: commands start with this module.
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pzserver.cache import Cache
    from pzserver.client import PzServer
    from pzserver.errors import (
        Invalid,
        MissingExtra,
        NoAnswer,
        NotFound,
        ProcessFailed,
        PzServerError,
        Refused,
        ServerFault,
        Unreachable,
    )
    from pzserver.models import Catalog, SpeczCatalog, TrainingSet
    from pzserver.pipelines import Pipeline

    __version__: str

__all__ = [
    "Cache",
    "Catalog",
    "Invalid",
    "MissingExtra",
    "NoAnswer",
    "NotFound",
    "Pipeline",
    "ProcessFailed",
    "PzServer",
    "PzServerError",
    "Refused",
    "ServerFault",
    "SpeczCatalog",
    "TrainingSet",
    "Unreachable",
    "__version__",
    "get_version",
]

#: Where each name comes from: imported when it is first used, so that commands start at once.
_HOMES = {
    "Cache": "pzserver.cache",
    "Catalog": "pzserver.models",
    "Pipeline": "pzserver.pipelines",
    "PzServer": "pzserver.client",
    "SpeczCatalog": "pzserver.models",
    "TrainingSet": "pzserver.models",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return get_version()
    if name not in __all__:
        raise AttributeError(f"module 'pzserver' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "pzserver.errors")), name)


def __dir__() -> list[str]:
    return __all__


def get_version() -> str:
    """Return the version of this library."""
    from importlib.metadata import version

    return version("pzserver")
