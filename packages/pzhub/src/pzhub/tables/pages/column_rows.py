"""What a line of the table of columns shows, and the page of one column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.http import urlencode

from pzhub.catalog.models import Column, Product
from pzhub.tables.drawing.numbers import value_label
from pzhub.tables.pages.conditions import written_name, written_text
from pztables.roles import role_named

#: Lines of one page.
PAGE: Final = 100
_WIDTH: Final = 88
_HEIGHT: Final = 22
_MOST_BARS: Final = 22
#: A column with so many values or fewer is drawn value by value.
_FEW: Final = 8
_SHOWN_VALUES: Final = 3

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """Rows between two ends, or with one value, and the condition that finds them."""

    label: str
    count: int
    where: str


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """A column, with its statistics where they were computed."""

    product: Product
    column: Column
    report: Report | None

    @property
    def is_redshift(self) -> bool:
        """Whether its values are redshifts, which are drawn in copper."""
        role = role_named(self.column.alias or "")
        return role is not None and role.name == "z"

    @property
    def unit(self) -> str:
        """What the owner said, the file says, or its meaning implies."""
        return self.column.unit or (self.report or {}).get("unit") or ""

    @property
    def ucd(self) -> str:
        """What the owner said, or the file says."""
        return self.column.ucd or (self.report or {}).get("ucd") or ""

    @property
    def n_missing(self) -> int | None:
        """Rows without a value."""
        if self.report is None:
            known = self.column.facts.get("n_null")
            return None if known is None else int(known)
        return int(self.report["n_null"] + self.report["n_nan"])

    @property
    def is_unique(self) -> bool:
        """Whether it names rows: whole numbers or texts of which none occurs twice."""
        report = self.report
        return bool(
            report
            and report["kind"] in ("text", "integer")
            and report["distinct_exact"]
            and (report["n_distinct"] or 0) > _FEW
            and report["n_distinct"] == self.n_values
        )

    @property
    def n_values(self) -> int:
        """Rows with a value."""
        if self.report is None:
            return 0
        return int(self.report["n_rows"] - self.report["n_null"] - self.report["n_nan"])

    @property
    def bars(self) -> list[Bar]:
        """The mini histogram: few values one by one, many in a few bins."""
        return [] if self.report is None else bars_of(self.column.column_name, self.report)

    @property
    def path(self) -> str:
        """The mini histogram as an SVG path."""
        return bar_path([bar.count for bar in self.bars])

    @property
    def is_valued(self) -> bool:
        """Whether its most frequent values say more than its ends."""
        report = self.report
        return bool(report and report["top"] and report["kind"] in ("text", "boolean"))

    @property
    def n_other(self) -> int:
        """How many values differ beyond those of `top`."""
        return max(0, (self.report or {}).get("n_distinct") or 0) - len(self.top)

    @property
    def top(self) -> list[tuple[str, float]]:
        """The most frequent values, each with its share of the rows in percent."""
        if self.report is None or not self.report["top"]:
            return []
        rows = max(self.report["n_rows"], 1)
        shown = self.report["top"][:_SHOWN_VALUES]
        return [(shown_value(one["value"]), 100 * one["count"] / rows) for one in shown]

    @property
    def ends(self) -> dict[str, str]:
        """Least value, median, greatest value, mean and spread, for people."""
        report = self.report or {}
        quantiles = report.get("quantiles") or {}
        found = {"min": report.get("min"), "median": quantiles.get("0.5")}
        found |= {name: report.get(name) for name in ("max", "mean", "std")}
        return {name: shown_value(value) for name, value in found.items()}

    @property
    def is_approximate(self) -> bool:
        """Whether its quantiles are those of a sample."""
        return self.report is not None and not self.report["quantiles_exact"]

    def as_dict(self) -> dict[str, Any]:
        """Return what a schema says of the column."""
        report = self.report or {}
        quantiles = report.get("quantiles") or {}
        return {
            "name": self.column.column_name,
            "meaning": self.column.alias or "",
            "ucd": self.ucd,
            "unit": self.unit,
            "type": report.get("type") or self.column.dtype,
            "description": self.column.description,
            "missing": self.n_missing,
            **{name: report.get(name) for name in ("min", "max", "mean", "std")},
            "median": quantiles.get("0.5"),
            "distinct": report.get("n_distinct"),
        }


@dataclass(frozen=True, slots=True)
class ColumnsPart:
    """A page of columns that a search found."""

    rows: list[ColumnRow]
    page: Page[Column]
    search: str
    n_all: int
    names: str


@dataclass(frozen=True, slots=True)
class Details:
    """What the page of one column shows beyond its line."""

    quantiles: list[tuple[str, str]]
    values: list[Bar]
    bins: list[Bar]
    outside: list[Bar]
    report: Report


def column_rows(
    product: Product, columns: Sequence[Column], profile: Mapping[str, Any] | None
) -> list[ColumnRow]:
    """Return the lines of some columns."""
    reports = _reports(profile)
    return [ColumnRow(product, column, reports.get(column.column_name)) for column in columns]


def _reports(profile: Mapping[str, Any] | None) -> dict[str, Report]:
    if profile is None or profile.get("version", 1) < 2:
        return {}
    n_rows = profile["n_rows"]
    return {report["name"]: {**report, "n_rows": n_rows} for report in profile["columns"]}


def columns_part(
    product: Product,
    columns: Sequence[Column],
    profile: Mapping[str, Any] | None,
    *,
    search: str = "",
    page: str = "1",
) -> ColumnsPart:
    """Return a page of the columns in which every word of a search occurs."""
    words = search.casefold().split()
    found = [column for column in columns if all(word in _text_of(column) for word in words)]
    shown = Paginator(found, PAGE).get_page(page)
    names = "\n".join(column.column_name for column in found)
    rows = column_rows(product, list(shown.object_list), profile)
    return ColumnsPart(rows, shown, search.strip(), len(columns), names)


def _text_of(column: Column) -> str:
    words = (column.column_name, column.alias, column.ucd, column.unit, column.description)
    return " ".join(word for word in words if word).casefold()


def bars_of(name: str, report: Report) -> list[Bar]:
    """Return the bars of a mini histogram."""
    top, histogram = report["top"], report["histogram"]
    if top and (histogram is None or (report["n_distinct"] or 0) <= _FEW):
        shown = top[:_FEW] if histogram is None else sorted(top, key=lambda one: one["value"])
        return [_value_bar(name, one) for one in shown]
    if not histogram:
        return []
    edges, counts = histogram["edges"], histogram["counts"]
    step = -(-len(counts) // _MOST_BARS)
    starts = range(0, len(counts), step)
    merged = [sum(counts[start : start + step]) for start in starts]
    ends = [*(edges[start] for start in starts), edges[-1]]
    return _bin_bars(name, ends, merged)


def _value_bar(name: str, one: Mapping[str, Any]) -> Bar:
    value = one["value"]
    written = written_text(value) if isinstance(value, str) else repr(value)
    return Bar(shown_value(value), one["count"], f"{written_name(name)} == {written}")


def _bin_bars(name: str, edges: Sequence[float], counts: Sequence[int]) -> list[Bar]:
    column, bars = written_name(name), []
    for place, count in enumerate(counts):
        low, high = edges[place], edges[place + 1]
        last = "<=" if place == len(counts) - 1 else "<"
        label = f"{value_label(low)} – {value_label(high)}"
        where = f"{column} >= {low!r} and {column} {last} {high!r}"
        bars.append(Bar(label, count, where))
    return bars


def bar_path(counts: Sequence[int]) -> str:
    """Return an SVG path of bars; what is not nothing is at least a line."""
    most, step = max(counts, default=0), _WIDTH / max(len(counts), 1)
    gap = 2 if len(counts) <= _FEW else 0.8
    return "".join(
        f"M{place * step + gap / 2:.4g} {_HEIGHT}v-{max(0.8, _HEIGHT * count / most):.3g}"
        f"h{step - gap:.4g}V{_HEIGHT}z"
        for place, count in enumerate(counts)
        if count
    )


def details_of(
    product: Product, column: Column, profile: Mapping[str, Any] | None
) -> Details | None:
    """Return all statistics of one column, or ``None`` where there are none."""
    report = _reports(profile).get(column.column_name)
    if report is None:
        return None
    name = column.column_name
    histogram = report["histogram"] or {"edges": [], "counts": [], "below": 0, "above": 0}
    edges, written = histogram["edges"], written_name(name)
    outside = []
    if histogram["below"]:
        where = f"{written} < {edges[0]!r}"
        outside.append(Bar(f"< {value_label(edges[0])}", histogram["below"], where))
    if histogram["above"]:
        where = f"{written} > {edges[-1]!r}"
        outside.append(Bar(f"> {value_label(edges[-1])}", histogram["above"], where))
    quantiles = report["quantiles"] or {}
    return Details(
        [(f"{100 * float(share):g} %", shown_value(value)) for share, value in quantiles.items()],
        [_value_bar(name, one) for one in report["top"] or () if report["top"][0]["count"] > 1],
        [bar for bar in _bin_bars(name, edges, histogram["counts"]) if bar.count],
        outside,
        report,
    )


def shown_value(value: Any) -> str:
    """Write a value of a column for people."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value).replace("-", "−")
    return value_label(value) if isinstance(value, float) else str(value)


def rows_address(product: Product, where: str) -> str:
    """Return the address of the rows that fit a condition."""
    address = reverse("tables:data", args=[product.internal_name])
    return f"{address}?{urlencode({'where': where})}"
