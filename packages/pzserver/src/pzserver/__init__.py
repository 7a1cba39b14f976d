"""Python client of the Photo-z Server.

from pzserver import PzServer

pz = PzServer(token="…", host="https://…/api/")
pz.get_products_list({"product_type": "redshift"})
"""

from importlib.metadata import version as _version

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

__version__ = _version("pzserver")

__all__ = [
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


def get_version() -> str:
    """Return the version of this library."""
    return __version__
