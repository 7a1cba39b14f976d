"""What the product page shows of where a product comes from."""

from __future__ import annotations

from typing import Any

from pzhub.accounts.models import User
from pzhub.catalog.lineage import lineage_of, made_from, made_of
from pzhub.catalog.models import Product
from pzhub.catalog.selectors import descendants_of


def provenance_context(product: Product, user: User) -> dict[str, Any]:
    """Return graph, nested lists and counts of the section "Provenance"."""
    lineage = lineage_of(product, user)
    direct = lineage.runs_from(product.pk)
    return {
        "lineage": lineage,
        "own_run": lineage.run_of(product.pk),
        "made_from": made_from(lineage),
        "made_of": made_of(lineage),
        # What is shown is bounded; what is said of the number is not.
        "used_by_count": descendants_of(product, user).count() if lineage.is_cut else len(direct),
    }
