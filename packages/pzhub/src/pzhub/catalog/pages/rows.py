"""What one line of a product list shows, beyond the product itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from django.db.models import Prefetch, QuerySet

from pzhub.accounts.models import User
from pzhub.catalog.hooks import Origin, origin_of
from pzhub.catalog.models import Column, FileRole, Product, ProductFile, ProductStatus
from pzhub.catalog.policies import can_delete, can_update
from pzhub.catalog.selectors import main_file_of, replaced_among
from pztables.roles import role_named


class DraftStep(IntEnum):
    """The step of the wizard at which a draft stopped."""

    FILES = 2
    COLUMNS = 3
    REVIEW = 4


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product as a list shows it, to one user."""

    product: Product
    main_file: ProductFile | None
    origin: Origin
    can_update: bool
    can_delete: bool
    has_newer: bool = False
    draft_step: DraftStep | None = None

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
    def reading_state(self) -> str:
        """How far the reading of its main file is; empty before there is any."""
        inspection = getattr(self.product, "inspection", None)
        return str(inspection.state) if inspection and self.main_file else ""

    @property
    def failure(self) -> str:
        """Why it failed, as far as it was written down."""
        return str((self.product.failure or {}).get("message", ""))

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
    mains = ProductFile.objects.filter(role=FileRole.MAIN)
    return (
        products.select_related("inspection", "summary")
        # What a reading found can be long, and no line shows it.
        .defer("release__object_catalog", "inspection__first_rows", "inspection__checks")
        .prefetch_related(Prefetch("files", mains))
    )


def rows_of(products: Iterable[Product], user: User) -> list[ProductRow]:
    """Return the lines of a list, each with whether a newer version exists; one query."""
    shown = list(products)
    replaced = replaced_among([product.pk for product in shown], user)
    return [replace(row_of(product, user), has_newer=product.pk in replaced) for product in shown]


def with_draft_steps(rows: Sequence[ProductRow]) -> list[ProductRow]:
    """Return lines in which drafts tell the step at which they stopped; one query."""
    drafts = [row.product.pk for row in rows if row.is_draft]
    roles: defaultdict[int, set[str]] = defaultdict(set)
    columns = Column.objects.filter(product__in=drafts).exclude(alias=None)
    for product, alias in columns.values_list("product_id", "alias") if drafts else ():
        if role := role_named(alias or ""):
            roles[product].add(role.name)
    return [
        replace(row, draft_step=_step_of(row, roles[row.product.pk])) if row.is_draft else row
        for row in rows
    ]


def _step_of(row: ProductRow, roles: set[str]) -> DraftStep:
    if row.main_file is None or row.reading_state != "done":
        return DraftStep.FILES
    missing = set(row.product.product_type.rules.required_roles) - roles
    return DraftStep.COLUMNS if missing else DraftStep.REVIEW
