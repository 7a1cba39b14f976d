"""Drafts at every step, and a browser without script."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, Product, ProductStatus
from pzhub.uploads.models import Inspection, InspectionState

if TYPE_CHECKING:
    from conftest import FileFactory, ProductFactory

#: Name, type, unit, suggested role and confidence of the columns of a draft.
COLUMNS = (
    ("NUM", "int64", "", "id", 0.9),
    ("ALPHA", "double", "deg", "ra", 0.95),
    ("DELTA", "double", "deg", "dec", 0.95),
    ("Z", "double", "", "z", 0.7),
    ("EPOCH", "int16", "", None, 0.0),
)
DraftMaker = Callable[..., Product]


@pytest.fixture
def empty_draft(ana: User, product_factory: ProductFactory) -> DraftMaker:
    """Return a maker of ana's drafts without files."""

    def make(name: str = "Deep set", type_name: str = "redshift_catalog", **fields: Any) -> Product:
        return product_factory(
            ana, name=name, type_name=type_name, status=ProductStatus.REGISTERING, **fields
        )

    return make


@pytest.fixture
def inspected_draft(empty_draft: DraftMaker, file_factory: FileFactory) -> DraftMaker:
    """Return a maker of drafts whose main file was read or refused."""

    def make(
        state: InspectionState = InspectionState.DONE, error: Any = None, **fields: Any
    ) -> Product:
        draft = empty_draft(**fields)
        main = file_factory(draft, name="deep.csv")
        main.n_rows = 1234
        main.save()
        Inspection.objects.create(
            product=draft,
            file=main,
            sha256=main.sha256,
            state=state,
            lease_until=timezone.now() if state == InspectionState.RUNNING else None,
            is_table=state == InspectionState.DONE,
            error=error,
            first_rows=[{name: 1.5 for name, *_ in COLUMNS}],
        )
        if state == InspectionState.DONE:
            _add_columns(draft)
        return draft

    return make


def _add_columns(draft: Product) -> None:
    for order, (name, dtype, unit, role, confidence) in enumerate(COLUMNS):
        suggestion = {"column": name, "role": role, "confidence": confidence, "reason": "its name"}
        Column.objects.create(
            product=draft,
            column_name=name,
            order=order,
            dtype=dtype,
            unit=unit,
            facts={"n_null": 0, "samples": [1, 2, 3], "suggestion": suggestion if role else None},
        )
