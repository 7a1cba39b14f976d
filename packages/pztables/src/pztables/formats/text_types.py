"""Which type the texts of a column have, decided on all of its values, losing none."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from pztables.formats.csv_layout import NAN_TOKENS

_NUMBER: Final = (
    r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eEdD][+-]?[0-9]+)?$|^[+-]?(?i:nan|inf|infinity)$"
)
_INTEGER: Final = r"^[+-]?[0-9]+$"
# what a number would lose: leading zeros, hexadecimal
_CODE: Final = r"^[+-]?0[0-9xX]"
_LONG_INTEGER: Final = r"^[+-]?[0-9]{16,}$"
_EXACT: Final = 1 << 53
_BOOLEANS: Final = pa.array(["true", "false"])
_NAN: Final = pa.array(NAN_TOKENS)
# From this share of numbers on, the few other values are worth a sentence.
_NEARLY_ALL: Final = 0.9


class ColumnGuess:
    """Look at every value of one text column and say the narrowest type that loses nothing.

    Integers keep all their digits and leading zeros (else they are text); a column with
    any value that is not a number stays text, and `note` says so when it is nearly numeric.
    """

    def __init__(self, name: str, *, text: bool) -> None:
        self.name = name
        self._text = text
        self._rows = 0
        self._values = 0
        self._bad = 0
        self._integers = 0
        self._first_bad: tuple[int, str] | None = None
        self._all_boolean = self._all_integer = True
        self._negative = self._unsigned = self._codes = self._long_integers = False
        self.saw_nan = False

    def look(self, texts: pa.Array) -> None:
        """Take the next values into account (nulls are no values)."""
        values = texts.drop_null() if texts.null_count else texts
        if len(values):
            self._values += len(values)
            if self._text or self._is_hopeless():
                self.saw_nan = self.saw_nan or _any(pc.is_in(values, _NAN))
            else:
                self._look_at_values(texts, values)
        self._rows += len(texts)

    def _is_hopeless(self) -> bool:
        return not self._all_boolean and self._bad > 1000 and self._bad * 2 > self._values

    def _look_at_values(self, texts: pa.Array, values: pa.Array) -> None:
        if self._all_boolean:
            self._all_boolean = _all(pc.is_in(pc.utf8_lower(values), _BOOLEANS))
            if self._all_boolean:
                self._bad += len(values)
                self._all_integer = False
                return
        if self._all_integer and self._look_for_integers(values):
            return
        numbers = _floats(values)
        if numbers is None:
            self._count_bad(texts)
        else:
            self.saw_nan = self.saw_nan or _any(pc.is_nan(numbers))
        self._long_integers = self._long_integers or _any(
            pc.match_substring_regex(values, _LONG_INTEGER)
        )

    def _look_for_integers(self, values: pa.Array) -> bool:
        """Return whether all values are whole numbers, NaN left aside."""
        if not self._codes:
            self._codes = _any(pc.match_substring_regex(values, _CODE))
        integers = _integers(values, pa.int64())
        if integers is None:
            values = pc.utf8_trim_whitespace(values)
            nan = pc.is_in(values, _NAN)
            if _any(nan):
                self.saw_nan = True
                values = values.filter(pc.invert(nan))
            integers = _integers(values, pa.int64())
        if integers is not None:
            ends = pc.min_max(integers).as_py()
            low, high = ends["min"] or 0, ends["max"] or 0
            self._negative = self._negative or low < 0
            # as a number with decimals it would lose digits
            self._long_integers = self._long_integers or max(-low, high) > _EXACT
        elif not _all(pc.match_substring_regex(values, _INTEGER)):
            self._all_integer = False
            return False
        else:
            self._unsigned = self._long_integers = True
            if _integers(values, pa.uint64()) is None:
                self._codes = True  # more digits than any integer type has
        self._integers += len(values)
        return True

    def _count_bad(self, texts: pa.Array) -> None:
        trimmed = pc.utf8_trim_whitespace(texts)
        bad = pc.invert(pc.fill_null(pc.match_substring_regex(trimmed, _NUMBER), True))
        self._bad += pc.sum(bad).as_py() or 0
        self.saw_nan = self.saw_nan or _any(pc.is_in(trimmed, _NAN))
        if self._first_bad is None and self._bad:
            at = pc.index(bad, True).as_py()
            self._first_bad = (self._rows + at + 1, texts[at].as_py())

    @property
    def type(self) -> pa.DataType:
        """The type of the column so far."""
        if self._text:
            return pa.string()
        if not self._values:
            return pa.float64() if self._rows else pa.string()
        if self._all_boolean:
            return pa.bool_()
        if self._bad or (self._all_integer and self._codes):
            return pa.string()
        if not self._all_integer or not self._integers:  # nothing but NaN has decimals
            return pa.string() if self._long_integers else pa.float64()
        if self._unsigned:
            return pa.string() if self._negative else pa.uint64()
        return pa.int64()

    @property
    def note(self) -> str | None:
        """A sentence when a column of numbers stays text because of a few values."""
        nearly = not self._text and self._bad < (1 - _NEARLY_ALL) * self._values
        if self._first_bad is None or not nearly or self._all_boolean:
            return None
        row, text = self._first_bad
        return (
            f"Column '{self.name}' stays text: {self._bad:,} of its {self._values:,} values are "
            f"not numbers, first '{text[:40]}' in row {row:,}."
        )


def convert(texts: pa.Array, data_type: pa.DataType) -> pa.Array | None:
    """Return the texts in a type that a `ColumnGuess` gave, or ``None`` when they do not fit."""
    if pa.types.is_string(data_type):
        return texts
    if pa.types.is_boolean(data_type):
        return pc.equal(pc.utf8_lower(texts), "true")
    if pa.types.is_floating(data_type):
        return _floats(texts)
    exact = _integers(texts, data_type)
    if exact is not None:
        return exact
    plain = pc.utf8_trim_whitespace(texts)
    return _integers(
        pc.if_else(pc.is_in(plain, _NAN), pa.scalar(None, pa.string()), plain), data_type
    )


def _integers(texts: pa.Array, data_type: pa.DataType) -> pa.Array | None:
    numbers = _cast(texts, data_type)
    return _cast(_bare(texts), data_type) if numbers is None else numbers


def _floats(texts: pa.Array) -> pa.Array | None:
    numbers = _cast(texts, pa.float64())
    return _cast(_exponents(_bare(texts)), pa.float64()) if numbers is None else numbers


def _cast(texts: pa.Array, data_type: pa.DataType) -> pa.Array | None:
    try:
        return pc.cast(texts, data_type)
    except pa.ArrowInvalid:
        return None


def _bare(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), r"^\+", "")


def _exponents(texts: pa.Array) -> pa.Array:
    """Write Fortran's ``1.0D+05`` as ``1.0e+05``."""
    return pc.replace_substring_regex(texts, r"^([-0-9.]+)[dD]([+-]?[0-9]+)$", r"\1e\2")


def _any(mask: Any) -> bool:
    return bool(pc.any(mask).as_py())


def _all(mask: Any) -> bool:
    return bool(pc.all(mask).as_py())
