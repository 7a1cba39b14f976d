"""Delimited text: any delimiter, header or none, comments, compression; read in a stream.

A value without quotes that is empty or one of `csv_layout.NULL_TOKENS` is null; ``nan`` is
NaN in a column of numbers with decimals and null elsewhere. Columns are typed by all of
their values (see `text_types.ColumnGuess`).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from pztables.errors import RaggedRowsError, TableError, UserError, ValueNotStorableError
from pztables.formats.arrays import ARROW_REFUSALS
from pztables.formats.csv_layout import (
    BLANKS,
    NAN_TOKENS,
    NULL_TOKENS,
    Layout,
    find_layout,
)
from pztables.formats.csv_stream import CleanText, require_utf8_start
from pztables.formats.model import ColumnInfo, TableFormat, TableSchema, require_columns
from pztables.formats.reader import TableReader
from pztables.formats.streams import open_bytes
from pztables.formats.text_types import ColumnGuess, convert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pztables.limits import Limits

_HEAD_BYTES: Final = 1 << 18
_BLOCK_BYTES: Final = 4 << 20


class CsvReader(TableReader):
    """A delimited text. Opening it reads all of it once: types depend on every value."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self._limits = limits
        self._ragged: RaggedRowsError | None = None
        self._layout = self._find_layout()
        require_columns(path.name, self._layout.names, limits)
        self._guesses, n_rows = self._look_at_all()
        self.schema = TableSchema(
            TableFormat.CSV,
            tuple(ColumnInfo(name, guess.type) for name, guess in self._guesses.items()),
            n_rows=n_rows,
            delimiter=self._layout.delimiter,
            has_header=self._layout.has_header,
            notes=tuple(guess.note for guess in self._guesses.values() if guess.note),
        )

    def _find_layout(self) -> Layout:
        with open_bytes(self.path, self._limits) as source:
            head = source.read(_HEAD_BYTES)
            complete = not source.read(1)
        require_utf8_start(head, self.path.name)
        text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        if not complete:
            text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
        return find_layout(text, self.path.name)

    def _look_at_all(self) -> tuple[dict[str, ColumnGuess], int]:
        quoted = self._layout.quoted
        guesses = {name: ColumnGuess(name, text=name in quoted) for name in self._layout.names}
        n_rows = 0
        for batch in self._texts(self._layout.names, NULL_TOKENS):
            for name, guess in guesses.items():
                guess.look(batch.column(name))
            n_rows += batch.num_rows
        return guesses, n_rows

    def _batches(self, names: list[str], batch_rows: int) -> Iterator[pa.RecordBatch]:
        arrow = self.schema.arrow
        wanted = pa.schema([arrow.field(name) for name in names])
        # in a text column an unquoted nan is null; in a column of numbers it is NaN
        texts = [
            name
            for name in names
            if self._guesses[name].saw_nan and pa.types.is_string(arrow.field(name).type)
        ]
        main = self._texts([name for name in names if name not in texts], NULL_TOKENS)
        side = self._texts(texts, (*NULL_TOKENS, *NAN_TOKENS))
        if not texts:
            pieces: Iterator[dict[str, pa.Array]] = map(_columns, main)
        elif len(texts) == len(names):
            pieces = map(_columns, side)
        else:
            pieces = (
                _columns(one) | _columns(two) for one, two in zip(main, side, strict=True)
            )  # same bytes, same blocks: the batches are of the same rows
        for piece in pieces:
            arrays = [self._converted(piece[name], arrow.field(name).type) for name in names]
            yield pa.RecordBatch.from_arrays(arrays, schema=wanted)

    def _converted(self, texts: pa.Array, data_type: pa.DataType) -> pa.Array:
        array = convert(texts, data_type)
        if array is None:
            raise TableError(f"{self.path.name}: changed while it was read.", file=self.path.name)
        return array

    def _texts(
        self, names: list[str] | tuple[str, ...], null_tokens: tuple[str, ...]
    ) -> Iterator[pa.RecordBatch]:
        """Yield columns as text, in blocks."""
        if not names:
            return
        delimiter = "\t" if self._layout.delimiter == BLANKS else self._layout.delimiter
        with CleanText(open_bytes(self.path, self._limits), self._layout, self.path.name) as clean:
            source = io.BufferedReader(clean, _BLOCK_BYTES)
            if not source.peek(1):
                return
            try:
                yield from pcsv.open_csv(
                    source,
                    read_options=pcsv.ReadOptions(
                        use_threads=False,
                        block_size=_BLOCK_BYTES,
                        column_names=list(self._layout.names),
                    ),
                    parse_options=pcsv.ParseOptions(
                        delimiter=delimiter,
                        newlines_in_values=True,
                        invalid_row_handler=self._refuse_row,
                    ),
                    convert_options=pcsv.ConvertOptions(
                        column_types=dict.fromkeys(self._layout.names, pa.string()),
                        include_columns=list(names),
                        null_values=list(null_tokens),
                        strings_can_be_null=True,
                        quoted_strings_can_be_null=False,
                    ),
                )
            except ARROW_REFUSALS as error:
                raise self._ragged or self._unreadable(error) from error

    def _refuse_row(self, row: Any) -> str:
        # kept, not raised: the parser swallows what its handlers raise
        place = f"row {row.number:,}" if row.number else "a row"
        text = row.text if len(row.text) <= 80 else row.text[:77] + "…"
        self._ragged = RaggedRowsError(
            f"{self.path.name}: {place} has {row.actual_columns} values where "
            f"{row.expected_columns} are expected: '{text}'. Give every row one value per column; "
            "put values that hold the delimiter in double quotes.",
            file=self.path.name, row=row.number,
            expected=row.expected_columns, found=row.actual_columns,
        )  # fmt: skip
        return "error"

    def _unreadable(self, error: Exception) -> UserError:
        reason = str(error).splitlines()[0][:200]
        return TableError(
            f"{self.path.name}: cannot be read as delimited text ({reason}). Check its "
            "delimiter and its quotes.",
            file=self.path.name,
        )


def _columns(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    return dict(zip(batch.schema.names, batch.columns, strict=True))


class CsvWriter:
    """Write batches as comma-separated UTF-8 text.

    Text always stands in quotes, nothing else does; null is nothing (``NA`` in a table of
    one column), so that text, numbers, NaN and null stay apart.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        for field in schema:
            _require_flat(path.name, field)
        self._name = path.name
        self._null = "NA" if len(schema) == 1 else ""
        self._delimiter = "\t" if path.name.lower().endswith((".tsv", ".tsv.partial")) else ","
        self._out = path.open("wb")
        header = self._delimiter.join(_quoted_text(name) for name in schema.names)
        self._out.write(header.encode() + b"\n")

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        if not batch.num_rows:
            return
        texts = [pc.fill_null(_texts_of(column), self._null) for column in batch.columns]
        lines = pc.binary_join_element_wise(*texts, self._delimiter) if len(texts) > 1 else texts[0]
        self._out.write("\n".join(lines.to_pylist()).encode() + b"\n")

    def finish(self) -> None:
        """Close the file."""
        self._out.close()

    def abandon(self) -> None:
        """Let go of the file; the caller removes it."""
        self._out.close()


def _require_flat(file: str, field: pa.Field) -> None:
    if pa.types.is_nested(field.type) or pa.types.is_binary(field.type):
        raise ValueNotStorableError(
            f"{file}: column '{field.name}' holds {field.type}, which CSV cannot hold. "
            "Choose Parquet, or leave the column out.",
            file=file, column=field.name,
        )  # fmt: skip
    if "\n" in field.name or "\r" in field.name:
        raise ValueNotStorableError(
            f"{file}: the name of column {field.name!r} has a line break, which a CSV header "
            "cannot hold. Rename the column.",
            file=file, column=field.name,
        )  # fmt: skip


def _quoted_text(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _texts_of(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        doubled = pc.replace_substring(column, '"', '""')
        return pc.binary_join_element_wise('"', doubled, '"', "")
    texts = column.cast(pa.string())
    if pa.types.is_floating(column.type):  # 3.0 stays a number with decimals
        return pc.replace_substring_regex(texts, r"^(-?[0-9]+)$", r"\1.0")
    return texts
