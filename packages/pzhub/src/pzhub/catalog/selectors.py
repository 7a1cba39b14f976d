"""Who may see what of the catalog: querysets only.

The rule: releases are open when public, when they have no access group, or to their groups.
Published products are seen by whoever may see their release (or have none); products that
are not published by their owner and administrators alone. Deleted products keep their row,
for those who saw them before; their files and columns are seen by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from django.contrib.auth.models import Group
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet

from pzhub.accounts.models import User
from pzhub.accounts.policies import Actor, is_administrator
from pzhub.catalog.models import Column, Product, ProductFile, ProductStatus, ProductType, Release
from pzhub.core import audit
from pzhub.core.errors import NotFoundError
from pzhub.core.models import AuditEntry
from pzhub.core.search import require_few_words

Row = TypeVar("Row", bound=Model)

#: What a free search looks at.
PRODUCT_SEARCH_FIELDS: Final = (
    "display_name",
    "user__username",
    "user__first_name",
    "user__last_name",
)
#: Acts in the audit log whose notes are shown with the product.
MADE_OFFICIAL: Final = "product-made-official"
MARKED_LATEST: Final = "product-marked-latest"
TAKEN_BACK: Final = "product-official-taken-back"
DELETED: Final = "product-deleted"
RESTORED: Final = "product-restored"
_DIGITS: Final = re.compile(r"[0-9]{1,18}")


def releases_visible_to(user: Actor) -> QuerySet[Release]:
    """Return the releases that a user may use, newest first."""
    if not user.is_authenticated:
        return Release.objects.none()
    if is_administrator(user):
        return Release.objects.all()
    groups = Release.access_groups.through.objects.filter(release=OuterRef("pk"))
    mine = groups.filter(group__in=Group.objects.filter(user=user.pk))
    return Release.objects.filter(Q(is_public=True) | ~Exists(groups) | Exists(mine))


def release_for(user: Actor, name: str) -> Release:
    """Return one release by its name.

    Raises
    ------
    NotFoundError
        If there is none, or the user may not know of it.
    """
    release = releases_visible_to(user).filter(name=name).first()
    if release is None:
        raise NotFoundError(f"There is no release {name}, or you may not see it.", release=name)
    return release


def product_types_list() -> QuerySet[ProductType]:
    """Return the product types in the order of forms."""
    return ProductType.objects.order_by("order")


def _visible_products(
    user: Actor, *, include_deleted: bool, releases: Collection[int] | None = None
) -> QuerySet[Product]:
    if not user.is_authenticated:
        return Product.objects.none()
    living = Product.objects.all()
    if not include_deleted:
        living = living.exclude(status=ProductStatus.DELETED)
    if is_administrator(user):
        return living
    # Not the default order: an ordered subquery would be sorted for nothing.
    open_ = releases_visible_to(user).order_by().values("pk") if releases is None else releases
    released = Q(published_at__isnull=False) & (Q(release__isnull=True) | Q(release__in=open_))
    settled = Q(status__in=(ProductStatus.PUBLISHED, ProductStatus.DELETED))
    return living.filter(Q(user=user.pk) | (settled & released))


def products_visible_to(
    user: Actor, *, include_deleted: bool = False, releases: Collection[int] | None = None
) -> QuerySet[Product]:
    """Return the products that a user may see, with all that a row of a list shows.

    Parameters
    ----------
    user
        The actor; nobody sees anything without signing in.
    include_deleted
        Whether deleted products are among them (the wire lists them; pages do not).
    releases
        Ids of `releases_visible_to` the user, where they were read already: a page that asks
        several times need not have each question look for them.
    """
    return with_list_relations(
        _visible_products(user, include_deleted=include_deleted, releases=releases)
    )


def with_list_relations(products: QuerySet[Product]) -> QuerySet[Product]:
    """Fetch along what a row of a list shows of other tables."""
    # The description of a release's objects can be long, and no list of products shows it.
    return products.select_related(
        "product_type", "release", "user", "process__pipeline", "saved_view"
    ).defer("release__object_catalog")


def product_for(user: Actor, key: int | str, *, include_deleted: bool = False) -> Product:
    """Return one product by id, digits or ``internal_name``.

    Raises
    ------
    NotFoundError
        If there is none, or the user may not know of it.
    """
    products = products_visible_to(user, include_deleted=include_deleted)
    if isinstance(key, int) or _DIGITS.fullmatch(key):
        products = products.filter(pk=int(key))
    else:
        products = products.filter(internal_name=key)
    product = products.first() if "\0" not in str(key) else None
    if product is None:
        raise NotFoundError(f"There is no product {key}, or you may not see it.", product=str(key))
    return product


def files_visible_to(user: Actor) -> QuerySet[ProductFile]:
    """Return the files of the products that a user may see."""
    products = _visible_products(user, include_deleted=False)
    return ProductFile.objects.filter(product__in=products.order_by()).select_related(
        "product__product_type", "product__user"
    )


def columns_visible_to(user: Actor) -> QuerySet[Column]:
    """Return the columns of the products that a user may see."""
    products = _visible_products(user, include_deleted=False)
    return Column.objects.filter(product__in=products.order_by()).select_related(
        "product__product_type", "product__user"
    )


def search_words(text: str) -> list[str]:
    """Return the words of a search: split at blanks and commas."""
    return [word for word in re.split(r"[\s,]+", text) if word]


def any_field_contains(word: str, fields: Sequence[str]) -> Q:
    """Return the condition that a word is part of one of the fields, in any case."""
    condition = Q()
    for field in fields:
        condition |= Q(**{f"{field}__any_case_contains": word})
    return condition


def matching_words(
    rows: QuerySet[Row],
    words: str | Iterable[str],
    fields: Sequence[str],
    *,
    any_word: bool = False,
) -> QuerySet[Row]:
    """Keep the rows in which every word (or any) is part of one of the fields.

    Parameters
    ----------
    rows
        Rows of any model.
    words
        Words, or a text that `search_words` splits; without any, all rows stay.
    fields
        Columns to look at, also of related rows.
    any_word
        Whether one word is enough.

    Raises
    ------
    InvalidError
        If there are more words than a search takes.
    """
    wanted = search_words(words) if isinstance(words, str) else list(words)
    require_few_words(wanted)
    condition = Q()
    for word in wanted:
        found = any_field_contains(word, fields)
        condition = condition | found if any_word else condition & found
    return rows.filter(condition)


def main_file_of(product: Product) -> ProductFile | None:
    """Return the main file, or ``None`` where there is none yet."""
    return next((file for file in product.files.all() if file.role == 0), None)


def descendants_of(product: Product, user: Actor) -> QuerySet[Product]:
    """Return the products that pipelines made directly from this one, as far as visible."""
    return products_visible_to(user).filter(process__input_links__product=product.pk).distinct()


def ancestors_of(product: Product, user: Actor) -> QuerySet[Product]:
    """Return the products that this one was made from, as far as visible, in input order."""
    inputs = products_visible_to(user, include_deleted=True).filter(
        used_by_links__process__upload=product.pk
    )
    return inputs.order_by("used_by_links__position")


def own_published(user: User) -> QuerySet[Product]:
    """Return the published products of a user, newest first, with their types."""
    mine = Product.objects.filter(user=user, status=ProductStatus.PUBLISHED)
    return mine.select_related("product_type").order_by("-pk")


def replaceable_by(product: Product) -> QuerySet[Product]:
    """Return the older published products of its owner and type: those it may replace."""
    return Product.objects.filter(
        user=product.user_id,
        product_type=product.product_type_id,
        status=ProductStatus.PUBLISHED,
        pk__lt=product.pk,
    )


@dataclass(frozen=True, slots=True)
class Versions:
    """What replaces a product and what it replaces, as far as somebody may see it."""

    newer: list[Product]
    earlier: Product | None


def replaced_among(products: Sequence[int], user: Actor) -> set[int]:
    """Return which of some products have a newer version that a user may see; two queries.

    Whether the user may see them is asked of the newer versions only: asked together, SQLite
    would look at every published product.
    """
    newer = Product.objects.filter(replaces__in=products).order_by()
    replaced = dict(newer.values_list("pk", "replaces_id"))
    visible = _visible_products(user, include_deleted=False).order_by()
    seen = visible.filter(pk__in=replaced, status=ProductStatus.PUBLISHED)
    return {replaced[pk] for pk in seen.values_list("pk", flat=True)}


def versions_of(product: Product, user: Actor) -> Versions:
    """Return the published products next to one in the row of its versions; one query."""
    near = Q(replaces=product.pk) | Q(pk=product.replaces_id)
    # Named by their ids: SQLite would look at every published product for the condition itself.
    numbers = Product.objects.filter(near).order_by().values("pk")
    found = _visible_products(user, include_deleted=False).filter(
        pk__in=numbers, status=ProductStatus.PUBLISHED
    )
    products = list(found.order_by("pk"))
    earlier = next((item for item in products if item.pk == product.replaces_id), None)
    return Versions([item for item in products if item.replaces_id == product.pk], earlier)


def pending_publication_of(user: User) -> Product | None:
    """Return the newest product that the user began and did not publish, or ``None``."""
    return products_visible_to(user).filter(user=user, status=ProductStatus.REGISTERING).first()


def official_mark_of(product: Product) -> AuditEntry | None:
    """Return who made an official product official, when and why, as far as it was written."""
    if not product.official_product:
        return None
    entry = audit.latest_entry(product, MADE_OFFICIAL, TAKEN_BACK)
    return entry if entry is not None and entry.action == MADE_OFFICIAL else None


def carried_columns_of(products: Iterable[Product]) -> dict[str, dict[str, str]]:
    """Return the columns that owners want pipelines to carry along, as these want them told.

    Parameters
    ----------
    products
        Inputs of a run; of a label that several have, the first one counts.

    Returns
    -------
    label -> ``source`` (the column) and ``type`` (``str``, ``int``, ``float`` or ``bool``)
    """
    inputs = [product.pk for product in products]
    columns = Column.objects.filter(product__in=inputs, facts__carry=True).exclude(alias=None)
    carried: dict[str, dict[str, str]] = {}
    for column in columns.order_by("product", "order"):
        kind = {"source": column.column_name, "type": _kind_of(column.dtype)}
        carried.setdefault(str(column.alias), kind)
    return carried


def _kind_of(dtype: str) -> str:
    """Return the kind of values that a type of Arrow holds, in the words of pipelines."""
    if dtype == "bool":
        return "bool"
    if dtype.startswith(("int", "uint")):
        return "int"
    return "float" if dtype.startswith(("float", "double", "half", "decimal")) else "str"


def latest_mark_of(product: Product) -> AuditEntry | None:
    """Return who marked a product as the latest of its type, when and why."""
    if not product.is_latest:
        return None
    return audit.latest_entry(product, MARKED_LATEST)


def take_down_of(product: Product) -> AuditEntry | None:
    """Return who took a deleted product down, when and why; ``None`` where the owner deleted it."""
    if product.status != ProductStatus.DELETED:
        return None
    entry = audit.latest_entry(product, DELETED, RESTORED)
    return entry if entry is not None and entry.data.get("taken_down") else None


def made_from(products: Sequence[int], user: Actor) -> dict[int, list[Product]]:
    """Return what pipelines made directly from each of some products, as far as visible."""
    made: dict[int, list[Product]] = {}
    descendants = _visible_products(user, include_deleted=False).filter(
        process__input_links__product__in=products
    )
    pairs = descendants.order_by("pk").annotate(source=F("process__input_links__product"))
    for product in pairs:
        made.setdefault(product.source, []).append(product)
    return {source: found for source, found in made.items() if source in set(products)}


def read_by_runs(products: Sequence[int]) -> set[int]:
    """Return which of some products a run is reading now."""
    running = Product.objects.filter(
        pk__in=products,
        used_by_links__process__isnull=False,
        used_by_links__process__ended_at__isnull=True,
    )
    return set(running.values_list("pk", flat=True))
