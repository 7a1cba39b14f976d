"""A product's table: from the cache, from the server whole, or the part that is wanted."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pzserver.api import PzRequests
from pzserver.cache import Cache
from pzserver.errors import Invalid, NotFound
from pzserver.subsets import Selection, fetch_subset, select_locally
from pzserver.tables import (
    TableKind,
    catalog_root,
    check_kind,
    converted,
    open_with_lsdb,
    read_arrow,
    read_main_file,
    unpacked,
)

_LOG = logging.getLogger(__name__)
#: Larger main files are not read into memory unless asked for.
MAX_IN_MEMORY_PRODUCT_SIZE_BYTES: Final = 200 * 1024**2
_NON_TABULAR_TYPES: Final = ("validation_results", "training_results")


def read_product(
    api: PzRequests,
    metadata: dict[str, Any],
    selection: Selection,
    kind: TableKind,
    cache: Cache | None,
    *,
    big: bool,
) -> Any:
    """Return a product's table, or the part of it that is wanted.

    A part is selected by the server where the server offers it, whatever the size of the
    product; else the whole file is fetched, which must be small or asked for, and the part is
    selected here.

    Parameters
    ----------
    api, metadata
        Where from, and which: as `PzServer.get_product_metadata` returns it.
    selection
        What is wanted of it.
    kind
        What to return.
    cache
        Where main files are kept; None keeps none.
    big
        Whether a file of more than 200 MB may be read.

    Raises
    ------
    Invalid
        If the product is no table, is too big, or the selection does not fit it.
    """
    check_kind(kind)
    require_table(metadata)
    if selection.is_everything:
        require_small(metadata, big)
        return _read_whole(api, metadata, kind, cache)
    if kind == "lsdb":
        raise Invalid("LSDB selects by itself: leave columns, where, cone, moc and limit out")
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.parquet"
        if fetch_subset(api.connection, metadata["id"], selection, part, suffix="parquet"):
            return converted(read_arrow(part), kind)
    require_small(metadata, big)
    table = _read_whole(api, metadata, "arrow", cache)
    return converted(select_locally(table, selection, position_columns(metadata)), kind)


@contextmanager
def borrowed_main_file(api: PzRequests, product_id: int, cache: Cache | None) -> Iterator[Path]:
    """Lend a product's main file for the time of a block."""
    archive = api.prepare_main_file(product_id)
    checksum = archive.get("checksum")
    if cache is not None and not cache.is_usable():
        # Homes of compute nodes are often read-only: that must not keep anybody from their data.
        _LOG.warning("%s cannot be written to: main files are not kept", cache.folder)
        cache = None
    if cache is None or not checksum:
        with tempfile.TemporaryDirectory() as folder:
            yield api.fetch(archive, Path(folder))
    else:
        with cache.borrow(checksum, lambda folder: api.fetch(archive, folder)) as path:
            yield path


def require_table(metadata: Mapping[str, Any]) -> None:
    """Refuse a product that is no table, or has no main file."""
    kind = metadata["product_type_internal_name"]
    if kind in _NON_TABULAR_TYPES:
        raise Invalid(
            f"get_product() reads tables only; for {kind} use download_product()",
            code="not_a_table",
        )
    if not metadata["main_file"]:
        raise NotFound(f"{metadata['internal_name']} has no main file", code="no_main_file")


def require_small(metadata: Mapping[str, Any], big: bool) -> None:
    """Refuse a main file that is too big to read by accident."""
    size = metadata["main_file"].get("size") or 0
    if size > MAX_IN_MEMORY_PRODUCT_SIZE_BYTES and not big:
        raise Invalid(
            f"{metadata['internal_name']} has {size / 1e6:.0f} MB, too much by default: choose "
            "columns=[…], where=… or cone=… where the server selects, use download_product() and "
            "read it in pieces, or get_product(…, get_big_products=True)",
            code="too_big",
        )


def position_columns(metadata: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the names of the columns of right ascension and declination, where they are known."""
    associated = metadata["main_file"].get("columns_association") or ()
    by_alias = {str(column["alias"]).lower(): column["column_name"] for column in associated}
    if "ra" in by_alias and "dec" in by_alias:
        return by_alias["ra"], by_alias["dec"]
    return None


def _read_whole(
    api: PzRequests, metadata: Mapping[str, Any], kind: TableKind, cache: Cache | None
) -> Any:
    is_directory = bool(metadata["main_file"].get("is_directory"))
    if kind == "lsdb" and is_directory:
        return _open_lazily(api, metadata, cache)
    with borrowed_main_file(api, metadata["id"], cache) as path:
        return read_main_file(path, is_directory=is_directory, kind=kind)


def _open_lazily(api: PzRequests, metadata: Mapping[str, Any], cache: Cache | None) -> Any:
    """Return a catalog that LSDB reads from files later: they must stay, so the cache has them."""
    if cache is None:
        raise Invalid(
            "LSDB reads a catalog when it computes, so its files must stay: leave the cache on, "
            "or use download_product() and open the unpacked folder"
        )
    archive = api.prepare_main_file(metadata["id"])

    def fetch(folder: Path) -> Path:
        return api.fetch(archive, folder)

    with cache.borrow(archive["checksum"], fetch) as path:
        folder = cache.unpacked(archive["checksum"], lambda target: unpacked(path, target))
    return open_with_lsdb(catalog_root(folder), is_directory=True)
