"""Deletion: the row stays as a tombstone, the files wait in the trash for a while."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.hooks import restoration_checks
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.policies import is_owner, require_delete, require_restore
from pzhub.catalog.selectors import DELETED, RESTORED, take_down_of
from pzhub.catalog.services.publish import StatusMoveError
from pzhub.catalog.services.update import locked_product
from pzhub.core import audit
from pzhub.core.errors import ConflictError, InvalidError
from pzhub.core.storage import data_path, move_folder, product_dir, remove_tree, trash_dir

#: How long a deleted product can be restored.
TRASH_DAYS: Final = 30
#: Longest reason of a deletion, characters.
REASON_LENGTH: Final = 500


class ProductInUseError(ConflictError):
    """A run is making the product or reading it."""

    code = "product_in_use"


class ProductGoneError(ConflictError):
    """The files of a deleted product were removed for good."""

    code = "product_gone"


@transaction.atomic
def delete_product(*, actor: User, product: Product, reason: str = "") -> None:
    """Delete a product so that it can be restored for 30 days.

    What pipelines made from it stays, with its name among the sources. Where an administrator
    deletes what belongs to somebody else, it is taken down: the owner cannot undo it.

    Parameters
    ----------
    actor
        The owner or an administrator.
    product
        What to delete.
    reason
        Why, for the owner; at most `REASON_LENGTH` characters.

    Raises
    ------
    ForbiddenError
        If the actor is neither the owner nor an administrator.
    InvalidError
        If the reason is too long.
    ProductInUseError
        If a run is making it, or reading it.
    """
    product = locked_product(product)
    require_delete(product, actor)
    if product.status == ProductStatus.DELETED:
        return
    facts = _facts(product, actor, reason.strip())
    _require_unused(product)
    product.status, product.deleted_at = ProductStatus.DELETED, timezone.now()
    product.save(update_fields=["status", "deleted_at", "updated_at"])
    audit.record(actor=actor, action=DELETED, target=product, **facts)
    # After the commit: a crash in between leaves files that the sweep puts away.
    transaction.on_commit(partial(_put_away, product))


def _facts(product: Product, actor: User, reason: str) -> dict[str, Any]:
    """Return what the audit log keeps of a deletion."""
    if len(reason) > REASON_LENGTH:
        text = f"The reason has {len(reason)} characters; it may have {REASON_LENGTH}."
        raise InvalidError(text, fields={"reason": [text]})
    facts: dict[str, Any] = {"reason": reason} if reason else {}
    return facts if is_owner(product, actor) else {**facts, "taken_down": True}


def _require_unused(product: Product) -> None:
    if product.status == ProductStatus.PROCESSING:
        raise ProductInUseError(f"{product} is being made by a run: stop the run first.")
    running = product.used_by_links.filter(process__ended_at__isnull=True)
    if link := running.select_related("process").first():
        raise ProductInUseError(
            f"{product} is being read by {link.process}: wait for its end, or stop it."
        )


@transaction.atomic
def restore_product(*, actor: User, product: Product) -> Product:
    """Take a deleted product back, with its files, to where it was.

    Raises
    ------
    ForbiddenError
        If the actor is neither the owner nor an administrator; for what was taken down, if the
        actor is no administrator.
    StatusMoveError
        If it is not deleted.
    ProductGoneError
        If its files were removed for good.
    HubError
        If an app above refuses it: there may be no room for its files.
    """
    product = locked_product(product)
    require_delete(product, actor)
    require_restore(product, actor, is_taken_down=take_down_of(product) is not None)
    if product.status != ProductStatus.DELETED:
        raise StatusMoveError(product, ProductStatus.PUBLISHED)
    if product.files.exists() and not (_trash(product).exists() or product_dir(product).exists()):
        raise ProductGoneError(f"The files of {product} were removed after {TRASH_DAYS} days.")
    for check in restoration_checks():
        check(product)
    published = product.published_at is not None
    product.status = ProductStatus.PUBLISHED if published else ProductStatus.REGISTERING
    product.deleted_at = None
    product.save(update_fields=["status", "deleted_at", "updated_at"])
    audit.record(actor=actor, action=RESTORED, target=product)
    if _trash(product).exists():
        # Before the commit: a crash in between leaves a deleted product whose files are put away.
        move_folder(_trash(product), product_dir(product))
    return product


def sweep_trash() -> int:
    """Put away what a crash left in place, and remove files deleted over 30 days ago.

    Returns
    -------
    how many products lost their files for good
    """
    limit = timezone.now() - timedelta(days=TRASH_DAYS)
    removed = 0
    deleted = Product.objects.filter(status=ProductStatus.DELETED).select_related("product_type")
    for product in deleted.iterator():
        if product_dir(product).exists():
            _put_away(product)
        if product.deleted_at is not None and product.deleted_at < limit:
            removed += _trash(product).exists()
            remove_tree(_trash(product))
            remove_tree(data_path(Path("derived", str(product.pk))))
    return removed


def _trash(product: Product) -> Path:
    return trash_dir() / str(product.internal_name)


def _put_away(product: Product) -> None:
    """Move a product's folder to the trash; done twice it changes nothing."""
    source = product_dir(product)
    if source.exists():
        remove_tree(_trash(product))
        move_folder(source, _trash(product))
