"""Suggested roles: shown once each, taken over together."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, Product
from pzhub.core.errors import ForbiddenError
from pzhub.uploads.selectors import suggestions_for
from pzhub.uploads.services import accept_suggestions


def suggested(column: str, role: str, confidence: float) -> dict[str, Any]:
    suggestion = {"column": column, "role": role, "confidence": confidence, "reason": "its name"}
    return {"suggestion": suggestion}


@pytest.fixture
def draft(ana: User, product_factory: Any) -> Product:
    product: Product = product_factory(ana, type_name="redshift_catalog", status=0)
    rows = [
        ("alpha", None, suggested("alpha", "ra", 0.6)),
        ("ra", None, suggested("ra", "ra", 0.9)),
        ("zbest", "z", suggested("zbest", "z", 0.9)),
        ("zother", None, suggested("zother", "z", 0.8)),
        ("dec", None, suggested("dec", "dec", 0.9)),
        ("note", None, {}),
    ]
    for order, (name, alias, facts) in enumerate(rows):
        Column.objects.create(
            product=product, column_name=name, order=order, alias=alias, facts=facts
        )
    return product


def test_each_role_is_suggested_once_and_never_when_it_is_taken(draft: Product) -> None:
    shown = [(entry["column"], entry["role"]) for entry in suggestions_for(draft)]
    assert shown == [("ra", "ra"), ("dec", "dec")]


def test_suggestions_are_taken_over_together(ana: User, draft: Product) -> None:
    assert len(accept_suggestions(actor=ana, product=draft)) == 2
    rows = draft.columns.exclude(alias=None).values_list("column_name", "alias", "ucd")
    assert sorted(rows) == [
        ("dec", "Dec", "pos.eq.dec;meta.main"),
        ("ra", "RA", "pos.eq.ra;meta.main"),
        ("zbest", "z", None),
    ]
    assert suggestions_for(draft) == []


def test_others_do_not_associate(bob: User, draft: Product) -> None:
    with pytest.raises(ForbiddenError):
        accept_suggestions(actor=bob, product=draft)


def test_the_api_tells_suggestions_with_their_reasons(ana: User, draft: Product) -> None:
    client = APIClient()
    client.force_authenticate(ana)
    results = client.get(f"/api/products/{draft.pk}/column_suggestions/").json()["results"]
    assert results[0] == {
        "column_id": draft.columns.get(column_name="ra").pk,
        "column_name": "ra",
        "role": "ra",
        "alias": "RA",
        "ucd": "pos.eq.ra;meta.main",
        "confidence": 0.9,
        "reason": "its name",
    }
    assert [entry["column_name"] for entry in results] == ["ra", "dec"]
