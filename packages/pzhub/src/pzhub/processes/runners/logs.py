"""Reading an attempt's log by offset. No Django here."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pzhub.processes.records import ERR_FILE, WORK_FOLDER
from pzhub.processes.runners.base import LogChunk

LOG_FILE: Final = "pipeline.log"


def log_path(folder: Path) -> Path:
    """Return the log of an attempt: the pipeline's own, else what it wrote to standard error."""
    log = folder / WORK_FOLDER / LOG_FILE
    return log if log.exists() else folder / ERR_FILE


def read_chunk(path: Path, offset: int, limit: int) -> LogChunk:
    """Return part of a text file.

    Parameters
    ----------
    path
        The file; one that is missing is empty.
    offset
        First byte, from 0; negative counts from the end.
    limit
        Most bytes to return, > 3.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            start = max(size + offset, 0) if offset < 0 else min(offset, size)
            file.seek(start)
            content = _whole_characters(file.read(limit))
    except FileNotFoundError:
        return LogChunk("", 0, 0)
    return LogChunk(content.decode(errors="replace"), start + len(content), size)


def _whole_characters(content: bytes) -> bytes:
    """Leave out a character that is cut at the end: the next chunk begins with it."""
    for back in range(1, min(4, len(content)) + 1):
        byte = content[-back]
        if byte >= 0xC0:  # the first byte of a character of several
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return content[:-back] if length > back else content
        if byte < 0x80:
            break
    return content
