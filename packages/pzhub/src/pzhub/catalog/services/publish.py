"""Moves of a product's status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.hooks import publication_checks, publication_effects
from pzhub.catalog.models import Column, Product, ProductStatus
from pzhub.catalog.policies import require_update
from pzhub.catalog.selectors import main_file_of
from pzhub.catalog.services.update import (
    ProductChanges,
    locked_product,
    require_living,
    update_product,
)
from pzhub.core import audit
from pzhub.core.errors import ConflictError, InvalidError
from pztables.roles import role_named


class MissingRolesError(InvalidError):
    """The product type requires column roles that were not associated."""

    code = "missing_column_roles"

    def __init__(self, product: str, roles: Iterable[str]) -> None:
        self.roles = sorted(roles)
        names = ", ".join(self.roles)
        super().__init__(
            f"{product}: associate these columns before publishing: {names}.", roles=self.roles
        )


class MissingMainFileError(InvalidError):
    """There is nothing to publish: no main file and no text that says where the data are."""

    code = "missing_main_file"


class StatusMoveError(InvalidError):
    """The product cannot go from its status to the one asked for."""

    code = "status_move"

    def __init__(self, product: Product, wanted: int) -> None:
        label = ProductStatus(wanted).label
        text = f"{product} is {product.get_status_display()} and cannot become {label}."
        if product.status == ProductStatus.FAILED:
            text += " Correct its files and register it again."
        super().__init__(text, fields={"status": [text]})


def missing_roles(product: Product) -> set[str]:
    """Return the aliases that the type requires and that no column has, spelt as on the wire."""
    required = (role_named(name) for name in product.product_type.rules.required_roles)
    wanted = {role.alias for role in required if role is not None}
    if not wanted:
        return set()
    present = Column.objects.filter(product=product, alias__in=wanted)
    return wanted - set(present.values_list("alias", flat=True))


@transaction.atomic
def publish_product(*, actor: User, product: Product, from_process: bool = False) -> Product:
    """Make a registered product visible to all who may see its release.

    Parameters
    ----------
    actor
        Its owner or an administrator.
    product
        A product that is Registering; an already published one stays as it is.
    from_process
        Whether the result of a run is being registered: it goes from Processing.

    Raises
    ------
    StatusMoveError
        If the product is Failed, Deleted or Processing.
    MissingRolesError
        If a column that the type requires is not associated.
    MissingMainFileError
        If there is neither a main file nor an address nor a description.
    """
    product = locked_product(product)
    require_update(product, actor)
    require_living(product)
    if product.status == ProductStatus.PUBLISHED:
        return product
    start = ProductStatus.PROCESSING if from_process else ProductStatus.REGISTERING
    if product.status != start:
        raise StatusMoveError(product, ProductStatus.PUBLISHED)
    _check_content(product)
    product.status, product.published_at = ProductStatus.PUBLISHED, timezone.now()
    product.failure = None
    product.save(update_fields=["status", "published_at", "failure", "updated_at"])
    audit.record(actor=actor, action="product-published", target=product)
    for follow in publication_effects():
        follow(product)
    return product


def _check_content(product: Product) -> None:
    if missing := missing_roles(product):
        raise MissingRolesError(str(product), missing)
    if main_file_of(product) is None:
        _require_instructions(product)
    for check in publication_checks():
        check(product)


def _require_instructions(product: Product) -> None:
    """Refuse a product without data, unless its type allows it and its text says where to look."""
    if not product.product_type.rules.allows_metadata_only:
        raise MissingMainFileError(f"{product}: upload its main file before publishing.")
    if not (product.access_url or (product.description or "").strip()):
        raise MissingMainFileError(
            f"{product} has no main file: upload one, give the address of the data, or describe "
            "where they can be found."
        )


@transaction.atomic
def change_product(
    *,
    actor: User,
    product: Product,
    status: int | None = None,
    **changes: Unpack[ProductChanges],
) -> Product:
    """Change metadata and, when the status asked for is Published, publish: all or nothing.

    Raises
    ------
    StatusMoveError
        If another change of status is asked for: deletion and failure have their own ways.
    """
    product = update_product(actor=actor, product=product, **changes)
    if status is None or status == product.status:
        return product
    if status != ProductStatus.PUBLISHED:
        raise StatusMoveError(product, status)
    return publish_product(actor=actor, product=product)


@transaction.atomic
def fail_product(*, product: Product, error: Mapping[str, Any], actor: User | None = None) -> None:
    """Note that registration or the run of a product failed, and why.

    Parameters
    ----------
    product
        A product that is Registering or Processing (or Failed, with a new reason).
    error
        ``{"code", "message", "data"}``, as of `UserError.as_dict`.
    actor
        Who asked for it, if anybody did.

    Raises
    ------
    StatusMoveError
        If the product is published or deleted.
    """
    product = locked_product(product)
    if product.status in (ProductStatus.PUBLISHED, ProductStatus.DELETED):
        raise StatusMoveError(product, ProductStatus.FAILED)
    product.status, product.failure = ProductStatus.FAILED, dict(error)
    product.save(update_fields=["status", "failure", "updated_at"])
    audit.record(
        actor=actor, action="product-failed", target=product, code=str(error.get("code", ""))
    )


class RunFailedError(ConflictError):
    """The product is the output of a failed run."""

    code = "run_failed"


@transaction.atomic
def reopen_product(*, actor: User, product: Product) -> Product:
    """Take a product whose registration failed back to Registering; others stay as they are.

    Raises
    ------
    RunFailedError
        If a run failed to make it: there is nothing to correct but the run.
    """
    product = locked_product(product)
    require_update(product, actor)
    require_living(product)
    if product.status != ProductStatus.FAILED:
        return product
    if getattr(product, "process", None) is not None:
        raise RunFailedError(f"{product} comes from a run that failed: run it again.")
    product.status, product.failure = ProductStatus.REGISTERING, None
    product.save(update_fields=["status", "failure", "updated_at"])
    audit.record(actor=actor, action="product-reopened", target=product)
    return product
