"""Long lists, page by page, while others change them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from pzserver.errors import Invalid, NotFound

PAGE_SIZE: Final = 1000
Page = dict[str, Any]
AskPage = Callable[[int, int], Page]


def rows_of(ask: AskPage, *, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a list, asking for the next page only when it is needed.

    A row that moves to a later page because another came before it is yielded once. When the
    list became shorter, rows may have moved to a page that was read already: reading goes on
    from there again, so that none is left out.

    Parameters
    ----------
    ask
        Returns a page by number (from 1) and size: ``{"count", "next", "results"}``.
    limit
        Most rows; None means all.

    Raises
    ------
    Invalid
        If the limit is negative.
    """
    if limit is not None and limit < 0:
        raise Invalid(f"limit={limit}: a number of rows, 0 or more, is expected")
    rows = _distinct(_pages(ask, PAGE_SIZE if limit is None else min(limit, PAGE_SIZE)))
    for number, row in enumerate(rows if limit != 0 else (), start=1):
        yield row
        if number == limit:
            return


def _pages(ask: AskPage, size: int) -> Iterator[Page]:
    """Yield the pages of a list; when it became shorter, from where rows may have moved to."""
    number, count = 1, 0
    while True:
        page = _page(ask, number, size)
        if page is None:  # the list ends earlier now
            number -= 1
            continue
        yield page
        gone, count = count - page["count"], page["count"]
        if gone > 0 and number > 1:
            number = max(1, number - 1 - (gone - 1) // size)
        elif page.get("next"):
            number += 1
        else:
            return


def _page(ask: AskPage, number: int, size: int) -> Page | None:
    """Return a page, or None when the list has no page of this number any more."""
    try:
        return ask(number, size)
    except NotFound:
        if number == 1:
            raise
        return None


def _distinct(pages: Iterator[Page]) -> Iterator[dict[str, Any]]:
    seen: set[Any] = set()
    for page in pages:
        for row in page["results"]:
            key = row.get("id", row.get("username"))
            if key is None or key not in seen:
                seen.add(key)
                yield row
