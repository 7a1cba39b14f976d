"""Lists that change while they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzserver import _pages
from pzserver._pages import rows_of
from pzserver.errors import Invalid, NotFound


class NewestFirst:
    """A list as the server pages it; something may happen to it before each page."""

    def __init__(self, ids: list[int], before_page: Callable[[int, list[int]], None]) -> None:
        self.ids = ids
        self.before_page = before_page
        self.asked: list[tuple[int, int]] = []

    def __call__(self, number: int, size: int) -> dict[str, Any]:
        self.before_page(len(self.asked), self.ids)
        self.asked.append((number, size))
        start = (number - 1) * size
        if number > 1 and start >= len(self.ids):
            raise NotFound("no such page")
        rows = [{"id": key} for key in self.ids[start : start + size]]
        following = "there is more" if start + size < len(self.ids) else None
        return {"count": len(self.ids), "next": following, "results": rows}


def quiet(turn: int, ids: list[int]) -> None:
    pass


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pages, "PAGE_SIZE", 10)


def test_a_limit_asks_for_no_more_than_it_needs() -> None:
    rows = NewestFirst(list(range(100, 0, -1)), quiet)
    assert [row["id"] for row in rows_of(rows, limit=3)] == [100, 99, 98]
    assert rows.asked == [(1, 3)]
    assert len(list(rows_of(rows, limit=25))) == 25
    assert list(rows_of(rows, limit=0)) == []


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(Invalid, match="limit=-1"):
        list(rows_of(NewestFirst([1], quiet), limit=-1))


def test_an_address_that_does_not_exist_is_still_told() -> None:
    def ask(number: int, size: int) -> dict[str, Any]:
        raise NotFound("nothing here")

    with pytest.raises(NotFound, match="nothing here"):
        list(rows_of(ask))


changes = st.lists(st.lists(st.integers(-40, 15), max_size=4), max_size=8)


@given(n_rows=st.integers(0, 60), changes=changes)
def test_no_row_repeats_and_none_that_stays_is_lost(n_rows: int, changes: list[list[int]]) -> None:
    """Negative: the row at this place is deleted. Otherwise so many new ones come first."""

    def change(turn: int, ids: list[int]) -> None:
        for what in changes[turn] if turn < len(changes) else ():
            if what >= 0:
                first = max([1000, *ids])
                ids[:0] = range(first + what, first, -1)
            elif ids:
                del ids[what % len(ids)]

    server = NewestFirst(list(range(n_rows, 0, -1)), change)
    seen = [row["id"] for row in rows_of(server)]
    assert len(seen) == len(set(seen))
    assert {key for key in server.ids if key <= n_rows} <= set(seen)
