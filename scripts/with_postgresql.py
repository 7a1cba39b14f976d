"""Run a command with a private PostgreSQL, started for it and removed after it.

    python scripts/with_postgresql.py COMMAND [ARGUMENT ...]

The command finds the address in PZHUB_DATABASE_URL. Where no PostgreSQL server is installed
the command is not run and a sentence says so; with REQUIRE_ALL=1 (as in CI) that is an error.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def find_binaries() -> Path | None:
    """Return the folder of initdb and pg_ctl, or None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def owner_prefix() -> list[str]:
    """Return how to run as the account that owns the cluster: the server refuses to be root."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def run_quietly(command: list[str], folder: str) -> None:
    """Run a command of the cluster without its talk; it must succeed."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)


@contextmanager
def private_cluster(binaries: Path) -> Iterator[str]:
    """Start a cluster that listens on a socket of its own, and yield its address."""
    with tempfile.TemporaryDirectory(prefix="pzhub-pg-") as folder:
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = f"{folder}/data"
        run = [*owner_prefix()]
        make = [*run, str(binaries / "initdb"), "-D", data, "-U", "postgres"]
        run_quietly([*make, "-A", "trust", "-E", "UTF8"], folder)
        control = [*run, str(binaries / "pg_ctl"), "-D", data, "-w"]
        options = f"{SETTINGS} -c unix_socket_directories={folder}"
        run_quietly([*control, "-l", f"{folder}/log", "-o", options, "start"], folder)
        try:
            yield f"postgres://postgres@{quote(folder, safe='')}/postgres"
        finally:
            run_quietly([*control, "-m", "immediate", "stop"], folder)


def main() -> int:
    """Run the command and return its exit code."""
    binaries = find_binaries()
    if binaries is None:
        print("No PostgreSQL server is installed: the tests on PostgreSQL were not run.")
        return 1 if os.environ.get("REQUIRE_ALL") else 0
    with private_cluster(binaries) as address:
        environment = {**os.environ, "PZHUB_DATABASE_URL": address}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
