"""How fast lists and transfers are, on the embedded default, against a plain static file server.

    python benchmarks/api.py [--products N] [--files-per-product N] [--seconds S] [--main-mb N]

Fills a data folder, serves it with `pzhub serve`, and drives it: lists with wrk (or, where it is
not installed, with a plain loop), downloads beside a static file server over the same file, eight
uploads and downloads at once with the memory of the whole server watched.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

BIN = Path(sys.executable).parent
LISTS = {
    "page of 100 published": "products/?status=1",
    "last page": "products/?status=1&page=last",
    "search for two words": "products/?status=1&search=deep%20field",
    "combined filters": "products/?status=1&product_type_name=redshift&uploaded_by=ana&search=deep",
}
PERCENTILES = """
done = function(summary, latency, requests)
  io.write(string.format("P %f %f %f %f\\n", latency:percentile(50), latency:percentile(95),
    latency:percentile(99), summary.requests / (summary.duration / 1e6)))
end
"""


def main() -> None:
    """Run every measurement and print it."""
    options = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="pz-bench-") as name:
        folder = Path(name)
        token = fill(folder, options.products, options.files_per_product)
        big = write_big_file(folder / "big.csv", options.main_mb)
        with serving(folder) as (address, process):
            headers = {"Authorization": f"Token {token}"}
            measure_lists(address, token, options.seconds, folder)
            with httpx.Client(base_url=f"{address}/api/", headers=headers, timeout=600) as client:
                product = upload_big(client, big)
                measure_download(client, product, big)
                measure_zip(client, product, big)
            measure_memory(f"{address}/api/", headers, process, big)


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--files-per-product", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each list")
    parser.add_argument("--main-mb", type=int, default=199, help="size of the big file")
    return parser.parse_args()


# ── content ─────────────────────────────────────────────────────────────────
def fill(folder: Path, products: int, files_per_product: int) -> str:
    """Fill a data folder with published products and return a token."""
    data = folder / "data"
    run = [str(BIN / "pzhub")]
    for user in ("ana", "bob"):
        subprocess.run(
            [*run, "create-user", user, "--password-stdin", "--data-dir", str(data)],
            input="correct horse battery\n",
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    program = Path(__file__).with_name("fill_products.py")
    environment = {**os.environ, "PZHUB_DATA_DIR": str(data)}
    subprocess.run(
        [sys.executable, str(program), str(products), str(files_per_product)],
        check=True,
        env=environment,
    )
    done = subprocess.run(
        [*run, "create-token", "ana", "--data-dir", str(data)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def write_big_file(path: Path, megabytes: int) -> Path:
    """Write a CSV of about so many MB, of digits that hardly compress."""
    import numpy as np

    rng = np.random.default_rng(1)
    rows = "\n".join(
        f"{ra:.12f},{dec:.12f},{z:.12f}" for ra, dec, z in rng.random((25_000, 3)) * [360, 60, 3]
    )
    block = (rows + "\n").encode()
    with path.open("wb") as file:
        file.write(b"ra,dec,z\n")
        while file.tell() + len(block) < megabytes * 1_000_000:
            file.write(block)
    return path


# ── the server ──────────────────────────────────────────────────────────────
@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Serve the folder and yield the address and the supervisor."""
    port = free_port()
    command = [str(BIN / "pzhub"), "serve", "--no-demo", "--port", str(port)]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--data-dir", str(folder / "data")],
            stdout=log,
            stderr=log,
            env={**os.environ, "PZHUB_LOG_LEVEL": "WARNING"},
        )
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}", psutil.Process(server.pid)
        finally:
            server.terminate()
            server.wait(20)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until somebody answers on a port."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing answers on port {port}")


# ── measurements ────────────────────────────────────────────────────────────
def measure_lists(address: str, token: str, seconds: int, folder: Path) -> None:
    """Print requests per second and percentiles of each list."""
    print(f"{'list':<26}{'requests/s':>12}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}   (1 client)")
    measure = with_wrk if shutil.which("wrk") else with_loop
    for name, path in LISTS.items():
        p50, p95, p99, rate = measure(f"{address}/api/{path}", token, seconds, folder)
        print(f"{name:<26}{rate:>12.1f}{p50:>10.1f}{p95:>10.1f}{p99:>10.1f}")


def with_wrk(url: str, token: str, seconds: int, folder: Path) -> tuple[float, ...]:
    """Return p50, p95, p99 in ms and requests per second, measured by wrk."""
    script = folder / "percentiles.lua"
    script.write_text(PERCENTILES)
    header = f"Authorization: Token {token}"
    command = ["wrk", "-t1", "-c1", f"-d{seconds}s", "-s", str(script), "-H", header, url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text:
        raise RuntimeError(text)
    match = re.search(r"^P (\S+) (\S+) (\S+) (\S+)$", text, flags=re.MULTILINE)
    assert match, text
    p50, p95, p99, rate = map(float, match.groups())
    return p50 / 1000, p95 / 1000, p99 / 1000, rate


def with_loop(url: str, token: str, seconds: int, folder: Path) -> tuple[float, ...]:
    """Return the same, measured by one client that asks again and again."""
    took: list[float] = []
    with httpx.Client(headers={"Authorization": f"Token {token}"}) as client:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            began = time.monotonic()
            client.get(url).raise_for_status()
            took.append((time.monotonic() - began) * 1000)
    cuts = statistics.quantiles(took, n=100)
    return cuts[49], cuts[94], cuts[98], len(took) / seconds


def upload_big(client: httpx.Client, path: Path) -> int:
    """Upload the big file as a product and return its id."""
    body = {"display_name": "big", "product_type": 7, "pz_code": None}
    product = int(answer_of(client.post("products/", json=body))["id"])
    began = time.monotonic()
    with path.open("rb") as file:
        answer_of(client.post("product-files/", data={"product": product}, files={"file": file}))
    report("upload", path, time.monotonic() - began)
    return product


def measure_download(client: httpx.Client, product: int, path: Path) -> None:
    """Print the speed of the main file's download beside that of a static file server."""
    archive = prepared(client, f"products/{product}/download/main-file/")
    url = archive["download_url"]
    ours = min(timed(lambda: drain(client, url, path)) for _ in range(3))
    with static_server(path) as (name, address), httpx.Client(timeout=600) as plain:
        theirs = min(timed(lambda: drain(plain, address, path)) for _ in range(3))
    report("download", path, ours)
    report(f"  {name}", path, theirs)
    print(f"  ratio to the static server: {theirs / ours:.2f} (must be 0.70 or more)")


def measure_zip(client: httpx.Client, product: int, path: Path) -> None:
    """Print how fast the .zip of the product is prepared."""
    began = time.monotonic()
    prepared(client, f"products/{product}/download/")
    report("zip prepared", path, time.monotonic() - began)


def measure_memory(
    address: str, headers: dict[str, str], server: psutil.Process, path: Path
) -> None:
    """Print the peak memory of the server with eight uploads and eight downloads at once."""
    with Peak(server) as peak, ThreadPoolExecutor(8) as pool:
        clients = [httpx.Client(base_url=address, headers=headers, timeout=600) for _ in range(8)]
        began = time.monotonic()
        products = list(pool.map(lambda client: upload_big(client, path), clients))
        jobs = [
            pool.submit(fetch_main_file, client, product, path)
            for client, product in zip(clients, products, strict=True)
        ]
        for job in jobs:
            job.result()
        seconds = time.monotonic() - began
    print(
        f"8 uploads, then 8 downloads: {seconds:.1f} s, peak {peak.megabytes:.0f} MB (limit 300 MB)"
    )


def fetch_main_file(client: httpx.Client, product: int, path: Path) -> None:
    """Download the main file of a product and look at its checksum."""
    drain(client, prepared(client, f"products/{product}/download/main-file/")["download_url"], path)


class Peak:
    """Watches the proportional memory of a process and all its children."""

    def __init__(self, process: psutil.Process) -> None:
        self.process = process
        self.megabytes = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            self.megabytes = max(self.megabytes, self._now())

    def _now(self) -> float:
        total = 0
        for process in (self.process, *self.process.children(recursive=True)):
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        return total / 1e6


def prepared(client: httpx.Client, route: str) -> dict[str, Any]:
    """Prepare a download and wait until it is ready."""
    archive = answer_of(client.post(f"{route}prepare/"))
    while archive["status"] in ("pending", "running"):
        time.sleep(0.1)
        archive = answer_of(client.get(f"{route}status/"))
    if archive["status"] != "ready":
        raise RuntimeError(json.dumps(archive))
    return archive


def drain(client: httpx.Client, url: str, path: Path) -> None:
    """Read a download to its end and check that it is the file."""
    digest = hashlib.sha256()
    size = 0
    with client.stream("GET", url) as response:
        response.raise_for_status()
        for block in response.iter_raw(1 << 20):
            size += len(block)
    assert size == path.stat().st_size, (size, digest.hexdigest())


@contextmanager
def static_server(path: Path) -> Iterator[tuple[str, str]]:
    """Serve the folder of a file with nginx where it is installed, else with Python's own."""
    port = free_port()
    nginx = shutil.which("nginx")
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    if nginx:
        configuration = path.parent / "nginx.conf"
        configuration.write_text(
            f"daemon off; pid {path.parent}/nginx.pid; error_log {path.parent}/nginx.log; "
            f"events {{}} "
            f"http {{ access_log off; sendfile on; server {{ listen 127.0.0.1:{port}; "
            f"root {path.parent}; }} }}"
        )
        path.parent.chmod(0o755)
        command = [nginx, "-c", str(configuration)]
    server = subprocess.Popen(
        command, cwd=path.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield (
            ("nginx" if nginx else "python -m http.server"),
            f"http://127.0.0.1:{port}/{path.name}",
        )
    finally:
        server.terminate()
        server.wait(10)


def answer_of(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON of an answer, or raise with what it says."""
    if response.is_error:
        raise RuntimeError(f"{response.status_code} {response.text[:500]}")
    answer: dict[str, Any] = response.json()
    return answer


def timed(act: Callable[[], None]) -> float:
    """Return how long an act takes, seconds."""
    began = time.monotonic()
    act()
    return time.monotonic() - began


def report(name: str, path: Path, seconds: float) -> None:
    """Print one transfer."""
    megabytes = path.stat().st_size / 1e6
    print(f"{name:<26}{megabytes / seconds:>10.0f} MB/s   ({megabytes:.0f} MB in {seconds:.2f} s)")


if __name__ == "__main__":
    main()
