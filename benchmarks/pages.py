"""How long the server works on each page of the site, with 10,000 products on the embedded default.

    python benchmarks/pages.py [--products N] [--times N] [--only PATTERN] [--data-dir FOLDER]

The pages are those of ``scripts/pages.yaml``. Each is asked for several times through all the
middleware; printed are wall and processor time (median, ms), the queries, the size, and the ratio
of the processor time to that of the sign-in page, which shows nothing and is the floor. A page of
more than 100 ms of processor time is marked.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PAGES: dict[str, dict[str, str]] = yaml.safe_load((ROOT / "scripts/pages.yaml").read_text())
PLACE = re.compile(r"\{(\w+)\}")
LIMIT_MS = 100.0


def main() -> None:
    """Fill a data folder, ask for every page, print what it took."""
    options = parse_arguments()
    with data_folder(options) as folder:
        os.environ["PZHUB_DATA_DIR"] = str(folder)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pzhub.settings.production")
        os.environ.setdefault("PZHUB_ALLOWED_HOSTS", '["testserver"]')
        import django

        django.setup()
        print(f"{'page':32} {'ms':>7} {'cpu ms':>7} {'queries':>7} {'kB':>6} {'× floor':>8}")
        floor = measured("visitor", "/login", options.times)[1]
        for who, pages in PAGES.items():
            for name, path in pages.items():
                if re.search(options.only, name):
                    print_page(who, name, path, options.times, floor)


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--only", default="", help="pattern of page names")
    parser.add_argument("--data-dir", type=Path, help="a filled folder of an earlier run")
    return parser.parse_args()


@contextmanager
def data_folder(options: argparse.Namespace) -> Iterator[Path]:
    """Give a folder with demo content and so many products; reused when it is named."""
    if options.data_dir and (options.data_dir / "filled").exists():
        yield options.data_dir
        return
    with tempfile.TemporaryDirectory(prefix="pz-bench-") as name:
        folder = options.data_dir or Path(name)
        fill(folder, options.products)
        yield folder


def fill(folder: Path, products: int) -> None:
    """Let a server make the demo content and do the main job, then add products by rows."""
    place = ["--port", "8931", "--data-dir", str(folder)]
    server = subprocess.Popen([str(BIN / "pzhub"), "serve", *place], stdout=subprocess.DEVNULL)
    try:
        wait_for(folder / "demo.json")
        subprocess.run([str(BIN / "pzhub"), "demo", *place], check=True, stdout=subprocess.DEVNULL)
    finally:
        server.terminate()
        server.wait(timeout=60)
    subprocess.run(
        [sys.executable, str(Path(__file__).with_name("fill_products.py")), str(products), "5"],
        check=True,
        env={**os.environ, "PZHUB_DATA_DIR": str(folder)},
    )
    (folder / "filled").touch()


def wait_for(path: Path, seconds: float = 180) -> None:
    """Wait until the server has written who may sign in."""
    deadline = time.monotonic() + seconds
    while not path.exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"{path} did not appear within {seconds:g} s")
        time.sleep(0.5)


def client_of(who: str) -> Any:
    """Return a signed-in client of a kind of user."""
    from django.test import Client

    from pzhub.accounts.models import User

    client = Client()
    names = {"user": "ana", "administrator": "admin"}
    if who in names:
        client.force_login(User.objects.get(username=names[who]))
    return client


def filled(path: str) -> str | None:
    """Return a path with the objects of the demo in it."""
    found = {name: place_of(name) for name in PLACE.findall(path)}
    if None in found.values():
        return None
    return PLACE.sub(lambda place: str(found[place[1]]), path).partition("#")[0]


def place_of(kind: str) -> object:
    """Return the object of the demo that an address names."""
    from pzhub.catalog.models import Product, ProductStatus
    from pzhub.processes.models import Process

    own = Product.objects.filter(user__username="ana", inspection__isnull=False).order_by("pk")
    published = own.filter(status=ProductStatus.PUBLISHED)
    if kind == "job":
        runs = Process.objects.filter(user__username="ana")
        return runs.values_list("pk", flat=True).first()
    if kind == "draft":
        drafts = Product.objects.filter(user__username="ana", status=ProductStatus.REGISTERING)
        return drafts.values_list("pk", flat=True).first()
    chosen = {
        "product": published.filter(product_type__name="redshift_catalog", process=None),
        "made": published.exclude(process=None),
        "training": published.filter(product_type__name="training_set"),
    }.get(kind)
    return chosen and chosen.values_list("internal_name", flat=True).first()


def measured(who: str, path: str, times: int) -> tuple[float, float, int, int, int]:
    """Return wall and processor time (median, ms), queries, bytes and status of a page."""
    from django.db import connection

    client = client_of(who)
    client.get(path)
    queries: list[str] = []

    def counted(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(counted):
        response = client.get(path)
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        client.get(path)
        walls.append((time.perf_counter() - wall) * 1e3)
        cpus.append((time.process_time() - cpu) * 1e3)
    size = 0 if response.streaming else len(response.content)
    return (
        statistics.median(walls),
        statistics.median(cpus),
        len(queries),
        size,
        response.status_code,
    )


def print_page(who: str, name: str, path: str, times: int, floor: float) -> None:
    """Print one line, marked when the page is too slow or not there."""
    address = filled(path)
    if address is None:
        print(f"{name:32} left out: the demo has no {PLACE.findall(path)[0]}")
        return
    wall, cpu, queries, size, status = measured(who, address, times)
    mark = " SLOW" if cpu > LIMIT_MS else ""
    if status >= 400 and name != "not-found":
        mark += f" status {status}"
    print(
        f"{name:32} {wall:7.1f} {cpu:7.1f} {queries:7} {size / 1e3:6.0f} {cpu / floor:8.1f}{mark}"
    )


if __name__ == "__main__":
    main()
