"""What narrows the product list by figures: spans of values, and a cone on the sky."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from django.db.models import Exists, OuterRef, Q

from pzhub.catalog.coverage import touching
from pzhub.catalog.models import FileRole, ProductFile

#: Between the ends of a span in addresses: ``rows=1000..50000``, ``rows=1000..``.
BETWEEN: Final = ".."
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


@dataclass(frozen=True, slots=True)
class Span:
    """Both ends as they were written, ``""`` for an open one; both are part of it."""

    low: str = ""
    high: str = ""

    def __str__(self) -> str:
        return f"{self.low}{BETWEEN}{self.high}"


@dataclass(frozen=True, slots=True)
class SpanKind:
    """How one span is read and what it means.

    Attributes
    ----------
    read
        Returns the value of an end, something that can be compared, or ``None`` for what is none.
    condition
        The condition of both values, ``None`` for an open end.
    """

    read: Callable[[str], float | date | None]
    condition: Callable[..., Q]


def read_span(name: str, text: str) -> Span | None:
    """Return a span of an address, or ``None`` when it is not one: empty, unreadable, upside down.

    Examples
    --------
    >>> read_span("rows", "10..20")
    Span(low='10', high='20')
    >>> read_span("rows", "20..10") is None
    True
    """
    low, between, high = (part.strip() for part in text.partition(BETWEEN))
    if not between or not (low or high):
        return None
    read = SPANS[name].read
    values = [read(end) for end in (low, high) if end]
    if None in values or (len(values) == 2 and values[0] > values[1]):  # type: ignore[operator]
        return None
    return Span(low, high)


def span_condition(name: str, span: Span) -> Q:
    """Return the condition that a span stands for."""
    kind = SPANS[name]
    low, high = (kind.read(end) if end else None for end in (span.low, span.high))
    return kind.condition(low, high)


@dataclass(frozen=True, slots=True)
class Cone:
    """A place on the sky as it was written: ``cone=53.1,-28.1,2.5``, ICRS degrees."""

    ra: str
    dec: str
    radius: str

    def __str__(self) -> str:
        return f"{self.ra},{self.dec},{self.radius}"

    @property
    def condition(self) -> Q:
        """The condition that a product has positions there, told to about one degree."""
        return touching(float(self.ra) % 360, float(self.dec), float(self.radius))


def read_cone(text: str) -> Cone | None:
    """Return a cone of an address, or ``None`` when it is none.

    Examples
    --------
    >>> read_cone("53.1, -28.1, 2.5")
    Cone(ra='53.1', dec='-28.1', radius='2.5')
    >>> read_cone("53.1,-98,2.5") is None
    True
    """
    parts = [
        part for part in re.split(r"[\s,]+", text.strip().replace("\N{MINUS SIGN}", "-")) if part
    ]
    values = [_number(part) for part in parts]
    if len(values) != 3 or None in values:
        return None
    ra, dec, radius = (float(value or 0) for value in values)
    is_place = -360 <= ra <= 360 and -90 <= dec <= 90 and 0 < radius <= 180
    return Cone(*parts) if is_place else None


def _number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _rows(low: int | None, high: int | None) -> Q:
    condition = Q(role=FileRole.MAIN)
    if low is not None:
        condition &= Q(n_rows__gte=low)
    if high is not None:
        condition &= Q(n_rows__lte=high)
    return Q(Exists(ProductFile.objects.filter(condition, product=OuterRef("pk"))))


def _redshifts(low: float | None, high: float | None) -> Q:
    """Return the condition that the redshifts of a product reach into a span."""
    condition = Q(summary__z_min__isnull=False)
    if low is not None:
        condition &= Q(summary__z_max__gte=low)
    if high is not None:
        condition &= Q(summary__z_min__lte=high)
    return condition


def _created(low: date | None, high: date | None) -> Q:
    condition = Q()
    if low is not None:
        condition &= Q(created_at__gte=_midnight(low))
    if high is not None and high < date.max:
        condition &= Q(created_at__lt=_midnight(high + timedelta(days=1)))
    return condition


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


#: Spans by their names in addresses.
SPANS: Final[Mapping[str, SpanKind]] = MappingProxyType(
    {
        "z": SpanKind(_number, _redshifts),
        "rows": SpanKind(_whole, _rows),
        "date": SpanKind(_day, _created),
    }
)
