"""Who may act on products; who may see them is in the selectors."""

from __future__ import annotations

from pzhub.accounts.models import User
from pzhub.accounts.policies import Actor, is_administrator
from pzhub.catalog.models import Product
from pzhub.core.errors import ForbiddenError


class OfficialRequiresAdminError(ForbiddenError):
    """Only administrators mark products as official."""

    code = "official_requires_admin"


def is_owner(product: Product, user: Actor) -> bool:
    """Return whether the user uploaded the product or ran what made it."""
    return user.pk is not None and product.user_id == user.pk


def can_update(product: Product, user: Actor) -> bool:
    """Return whether the user may change metadata, files and columns."""
    return is_owner(product, user) or is_administrator(user)


def can_delete(product: Product, user: Actor) -> bool:
    """Return whether the user may delete the product."""
    return can_update(product, user)


def require_update(product: Product, user: User) -> None:
    """Refuse everybody but the owner and administrators."""
    if not can_update(product, user):
        raise ForbiddenError(
            f"{product}: only its owner ({product.user}) and administrators may change it."
        )


def require_delete(product: Product, user: User) -> None:
    """Refuse everybody but the owner and administrators."""
    if not can_delete(product, user):
        raise ForbiddenError(
            f"{product}: only its owner ({product.user}) and administrators may delete it."
        )


def can_restore(product: Product, user: Actor, *, is_taken_down: bool) -> bool:
    """Return whether the user may undo a deletion: of a take-down only administrators."""
    return is_administrator(user) or (is_owner(product, user) and not is_taken_down)


def require_restore(product: Product, user: User, *, is_taken_down: bool) -> None:
    """Refuse those who may not undo a deletion."""
    if not can_restore(product, user, is_taken_down=is_taken_down):
        raise ForbiddenError(f"{product} was taken down: only administrators may restore it.")


def require_official(user: User) -> None:
    """Refuse everybody but administrators."""
    if not is_administrator(user):
        raise OfficialRequiresAdminError("Only administrators may mark a product as official.")
