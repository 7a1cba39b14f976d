"""A view of a table is its address: which rows, which columns, in which order, which page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.http import QueryDict

from pzhub.tables.query import Question

SIZES: Final = (25, 50, 100, 500)
DEFAULT_SIZE: Final = 100
#: Of a table with more columns, so many are shown until others are chosen.
FIRST_COLUMNS: Final = 40
#: A page shows at most so many values: more columns than that are left out.
MAX_CELLS: Final = 20_000
_KNOWN: Final = frozenset({"where", "cols", "sort", "pin", "page", "size", "row"})
_MOST_ROWS: Final = 10**15


@dataclass(frozen=True, slots=True)
class DataView:
    """What the address of a table's page says.

    Attributes
    ----------
    where
        A condition of the language of `pztables.expressions`, as it was typed.
    cols
        The columns in the order in which they are shown; ``None`` for those of the file.
    sort
        Names, ``-`` before one for descending.
    pin
        A column that stays in sight while the others scroll.
    page, size
        From 1; one of `SIZES`.
    row
        The number (from 0) of one row of the file that is shown by itself, or ``None``.
    unknown
        Parts of the address that name nothing: told, and otherwise ignored.
    """

    where: str = ""
    cols: tuple[str, ...] | None = None
    sort: tuple[str, ...] = ()
    pin: str | None = None
    page: int = 1
    size: int = DEFAULT_SIZE
    row: int | None = None
    unknown: tuple[str, ...] = ()

    @classmethod
    def of(cls, sent: QueryDict, known: Collection[str]) -> DataView:
        """Read an address.

        Parameters
        ----------
        sent
            Its parameters.
        known
            The columns of the table.
        """
        cols, odd_cols = _split(sent.getlist("cols"), known)
        sort, odd_sort = _split(sent.getlist("sort"), known, signed=True)
        pin = sent.get("pin")
        size = _number(sent.get("size", ""))
        row = sent.get("row", "")
        odd = [*(set(sent) - _KNOWN), *odd_cols, *odd_sort]
        if pin and pin not in known:
            odd.append(pin)
        return cls(
            where=sent.get("where", "").strip(),
            cols=cols or None,
            sort=sort,
            pin=pin if pin in known else None,
            page=_number(sent.get("page", "")) or 1,
            size=size if size in SIZES else DEFAULT_SIZE,
            row=_number(row) if row.isdigit() and row.isascii() else None,
            unknown=tuple(sorted(set(odd))),
        )

    def query(self, known: Collection[str]) -> str:
        """Return the shortest query string of this view; `of` reads the same view from it."""
        sent = QueryDict(mutable=True)
        if self.where:
            sent["where"] = self.where
        for name, words in (("cols", self.cols or ()), ("sort", self.sort)):
            if words:
                sent.setlist(name, _joined(words, known, signed=name == "sort"))
        for name, value, default in (
            ("pin", self.pin, None),
            ("page", self.page, 1),
            ("size", self.size, DEFAULT_SIZE),
            ("row", self.row, None),
        ):
            if value != default:
                sent[name] = str(value)
        return sent.urlencode(safe=",/:")

    def changed(self, **changes: Any) -> DataView:
        """Return this view with something else shown, from the first page."""
        return replace(self, **{"page": 1, "row": None, "unknown": (), **changes})

    def shown(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the columns that are shown: the pinned one first, never too many."""
        chosen = list(self.cols if self.cols is not None else _first(columns))
        if self.pin is not None:
            chosen = [self.pin, *(name for name in chosen if name != self.pin)]
        return tuple(chosen[: max(MAX_CELLS // self.size, 1)])

    def question(self, columns: Mapping[str, Any]) -> Question:
        """Return what is asked of the table."""
        return Question(
            columns=self.shown(columns),
            where=self.where,
            sort=self.sort,
            limit=self.size,
            offset=(self.page - 1) * self.size,
        )

    def sorted_by(self, name: str) -> DataView:
        """Return the view after a click on a column's head: rising, falling, file order."""
        if self.sort == (name,):
            return self.changed(sort=(f"-{name}",))
        return self.changed(sort=() if self.sort == (f"-{name}",) else (name,))


def _first(columns: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns of a view that chose none: all, or of very many those that mean most."""
    if len(columns) <= FIRST_COLUMNS:
        return tuple(columns)
    meant = [name for name, column in columns.items() if column.role]
    others = [name for name in columns if name not in set(meant)]
    chosen = set([*meant, *others][:FIRST_COLUMNS])
    return tuple(name for name in columns if name in chosen)


def _split(
    sent: Iterable[str], known: Collection[str], *, signed: bool = False
) -> tuple[tuple[str, ...], list[str]]:
    """Return known names, each once, and words that are none; a known name keeps its commas."""
    words: list[str] = []
    for text in sent:
        words += [text] if _is_known(text, known, signed) else text.split(",")
    words = [word if _is_known(word, known, signed) else word.strip() for word in words]
    found = dict.fromkeys(word for word in words if _is_known(word, known, signed))
    return tuple(found), [word for word in words if word and word not in found]


def _is_known(word: str, known: Collection[str], signed: bool) -> bool:
    return word in known or (signed and word[:1] == "-" and word[1:] in known)


def _joined(words: tuple[str, ...], known: Collection[str], *, signed: bool) -> list[str]:
    """Return words with commas between them, or one by one where commas would mislead."""
    together = [",".join(words)]
    return together if _split(together, known, signed=signed) == (words, []) else list(words)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        return 0
    return min(int(text), _MOST_ROWS)
