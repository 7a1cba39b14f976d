"""Products as .zip files in a folder: copied from the cache, or brought by the server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pzserver._parallel import Turn, in_parallel
from pzserver.api import PzRequests
from pzserver.cache import Cache
from pzserver.products import find_product


def download_product(
    api: PzRequests,
    product_id: int,
    save_in: str | Path,
    cache: Cache | None,
    *,
    turn: Turn | None = None,
) -> Path:
    """Bring a product with all its files into a folder, and keep a copy in the cache.

    Parameters
    ----------
    api, product_id
        Where from, and which.
    save_in
        Folder, made when it does not exist.
    cache
        None neither looks nor keeps.
    turn
        Place among other transfers.
    """
    folder = Path(save_in)
    archive = api.prepare_product(product_id)
    checksum = archive.get("checksum")
    if cache is None or not checksum or not cache.is_usable():
        return api.fetch(archive, folder, turn=turn)
    folder.mkdir(parents=True, exist_ok=True)
    kept = cache.copy(checksum, folder)
    if kept is not None:
        return kept
    path = api.fetch(archive, folder, turn=turn)
    cache.keep(checksum, path)
    return path


def download_products(
    api: PzRequests,
    product_ids: Sequence[int | str],
    save_in: str | Path,
    cache: Cache | None,
    *,
    at_once: int,
) -> list[Path]:
    """Download products, as `PzServer.download_products`; one that is named twice comes once."""
    ids = [find_product(api, product_id)["id"] for product_id in product_ids]
    different = list(dict.fromkeys(ids))
    acts = [
        lambda turn, wanted=wanted: download_product(api, wanted, save_in, cache, turn=turn)
        for wanted in different
    ]
    paths = dict(zip(different, in_parallel(acts, at_once) if acts else [], strict=True))
    return [paths[wanted] for wanted in ids]
