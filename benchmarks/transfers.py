"""How fast and how light transfers are: resumable and plain uploads, downloads, archives, memory.

    python benchmarks/transfers.py [--main-mb N] [--rounds N] [--parts]

Serves an empty data folder with `pzhub serve` and drives it with our own client. Every speed is the
best of some rounds; what it is compared with is measured beside it. ``--parts`` prints the memory
of each process of the server at the peak.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
from api import BIN, drain, prepared, report, serving, static_server, timed, write_big_file

from pzserver.api import PzRequests

AT_ONCE = 8
NEVER = 10**12


def main() -> None:
    """Run every measurement and print it."""
    options = parse_arguments()
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="pz-bench-state-")
    with tempfile.TemporaryDirectory(prefix="pz-bench-") as name:
        folder = Path(name)
        token = make_user(folder)
        table = write_big_file(folder / "big.csv", options.main_mb)
        packed = folder / "big.bin"
        packed.write_bytes(os.urandom(options.main_mb * 1_000_000))
        with serving(folder) as (address, process):
            api = PzRequests(token, f"{address}/api/")
            measure_disk(folder, packed)
            product = measure_uploads(api, packed, options.rounds)
            measure_downloads(api, product, packed, options.rounds)
            measure_zip(api, product, packed, "zip of what is packed")
            measure_zip(api, upload(api, table, 0), table, "zip of a CSV")
            measure_memory(api, process, packed, parts=options.parts)


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--main-mb", type=int, default=199, help="size of the files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", action="store_true", help="memory of each process")
    return parser.parse_args()


def make_user(folder: Path) -> str:
    """Make a user; return a token."""
    data = ["--data-dir", str(folder / "data")]
    command = [str(BIN / "pzhub"), "create-user", "ana", "--password-stdin", *data]
    given = "correct horse battery\n"
    subprocess.run(command, input=given, text=True, check=True, stdout=subprocess.DEVNULL)
    command = [str(BIN / "pzhub"), "create-token", "ana", *data]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def upload(api: PzRequests, path: Path, resumable_above_bytes: int) -> int:
    """Upload a file as the main one of a new product; return the product's id."""
    product = int(api.upload_basic_info("big", "other")["id"])
    api.upload_file(product, path, "main", resumable_above_bytes=resumable_above_bytes)
    return product


def measure_disk(folder: Path, path: Path) -> None:
    """Print how fast the disk takes a file: no upload that is safe there can be faster."""

    def copy() -> None:
        with path.open("rb") as source, (folder / "copy").open("wb") as target:
            while block := source.read(1 << 20):
                target.write(block)
            target.flush()
            os.fsync(target.fileno())

    report("disk (copy and fsync)", path, best(copy, 3))


def measure_uploads(api: PzRequests, path: Path, rounds: int) -> int:
    """Print the speed of a resumable upload beside that of a form; return a product."""
    products: list[int] = []
    form = best(lambda: products.append(upload(api, path, NEVER)), rounds)
    pieces = best(lambda: products.append(upload(api, path, 0)), rounds)
    report("upload, one form", path, form)
    report("upload, resumable", path, pieces)
    print(f"  resumable to form: {form / pieces:.2f}")
    return products[-1]


def measure_downloads(api: PzRequests, product: int, path: Path, rounds: int) -> None:
    """Print the speed of a download beside that of a static file server."""
    headers = {"Authorization": f"Token {api.connection.token}"}
    base = api.connection.base_url
    with httpx.Client(base_url=base, headers=headers, timeout=600) as client:
        url = prepared(client, f"products/{product}/download/main-file/")["download_url"]
        ours = best(lambda: drain(client, url, path), rounds)
    with static_server(path) as (name, address), httpx.Client(timeout=600) as plain:
        theirs = best(lambda: drain(plain, address, path), rounds)
    report("download", path, ours)
    report(f"  {name}", path, theirs)
    print(f"  ratio to the static server: {theirs / ours:.2f} (must be 0.70 or more)")


def measure_zip(api: PzRequests, product: int, path: Path, what: str) -> None:
    """Print how fast the .zip of a product is prepared."""
    headers = {"Authorization": f"Token {api.connection.token}"}
    with httpx.Client(base_url=api.connection.base_url, headers=headers, timeout=600) as client:
        began = time.monotonic()
        prepared(client, f"products/{product}/download/")
        report(what, path, time.monotonic() - began)


def measure_memory(api: PzRequests, server: psutil.Process, path: Path, *, parts: bool) -> None:
    """Print the peak memory of the server with eight uploads, then eight downloads at once."""
    time.sleep(1)
    print(f"memory at rest: {total(memory_of(server)):.0f} MB")
    products: list[int] = []
    for name, above in (("resumable", 0), ("form", NEVER)):

        def send(_: int, above: int = above) -> None:
            products.append(upload(api, path, above))

        peak(f"{AT_ONCE} uploads, {name}", server, send, parts=parts)

    def fetch(number: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            api.download_main_file(products[number], folder)

    peak(f"{AT_ONCE} downloads", server, fetch, parts=parts)


def peak(name: str, server: psutil.Process, act: Callable[[int], Any], *, parts: bool) -> None:
    """Do something eight times at once and print the most memory that the server took."""
    highest: dict[str, float] = {}
    done = threading.Event()

    def watch() -> None:
        nonlocal highest
        while not done.wait(0.2):
            now = memory_of(server)
            highest = max(highest, now, key=total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(act, range(AT_ONCE)))
    seconds = time.monotonic() - began
    done.set()
    watcher.join()
    print(f"{name}: {seconds:.1f} s, peak {total(highest):.0f} MB (limit 300 MB)")
    if parts:
        for part, megabytes in highest.items():
            print(f"    {part:<40}{megabytes:>7.1f} MB")


def memory_of(server: psutil.Process) -> dict[str, float]:
    """Return the proportional memory of the server's processes, MB."""
    found = {}
    for process in (server, *server.children(recursive=True)):
        try:
            found[f"{process.pid} {process.name()}"] = process.memory_full_info().pss / 1e6
        except psutil.Error:
            continue
    return found


def total(parts: dict[str, float]) -> float:
    """Return the sum, MB."""
    return sum(parts.values())


def best(act: Callable[[], Any], rounds: int) -> float:
    """Return the shortest time of several rounds, seconds."""
    return min(timed(act) for _ in range(rounds))


if __name__ == "__main__":
    main()
