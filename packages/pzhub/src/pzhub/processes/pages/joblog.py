"""The logs of a job as its page shows them: lines, taken apart as far as they can be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pzhub.processes.models import Process
from pzhub.processes.selectors import error_output_of, log_of

#: What the pipeline says, and what its program wrote beside it.
LOGS: Final = ("pipeline", "scheduler")
_LINE = re.compile(
    r"^\S*?(?P<time>\d\d:\d\d:\d\d)\S*\s+(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL)\s+(?P<text>.*)$"
)
_CLASSES = {"WARNING": "warn", "ERROR": "error", "CRITICAL": "error"}


class LogLine(NamedTuple):
    """A line of the log, taken apart as far as it can be."""

    time: str
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class LogPart:
    """Lines of the log, and where the next ones begin."""

    lines: list[LogLine] = field(default_factory=list)
    offset: int = 0
    is_live: bool = False


def log_part(process: Process, offset: int, which: str = LOGS[0]) -> LogPart:
    """Return the whole lines of a log from an offset on."""
    if which != LOGS[0]:
        return _scheduler_part(process)
    text, after = log_of(process, offset)
    is_live = process.ended_at is None
    if is_live and text and not text.endswith("\n"):
        whole, _newline, half = text.rpartition("\n")
        text, after = whole, after - len(half.encode())
    return LogPart([_line(line) for line in text.splitlines()], after, is_live or bool(text))


def _scheduler_part(process: Process) -> LogPart:
    """Return the end of what the program wrote beside its log; short, so never in parts."""
    return LogPart([_line(line) for line in error_output_of(process).splitlines()])


def whole_log(process: Process, which: str = LOGS[0]) -> Iterator[str]:
    """Yield a log from its beginning to its end."""
    if which != LOGS[0]:
        yield error_output_of(process)
        return
    offset = 0
    while True:
        text, after = log_of(process, offset)
        yield text
        if after <= offset or not text:
            return
        offset = after


def _line(line: str) -> LogLine:
    match = _LINE.match(line)
    if match is None:
        return LogLine("", "", line)
    return LogLine(match["time"], _CLASSES.get(match["level"], "info"), match["text"])
