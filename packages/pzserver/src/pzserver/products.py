"""One product as an object: its attributes and its files."""

from __future__ import annotations

import difflib
import mimetypes
from pathlib import Path
from typing import Any, Final

from pzserver.api import PzRequests
from pzserver.errors import NotFound, Refused

#: So many products are looked at for names like one that does not exist.
_LOOKED_AT: Final = 1000


def find_product(api: PzRequests, product_id: int | str) -> dict[str, Any]:
    """Return a product by id, digits or ``internal_name``; of one's drafts too.

    Raises
    ------
    NotFound
        If there is none, or it is not visible to this user; the sentence names similar ones.
    """
    text = str(product_id).strip()
    try:
        if text.isdigit():
            return api.get("products", text)
    except NotFound as error:
        raise _no_such_product(api, text) from error
    # A server asked for an empty name, or with a comma, answers with others.
    rows = api.get_products({"internal_name": text}, status=None) if text else []
    for row in rows:
        if row["internal_name"] == text and row["product_status"] != "Deleted":
            return row
    raise _no_such_product(api, text)


def _no_such_product(api: PzRequests, text: str) -> NotFound:
    near = _similar_names(api, text)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    error = NotFound(
        f"product not found: {text!r}.{meant} Please find the list of products available with "
        "display_products_list() or get_products_list()"
    )
    error.near = near
    return error


def _similar_names(api: PzRequests, text: str) -> list[str]:
    """Return the ``internal_name``s of the newest products whose names are most like a text."""
    if not text or text.isdigit():
        return []
    rows = list(api.iter_products(limit=_LOOKED_AT))
    names = {row["internal_name"]: row["internal_name"] for row in rows}
    names |= {str(row["display_name"]).lower(): row["internal_name"] for row in rows}
    near = difflib.get_close_matches(text.lower(), names, n=3, cutoff=0.75)
    return list(dict.fromkeys(names[name] for name in near))


class PzProduct:
    """A product: attributes, main file, other files."""

    def __init__(self, product_id: int | str, api: PzRequests) -> None:
        self._api = api
        self._attributes = find_product(api, product_id)
        self.main_file: dict[str, Any] = {}
        self._files: list[dict[str, Any]] = []
        self._refresh_files()

    @property
    def product_id(self) -> int:
        """Return the id."""
        return int(self._attributes["id"])

    @property
    def attributes(self) -> dict[str, Any]:
        """Return the fields of the product."""
        return self._attributes

    def get_main_file_info(self) -> dict[str, Any]:
        """Return what is known of the main file."""
        return self._api.get_main_file_info(self.product_id)

    def attach_auxiliary_file(self, filepath: str | Path) -> None:
        """Add a file that accompanies the main one."""
        self._attach(filepath, "auxiliary")

    def attach_description_file(self, filepath: str | Path) -> None:
        """Add a file that describes the product."""
        self._attach(filepath, "description")

    def get_auxiliary_files(self) -> list[dict[str, Any]]:
        """Return the auxiliary files."""
        return [file for file in self._files if file["role_name"] == "Auxiliary"]

    def get_description_files(self) -> list[dict[str, Any]]:
        """Return the description files."""
        return [file for file in self._files if file["role_name"] == "Description"]

    def remove_file(self, file_id: int) -> None:
        """Remove a file that is not the main one."""
        self._require_owner()
        if file_id == self.main_file.get("id"):
            raise Refused("Cannot remove main file", code="main_file_protected")
        if file_id not in {file["id"] for file in self._files}:
            raise NotFound(f"the product has no file with id {file_id}")
        self._api.delete_product_file(file_id)
        self._refresh_files()

    def update_description(self, description: str) -> None:
        """Change the description."""
        self._require_owner()
        self._attributes = self._api.update_product_description(self.product_id, description)

    def _attach(self, filepath: str | Path, role: str) -> None:
        self._require_owner()
        mimetype = mimetypes.guess_type(str(filepath))[0]
        self._api.upload_file(self.product_id, filepath, role, mimetype=mimetype)
        self._refresh_files()

    def _require_owner(self) -> None:
        if not self._attributes.get("is_owner"):
            raise Refused("You are not the owner of this product", code="not_owner")

    def _refresh_files(self) -> None:
        files = self._api.get_product_files(self.product_id)
        self.main_file = next((file for file in files if file["role_name"] == "Main"), {})
        self._files = [file for file in files if file["role_name"] != "Main"]
