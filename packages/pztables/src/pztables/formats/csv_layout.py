"""How a delimited text is laid out: delimiter, comments, header, quoting."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from pztables.errors import NoColumnsError, NotATableError

#: Any run of blanks and tabs.
BLANKS: Final = " "
SAMPLE_LINES: Final = 200
# Preferred first: a decimal comma or a comma inside text must not win over these.
_DELIMITERS: Final = ("\t", ";", "|", ",", BLANKS, ":", "^", "~", "&", "!")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?|[+-]?(nan|inf(inity)?)", re.I)
_RULER: Final = re.compile(r"[-=+|:\s]*[-=]{2}[-=+|:\s]*")

NAN_TOKENS: Final = ("nan", "NaN", "NAN", "-nan", "-NaN", "Nan")
NULL_TOKENS: Final = (
    "", "NA", "N/A", "n/a", "na", "NULL", "null", "Null", "None", "none", "NONE", "<NA>", "<na>",
    "#N/A", "#NA", "--",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a line, and whether it stood in quotes."""

    text: str
    quoted: bool

    @property
    def is_number(self) -> bool:
        """Whether the value reads as a number (NaN and infinity included)."""
        return _NUMBER.fullmatch(self.text.strip()) is not None

    @property
    def is_null(self) -> bool:
        """Whether the value is unquoted and stands for "no value"."""
        return not self.quoted and self.text.strip() in NULL_TOKENS


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything that must be known before the rows are parsed.

    Attributes
    ----------
    delimiter
        One character; ``" "`` is any run of blanks.
    names
        Of the columns: from the header, or ``"0", "1", …``.
    has_header
        Whether a line of the file names the columns.
    skip_lines
        Lines without comments to leave out before the first row.
    quoted
        Names of the columns whose values stand in quotes while others do not: text.
    notes
        Sentences for the user.
    """

    delimiter: str
    names: tuple[str, ...]
    has_header: bool
    skip_lines: int
    quoted: frozenset[str] = frozenset()
    notes: tuple[str, ...] = field(default=())


def split_line(line: str, delimiter: str) -> list[Field]:
    """Split one line at a delimiter outside double quotes."""
    if delimiter == BLANKS:
        pieces = re.findall(r'"(?:[^"]|"")*"|\S+', line)
    else:
        mark = re.escape(delimiter)
        # one piece per delimiter: the quoted form first, else everything up to the next
        pattern = rf'(?:^|{mark})([ ]*"(?:[^"]|"")*"[ ]*(?={mark}|$)|[^{mark}]*)'
        pieces = [match.group(1) for match in re.finditer(pattern, line)]
    return [_field(piece) for piece in pieces]


def _field(piece: str) -> Field:
    bare = piece.strip(" ")
    if len(bare) >= 2 and bare[0] == bare[-1] == '"':
        return Field(bare[1:-1].replace('""', '"'), quoted=True)
    return Field(piece, quoted=False)


def find_layout(head: str, file: str) -> Layout:
    """Guess the layout from the first lines.

    Parameters
    ----------
    head
        The beginning of the text, whole lines.
    file
        Name to show.

    Raises
    ------
    NoColumnsError
        If there is no line with a value.
    NotATableError
        If the text is prose.
    """
    newline = "\n" if "\n" in head else "\r"
    lines = [line.rstrip("\r") for line in head.split(newline) if line.strip()]
    comments, data = _split_comments(lines)
    if not data:
        return _header_in_comment_only(comments, file)
    delimiter = find_delimiter(data)
    if delimiter is None:
        _refuse_prose(data, file)
    separator = delimiter or ","
    rows = [split_line(line, separator) for line in data]
    return _with_header(comments, rows, separator, data)


def _split_comments(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the comment lines before the first value, and all other lines."""
    first = next((i for i, line in enumerate(lines) if not line.lstrip().startswith("#")), None)
    if first is None:
        return lines, []
    data = [line for line in lines[first:] if not line.lstrip().startswith("#")]
    return lines[:first], data[:SAMPLE_LINES]


def find_delimiter(lines: list[str]) -> str | None:
    """Return the delimiter that cuts all lines alike, or ``None`` for a single column."""
    best: tuple[float, str] | None = None
    for delimiter in _DELIMITERS:
        counts = Counter(len(split_line(line, delimiter)) for line in lines[:SAMPLE_LINES])
        first = len(split_line(lines[0], delimiter))
        most, times = counts.most_common(1)[0]
        agreed = most if most > 1 else first
        if agreed < 2:
            continue
        share = counts[agreed] / sum(counts.values())
        if len(counts) == 1 or (counts.keys() == {first, first + 1} and counts[first] == 1):
            return delimiter
        if share >= 0.5 and times > 1 and (best is None or share > best[0]):
            best = (share, delimiter)
    return best[1] if best else None


def _refuse_prose(lines: list[str], file: str) -> None:
    wordy = sum(len(line.split()) > 4 for line in lines)
    if wordy * 2 > len(lines):
        raise NotATableError(
            f"{file}: is text without columns: its lines do not have the same number of values "
            "for any delimiter. Give a table with one delimiter (comma, tab, blank…).",
            file=file,
        )


def _header_in_comment_only(comments: list[str], file: str) -> Layout:
    for line in reversed(comments):
        for delimiter in ("\t", ";", "|", ","):
            names = _names(split_line(line.lstrip("# "), delimiter))
            if len(names) > 1:
                return Layout(delimiter, names, has_header=True, skip_lines=0)
    raise NoColumnsError(
        f"{file}: holds only comments, no column and no row. Give a table with a header line "
        "and rows.",
        file=file,
    )


def _with_header(
    comments: list[str], rows: list[list[Field]], delimiter: str, lines: list[str]
) -> Layout:
    width = len(rows[1]) if len(rows) > 1 else len(rows[0])
    if is_header(rows):
        ruler = 1 if len(lines) > 1 and _RULER.fullmatch(lines[1]) else 0
        values = rows[1 + ruler :]
        names = _names(rows[0])
        if values and len(values[0]) == len(names) + 1:
            names = ("index", *names)  # R and pandas leave the name of the row labels out
        return Layout(delimiter, names, True, 1 + ruler, _quoted_columns(values, names))
    commented = _comment_names(comments, width, delimiter)
    has_header = commented is not None
    names = commented or tuple(str(number) for number in range(len(rows[0])))
    return Layout(delimiter, names, has_header, 0, _quoted_columns(rows, names))


def _comment_names(comments: list[str], width: int, delimiter: str) -> tuple[str, ...] | None:
    """Return the names in the last comment line that has as many as the rows have values."""
    for line in reversed(comments):
        for candidate in (delimiter, BLANKS, ","):
            fields = split_line(line.lstrip().lstrip("#").strip(), candidate)
            texts = {item.text.strip() for item in fields}
            if len(fields) == width == len(texts) and not any(item.is_number for item in fields):
                return _names(fields)
    return None


def _names(fields: list[Field]) -> tuple[str, ...]:
    return tuple(
        (item.text if item.quoted else item.text.strip())
        or f"Unnamed: {number}"  # as pandas calls the nameless
        for number, item in enumerate(fields)
    )


def is_header(rows: list[list[Field]]) -> bool:
    """Return whether the first row names the columns.

    It does when it is quoted and the values are not, or when the columns of numbers
    begin with something else; without any column of numbers, when its values are all
    different and none is empty or a number.
    """
    first, values = rows[0], rows[1:]
    if all(item.quoted for item in first) and any(
        not item.quoted and not item.is_null for row in values for item in row
    ):
        return True
    if not any(item.text.strip() for item in first):
        return False
    votes = [
        not first[number].is_number
        for number in range(len(first))
        if not first[number].is_null and _is_numeric_column(values, number)
    ]
    if votes:
        return sum(votes) * 2 > len(votes)
    texts = [item.text.strip() for item in first]
    named = sum(map(bool, texts)) >= len(texts) - 1  # the row labels may have no name
    return named and len(set(texts)) == len(texts) and not any(item.is_number for item in first)


def _is_numeric_column(rows: list[list[Field]], number: int) -> bool:
    items = [row[number] for row in rows if number < len(row)]
    shown = [item for item in items if not item.is_null]
    return bool(shown) and sum(item.is_number for item in shown) * 10 >= len(shown) * 9


def _quoted_columns(rows: list[list[Field]], names: tuple[str, ...]) -> frozenset[str]:
    quoted: set[str] = set()
    bare = False
    for number, name in enumerate(names):
        items = [row[number] for row in rows if number < len(row) and not row[number].is_null]
        if items and all(item.quoted for item in items):
            quoted.add(name)
        elif items:
            bare = True
    # where every value is quoted, quotes say nothing
    return frozenset(quoted) if bare else frozenset()
