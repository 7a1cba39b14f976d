"""Walls around the current process: limits, no network, no foreign files, no programs.

Linux gives each of them its own way; a wall that the kernel refuses is reported, and the
others are raised all the same. Nothing here can be undone by the process.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_LANDLOCK_CREATE, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT = 444, 445, 446  # on every Linux
_RULE_PATH_BENEATH: Final = 1

# Access rights of Landlock, by the bits of <linux/landlock.h>.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_ALL_FILE_RIGHTS: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_ALL_NET_RIGHTS: Final = 3  # bind and connect over TCP, from version 4 on
_ALL_SCOPES: Final = 3  # abstract sockets and signals, from version 6 on
# Remove directories and files, make them, move them, cut them.
_REMAKE: Final = (1 << 4) | (1 << 5) | (1 << 7) | (1 << 8) | (1 << 13) | (1 << 14)

_SYSTEM_FILES: Final = (
    "/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/usr/share/zoneinfo",
    "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom", "/dev/random",
    "/proc/cpuinfo", "/proc/meminfo", "/proc/self", "/sys/devices/system/cpu", "/sys/fs/cgroup",
)  # fmt: skip

_REFUSED_EVENTS: Final = frozenset(
    {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname",
     "socket.sendto", "socket.sendmsg", "urllib.Request", "http.client.connect",
     "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
     "os.forkpty", "pty.spawn", "os.link", "os.symlink", "os.chown", "os.chmod",
     "pickle.find_class", "os.kill"}
)  # fmt: skip
_PATH_EVENTS: Final = frozenset(
    {"open", "os.listdir", "os.scandir", "os.rename", "os.remove", "os.rmdir", "os.mkdir",
     "os.truncate", "shutil.rmtree"}
)  # fmt: skip


class WallBreachError(PermissionError):
    """The process tried what its walls forbid."""


def raise_walls(
    *, readable: Iterable[Path], writable: Iterable[Path], limits: Mapping[str, int]
) -> dict[str, str]:
    """Confine the current process for the rest of its life.

    Parameters
    ----------
    readable
        Files and directories that may be read, besides the libraries.
    writable
        Directories that may be written.
    limits
        As `pztables.limits.Limits.as_dict`.

    Returns
    -------
    wall → how it stands, or ``"absent: why"``
    """
    may_write = [path.resolve() for path in writable]
    may_read = [*(path.resolve() for path in readable), *may_write, *_library_paths()]
    return {
        "limits": _set_limits(limits),
        "network": _leave_network(),
        "landlock": _confine_files(may_read, may_write),
        "audit": _add_audit_hook(may_read, may_write),
        "orphans": _die_with_parent(),
    }


def _library_paths() -> list[Path]:
    """Return where Python, its packages and the system's libraries are."""
    named = [*sys.path, *sysconfig.get_paths().values(), sys.prefix, sys.base_prefix]
    found = [Path(name).resolve() for name in [*named, *_SYSTEM_FILES] if name]
    return [path for path in dict.fromkeys(found) if path.exists() and path != Path("/")]


def _set_limits(limits: Mapping[str, int]) -> str:
    wanted = {
        resource.RLIMIT_AS: limits["memory_bytes"],
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_FSIZE: limits["written_bytes"],
        resource.RLIMIT_NOFILE: limits["open_files"],
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (ceiling, ceiling))
    return "memory, processor time, file size, open files"


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _reason() -> str:
    return "absent: " + os.strerror(ctypes.get_errno())


def _leave_network() -> str:
    """Move to an empty network namespace, with a user namespace where that is needed."""
    libc = _libc()
    for flags in (_CLONE_NEWUSER | _CLONE_NEWNET, _CLONE_NEWNET):
        if libc.unshare(flags) == 0:
            return "a namespace without devices"
    return _reason()


def _die_with_parent() -> str:
    """Ask to be killed when the parent is; last, because new credentials undo it."""
    if _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        return _reason()
    return "killed with their parent"


def _confine_files(may_read: Iterable[Path], may_write: Iterable[Path]) -> str:
    """Restrict files, TCP and signals by Landlock, for C libraries too."""
    libc = _libc()
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return _reason()
    rights = _ALL_FILE_RIGHTS[max(known for known in _ALL_FILE_RIGHTS if known <= version)]
    attributes = struct.pack("Q", rights)
    if version >= 4:
        attributes += struct.pack("Q", _ALL_NET_RIGHTS)
    if version >= 6:
        attributes += struct.pack("Q", _ALL_SCOPES)
    ruleset = libc.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0)
    if ruleset < 0:
        return _reason()
    for path in may_read:
        _allow(libc, ruleset, path, (_READ_FILE | _READ_DIR) & rights)
    for path in may_write:
        _allow(libc, ruleset, path, (_READ_FILE | _READ_DIR | _WRITE_FILE | _REMAKE) & rights)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    held = libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0
    os.close(ruleset)
    return f"version {version}" if held else _reason()


def _allow(libc: Any, ruleset: int, path: Path, rights: int) -> None:
    if not path.is_dir():
        rights &= _READ_FILE | _WRITE_FILE
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, descriptor)
        libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)


def _add_audit_hook(may_read: list[Path], may_write: list[Path]) -> str:
    """Refuse what Python itself reports: files elsewhere, sockets, programs, pickled classes."""
    read_roots = tuple(str(path) for path in may_read)
    write_roots = tuple(str(path) for path in may_write)
    write_flags = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _REFUSED_EVENTS:
            raise WallBreachError(f"{event} is not allowed while a user's file is read")
        if event not in _PATH_EVENTS or not arguments:
            return
        place = arguments[0]
        if not isinstance(place, str | bytes | os.PathLike):
            return  # a descriptor that is open already
        writes = event not in ("open", "os.listdir", "os.scandir")
        if event == "open" and isinstance(arguments[2], int):
            writes = bool(arguments[2] & write_flags)
        if not _is_below(os.fsdecode(place), write_roots if writes else read_roots):
            raise WallBreachError(
                f"{event} of {place!r} is not allowed while a user's file is read"
            )

    sys.addaudithook(hook)
    return "files, sockets, programs, pickles"


def _is_below(place: str, roots: tuple[str, ...]) -> bool:
    real = os.path.realpath(place)
    return real == "/dev/null" or any(
        real == root or real.startswith(root.rstrip("/") + "/") for root in roots
    )
