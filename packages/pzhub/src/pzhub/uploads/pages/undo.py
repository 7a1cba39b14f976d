"""Undo: what the columns of a draft meant before each of the last choices, in the session."""

from __future__ import annotations

from typing import Any, Final

from pzhub.accounts.models import User
from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Column, Product
from pzhub.catalog.services import set_column_associations
from pzhub.catalog.services.columns import Association

#: So many choices can be taken back.
MOST_STEPS: Final = 20


class UndoStack:
    """The choices of one draft that can be taken back, the last one first."""

    def __init__(self, request: SignedInRequest, product: Product) -> None:
        self._session, self._key = request.session, f"undo-{product.pk}"
        self._product = product

    def __len__(self) -> int:
        """Return how many choices can be taken back: those about columns that are still there."""
        steps = self._session.get(self._key, [])
        if not steps:
            return 0
        there = set(map(str, self._product.columns.values_list("pk", flat=True)))
        return sum(not there.isdisjoint(step) for step in steps)

    @staticmethod
    def meanings(product: Product) -> dict[str, list[Any]]:
        """Return what all columns mean now: alias, UCD, unit by column id."""
        rows = Column.objects.filter(product=product).values_list("pk", "alias", "ucd", "unit")
        return {str(pk): [alias, ucd, unit] for pk, alias, ucd, unit in rows}

    def keep(self, before: dict[str, list[Any]]) -> None:
        """Keep what differs from now, if anything does."""
        now = self.meanings(self._product)
        step = {pk: was for pk, was in before.items() if pk in now and now[pk] != was}
        if step:
            steps = [*self._session.get(self._key, []), step]
            self._session[self._key] = steps[-MOST_STEPS:]

    def undo(self, actor: User) -> bool:
        """Take the last choice back; return whether there was one."""
        steps = list(self._session.get(self._key, []))
        there = set(self.meanings(self._product))
        while steps:
            step = {int(pk): Association(*was) for pk, was in steps.pop().items() if pk in there}
            self._session[self._key] = steps
            if step:
                set_column_associations(actor=actor, product=self._product, associations=step)
                return True
        return False
