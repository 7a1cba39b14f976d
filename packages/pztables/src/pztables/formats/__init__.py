"""Tables of every format as Arrow: sniff, schema, streaming read and write."""

from pztables.formats.files import open_table, open_writer, read_table, write_table
from pztables.formats.model import ColumnInfo, TableFormat, TableSchema
from pztables.formats.reader import BATCH_ROWS, TableReader
from pztables.formats.sniff import sniff_format, suffix_format

__all__ = [
    "BATCH_ROWS",
    "ColumnInfo",
    "TableFormat",
    "TableReader",
    "TableSchema",
    "open_table",
    "open_writer",
    "read_table",
    "sniff_format",
    "suffix_format",
    "write_table",
]
