"""Uploads: a product with its files, columns and their meanings."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from pzserver._memory import Memory, fingerprint
from pzserver._parallel import Turn, in_parallel
from pzserver.api import RESUMABLE_ABOVE_BYTES, PzRequests
from pzserver.errors import Invalid, NotFound, PzServerError, Unreachable
from pzserver.notebook import show_table

#: Standard meanings: the word that users type, the alias and the UCD that are stored.
SYSTEM_COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "id": ("ID", "meta.id;meta.main"),
    "ra": ("RA", "pos.eq.ra;meta.main"),
    "dec": ("Dec", "pos.eq.dec;meta.main"),
    "z": ("z", "src.redshift"),
    "z_err": ("z_err", "stat.error;src.redshift"),
    "z_flag": ("z_flag", "stat.rank"),
    "survey": ("survey", "meta.curation"),
}

_REQUIRED_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "redshift_catalog": ("Dec", "RA", "z"),
    "object_catalog": ("Dec", "RA"),
    "training_set": ("z",),
}


class RequiredColumnsException(Invalid):
    """Meanings that the product type requires were not given to any column."""

    default_code = "missing_column_roles"


@dataclass
class UploadData:
    """What is uploaded. Files must exist."""

    name: str
    product_type: str
    main_file: str | Path
    release: str | None = None
    pz_code: str | None = None
    auxiliary_files: Sequence[str | Path] | None = field(default_factory=list)
    description: str | None = None

    def __post_init__(self) -> None:
        for path in (self.main_file, *(self.auxiliary_files or ())):
            _require_sendable(Path(path))

    @property
    def system_columns(self) -> dict[str, tuple[str, str]]:
        """Return the standard meanings: word → (alias, UCD)."""
        return dict(SYSTEM_COLUMNS)


def _require_sendable(path: Path) -> None:
    """Refuse what no server takes before a draft is made for it."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: pack it as .zip or .tar.gz, and send that")
    if not path.is_file():
        raise FileNotFoundError(f"{path} not found")
    if not path.stat().st_size:
        raise Invalid(f"{path} is empty (0 bytes): choose the file that holds the data")
    try:
        path.name.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"{path.name!a} is no name in UTF-8: rename the file") from error


@dataclass(frozen=True)
class TransferOptions:
    """How files travel.

    Attributes
    ----------
    resume
        Go on with the draft of an interrupted program that uploaded the same.
    at_once
        How many files travel at the same time.
    resumable_above_bytes
        Larger files travel in pieces that can go on after an interruption.
    """

    resume: bool = True
    at_once: int = 3
    resumable_above_bytes: int = RESUMABLE_ABOVE_BYTES


class DraftMemory:
    """Remembers which draft an upload belongs to, until its main file has been read."""

    def __init__(self, upload: UploadData, api: PzRequests) -> None:
        self._api, self._memory = api, Memory()
        files = (upload.main_file, *(upload.auxiliary_files or ()))
        self._facts = {
            "server": api.connection.base_url,
            "name": upload.name,
            "product_type": upload.product_type,
            "release": upload.release,
            "pz_code": upload.pz_code,
            "description": upload.description,
            "files": [fingerprint(Path(path)) for path in files],
        }

    def remember(self, product_id: int) -> None:
        """Note that this upload has this draft."""
        self._memory.remember(self._facts, product_id)

    def forget(self) -> None:
        """Note that nothing is left to go on with."""
        self._memory.forget(self._facts)

    def recall(self) -> int | None:
        """Return the draft that was begun, if it is still one, and one's own."""
        product_id = self._memory.recall(self._facts)
        if product_id is None:
            return None
        try:
            product = self._api.get("products", product_id)
        except NotFound:
            return None
        is_open = product["product_status"] == "Registering" and product["is_owner"]
        return int(product_id) if is_open else None


class PzUpload:
    """An upload in progress: files are sent and inspected when it is made; `save` publishes.

    Until `save`, the product is a draft that the web site shows too.

    Parameters
    ----------
    upload
        What to upload.
    api
        Where to.
    transfer
        How the files travel.

    Attributes
    ----------
    product_id
        Id of the draft.
    files_id
        Ids of its files, the main one first, then the others in their order.
    is_resumed
        Whether this went on with what an interrupted program had begun.
    """

    def __init__(
        self, upload: UploadData, api: PzRequests, transfer: TransferOptions | None = None
    ) -> None:
        self.api = api
        self.upload = upload
        self._transfer = transfer or TransferOptions()
        self._draft = DraftMemory(upload, api)
        self.product_id, self.is_resumed = self._begin()
        self.files_id: list[int] = self._send_all()
        self._register()
        self._columns = self.get_product_columns()
        self._associations: list[dict[str, Any]] = []

    @property
    def columns(self) -> Iterable[str] | None:
        """Return the names of the columns of the main file, or None when it is not a table."""
        return self._columns.keys() if self._columns else None

    @property
    def system_columns(self) -> dict[str, tuple[str, str]]:
        """Return the standard meanings: word → (alias, UCD)."""
        return self.upload.system_columns

    def get_product_columns(self) -> dict[str, int]:
        """Return the columns of the product: name → id."""
        rows = self.api.connection.pages("product-contents/", product=self.product_id)
        return {row["column_name"]: row["id"] for row in rows}

    def make_columns_association(self, data: Mapping[str, str]) -> None:
        """Say what columns mean.

        Parameters
        ----------
        data
            Column name → a word of `system_columns` in any case, or a free alias.

        Raises
        ------
        NotFound
            If a column is not in the file; nothing is changed then.
        """
        unknown = sorted(set(data) - set(self._columns))
        if unknown:
            known = ", ".join(self._columns)
            raise NotFound(f"no column {', '.join(unknown)} in the file; its columns are: {known}")
        for name, word in data.items():
            alias, ucd = SYSTEM_COLUMNS.get(word.lower(), (word, ""))
            stored = self.api.update_upload_column(
                self._columns[name], {"ucd": ucd, "alias": alias}
            )
            self._associations.append(stored)

    def suggest_columns_association(self) -> list[dict[str, Any]]:
        """Return what the columns seem to mean, the surest first; nothing is changed.

        Returns
        -------
        ``[{"column_name", "role", "alias", "ucd", "confidence", "reason", …}, …]``: confidence
        from 0 to 1, the reason in words; each column and each meaning at most once

        Examples
        --------
        >>> upload = pz.upload("My catalog", "redshift_catalog", "my_catalog.csv")
        >>> for item in upload.suggest_columns_association():
        ...     print(item["column_name"], "seems to be", item["alias"])
        RA seems to be RA
        DEC seems to be Dec
        Z seems to be z
        >>> upload.accept_suggestions()
        {'RA': 'RA', 'DEC': 'Dec', 'Z': 'z'}
        >>> upload.save()
        """
        path = f"products/{self.product_id}/column_suggestions/"
        return list(self.api.connection.get(path)["results"])

    def accept_suggestions(self, min_confidence: float = 0.0) -> dict[str, str]:
        """Associate the columns as the server suggests.

        Parameters
        ----------
        min_confidence
            Suggestions that are less sure are left out, 0 to 1.

        Returns
        -------
        what was associated: column name → alias
        """
        accepted = {
            str(item["column_name"]): str(item["alias"])
            for item in self.suggest_columns_association()
            if item["confidence"] >= min_confidence
        }
        self.make_columns_association(accepted)
        return accepted

    def display_suggestions(self) -> None:
        """Show what the columns seem to mean, and why."""
        titles = {"column_name": "Column", "alias": "Seems to be", "confidence": "Confidence"}
        show_table(self.suggest_columns_association(), {**titles, "reason": "Reason"})

    def reset_columns_association(self) -> None:
        """Take back every association that this object made."""
        while self._associations:
            column = self._associations[-1]
            self.api.update_upload_column(column["id"], {"ucd": "", "alias": ""})
            self._associations.pop()

    def check_required_columns(self) -> dict[str, Any]:
        """Return ``{"success": bool, "message": str}`` about the meanings that are required."""
        given = {column.get("alias") for column in self._associations}
        required = _REQUIRED_ALIASES.get(self.upload.product_type, ())
        missing = [alias for alias in required if alias not in given]
        if missing:
            known = f"; the columns are {', '.join(self._columns)}" if self._columns else ""
            return {
                "success": False,
                "message": f"Required columns NOT filled: {missing}{known}",
            }
        return {"success": True, "message": "All required columns filled"}

    def add_auxiliary_file(self, filepath: str | Path, update: bool = True) -> None:
        """Send a file that accompanies the main one."""
        self.files_id.append(self._send(Path(filepath), "auxiliary", Turn()))
        if update:
            self.upload.auxiliary_files = [*(self.upload.auxiliary_files or ()), filepath]

    def save(self) -> None:
        """Publish the product.

        Raises
        ------
        RequiredColumnsException
            If a required meaning has no column.
        """
        check = self.check_required_columns()
        if not check["success"]:
            raise RequiredColumnsException(check["message"])
        self.api.finish_upload(self.product_id)

    def __str__(self) -> str:
        return self.upload.name

    def _create(self) -> int:
        upload = self.upload
        created = self.api.upload_basic_info(
            upload.name, upload.product_type, upload.release, upload.pz_code, upload.description
        )
        return int(created["id"])

    def _begin(self) -> tuple[int, bool]:
        """Return the id of the draft, and whether an interrupted program made it."""
        begun = self._draft.recall() if self._transfer.resume else None
        if begun is not None:
            return begun, True
        product_id = self._create()
        self._draft.remember(product_id)
        return product_id, False

    def _send_all(self) -> list[int]:
        """Send the files that are not there yet, several at once; return the ids of all."""
        upload = self.upload
        files = [(Path(upload.main_file), "main")]
        files += [(Path(path), "auxiliary") for path in upload.auxiliary_files or ()]
        there = self._arrived() if self.is_resumed else {}
        ids = [there.get((path.name, role, path.stat().st_size), []) for path, role in files]
        known = [found.pop(0) if found else None for found in ids]
        acts = [
            partial(self._send, path, role)
            for (path, role), file_id in zip(files, known, strict=True)
            if file_id is None
        ]
        sent = iter(in_parallel(acts, self._transfer.at_once) if acts else [])
        return [next(sent) if file_id is None else file_id for file_id in known]

    def _register(self) -> None:
        """Have the main file read; a refused one is not gone on with."""
        try:
            self.api.registry_upload(self.product_id)
        except Unreachable:
            raise
        except PzServerError:
            self._draft.forget()
            raise
        self._draft.forget()

    def _arrived(self) -> dict[tuple[str, str, int], list[int]]:
        """Return the ids of the draft's files by name, role and size."""
        found: dict[tuple[str, str, int], list[int]] = {}
        for file in self.api.get_product_files(self.product_id):
            key = (file["name"], file["role_name"].lower(), file["size"])
            found.setdefault(key, []).append(file["id"])
        return found

    def _send(self, path: Path, role: str, turn: Turn) -> int:
        sent = self.api.upload_file(
            self.product_id,
            path,
            role,
            mimetype=mimetypes.guess_type(str(path))[0],
            resumable_above_bytes=self._transfer.resumable_above_bytes,
            turn=turn,
        )
        return int(sent["id"])
