"""DuckDB over one file: nothing else can be read or written, and time and memory end.

Every question gets an engine of its own. It may open the one Parquet file that the question
is about; whatever SQL did, it could reach no other file, no network and no setting.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from pzhub.config import hub_config
from pzhub.core import storage
from pzhub.core.errors import TooOftenError
from pzhub.tables.errors import SubsetTooCostlyError
from pztables.expressions import ENGINE_OPTIONS

#: A request waits this long for its turn, seconds.
_PATIENCE_SECONDS: Final = 10.0
_PARAMETER: Final = re.compile(r"\$(\w+)")
_ADVICE: Final = (
    "Narrow the filter or the region, ask for fewer columns, leave out the order, or download "
    "the product."
)


class Slots:
    """How many questions run at once in this process, and how many may wait for their turn."""

    def __init__(self, running: int, waiting: int) -> None:
        self._free = threading.BoundedSemaphore(running)
        self._queue = threading.BoundedSemaphore(waiting)
        self.waiting = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a slot.

        Raises
        ------
        TooOftenError
            If too many wait already, or none becomes free in time.
        """
        if not self._free.acquire(blocking=False):
            self._wait()
        try:
            yield
        finally:
            self._free.release()

    def _wait(self) -> None:
        if not self._queue.acquire(blocking=False):
            raise _busy()
        self.waiting += 1
        try:
            if not self._free.acquire(timeout=_PATIENCE_SECONDS):
                raise _busy()
        finally:
            self.waiting -= 1
            self._queue.release()


def _busy() -> TooOftenError:
    return TooOftenError(
        "The server is busy with other questions to its tables: try again in a few seconds.",
        wait_seconds=3,
    )


def _slots() -> Slots:
    config = hub_config()
    # Threads stay free for pages and lists, however many ask for data.
    return Slots(config.data_slots, max(config.web_threads - config.data_slots - 3, 1))


_SLOTS: Final = _slots()


class Engine:
    """An open engine; use `opened_engine`."""

    def __init__(self, connection: Any, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def require_time(self) -> None:
        """Refuse to go on when the time is over."""
        if time.monotonic() > self._deadline:
            raise too_slow()

    def value(self, sql: str, parameters: dict[str, Any]) -> Any:
        """Return the value of a result that has one row."""
        return self.values(sql, parameters)[0]

    def row(self, sql: str, parameters: dict[str, Any]) -> tuple[Any, ...]:
        """Return the only row of a result."""
        return self.rows(sql, parameters)[0]

    def rows(self, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Return all rows of a result that is known to be short."""
        return list(self._asked(sql, parameters).fetchall())

    def values(self, sql: str, parameters: dict[str, Any]) -> list[Any]:
        """Return the first column of a result."""
        return [row[0] for row in self._asked(sql, parameters).fetchall()]

    def batches(
        self, sql: str, parameters: dict[str, Any], batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        """Yield a result as it is found, in batches of Arrow."""
        for batch in self._asked(sql, parameters).to_arrow_reader(batch_rows):
            self.require_time()
            yield batch

    def _asked(self, sql: str, parameters: dict[str, Any]) -> Any:
        named = set(_PARAMETER.findall(sql))
        used = {name: value for name, value in parameters.items() if name in named}
        return self._connection.sql(sql, params=used)


@contextmanager
def opened_engine(path: Path) -> Iterator[Engine]:
    """Yield an engine that sees one file; it ends after the configured time.

    Raises
    ------
    SubsetTooCostlyError
        If what is done with it takes too much time or memory.
    TooOftenError
        If too many others ask.
    """
    import duckdb

    with _SLOTS.taken():
        seconds = hub_config().data_seconds
        connection = _connected(path)
        timer = threading.Timer(seconds, connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield Engine(connection, time.monotonic() + seconds)
        except duckdb.InterruptException:
            raise too_slow() from None
        except (duckdb.OutOfMemoryException, MemoryError):
            raise _too_big() from None
        except OSError as error:  # what Arrow makes of an end in the middle of a result
            if "INTERRUPT" in str(error):
                raise too_slow() from None
            if "Out of Memory" in str(error):
                raise _too_big() from None
            raise
        finally:
            timer.cancel()
            connection.close()


class Spare:
    """An engine that waits for its question: beginning one takes longer than many a question.

    It is made while the answer before is on its way, and has seen no file.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: tuple[dict[str, str], Any] | None = None

    def taken(self) -> Any:
        """Return an engine of the present configuration, and have the next one made."""
        wanted = _options()
        with self._lock:
            ready, self._ready = self._ready, None
        threading.Thread(target=self._refill, args=(wanted,), daemon=True).start()
        if ready is None:
            return _begun(wanted)
        if ready[0] == wanted:
            return ready[1]
        ready[1].close()
        return _begun(wanted)

    def _refill(self, wanted: dict[str, str]) -> None:
        made = _begun(wanted)
        with self._lock:
            if self._ready is None:
                self._ready = (wanted, made)
                return
        made.close()


_SPARE: Final = Spare()


def _options() -> dict[str, str]:
    config = hub_config()
    return {
        "threads": str(config.data_threads),
        "memory_limit": f"{config.data_memory_bytes}B",
        "temp_directory": str(storage.staging_dir() / "engine"),
        "max_temp_directory_size": f"{config.data_max_bytes}B",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        **ENGINE_OPTIONS,
    }


def _begun(options: dict[str, str]) -> Any:
    import duckdb

    return duckdb.connect(":memory:", config=dict(options))


def _connected(path: Path) -> Any:
    connection = _SPARE.taken()
    quoted = str(path).replace("'", "''")
    connection.execute(f"SET allowed_paths = ['{quoted}']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def too_slow() -> SubsetTooCostlyError:
    """Return the refusal of a question that takes too long."""
    seconds = hub_config().data_seconds
    return SubsetTooCostlyError(
        f"This takes longer than the {seconds} seconds that one request may take. {_ADVICE}",
        seconds=seconds,
    )


def _too_big() -> SubsetTooCostlyError:
    size = hub_config().data_memory_bytes
    return SubsetTooCostlyError(
        f"This takes more memory than the {size // 1_000_000:,} MB that one request may use. "
        f"{_ADVICE}",
        memory_bytes=size,
    )
