"""Products side by side: what is in which, where they overlap; read from their profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, Product
from pzhub.catalog.pages.rows import ProductRow, rows_of, with_row_relations
from pzhub.catalog.selectors import products_visible_to
from pzhub.core.errors import InvalidError, NotFoundError
from pzhub.tables import profiles
from pzhub.tables.drawing.series import Series, rebinned
from pzhub.tables.drawing.sky import Sky
from pzhub.uploads.profiles import read_profile
from pztables.roles import role_named

#: How many products can be looked at side by side.
FEWEST, MOST = 2, 6
_WHOLE_SKY_DEG2: Final = 41_252.961_249_419_27
_BINS: Final = 60


class ComparisonError(InvalidError):
    """So many products cannot be compared."""

    code = "not_comparable"


@dataclass(frozen=True)
class Side:
    """One of the products.

    Attributes
    ----------
    row
        The product as lists show it.
    columns
        In the order of the file.
    profile
        What is known of its table, or ``None``.
    """

    row: ProductRow
    columns: tuple[Column, ...]
    profile: Mapping[str, Any] | None

    @property
    def product(self) -> Product:
        """The product itself."""
        return self.row.product

    @cached_property
    def redshifts(self) -> Series | None:
        """N(z)."""
        return profiles.redshifts_in(self.profile) if self.profile else None

    @cached_property
    def sky(self) -> Sky | None:
        """Rows per cell of the whole sky."""
        return profiles.sky_in(self.profile) if self.profile else None

    @cached_property
    def coverage(self) -> Any:
        """The MOC of its positions, or ``None``."""
        return self._read_coverage()

    @cached_property
    def surroundings(self) -> Any:
        """The MOC of its positions and of the cells around them, or ``None``."""
        coverage = self._read_coverage()
        return None if coverage is None else coverage.add_neighbours()  # it changes itself

    def _read_coverage(self) -> Any:
        from mocpy import MOC

        sky = (self.profile or {}).get("sky") or {}
        return MOC.from_string(sky["moc"], format="ascii") if sky.get("moc") else None


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """Columns that mean the same, or are called the same; ``None`` where a product has none."""

    meaning: str
    cells: tuple[Column | None, ...]

    @property
    def is_shared(self) -> bool:
        """Whether at least two products have it."""
        return sum(cell is not None for cell in self.cells) > 1


def sides_of(user: User, names: Sequence[str]) -> list[Side]:
    """Return products to compare, in the order of their names; four queries.

    Raises
    ------
    ComparisonError
        If there are too few or too many.
    NotFoundError
        If one is not there, or the user may not know of it.
    """
    wanted = list(dict.fromkeys(names))
    if not FEWEST <= len(wanted) <= MOST:
        raise ComparisonError(
            f"{len(wanted)} products cannot be compared: choose {FEWEST} to {MOST} of the list."
        )
    products = products_visible_to(user).filter(internal_name__in=wanted)
    found = {row.product.internal_name: row for row in rows_of(with_row_relations(products), user)}
    for name in wanted:
        if name not in found:
            raise NotFoundError(f"There is no product {name}, or you may not see it.")
    columns = _columns([row.product.pk for row in found.values()])
    return [_side(found[name], columns) for name in wanted]


def _side(row: ProductRow, columns: Mapping[int, list[Column]]) -> Side:
    own = tuple(columns.get(row.product.pk, ()))
    return Side(row, own, read_profile(row.profile_path))


def _columns(products: Sequence[int]) -> dict[int, list[Column]]:
    found: dict[int, list[Column]] = {}
    for column in Column.objects.filter(product__in=products).order_by("order", "id"):
        found.setdefault(column.product_id, []).append(column)
    return found


def column_lines(sides: Sequence[Side]) -> list[ColumnLine]:
    """Return the columns of all sides, those that mean the same in one line.

    Columns with a standard meaning come first, then those that most products have; a product
    whose columns would share a line twice keeps the first there.
    """
    lines: dict[tuple[int, str], list[Column | None]] = {}
    names: dict[tuple[int, str], str] = {}
    for place, side in enumerate(sides):
        for column in side.columns:
            key, name = _key(column)
            cells = lines.setdefault(key, [None] * len(sides))
            names.setdefault(key, name)
            cells[place] = cells[place] or column
    found = [(key, ColumnLine(names[key], tuple(cells))) for key, cells in lines.items()]
    found.sort(key=lambda one: (one[0][0], -sum(cell is not None for cell in one[1].cells)))
    return [line for _, line in found]


def _key(column: Column) -> tuple[tuple[int, str], str]:
    role = role_named(column.alias or "")
    if role is not None:
        return (0, role.name), role.alias or role.name
    return (1, column.column_name.lower()), column.column_name


def common_redshifts(sides: Sequence[Side]) -> list[Series]:
    """Return N(z) of the sides that have redshifts, on shared bins."""
    having = [side for side in sides if side.redshifts is not None]
    if not having:
        return []
    low = min(side.redshifts.edges[0] for side in having if side.redshifts)
    high = max(side.redshifts.edges[-1] for side in having if side.redshifts)
    edges = np.linspace(low, high, _BINS + 1)
    return [_rebinned(side, edges) for side in having]


def _rebinned(side: Side, edges: np.ndarray[Any, np.dtype[np.float64]]) -> Series:
    own = side.redshifts
    assert own is not None
    parts = rebinned(np.array(own.edges), np.array(own.counts, float), edges)
    # Rounded from the left on: bins that were each rounded would add up to another total.
    counts = np.diff(np.round(np.cumsum(parts)), prepend=0)
    return Series(
        side.product.display_name,
        tuple(edges.tolist()),
        tuple(counts.astype(int).tolist()),
        own.below,
        own.above,
        own.median,
    )


def overlap_deg2(left: Side, right: Side) -> float | None:
    """Return the area that two products share, square degrees; ``None`` without positions.

    Areas are those of HEALPix cells that hold positions (order 10, 3.4 arcmin), so two sparse
    catalogs of one field may share less than the field.
    """
    if left.coverage is None or right.coverage is None:
        return None
    return float(left.coverage.intersection(right.coverage).sky_fraction) * _WHOLE_SKY_DEG2


def may_be_near(left: Side, right: Side) -> bool:
    """Whether a position of one may be near one of the other: in the same cell, or in the next."""
    if left.coverage is None or right.coverage is None:
        return False
    return not left.surroundings.intersection(right.coverage).empty()
