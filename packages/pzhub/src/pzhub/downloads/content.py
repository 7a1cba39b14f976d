"""What a download holds, and the signature that changes when it does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pzhub.catalog.models import FileRole, Product, ProductFile
from pzhub.catalog.services import metadata_of
from pzhub.core import storage
from pzhub.core.errors import NotFoundError
from pzhub.downloads.models import ArchiveKind

#: First member of every product's zip.
METADATA_NAME = "product_metadata.yaml"


class NoMainFileError(NotFoundError):
    """The product has no main file to download."""

    code = "no_main_file"


@dataclass(frozen=True, slots=True)
class ArchiveContent:
    """What goes into a download.

    Attributes
    ----------
    kind
        A whole product or its main file.
    files
        Its files, in order of their ids.
    metadata
        What the metadata file says; ``None`` for a main file.
    signature
        SHA-256 of all that, hexadecimal: equal signatures have equal content.
    filename
        Name that the user's file gets.
    """

    kind: ArchiveKind
    files: tuple[ProductFile, ...]
    metadata: dict[str, Any] | None
    signature: str
    filename: str

    @property
    def size(self) -> int:
        """Return the bytes of all files together."""
        return sum(file.size for file in self.files)

    @property
    def plain_file(self) -> ProductFile | None:
        """Return the file that is itself the download, if no zip has to be built."""
        if self.kind == ArchiveKind.MAIN_FILE and not self.files[0].is_directory:
            return self.files[0]
        return None

    def members(self) -> Iterator[tuple[Path, str]]:
        """Yield path and member name of everything that a zip of this content holds."""
        for file in self.files:
            path = storage.data_path(file.path)
            if not file.is_directory:
                yield path, member_name(file)
                continue
            top = "" if self.kind == ArchiveKind.MAIN_FILE else f"{member_name(file)}/"
            for inner in sorted(inner for inner in path.rglob("*") if inner.is_file()):
                yield inner, f"{top}{inner.relative_to(path).as_posix()}"


def member_name(file: ProductFile) -> str:
    """Return the path of a file below its product's folder."""
    folder = storage.product_dir(file.product)
    name = storage.data_path(file.path).relative_to(folder).as_posix()
    return f"files/{name}" if name == METADATA_NAME else name


def content_of(product: Product, kind: ArchiveKind) -> ArchiveContent:
    """Return what a download of a product holds now.

    Raises
    ------
    NoMainFileError
        If a main file is asked for and there is none.
    """
    files = product.files.select_related("product__product_type").order_by("id")
    if kind == ArchiveKind.MAIN_FILE:
        return _main_file_content(product, files.filter(role=FileRole.MAIN).first())
    metadata, chosen = metadata_of(product), tuple(files)
    signature = _signature(kind, chosen, metadata)
    name = f"{product.internal_name}_{signature[:32]}.zip"
    return ArchiveContent(kind, chosen, metadata, signature, name)


def _main_file_content(product: Product, file: ProductFile | None) -> ArchiveContent:
    if file is None:
        raise NoMainFileError(f"{product.display_name} has no main file.", product=product.pk)
    signature = _signature(ArchiveKind.MAIN_FILE, (file,), None)
    stored = Path(file.path).name
    name = f"{stored}.zip" if file.is_directory else stored
    return ArchiveContent(ArchiveKind.MAIN_FILE, (file,), None, signature, name)


def _signature(
    kind: ArchiveKind, files: tuple[ProductFile, ...], metadata: dict[str, Any] | None
) -> str:
    facts = {
        "kind": kind,
        "files": [(file.path, file.sha256, file.size) for file in files],
        "metadata": metadata,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
