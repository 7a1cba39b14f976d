"""What one line of a product list shows, beyond the product itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from pzhub.accounts.models import User
from pzhub.catalog.hooks import Origin, origin_of
from pzhub.catalog.models import Product, ProductFile, ProductStatus
from pzhub.catalog.policies import can_delete, can_update
from pzhub.catalog.selectors import main_file_of, replaced_among


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product as a list shows it, to one user."""

    product: Product
    main_file: ProductFile | None
    origin: Origin
    can_update: bool
    can_delete: bool
    has_newer: bool = False

    @property
    def is_published(self) -> bool:
        """Whether its page can be shared and its files downloaded."""
        return self.product.status == ProductStatus.PUBLISHED

    @property
    def is_draft(self) -> bool:
        """Whether its owner can go on with the registration."""
        return self.product.status == ProductStatus.REGISTERING and not self.origin.process_id

    @property
    def is_settled(self) -> bool:
        """Whether its state stays without somebody acting."""
        return self.product.status != ProductStatus.PROCESSING

    @property
    def profile_path(self) -> str:
        """Where the profile of its table is, relative to the data folder; empty without one."""
        inspection = getattr(self.product, "inspection", None)
        return str(inspection.profile_path) if inspection else ""


def row_of(product: Product, user: User) -> ProductRow:
    """Return one line; costs no query for products of `with_row_relations`."""
    return ProductRow(
        product,
        main_file_of(product),
        origin_of(product),
        can_update(product, user),
        can_delete(product, user),
    )


def with_row_relations(products: QuerySet[Product]) -> QuerySet[Product]:
    """Fetch what lines show along with the products, however many."""
    return products.select_related("inspection").prefetch_related("files")


def rows_of(products: Iterable[Product], user: User) -> list[ProductRow]:
    """Return the lines of a list, each with whether a newer version exists; one query."""
    shown = list(products)
    replaced = replaced_among([product.pk for product in shown], user)
    return [replace(row_of(product, user), has_newer=product.pk in replaced) for product in shown]
