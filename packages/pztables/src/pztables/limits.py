"""What one user's file may cost: checked against what it declares, before it is read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from pztables.errors import TooCostlyError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Limits:
    """The budget of one file.

    Attributes
    ----------
    memory_bytes, cpu_seconds, wall_seconds, written_bytes, open_files
        Of the reading process, see `pztables.isolation`.
    cells
        Largest number of declared values (rows × columns × vector length).
    columns
        Largest number of columns.
    free_cells, cells_per_byte
        A file may declare ``max(free_cells, cells_per_byte * size)`` values: real tables
        need some bits for each value, bombs do not.
    unpacked_bytes
        Largest size of a decompressed file and of all members of an archive.
    free_unpacked_bytes, ratio
        A compressed file may grow to ``max(free_unpacked_bytes, ratio * size)``.
    entries
        Largest number of members of an archive.
    """

    memory_bytes: int = 2_000_000_000
    cpu_seconds: int = 300
    wall_seconds: int = 300
    written_bytes: int = 4_000_000_000
    open_files: int = 256
    cells: int = 2_000_000_000
    columns: int = 10_000
    free_cells: int = 10_000_000
    cells_per_byte: int = 20
    unpacked_bytes: int = 4_000_000_000
    free_unpacked_bytes: int = 100_000_000
    ratio: int = 100
    entries: int = 100_000

    def as_dict(self) -> dict[str, int]:
        """Return all limits by name, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Limits:
        """Build limits from `as_dict`; names that are absent keep their default."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: int(value) for name, value in values.items() if name in known})

    def require_cells(self, file: str, *, rows: int, width: int, size_bytes: int) -> None:
        """Refuse a table that declares more values than its bytes can be worth.

        Parameters
        ----------
        file
            Name to show.
        rows
            Declared number of rows.
        width
            Declared values per row, vector columns counted with their length.
        size_bytes
            Size of the file.

        Raises
        ------
        TooCostlyError
            Naming the file, the declared numbers and the allowed one.
        """
        if width > self.columns * 100:
            raise TooCostlyError(
                f"{file}: declares {width:,} values per row; at most {self.columns * 100:,} "
                "are accepted. Store fewer columns or shorter vectors.",
                file=file, width=width,
            )  # fmt: skip
        allowed = min(self.cells, max(self.free_cells, self.cells_per_byte * size_bytes))
        if rows * width > allowed:
            raise TooCostlyError(
                f"{file}: declares {rows:,} rows of {width:,} values in {size_bytes:,} bytes; "
                f"at most {allowed:,} values are accepted for its size. Check how it was written, "
                "or split it.",
                file=file, rows=rows, width=width, allowed=allowed,
            )  # fmt: skip

    def unpacked_allowance(self, packed_bytes: int) -> int:
        """Return how many bytes a compressed file of a size may grow to."""
        return min(self.unpacked_bytes, max(self.free_unpacked_bytes, self.ratio * packed_bytes))


DEFAULT_LIMITS: Final = Limits()

#: For files that the server or a pipeline wrote itself.
TRUSTED_LIMITS: Final = Limits(
    cells=10**15, free_cells=10**15, unpacked_bytes=10**15, free_unpacked_bytes=10**15
)
