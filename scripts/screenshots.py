"""Take pictures of every page: `make screenshots`.

Starts a server with demo content in a temporary folder, unless ``--address`` names one.
Each page is taken light and dark, 1280 and 375 px wide, into ``screenshots/``.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
CHROMIUM = "/usr/bin/chromium"
#: name -> address; ``*`` stands for the first product of the list.
PUBLIC = {"welcome": "/", "signin": "/login", "about": "/about", "contact": "/contact"}
PAGES = {
    "landing": "/",
    "products": "/products",
    "products-mine": "/products?tab=mine",
    "products-drafts": "/products?tab=drafts",
    "products-nothing": "/products?q=nothing+like+it&type=training_set",
    "product": "*",
    "product-edit": "*/edit",
    "product-delete": "*/delete",
    "upload": "/product/new",
    "pipelines": "/pipelines",
    "combine": "/pipelines/combine-redshift-catalogs",
    "train": "/pipelines/training-set-maker",
    "jobs": "/jobs",
    "tokens": "/account/tokens",
    "documentation": "/documentation",
    "not-found": "/product/no_such_product",
}
WIDTHS = (1280, 375)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@contextmanager
def demo_server(port: int) -> Iterator[tuple[str, str]]:
    """Serve demo content from a temporary folder; give the address and ana's password."""
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="pzhub-pictures-") as folder:
        command = [str(Path(sys.executable).with_name("pzhub")), "serve"]
        command += ["--port", str(port), "--data-dir", folder]
        server = subprocess.Popen(command)
        try:
            wait_for(address)
            access = json.loads((Path(folder) / "demo.json").read_text())
            yield address, access["passwords"]["ana"]
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(address: str, seconds: float = 120) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/login", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"{address} did not answer within {seconds:g} s")


def sign_in(page: Page, address: str, user: str, password: str) -> None:
    """Sign in as a demo user."""
    page.goto(urljoin(address, "/login"))
    page.fill("#id_username", user)
    page.fill("#id_password", password)
    page.click(".signin-form button[type=submit]")
    page.wait_for_url(urljoin(address, "/"))


def first_product(page: Page, address: str) -> str:
    """Return the address of the first of the user's own redshift catalogs."""
    page.goto(urljoin(address, "/products?tab=mine&type=redshift_catalog"))
    link = page.get_attribute(".products tbody .name", "href")
    if link is None:
        raise SystemExit("the user has no redshift catalog")
    return link


def problems_of(page: Page) -> list[str]:
    """Return what is wrong with a page that a picture may not show."""
    found = []
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if width > 0:
        found.append(f"{width} px wider than the screen")
    if page.locator("h1").count() != 1:
        found.append(f"{page.locator('h1').count()} first headings")
    return found


def listen(page: Page, notes: list[str]) -> None:
    """Note what the browser complains about."""
    page.on("console", lambda message: notes.append(message.text))
    page.on("pageerror", lambda error: notes.append(str(error)))


def take(browser: Browser, args: argparse.Namespace, address: str, folder: Path) -> int:
    """Take every picture; return how many pages have a problem."""
    faults = 0
    for theme in THEMES:
        for width in WIDTHS:
            context = browser.new_context(
                viewport={"width": width, "height": 800}, color_scheme=theme, locale=args.language
            )
            page = context.new_page()
            notes: list[str] = []
            listen(page, notes)
            addresses = dict(PUBLIC)
            shoot = Shoot(page, folder, f"{width}-{theme}", notes)
            faults += sum(shoot(name, urljoin(address, path)) for name, path in addresses.items())
            sign_in(page, address, args.user, args.password)
            product = first_product(page, address)
            for name, path in PAGES.items():
                if args.only and not re.search(args.only, name):
                    continue
                faults += shoot(name, urljoin(address, path.replace("*", product)))
            context.close()
    return faults


class Shoot:
    """Takes pictures of one kind: a width and a theme."""

    def __init__(self, page: Page, folder: Path, suffix: str, notes: list[str]) -> None:
        self.page, self.folder, self.suffix, self.notes = page, folder, suffix, notes

    def __call__(self, name: str, address: str) -> bool:
        """Take one page; return whether it has a problem, which is printed."""
        self.notes.clear()
        self.page.goto(address, wait_until="networkidle")
        self.page.evaluate("document.fonts.ready")
        found = problems_of(self.page) + [note for note in self.notes if "404" not in note]
        self.page.screenshot(path=self.folder / f"{name}-{self.suffix}.png", full_page=True)
        for problem in found:
            print(f"{name}-{self.suffix}: {problem}")
        return bool(found)


def main() -> None:
    """Read the options, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", help="a running server; without it one is started")
    parser.add_argument("--port", type=int, default=8899)
    parser.add_argument("--user", default="ana")
    parser.add_argument("--password", help="of a running server's user")
    parser.add_argument("--language", default="en")
    parser.add_argument("--only", help="pattern of page names")
    parser.add_argument("--output", type=Path, default=ROOT / "screenshots")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        if args.address:
            faults = take(browser, args, args.address, args.output)
        else:
            with demo_server(args.port) as (address, args.password):
                faults = take(browser, args, address, args.output)
    print(f"pictures are in {args.output}; {faults} pages with a problem")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
