"""Take pictures of every page: `make screenshots`.

Starts a server with demo content in a temporary folder, and does the main job on it, unless
``--address`` names one. The pages are those of ``pages.yaml``. In English each is taken light and
dark, 1280 and 375 px wide; in Portuguese and Spanish light and wide, dark and narrow (``--all``:
every combination), into ``screenshots/``.
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
from dataclasses import dataclass
from itertools import product as combinations
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin

import yaml
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[1]
CHROMIUM = "/usr/bin/chromium"
PAGES: dict[str, dict[str, str]] = yaml.safe_load((ROOT / "scripts/pages.yaml").read_text())
PLACE = re.compile(r"\{(\w+)\}")
LANGUAGES = ("en", "pt-BR", "es")
WIDTHS = (1280, 375)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass(frozen=True)
class Look:
    """How a set of pictures is taken."""

    language: str
    width: int
    theme: Literal["light", "dark"]

    @property
    def suffix(self) -> str:
        """How the files of the set end."""
        return f"{self.language}-{self.width}-{self.theme}"


def looks(languages: list[str], *, everything: bool) -> list[Look]:
    """Return the sets of pictures to take."""
    found = [Look(*each) for each in combinations(languages, WIDTHS, THEMES)]
    usual = {(1280, "light"), (375, "dark")}
    return [
        look
        for look in found
        if everything or look.language == "en" or (look.width, look.theme) in usual
    ]


@contextmanager
def demo_server(port: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Serve demo content, with jobs done, from a temporary folder; give address and passwords."""
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="pzhub-pictures-") as folder:
        pzhub = str(Path(sys.executable).with_name("pzhub"))
        place = ["--port", str(port), "--data-dir", folder]
        server = subprocess.Popen([pzhub, "serve", *place])
        try:
            wait_for(address)
            subprocess.run([pzhub, "demo", *place], check=True)
            access = json.loads((Path(folder) / "demo.json").read_text())
            yield address, access["passwords"]
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


class Places:
    """Finds the objects that addresses of pages name; looks once for each."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.request, self.address = context.request, address
        self._known: dict[str, str | None] = {}

    def fill(self, path: str) -> str | None:
        """Return a path with its objects, or ``None`` when there is none of a kind."""
        names = PLACE.findall(path)
        found = {name: self._one(name) for name in names}
        if None in found.values():
            return None
        return PLACE.sub(lambda place: str(found[place[1]]), path)

    def _one(self, kind: str) -> str | None:
        if kind not in self._known:
            self._known[kind] = getattr(self, f"_{kind}")()
        return self._known[kind]

    def _first(self, path: str, key: str) -> str | None:
        rows: list[dict[str, Any]] = self.request.get(urljoin(self.address, f"/api/{path}")).json()[
            "results"
        ]
        return next((str(row[key]) for row in rows if row.get(key)), None)

    def _product(self) -> str | None:
        return self._first(
            "products/?status=1&product_type_name=redshift&page_size=1", "internal_name"
        )

    def _made(self) -> str | None:
        upload = self._first("processes/?status=Successful&page_size=1", "upload")
        return upload and str(
            self.request.get(urljoin(self.address, f"/api/products/{upload}/")).json()[
                "internal_name"
            ]
        )

    def _training(self) -> str | None:
        return self._first(
            "products/?status=1&product_type_name=training&page_size=1", "internal_name"
        )

    def _job(self) -> str | None:
        return self._first("processes/?page_size=1", "id")

    def _draft(self) -> str | None:
        return self._first("products/?status=0&page_size=1", "id")


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


def take(browser: Browser, args: argparse.Namespace, address: str) -> int:
    """Take every picture; return how many pages have a problem."""
    faults = 0
    for look in looks(args.languages, everything=args.all):
        for who, pages in PAGES.items():
            wanted = {name: at for name, at in pages.items() if re.search(args.only, name)}
            faults += take_set(browser, args, address, look, who, wanted) if wanted else 0
    return faults


def take_set(
    browser: Browser,
    args: argparse.Namespace,
    address: str,
    look: Look,
    who: str,
    pages: dict[str, str],
) -> int:
    """Take the pages of one kind of user in one look."""
    context = browser.new_context(
        viewport={"width": look.width, "height": 800},
        color_scheme=look.theme,
        locale=look.language,
    )
    page = context.new_page()
    notes: list[str] = []
    listen(page, notes)
    if who in args.people:
        sign_in(page, address, *args.people[who])
    places, shoot, faults = (
        Places(context, address),
        Shoot(page, args.output, look.suffix, notes),
        0,
    )
    for name, path in pages.items():
        filled = places.fill(path)
        if filled is None:
            print(f"{name}: left out, the server has no {PLACE.findall(path)[0]}")
        else:
            faults += shoot(name, urljoin(address, filled))
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
    parser.add_argument("--passwords", type=Path, help="demo.json of a running server")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=list(LANGUAGES))
    parser.add_argument("--only", default="", help="pattern of page names")
    parser.add_argument("--all", action="store_true", help="every look in every language")
    parser.add_argument("--output", type=Path, default=ROOT / "screenshots")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        if args.address:
            args.people = people_of(json.loads(args.passwords.read_text())["passwords"])
            faults = take(browser, args, args.address)
        else:
            with demo_server(args.port) as (address, passwords):
                args.people = people_of(passwords)
                faults = take(browser, args, address)
    print(f"pictures are in {args.output}; {faults} pages with a problem")
    sys.exit(bool(faults))


def people_of(passwords: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return name and password by kind of user."""
    return {"user": ("ana", passwords["ana"]), "administrator": ("admin", passwords["admin"])}


if __name__ == "__main__":
    main()
