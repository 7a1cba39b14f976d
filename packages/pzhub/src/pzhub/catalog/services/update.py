"""Changes of a product's metadata."""

from __future__ import annotations

from typing import Any, Final, TypedDict, Unpack

from django.db import transaction

from pzhub.accounts.models import User
from pzhub.accounts.policies import is_administrator
from pzhub.catalog.models import Product, ProductStatus, ProductType, Release
from pzhub.catalog.policies import require_official, require_update
from pzhub.catalog.services.rules import check_product
from pzhub.core import audit
from pzhub.core.errors import ConflictError


class ProductChanges(TypedDict, total=False):
    """The fields that can be changed."""

    display_name: str
    product_type: ProductType
    release: Release | None
    pz_code: str | None
    description: str | None
    official_product: bool
    release_year: int | None
    access_url: str


#: What the owner of a published product may still change; administrators may change more.
_OWNER_AFTER_PUBLICATION: Final = {"display_name", "description", "access_url"}


class ProductDeletedError(ConflictError):
    """The product was deleted."""

    code = "product_deleted"


class FieldIsFinalError(ConflictError):
    """The field does not change any more."""

    code = "field_is_final"


@transaction.atomic
def update_product(*, actor: User, product: Product, **changes: Unpack[ProductChanges]) -> Product:
    """Change metadata; values that are equal already count as unchanged.

    Raises
    ------
    ForbiddenError
        If the actor is neither the owner nor an administrator.
    ProductDeletedError, FieldIsFinalError
        If the product's state does not allow the change.
    InvalidError
        If a value is not acceptable.
    """
    product = locked_product(product)
    require_update(product, actor)
    require_living(product)
    changed = {name: value for name, value in changes.items() if _differs(product, name, value)}
    _check_allowed(product, changed, actor)
    if not changed:
        return product
    for name, value in changed.items():
        setattr(product, name, value)
    check_product(product, actor, is_release_new="release" in changed)
    product.save(update_fields=[*changed, "updated_at"])
    audit.record(actor=actor, action="product-updated", target=product, fields=sorted(changed))
    return product


def locked_product(product: Product) -> Product:
    """Return the row as it is now, locked until the transaction ends."""
    rows = Product.objects.select_for_update(of=("self",))
    return rows.select_related("product_type", "release", "user").get(pk=product.pk)


def require_living(product: Product) -> None:
    """Refuse a product that was deleted."""
    if product.status == ProductStatus.DELETED:
        raise ProductDeletedError(f"{product} was deleted: restore it first.")


def _differs(product: Product, name: str, value: Any) -> bool:
    return bool(getattr(product, name) != value)


def _check_allowed(product: Product, changed: dict[str, Any], actor: User) -> None:
    """Refuse changes that somebody may not make, or that come too late."""
    if "official_product" in changed:
        require_official(actor)
        if product.is_latest:
            raise ConflictError(
                f"{product} is marked as the latest of its type: mark another one first."
            )
    if product.status == ProductStatus.REGISTERING or product.status == ProductStatus.FAILED:
        return
    final = set(changed) - _OWNER_AFTER_PUBLICATION
    if is_administrator(actor):
        final &= {"product_type"}
    if final:
        names = ", ".join(sorted(final))
        raise FieldIsFinalError(
            f"{product} is {product.get_status_display().lower()}: {names} cannot be changed any"
            " more. Publish a new product instead, or ask an administrator.",
            fields=sorted(final),
        )
