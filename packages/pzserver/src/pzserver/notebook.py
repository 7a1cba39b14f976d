"""Lists as tables: rich in a notebook, plain in a terminal."""

from __future__ import annotations

import html
import sys
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
#: Most characters of a cell in a plain table.
_WIDEST = 60


def show_table(rows: Sequence[Row], columns: Mapping[str, str]) -> None:
    """Show rows as a table.

    Parameters
    ----------
    rows
        What to show.
    columns
        Key of a row → title of its column, in order.
    """
    if in_notebook():
        from IPython.display import HTML, display

        display(HTML(_as_html(rows, columns)))
    else:
        sys.stdout.write(as_text(rows, columns) + "\n")


def in_notebook() -> bool:
    """Whether a notebook is attached; asks only when IPython has been imported by someone else."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def _as_html(rows: Sequence[Row], columns: Mapping[str, str]) -> str:
    head = "".join(f"<th>{html.escape(title)}</th>" for title in columns.values())
    body = "".join(
        "<tr>"
        + "".join(f"<td>{html.escape(_text(row.get(key)))}</td>" for key in columns)
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def as_text(rows: Sequence[Row], columns: Mapping[str, str]) -> str:
    """Return rows as a plain table, one line each; what is too long ends in ``…``."""
    cells = [[_cut(_text(row.get(key))) for key in columns] for row in rows]
    table = [list(columns.values()), *cells]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in table
    ]
    return "\n".join(
        line.rstrip() for line in [lines[0], "  ".join("-" * w for w in widths), *lines[1:]]
    )


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"


def _text(value: Any) -> str:
    return "" if value is None else str(value)
