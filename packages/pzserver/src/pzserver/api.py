"""Calls of the REST API, one method each. Scripts reach it as ``PzServer.api``."""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pzserver._http import TIMEOUT_SECONDS, Connection
from pzserver._memory import Memory
from pzserver._parallel import Turn
from pzserver._transfer import download
from pzserver._tus import ResumableSender, Shipment
from pzserver.errors import Invalid, NotFound, ServerFault

#: Larger files are sent in pieces that can go on after an interruption.
RESUMABLE_ABOVE_BYTES: Final = 8_000_000
FILE_ROLES: Final[Mapping[str, int]] = {"main": 0, "description": 1, "auxiliary": 2}
_FILTER_NAMES: Final[Mapping[str, str]] = {
    "product_type": "product_type_name",
    "product_type__or": "product_type_name__or",
    "release": "release_name",
    "release__or": "release_name__or",
}
_POLL_SECONDS: Final = 0.5
_PREPARE_SECONDS: Final = 1800.0


class PzRequests:
    """The routes of the server, as the notebooks of users know them."""

    def __init__(
        self,
        token: str,
        host: str = "pz",
        *,
        connection: Connection | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.connection = connection or Connection(token, host, timeout_seconds=timeout_seconds)
        self.connection.get("")
        self._filter_names: set[str] | None = None

    def get_entities(self) -> list[str]:
        """Return the names of the collections."""
        return list(self.connection.get(""))

    def get_all(self, entity: str, ordering: str | None = None) -> list[dict[str, Any]]:
        """Return every row of a collection, all pages."""
        params: dict[str, Any] = {"ordering": ordering} if ordering else {}
        return list(self.connection.pages(f"{entity}/", **params))

    def get(self, entity: str, _id: int | str) -> dict[str, Any]:
        """Return one row by id."""
        return dict(self.connection.get(f"{entity}/{_id}/"))

    def get_by_attribute(self, entity: str, attribute: str, value: object) -> dict[str, Any]:
        """Return the rows whose attribute has a value: ``{"count", "results"}``."""
        return dict(self.connection.get(f"{entity}/", **{attribute: value}))

    def get_by_name(self, entity: str, name: str) -> dict[str, Any] | None:
        """Return the one row with a name, or None."""
        results = self.get_by_attribute(entity, "name", name)["results"]
        return results[0] if results else None

    def options(self, entity: str) -> dict[str, Any]:
        """Return what a collection can be filtered, searched and ordered by."""
        return dict(self.connection.request("OPTIONS", f"{entity}/"))

    def get_products(
        self, filters: Mapping[str, Any] | None = None, status: int | None = 1
    ) -> list[dict[str, Any]]:
        """Return the products that pass all filters, all pages; see `iter_products`."""
        return list(self.iter_products(filters, status))

    def iter_products(
        self,
        filters: Mapping[str, Any] | None = None,
        status: int | None = 1,
        *,
        limit: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield the products that pass all filters, newest first, page by page as needed.

        Parameters
        ----------
        filters
            Name → value or list of values. A list means all of them; with ``__or`` appended to
            the name, any of them.
        status
            1 is published; None is any.
        limit
            Most products; None means all.
        """
        params: dict[str, str] = {} if status is None else {"status": str(status)}
        for name, value in (filters or {}).items():
            values = value if isinstance(value, (list, tuple)) else [value]
            params[self._filter_name(name)] = ",".join(map(_as_text, values))
        return self.connection.pages("products/", limit=limit, **params)

    def get_product_files(self, product_id: int) -> list[dict[str, Any]]:
        """Return the files of a product."""
        return list(self.connection.pages("product-files/", product_id=product_id))

    def get_main_file_info(self, _id: int) -> dict[str, Any]:
        """Return what is known of the main file: columns, associations, rows, size."""
        info = dict(self.connection.get(f"products/{_id}/main_file_info/")["main_file"])
        columns = info.pop("associated_columns", None)
        if columns:
            info["columns"] = [column["column_name"] for column in columns]
            info["columns_association"] = [column for column in columns if column.get("alias")]
        return info

    def delete_product_file(self, file_id: int) -> None:
        """Remove a file from its product."""
        self.connection.request("DELETE", f"product-files/{file_id}/")

    def delete_product(self, product_id: int) -> None:
        """Delete a product."""
        self.connection.request("DELETE", f"products/{product_id}/")

    def upload_basic_info(
        self,
        name: str,
        product_type: str,
        release: str | None = None,
        pz_code: str | None = None,
        description: str | None = None,
    ) -> dict[str, Any]:
        """Create a product as a draft."""
        body = {
            "display_name": name,
            "product_type": self._id_of("product-types", product_type, "Product type"),
            "release": self._id_of("releases", release, "Release") if release else None,
            "official_product": False,
            "pz_code": pz_code,
            "description": description,
            "status": 0,
        }
        return dict(self.connection.request("POST", "products/", json=body))

    def upload_file(
        self,
        product_id: int,
        filepath: str | Path,
        role: str,
        mimetype: str | None = None,
        *,
        resumable_above_bytes: int = RESUMABLE_ABOVE_BYTES,
        turn: Turn | None = None,
    ) -> dict[str, Any]:
        """Send a file to a product.

        A large file goes on where it stopped when the connection breaks, and also when the
        program was ended and the same file is sent to the same product again.

        Parameters
        ----------
        product_id
            Of the draft or product.
        filepath
            The file.
        role
            ``main``, ``description`` or ``auxiliary``.
        mimetype
            Media type, if it is known.
        resumable_above_bytes
            Larger files are sent in pieces that can go on; smaller ones in one request.
        turn
            Place among other transfers.
        """
        path = Path(filepath)
        if path.stat().st_size > resumable_above_bytes:
            shipment = Shipment(path, product_id, FILE_ROLES[role], mimetype)
            return ResumableSender(self.connection, shipment, turn or Turn(), Memory()).send()
        form = {"product": str(product_id), "role": str(FILE_ROLES[role])}
        if mimetype:
            form["type"] = mimetype
        with path.open("rb") as file:
            files = {"file": (path.name, file, mimetype or "application/octet-stream")}
            return dict(self.connection.request("POST", "product-files/", data=form, files=files))

    def registry_upload(self, product_id: int) -> dict[str, Any]:
        """Have the server read the main file."""
        return dict(self.connection.request("POST", f"products/{product_id}/registry/"))

    def update_upload_column(self, id_attr: int, data: Mapping[str, str]) -> dict[str, Any]:
        """Set alias and UCD of a column."""
        return dict(
            self.connection.request("PATCH", f"product-contents/{id_attr}/", json=dict(data))
        )

    def finish_upload(self, product_id: int) -> dict[str, Any]:
        """Publish a product."""
        return self.update_product(product_id, status=1)

    def update_product_description(self, product_id: int, description: str) -> dict[str, Any]:
        """Change the description of a product."""
        return self.update_product(product_id, description=description)

    def update_product(self, product_id: int, **changes: Any) -> dict[str, Any]:
        """Change fields of a product."""
        return dict(self.connection.request("PATCH", f"products/{product_id}/", json=changes))

    def start_process(
        self, data: Mapping[str, Any], files: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Submit a pipeline run; the configuration travels as JSON text."""
        body = {**data, "used_config": json.dumps(data.get("used_config", {}))}
        options = {"data": body, "files": files} if files else {"json": body}
        return dict(self.connection.request("POST", "processes/", **options))

    def stop_process(self, process_id: int) -> dict[str, Any]:
        """Ask for a run to stop."""
        return dict(self.connection.request("POST", f"processes/{process_id}/stop/"))

    def download_product(
        self,
        _id: int,
        save_in: str | Path = ".",
        timeout: float = _PREPARE_SECONDS,
        poll_interval: float = _POLL_SECONDS,
        *,
        turn: Turn | None = None,
    ) -> Path:
        """Download a product as .zip and return where it is.

        Parameters
        ----------
        _id, save_in
            Which, and the folder.
        timeout, poll_interval
            How long the server may prepare it, and the pause between questions, seconds.
        turn
            Place among other transfers.
        """
        archive = self._prepare(f"products/{_id}/download/", timeout, poll_interval)
        return self.fetch(archive, Path(save_in), turn=turn)

    def download_main_file(
        self,
        _id: int,
        save_in: str | Path = ".",
        timeout: float = _PREPARE_SECONDS,
        poll_interval: float = _POLL_SECONDS,
    ) -> Path:
        """Download the main file of a product and return where it is; see `download_product`."""
        archive = self._prepare(f"products/{_id}/download/main-file/", timeout, poll_interval)
        return self.fetch(archive, Path(save_in))

    def prepare_product(self, _id: int) -> dict[str, Any]:
        """Have the .zip made ready; return ``download_url``, ``checksum``, ``size`` …."""
        return self._prepare(f"products/{_id}/download/")

    def prepare_main_file(self, _id: int) -> dict[str, Any]:
        """Have the main file made ready; return ``download_url``, ``checksum``, ``size`` …."""
        return self._prepare(f"products/{_id}/download/main-file/")

    def fetch(self, archive: Mapping[str, Any], folder: Path, *, turn: Turn | None = None) -> Path:
        """Download what was prepared into a folder and return where it is."""
        return download(
            self.connection,
            archive["download_url"],
            folder,
            checksum=archive.get("checksum"),
            size=archive.get("size"),
            turn=turn,
        )

    def _prepare(
        self, route: str, timeout: float = _PREPARE_SECONDS, poll_interval: float = _POLL_SECONDS
    ) -> dict[str, Any]:
        archive = self.connection.request("POST", f"{route}prepare/", repeatable=True)
        return self._wait_until_ready(
            archive, lambda: self.connection.get(f"{route}status/"), timeout, poll_interval
        )

    @staticmethod
    def _wait_until_ready(
        archive: dict[str, Any],
        ask: Callable[[], dict[str, Any]],
        timeout: float,
        poll_interval: float,
    ) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while archive["status"] in ("pending", "running"):
            if time.monotonic() > deadline:
                raise ServerFault(
                    "the download is still being prepared; try again later", code="not_ready"
                )
            time.sleep(poll_interval)
            archive = ask()
        if archive["status"] != "ready":
            raise ServerFault(archive.get("error_message") or "the download could not be prepared")
        return archive

    def _id_of(self, entity: str, name: str, label: str) -> int:
        row = self.get_by_name(entity, name)
        if row is None:
            known = ", ".join(item["name"] for item in self.get_all(entity))
            raise NotFound(f"{label} not found: {name}; known are: {known}")
        return int(row["id"])

    def _filter_name(self, name: str) -> str:
        wire_name = _FILTER_NAMES.get(name, name)
        if self._filter_names is None:
            options = self.options("products")
            known = {item["name"] for item in options.get("filter_classes", ())}
            self._filter_names = known | set(options.get("filterset", ())) | {"search", "ordering"}
        if wire_name not in self._filter_names:
            back = {wire: ours for ours, wire in _FILTER_NAMES.items()}
            names = sorted({back.get(item, item) for item in self._filter_names})
            near = difflib.get_close_matches(name, names, n=1)
            raise Invalid(
                "Invalid filter key: "
                + name
                + (f" (did you mean {near[0]}?)" if near else "")
                + "\nValid filter keys are:\n  - "
                + "\n  - ".join(names)
            )
        return wire_name


def _as_text(value: object) -> str:
    """Return a filter's value as the server reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
