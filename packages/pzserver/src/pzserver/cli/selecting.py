"""Options that choose columns and rows of a table, and what they mean."""

from __future__ import annotations

from typing import Annotated

import typer

from pzserver.errors import Invalid
from pzserver.regions import moc_text
from pzserver.subsets import Selection

ColumnsOption = Annotated[
    list[str] | None, typer.Option("--columns", help="NAME,NAME… wanted; by default all.")
]
WhereOption = Annotated[
    str | None, typer.Option(help="Condition on columns, like 'z > 0.5 and z_flag >= 3'.")
]
ConeOption = Annotated[str | None, typer.Option(help="RA,DEC,RADIUS in degrees.")]
MocOption = Annotated[
    str | None,
    typer.Option(
        help="Region: file of a MOC (FITS, ASCII, JSON), its text, or product:NAME for where "
        "another product has positions."
    ),
]
LimitOption = Annotated[int | None, typer.Option(min=0, help="Most rows.")]


def selection_of(
    columns: list[str] | None = None,
    where: str | None = None,
    cone: str | None = None,
    moc: str | None = None,
    limit: int | None = None,
) -> Selection:
    """Return what the options choose.

    Raises
    ------
    Invalid
        If one of them cannot be meant so; the sentence names it.
    """
    region = None if moc is None else moc_text(moc)
    return Selection(names_of(columns), where, numbers_of("--cone", cone, _CONE), limit, region)  # type: ignore[arg-type]  # as many as named


_CONE = ("RA,DEC,RADIUS", "53.1,-27.8,0.2")


def names_of(values: list[str] | None) -> list[str] | None:
    """Return the names of an option that may be repeated, or hold several with commas."""
    if not values:
        return None
    return [name.strip() for value in values for name in value.split(",") if name.strip()]


def numbers_of(option: str, text: str | None, form: tuple[str, str]) -> tuple[float, ...] | None:
    """Return the numbers of an option, with commas between them.

    Parameters
    ----------
    option, text
        Its name and value.
    form
        What the numbers are, and an example.
    """
    if text is None:
        return None
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != form[0].count(",") + 1:
        raise Invalid(f"{option} {text!r} is not {form[0]}, like {form[1]}")
    return numbers
