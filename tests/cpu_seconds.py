"""A pytest plugin that tells where the processor's time goes: `make test-cost`.

The time of a test is that of its process and of everything which the process started, living or
ended: servers, commands, browsers. Wall time says little where several workers share two cores.
Time that a server spends between two tests of a worker counts for the second one.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

_TICK: Final = os.sysconf("SC_CLK_TCK")
#: Fields of /proc/*/stat after the name: user, system, and those of children that ended.
_TIMES: Final = slice(11, 15)


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _family(int(child))
    except OSError:  # it has just ended
        return


def _seconds_of(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    return sum(map(int, stat.rpartition(")")[2].split()[_TIMES])) / _TICK


def spent() -> float:
    """Return the CPU seconds of this process and of what it started so far."""
    return sum(_seconds_of(pid) for pid in _family(os.getpid()))


class Meter:
    """Reads the time after each phase of each test, and tells it in the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._last = 0.0
        self._fixtures: list[tuple[str, float]] = []
        self.of_tests: Counter[str] = Counter()
        self.of_fixtures: dict[str, list[float]] = defaultdict(list)
        self.of_collection = 0.0

    def _lap(self) -> float:
        now = spent()
        passed, self._last = now - self._last, now
        return max(passed, 0.0)

    def pytest_collection_finish(self) -> None:
        """Note what starting and collecting took, which every worker does."""
        self.of_collection += self._lap()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Note what fixtures for more than one test take."""
        if fixturedef.scope == "function":
            return (yield)
        began = spent()
        try:
            return (yield)
        finally:
            name = f"{fixturedef.baseid or 'plugin'}::{fixturedef.argname}"
            self._fixtures.append((name, spent() - began))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send the time of a phase along with its report."""
        report = yield
        report.cpu_seconds = self._lap()
        report.cpu_fixtures, self._fixtures = self._fixtures, []
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add up, where the reports of all workers come together."""
        self.of_tests[report.nodeid] += getattr(report, "cpu_seconds", 0.0)
        for name, seconds in getattr(report, "cpu_fixtures", ()):
            self.of_fixtures[name].append(seconds)

    def pytest_sessionfinish(self) -> None:
        """Hand the time of collection to the process that writes the summary."""
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput["cpu_of_collection"] = self.of_collection

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take the time of a worker's collection."""
        self.of_collection += getattr(node, "workeroutput", {}).get("cpu_of_collection", 0.0)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell the time by directory, file, fixture and test, the greatest first."""
        write = terminalreporter.write_line
        total = self.of_collection + self.of_tests.total()
        write(f"CPU seconds: {total:.0f}, of which starting and collecting: "
              f"{self.of_collection:.0f}")  # fmt: skip
        for title, rows, longest in (
            ("directories", _sums(self.of_tests, lambda name: str(_file(name).parent)), 99),
            ("files", _sums(self.of_tests, lambda name: str(_file(name))), 99),
            ("tests", self.of_tests, 60),
        ):
            write(f"CPU seconds of {title}:")
            for name, seconds in rows.most_common(longest):
                if seconds >= 0.5:
                    write(f"{seconds:8.1f}  {name}")
        write("CPU seconds of fixtures for more than one test, within the above (times made):")
        fixtures = Counter({name: sum(each) for name, each in self.of_fixtures.items()})
        for name, seconds in fixtures.most_common(40):
            write(f"{seconds:8.1f}  {name} ({len(self.of_fixtures[name])})")


def _file(nodeid: str) -> Path:
    return Path(re.split("::", nodeid)[0])


def _sums(of_tests: Counter[str], key: Any) -> Counter[str]:
    sums: Counter[str] = Counter()
    for name, seconds in of_tests.items():
        sums[key(name)] += seconds
    return sums


def pytest_configure(config: pytest.Config) -> None:
    """Measure from the start."""
    config.pluginmanager.register(Meter(config), "cpu-seconds")
