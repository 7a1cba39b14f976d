"""Views saved as products: the same rows and columns, with where they come from.

The new product is in the making until its file is written, read and published in one
transaction. What is done is a chore with a state and a lease of its own (`pzhub.core.chores`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.hooks import Origin
from pzhub.catalog.lineage import VIEW
from pzhub.catalog.models import Product, ProductStatus, ProductType
from pzhub.catalog.services import create_product, fail_product
from pzhub.config import hub_config
from pzhub.core import chores, storage
from pzhub.core.audit import record
from pzhub.core.errors import ConflictError, HubError, InvalidError
from pzhub.tables.errors import EmptyViewError, SubsetTooLargeError
from pzhub.tables.models import SavedView, ViewState
from pzhub.tables.query import Question, plan_question
from pzhub.tables.selectors import table_for
from pzhub.tables.services.export import SUBSET_FORMATS, write_subset_to
from pzhub.tables.services.look import count_rows
from pzhub.tables.table import StoredTable
from pzhub.uploads.services.results import register_result
from pztables.errors import UserError
from pztables.roles import role_named

VIEW_CHORE: Final = "pzhub.tables.tasks.save_view"
_STATE: Final[dict[str, Any]] = {
    "field": "state", "waiting": ViewState.WAITING, "running": ViewState.RUNNING,
}  # fmt: skip


class ViewSourceError(ConflictError):
    """The source is not published."""

    code = "view_source"


class ViewColumnsError(InvalidError):
    """The type of the new product needs columns that the view leaves out."""

    code = "view_columns"

    def __init__(self, product_type: ProductType, missing: set[str]) -> None:
        reason = (
            f"a {product_type.display_name} needs columns that mean {', '.join(sorted(missing))}: "
            "keep them, or choose another product type"
        )
        super().__init__(f"columns: {reason}.", fields={"columns": [reason]}, missing=missing)


class ViewGivenUpError(HubError):
    """The server failed over a view again and again."""

    code = "view_given_up"


def save_view(
    *,
    actor: User,
    source: Product,
    table: StoredTable,
    question: Question,
    display_name: str,
    product_type: ProductType,
    description: str = "",
) -> SavedView:
    """Begin a product that will hold the rows and columns of a view.

    Parameters
    ----------
    actor
        Becomes its owner; sees the source.
    source, table
        From `pzhub.tables.selectors.table_for`.
    question
        Which rows and columns, in which order, at most how many.
    display_name, product_type, description
        Of the new product; its release is that of the source, so that nobody sees more by it.

    Returns
    -------
    the view, waiting for a worker

    Raises
    ------
    InvalidError
        If the question or the metadata do not fit, or nothing fits the question.
    ViewColumnsError
        If the type needs a column that is not among those of the view.
    SubsetTooLargeError
        If there are more rows than one subset may have.
    ViewSourceError
        If the source is not published.
    """
    if source.status != ProductStatus.PUBLISHED:
        raise ViewSourceError(f"{source.display_name} is not published: publish it first.")
    plan = plan_question(table, question)
    _require_roles(table, plan.names, product_type)
    n_rows = _row_count(table, question)
    with transaction.atomic():
        product = create_product(
            actor=actor,
            display_name=display_name,
            product_type=product_type,
            release=source.release,
            description=description or None,
            status=ProductStatus.PROCESSING,
        )
        view = SavedView.objects.create(
            product=product,
            source=source,
            question=question.as_dict(),
            facts={
                "source": source.internal_name,
                "source_sha256": table.checksum,
                "source_rows": table.n_rows,
                "rows": n_rows,
            },
        )
        record(actor=actor, action="view-saved", target=product, source=source.internal_name)
        chores.enqueue_chore(VIEW_CHORE, view.pk)
    return view


def _require_roles(table: StoredTable, names: tuple[str, ...], product_type: ProductType) -> None:
    roles = [role_named(name) for name in product_type.rules.required_roles]
    wanted = {role.alias for role in roles if role is not None}
    kept = {role_named(table.columns[name].role or "") for name in names}
    if missing := wanted - {role.alias for role in kept if role is not None}:
        raise ViewColumnsError(product_type, missing)


def _row_count(table: StoredTable, question: Question) -> int:
    n_rows, most = count_rows(table, question), hub_config().data_max_rows
    n_rows = max(n_rows - question.offset, 0)
    if question.limit is not None:
        n_rows = min(n_rows, question.limit)
    if n_rows == 0:
        raise EmptyViewError("No row fits: a product needs at least one.")
    if n_rows > most:
        raise SubsetTooLargeError(
            f"The view has {n_rows:,} rows; a product of a view has at most {most:,}: narrow the "
            "filter, or set a limit.",
            rows=most,
        )
    return n_rows


def run_view(view_id: int) -> None:
    """Do the chore of a view, unless another worker does it or it is done.

    A refusal fails the new product; a failure of ours gives the row back, and is raised.
    """
    holder = chores.claim_row(SavedView, view_id, **_STATE)
    if holder is None:
        return
    view = SavedView.objects.select_related("product__product_type", "source").get(pk=view_id)
    with chores.kept_lease(SavedView, view.pk, holder):
        try:
            _make(view)
            _end(view, holder, ViewState.DONE)
        except UserError as refusal:
            _refuse(view, holder, refusal)
        finally:
            chores.release_row(SavedView, view.pk, holder, **_STATE)


def _make(view: SavedView) -> None:
    product, owner = view.product, view.product.user
    _, table = table_for(owner, view.source_id)
    if table.checksum != view.facts["source_sha256"]:
        raise ViewSourceError(f"{view.source.display_name} changed meanwhile: save the view again.")
    question = _question(view)
    with _scratch(view) as folder:
        path = folder / f"{storage.sanitise_file_name(product.display_name)[:80]}.parquet"
        n_rows = write_subset_to(
            path,
            table,
            question,
            subset_format=SUBSET_FORMATS["parquet"],
            provenance=provenance_of_view(view),
        )
        view.facts |= {"rows": n_rows}
        SavedView.objects.filter(pk=view.pk).update(facts=view.facts)
        register_result(
            product=product,
            main_path=path,
            columns_assoc=_association(table, question),
            auxiliaries=(),
            actor=owner,
        )


def _question(view: SavedView) -> Question:
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in view.question.items()
    }
    return Question(**given)


def _association(table: StoredTable, question: Question) -> dict[str, str]:
    names = table.columns if question.columns is None else question.columns
    return {role: name for name in names if (role := table.columns[name].role)}


def provenance_of_view(view: SavedView) -> dict[str, Any]:
    """Return where the rows of a view come from, for files and metadata."""
    facts = view.facts
    return {
        "product": facts["source"],
        "main_file_sha256": facts["source_sha256"],
        "rows_of_product": facts["source_rows"],
        "query": view.question,
        "rows": facts["rows"],
        "created_at": view.created_at.isoformat(timespec="seconds"),
    }


def origin_of_view(view: SavedView) -> Origin:
    """Return how the catalog describes a product that is a view of another's table."""
    return Origin(VIEW, made={"view": provenance_of_view(view)})


@contextlib.contextmanager
def _scratch(view: SavedView) -> Iterator[Path]:
    """Yield a folder of this view's own; the sweep of orphans removes what a kill leaves."""
    folder = storage.staging_dir() / f"view-{view.pk}"
    storage.remove_tree(folder)
    folder.mkdir()
    try:
        yield folder
    finally:
        storage.remove_tree(folder)


def _end(view: SavedView, holder: str, state: ViewState) -> bool:
    mine = SavedView.objects.filter(pk=view.pk, lease_holder=holder, state=ViewState.RUNNING)
    return bool(
        mine.update(state=state, ended_at=timezone.now(), lease_holder="", lease_until=None)
    )


@transaction.atomic
def _refuse(view: SavedView, holder: str, refusal: UserError) -> None:
    if _end(view, holder, ViewState.REFUSED):
        _fail(view, refusal)


def _fail(view: SavedView, refusal: UserError) -> None:
    product = Product.objects.get(pk=view.product_id)
    if product.status == ProductStatus.PROCESSING:
        fail_product(product=product, error=refusal.as_dict())


def sweep_views() -> None:
    """Give views of killed workers to others; give up what killed several."""
    chores.release_dead_rows(SavedView, **_STATE)
    hopeless = SavedView.objects.filter(state=ViewState.WAITING, attempt__gte=chores.MAX_ATTEMPTS)
    for view in hopeless.select_related("product"):
        with transaction.atomic():
            SavedView.objects.filter(pk=view.pk).update(
                state=ViewState.REFUSED, ended_at=timezone.now()
            )
            name = view.product.display_name
            text = f"{name} could not be made: the server failed {view.attempt} times over it."
            _fail(view, ViewGivenUpError(text))
    chores.enqueue_waiting_rows(SavedView, VIEW_CHORE, field="state", waiting=ViewState.WAITING)
