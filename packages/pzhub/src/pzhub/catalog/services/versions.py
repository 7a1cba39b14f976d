"""Versions: a product says which earlier one of its owner it replaces."""

from __future__ import annotations

from django.db import transaction

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.catalog.policies import require_update
from pzhub.catalog.selectors import replaceable_by
from pzhub.catalog.services.update import locked_product, require_living
from pzhub.core import audit
from pzhub.core.errors import InvalidError


class NotAnEarlierVersionError(InvalidError):
    """The product named is not one that the other can replace."""

    code = "not_an_earlier_version"


@transaction.atomic
def set_replaces(*, actor: User, product: Product, replaces: Product | None) -> Product:
    """Say which earlier product this one replaces, or that it replaces none.

    Parameters
    ----------
    actor
        The owner or an administrator.
    product
        The newer one, in any state but deleted.
    replaces
        A published product of the same owner and type that was begun before it, so that versions
        never go round in a circle.

    Raises
    ------
    ForbiddenError
        If the actor is neither the owner nor an administrator.
    ProductDeletedError
        If the newer one was deleted.
    NotAnEarlierVersionError
        If the other cannot be replaced by it.
    """
    product = locked_product(product)
    require_update(product, actor)
    require_living(product)
    wanted = replaces.pk if replaces else None
    if wanted == product.replaces_id:
        return product
    if replaces and not replaceable_by(product).filter(pk=replaces.pk).exists():
        text = (
            f"{product} cannot replace {replaces}: choose a published product of the same owner"
            " and type that is older."
        )
        raise NotAnEarlierVersionError(text, fields={"replaces": [text]})
    product.replaces = replaces
    product.save(update_fields=["replaces", "updated_at"])
    if replaces is None:
        audit.record(actor=actor, action="product-replacement-cleared", target=product)
    else:
        name = str(replaces)
        audit.record(actor=actor, action="product-replacement-set", target=product, replaces=name)
    return product
