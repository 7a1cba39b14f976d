"""What a column holds, in the words of the product's owner."""

from __future__ import annotations

from django.db import transaction

from pzhub.accounts.models import User
from pzhub.catalog.models import Column
from pzhub.catalog.policies import require_update
from pzhub.catalog.services.update import locked_product, require_living
from pzhub.core import audit
from pzhub.core.errors import NotFoundError


@transaction.atomic
def describe_column(*, actor: User, column: Column, description: str) -> Column:
    """Say what a column holds; the file keeps its own words.

    Raises
    ------
    ForbiddenError
        If the actor may not change the product.
    NotFoundError
        If the columns were read again meanwhile.
    """
    product = locked_product(column.product)
    require_update(product, actor)
    require_living(product)
    kept = Column.objects.filter(product=product, pk=column.pk).first()
    if kept is None:
        raise NotFoundError(f"{product} has no column {column.pk}: its columns were read again.")
    kept.description = description.strip()
    kept.save(update_fields=["description"])
    audit.record(
        actor=actor,
        action="column-described",
        target=product,
        column=kept.column_name,
        description=kept.description,
    )
    return kept
