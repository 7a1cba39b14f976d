"""Bundles: several products in one zip, made by a chore when it is large, kept for a while."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.selectors import products_visible_to
from pzhub.config import hub_config
from pzhub.core import chores, storage
from pzhub.core.audit import record
from pzhub.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from pzhub.downloads.content import METADATA_NAME, ArchiveContent, content_of
from pzhub.downloads.models import ArchiveKind, ArchiveStatus, Bundle
from pzhub.downloads.services.preparing import end_with, held, make_prepared, release_dead
from pzhub.downloads.services.telling import saw_bundle, tell_bundle
from pzhub.downloads.services.zipping import add_file, add_text, yaml_text, zip_filled_by

BUILD_CHORE: Final = "pzhub.downloads.tasks.build_several"
#: First member of every bundle.
MANIFEST_NAME: Final = "manifest.json"
#: Bundles up to this size are made while the user waits, bytes.
INLINE_BYTES: Final = 20_000_000
#: Most bundles that are being made for one user at once, and most that are kept.
MOST_WAITING: Final = 3
MOST_KEPT: Final = 5
#: How often the row tells how far the writing is, seconds.
_TELL_SECONDS: Final = 1.0
_UNFINISHED: Final = (ArchiveStatus.PENDING, ArchiveStatus.RUNNING)


class BundleTooLargeError(InvalidError):
    """The products of a bundle are more, or larger, than this server puts into one."""

    code = "bundle_too_large"


class NothingToBundleError(InvalidError):
    """None of the products has anything to download."""

    code = "nothing_to_bundle"


class TooManyBundlesError(ConflictError):
    """The user has bundles enough on their way."""

    code = "too_many_bundles"


class BundleStaleError(ForbiddenError):
    """A product of the bundle may no longer be read by its user."""

    code = "bundle_stale"


class BundleGoneError(NotFoundError):
    """The file of the bundle was removed, or is not made yet."""

    code = "bundle_gone"


def prepare_bundle(*, actor: User, products: Sequence[Product]) -> Bundle:
    """Begin one download of several products; make it now if that is quick.

    Parameters
    ----------
    actor
        Who downloads; ``products`` were found through a selector of theirs. What is not
        published is left out, and named.
    products
        At most ``PZHUB_BUNDLE_MAX_PRODUCTS``, their files at most ``PZHUB_BUNDLE_MAX_BYTES``.

    Raises
    ------
    BundleTooLargeError
        If they are too many or too large; says by how much.
    NothingToBundleError
        If none is published.
    TooManyBundlesError
        If `MOST_WAITING` bundles of the user are being made.
    """
    inside = [product for product in products if product.status == ProductStatus.PUBLISHED]
    size = _require_size(inside)
    with transaction.atomic():
        _require_turn(actor)
        bundle = Bundle.objects.create(
            user=actor,
            left_out=[_left_out(p, "not published") for p in products if p not in inside],
            n_products=len(inside),
            bytes_expected=size,
            filename=f"photoz_products_{timezone.now():%Y%m%d_%H%M%S}.zip",
        )
        bundle.products.set(inside)
        if size > INLINE_BYTES:
            bundle.task_id = chores.enqueue_chore(BUILD_CHORE, bundle.pk)
            bundle.save(update_fields=["task_id"])
        names = [product.internal_name for product in inside]
        record(actor=actor, action="bundle-prepared", target=bundle, products=names)
    if size <= INLINE_BYTES:
        build_bundle(bundle.pk)
    bundle.refresh_from_db()
    return bundle


def _require_size(products: Sequence[Product]) -> int:
    """Return the bytes of all files of products, refusing too many of either."""
    if not products:
        raise NothingToBundleError("None of the selected products is published: nothing to pack.")
    most, most_bytes = hub_config().bundle_max_products, hub_config().bundle_max_bytes
    if len(products) > most:
        raise BundleTooLargeError(
            f"{len(products)} products are selected; one download takes at most {most}."
        )
    size = sum(file.size for product in products for file in product.files.all())
    if size > most_bytes:
        raise BundleTooLargeError(
            f"The selected products have {size / 1e9:.1f} GB together; one download takes at most"
            f" {most_bytes / 1e9:.1f} GB: select fewer."
        )
    return size


def _require_turn(actor: User) -> None:
    """Refuse more than a few at once; what is kept beyond a few is removed."""
    own = Bundle.objects.filter(user=actor)
    if own.filter(status__in=_UNFINISHED).count() >= MOST_WAITING:
        raise TooManyBundlesError(
            f"{MOST_WAITING} downloads of yours are being prepared: wait until one is ready."
        )
    for bundle in own.exclude(status__in=_UNFINISHED).order_by("-id")[MOST_KEPT - 1 :]:
        _remove(bundle)


def _left_out(product: Product, reason: str) -> dict[str, str]:
    return {"internal_name": str(product.internal_name), "reason": reason}


def build_bundle(bundle_id: int) -> None:
    """Do the chore of a bundle, unless another worker does it or it is done."""
    make_prepared(Bundle.objects.select_related("user"), bundle_id, _build, _fail)


def _build(bundle: Bundle, holder: str) -> None:
    contents = _readable(bundle)
    if not contents:
        _fail(bundle, holder, "None of the products can be read any more: select others.")
        return
    target = storage.bundle_dir() / f"{bundle.pk}.zip"
    progress = _Progress(bundle, holder)

    def fill(archive: zipfile.ZipFile) -> None:
        add_text(archive, MANIFEST_NAME, json.dumps(_manifest(bundle, contents), indent=2))
        for product, content in contents:
            folder = product.internal_name
            add_text(archive, f"{folder}/{METADATA_NAME}", yaml_text(content.metadata or {}))
            for path, name in content.members():
                add_file(archive, path, f"{folder}/{name}", progress.tell)

    size, checksum = zip_filled_by(fill, target)
    with transaction.atomic():
        is_mine = end_with(
            bundle,
            holder,
            ArchiveStatus.READY,
            path=storage.relative_path(target),
            size=size,
            checksum=checksum,
            left_out=bundle.left_out,
            n_products=len(contents),
            bytes_done=bundle.bytes_expected,
            expires_at=timezone.now() + timedelta(hours=hub_config().archive_hours),
        )
        if is_mine:
            tell_bundle(bundle)


def _readable(bundle: Bundle) -> list[tuple[Product, ArchiveContent]]:
    """Return what the user may still read of a bundle; take the rest out of it."""
    asked = list(bundle.products.order_by("pk"))
    visible = products_visible_to(bundle.user).filter(
        pk__in=[product.pk for product in asked], status=ProductStatus.PUBLISHED
    )
    readable = list(visible.order_by("pk"))
    gone = [product for product in asked if product not in readable]
    bundle.products.remove(*gone)
    bundle.left_out = [*bundle.left_out, *(_left_out(p, "no longer readable") for p in gone)]
    return [(product, content_of(product, ArchiveKind.PRODUCT)) for product in readable]


def _manifest(bundle: Bundle, contents: Sequence[tuple[Product, ArchiveContent]]) -> dict[str, Any]:
    """Return what the bundle holds, product by product, and what was left out."""
    return {
        "prepared_for": bundle.user.username,
        "prepared_at": timezone.now().isoformat(timespec="seconds"),
        "products": [_entry(product, content) for product, content in contents],
        "left_out": bundle.left_out,
    }


def _entry(product: Product, content: ArchiveContent) -> dict[str, Any]:
    return {
        "internal_name": product.internal_name,
        "display_name": product.display_name,
        "product_type": product.product_type.name,
        "release": product.release.name if product.release else None,
        "folder": f"{product.internal_name}/",
        "metadata": f"{product.internal_name}/{METADATA_NAME}",
        "files": [
            {"name": file.name, "size": file.size, "sha256": file.sha256 or None}
            for file in content.files
        ],
    }


class _Progress:
    """Keeps how far the writing is in the row, not more often than people look."""

    def __init__(self, bundle: Bundle, holder: str) -> None:
        self._row, self._n_bytes, self._told = held(bundle, holder), 0, time.monotonic()

    def tell(self, n_bytes: int) -> None:
        """Add bytes that were written."""
        self._n_bytes += n_bytes
        if time.monotonic() - self._told >= _TELL_SECONDS:
            self._told = time.monotonic()
            self._row.update(bytes_done=self._n_bytes)


def _fail(bundle: Bundle, holder: str, message: str) -> None:
    facts = {"error_message": message, "left_out": bundle.left_out}
    end_with(bundle, holder, ArchiveStatus.FAILED, **facts)


def open_bundle(*, actor: User, bundle: Bundle) -> Path:
    """Return the file of a bundle of the actor's.

    Raises
    ------
    BundleStaleError
        If a product inside may not be read by the actor any more.
    BundleGoneError
        If the file is not ready, or was removed.
    """
    inside = set(bundle.products.values_list("pk", flat=True))
    readable = products_visible_to(actor).filter(pk__in=inside, status=ProductStatus.PUBLISHED)
    path = storage.data_path(bundle.path) if bundle.path else None
    if bundle.status != ArchiveStatus.READY or path is None or not _is_whole(path, bundle):
        raise BundleGoneError("The prepared file was removed: select the products again.")
    if not inside or len(inside) < bundle.n_products or readable.count() < len(inside):
        raise BundleStaleError(
            "A product of this download was deleted, or is closed to you now:"
            " select the others again."
        )
    saw_bundle(bundle)
    return path


def _is_whole(path: Path, bundle: Bundle) -> bool:
    return path.is_file() and path.stat().st_size == bundle.size


def sweep_bundles() -> None:
    """Give bundles of killed workers to others; remove what expired."""
    release_dead(Bundle, BUILD_CHORE)
    now = timezone.now()
    failed_before = now - timedelta(hours=hub_config().archive_hours)
    over = Q(status=ArchiveStatus.READY, expires_at__lt=now) | Q(
        status=ArchiveStatus.FAILED, created_at__lt=failed_before
    )
    for bundle in Bundle.objects.filter(over):
        _remove(bundle)
    _remove_unknown_files()


def _remove(bundle: Bundle) -> None:
    path = storage.data_path(bundle.path) if bundle.path else None
    bundle.delete()
    if path is not None:
        path.unlink(missing_ok=True)


def _remove_unknown_files() -> None:
    """Remove zips that no row knows: of a killed builder."""
    known = set(Bundle.objects.exclude(path="").values_list("path", flat=True))
    for path in storage.bundle_dir().iterdir():
        old = path.stat().st_mtime < time.time() - 3600
        if old and storage.relative_path(path) not in known:
            path.unlink(missing_ok=True)
