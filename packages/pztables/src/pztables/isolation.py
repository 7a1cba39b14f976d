"""Parse users' files behind walls: a process of its own that may do nothing but read them.

The walls: limits of memory, processor time, file size and open files; a wall clock; no
network (a network namespace, Landlock and an audit hook); no files but the one to read, the
libraries, and the output directory (Landlock and an audit hook); no other programs. Where
the kernel refuses a wall the others stay, and `isolation_report` says which hold.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from pztables import errors
from pztables.inspection import (
    CANONICAL_NAME,
    DRAWN_NAME,
    PDFS_NAME,
    PROFILE_NAME,
    RESULT_NAMES,
    UNPACKED_FOLDER,
    Inspection,
)
from pztables.limits import DEFAULT_LIMITS, Limits

_log = logging.getLogger(__name__)

RESULT_NAME: Final = ".inspection.json"
_MOST_RESULT_BYTES: Final = 50_000_000
_EXIT_REFUSED: Final = 2
# Signals by which the kernel says that a limit was reached.
_LIMIT_SIGNALS: Final = frozenset({signal.SIGXCPU, signal.SIGXFSZ, signal.SIGKILL})
# Of the last words of a process that met a limit, or that never came to read the file.
_COSTLY_WORDS: Final = ("MemoryError", "std::bad_alloc", os.strerror(errno.EFBIG))
_OUR_FAULT_WORDS: Final = ("ModuleNotFoundError", "ImportError", os.strerror(errno.ENOSPC))


class IsolationError(RuntimeError):
    """The isolated process could not do its work through no fault of the file."""


def inspect_isolated(
    path: Path,
    out_dir: Path,
    *,
    tabular_required: bool,
    limits: Limits = DEFAULT_LIMITS,
    product_type: str | None = None,
) -> Inspection:
    """Inspect a main file in a process of its own (see `pztables.inspection`).

    Parameters
    ----------
    path
        The uploaded file.
    out_dir
        An existing directory of our own, the only place that the process can write.
    tabular_required
        Whether anything but a table with rows is refused.
    limits
        What the file may cost.
    product_type
        Name of the product type, if it is known, for better suggestions.

    Raises
    ------
    UserError
        As the inspection raised it; ``file_too_costly`` when a limit was reached;
        ``unreadable_table`` when the file broke its reader.
    """
    request = {
        "path": str(path.resolve()),
        "out_dir": str(out_dir.resolve()),
        "tabular_required": tabular_required,
        "product_type": product_type,
        "limits": limits.as_dict(),
    }
    result_path = out_dir / RESULT_NAME
    result_path.unlink(missing_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".isolated-", dir=out_dir) as scratch:
            code, complaint = _run(request, Path(scratch), path.name, limits)
        return _outcome(code, complaint, result_path, path.name, out_dir)
    except BaseException:
        _remove_results(out_dir)
        raise
    finally:
        result_path.unlink(missing_ok=True)


def _run(request: dict[str, Any], scratch: Path, name: str, limits: Limits) -> tuple[int, str]:
    """Run the isolated process; return its exit code and what it complained about."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", "-m", "pztables.isolated_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd="/",
        env=_environment(scratch),
        start_new_session=True,
        close_fds=True,
    )
    try:
        _, complaint = process.communicate(
            json.dumps({**request, "scratch": str(scratch)}).encode(), limits.wall_seconds
        )
    except subprocess.TimeoutExpired as error:
        raise errors.TooCostlyError(
            f"{name}: reading it takes longer than {limits.wall_seconds} seconds. Give a smaller "
            "table, or Parquet instead of text.",
            file=name, wall_seconds=limits.wall_seconds,
        ) from error  # fmt: skip
    finally:
        _end(process)
    return process.returncode, complaint[-4000:].decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Make sure that the process and whatever it started are gone."""
    with process, suppress(ProcessLookupError, PermissionError):  # they mean that it has ended
        os.killpg(process.pid, signal.SIGKILL)


def _environment(scratch: Path) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "XDG_CONFIG_HOME": str(scratch),
        "XDG_CACHE_HOME": str(scratch),
        "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve address space
        "MALLOC_ARENA_MAX": "2",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "HDF5_PLUGIN_PRELOAD": "::",  # no filter is loaded from anywhere
        "HDF5_PLUGIN_PATH": str(scratch),
        "HDF5_USE_FILE_LOCKING": "FALSE",
    }


def _outcome(code: int, complaint: str, result_path: Path, name: str, out_dir: Path) -> Inspection:
    if code == 0:
        return _checked(_described(_read_result(result_path)), out_dir)
    if code == _EXIT_REFUSED:
        raise _refusal(_read_result(result_path))
    _log.warning("isolated inspection of %s ended with %s: %s", name, code, complaint)
    if code < 0 and -code in _LIMIT_SIGNALS:
        raise errors.TooCostlyError(
            f"{name}: reading it takes more memory, time or space than is allowed. Give a "
            "smaller table, or Parquet instead of text.",
            file=name, signal=signal.Signals(-code).name,
        )  # fmt: skip
    if any(word in complaint for word in _COSTLY_WORDS):
        raise errors.TooCostlyError(
            f"{name}: reading it takes more memory or space than is allowed. Give a smaller "
            "table, or Parquet instead of text.",
            file=name,
        )
    if any(word in complaint for word in _OUR_FAULT_WORDS):
        raise IsolationError(complaint)
    raise errors.TableError(
        f"{name}: broke the program that reads it; it is damaged or uses unusual features. "
        "Write it again, best as Parquet, and upload it again.",
        file=name,
    )


def _read_result(path: Path) -> dict[str, Any]:
    """Read what the process left, which is not trusted more than the file was."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_RESULT_BYTES:
        raise IsolationError("the isolated process left no usable result")
    value = json.loads(path.read_text("utf-8"))
    if not isinstance(value, dict):
        raise IsolationError("the isolated process left no usable result")
    return value


def _described(value: dict[str, Any]) -> Inspection:
    try:
        return Inspection.from_dict(value)
    except (KeyError, TypeError) as error:
        raise IsolationError("the isolated process left no usable result") from error


def _checked(inspection: Inspection, out_dir: Path) -> Inspection:
    """Refuse results that name files other than the agreed ones."""
    names = {inspection.canonical, inspection.profile} - {CANONICAL_NAME, PROFILE_NAME, None}
    unpacked = inspection.unpacked
    described = inspection.described or {}
    names |= {described.get("pdfs"), described.get("drawn")} - {PDFS_NAME, DRAWN_NAME, None}
    if names or (unpacked is not None and not _is_own(out_dir, unpacked)):
        raise IsolationError("the isolated process named files that are not its own")
    for name in RESULT_NAMES:
        if (out_dir / name).is_symlink():
            raise IsolationError("the isolated process left a link")
    return inspection


def _is_own(out_dir: Path, unpacked: str) -> bool:
    base = (out_dir / UNPACKED_FOLDER).resolve()
    place = out_dir / unpacked
    if not place.resolve().is_relative_to(base) or place.is_symlink():
        return False
    return not any(item.is_symlink() for item in place.rglob("*"))


def _refusal(value: dict[str, Any]) -> errors.UserError:
    """Rebuild the refusal that the process met."""
    code, data = str(value.get("code")), value.get("data")
    facts = {str(key): item for key, item in data.items()} if isinstance(data, dict) else {}
    facts.pop("message", None)
    kind = _refusals_by_code().get(code)
    if kind is None:
        kind = type("UserError", (errors.UserError,), {"code": code})
    refusal: errors.UserError = kind(str(value.get("message")), **facts)
    return refusal


@cache
def _refusals_by_code() -> dict[str, type[errors.UserError]]:
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    return {item.code: item for item in classes if issubclass(item, errors.UserError)}


def _remove_results(out_dir: Path) -> None:
    import shutil

    for name in RESULT_NAMES:
        (out_dir / name).unlink(missing_ok=True)
    shutil.rmtree(out_dir / UNPACKED_FOLDER, ignore_errors=True)


@cache
def isolation_report() -> dict[str, str]:
    """Return which walls hold on this machine: wall → how, or why not.

    Raises
    ------
    IsolationError
        If the isolated process cannot be started at all.
    """
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        request = {"report": True, "path": folder, "out_dir": folder}
        request["limits"] = DEFAULT_LIMITS.as_dict()
        code, complaint = _run(request, scratch, "report", DEFAULT_LIMITS)
        if code != 0:
            raise IsolationError(complaint)
        return {str(k): str(v) for k, v in _read_result(Path(folder) / RESULT_NAME).items()}
