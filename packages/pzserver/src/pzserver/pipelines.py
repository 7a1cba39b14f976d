"""Pipelines as the server describes them."""

from __future__ import annotations

import copy
from typing import Any

from pzserver.api import PzRequests
from pzserver.errors import NotFound


class Pipeline:
    """A pipeline as the server describes it: version, parameters, accepted product types."""

    def __init__(self, name: str, api: PzRequests) -> None:
        data = api.get_by_name("pipelines", name)
        if data is None:
            raise NotFound(f"the server has no pipeline {name!r}")
        self._data = data
        self._api = api
        types = {item["id"]: item for item in api.get_all("product-types")}
        self.acceptable_product_types = tuple(types[i] for i in data["product_types_accepted"])
        self.output_product_type = types[data["output_product_type"]]

    @property
    def pipeline_id(self) -> int:
        """Return the id."""
        return int(self._data["id"])

    @property
    def name(self) -> str:
        """Return the name."""
        return str(self._data["name"])

    @property
    def display_name(self) -> str:
        """Return the name for people."""
        return str(self._data["display_name"])

    @property
    def system_config(self) -> dict[str, Any]:
        """Return the default configuration."""
        return dict(self._data["system_config"])

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters with their defaults."""
        return copy.deepcopy(dict(self.system_config.get("param", {})))

    @property
    def parameters_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the parameters: types, limits, defaults, meanings."""
        return dict(self._api.connection.get(f"pipelines/{self.pipeline_id}/parameters/"))

    @property
    def version(self) -> str:
        """Return the version."""
        return str(self._data["version"])

    @property
    def description(self) -> str:
        """Return what the pipeline does."""
        return str(self._data["description"])
