"""Take pictures of every page: `make screenshots`.

Starts a server with demo content in a temporary folder, and does the main job on it, unless
``--address`` names one. The pages are those of ``pages.yaml``. In English each is taken light and
dark, 1280 and 375 px wide; in Portuguese and Spanish light and wide, dark and narrow (``--all``:
every combination), into ``screenshots/``. Pages of ``page_states.yaml`` are
taken with something opened.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product as combinations
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import urljoin

import yaml
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from scene import set_scene

ROOT = Path(__file__).parents[1]
CHROMIUM = "/usr/bin/chromium"
PAGES: dict[str, dict[str, str]] = yaml.safe_load((ROOT / "scripts/pages.yaml").read_text())
STATES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "scripts/page_states.yaml").read_text())
PLACE = re.compile(r"\{(\w+)\}")
LANGUAGES = ("en", "pt-BR", "es")
WIDTHS = (1280, 375)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


#: An identity provider that does not answer, so that the pages around it can be seen.
PROVIDER = {"PZHUB_OIDC_ISSUER": "http://127.0.0.1:9", "PZHUB_OIDC_CLIENT_ID": "photo-z-server"}
#: Said by the browser of pages that refuse on purpose, and of fields that are to be mended.
HARMLESS = re.compile(r"responded with a status of (4\d\d|503)|Autofocus processing was blocked")


@dataclass(frozen=True)
class Pictured:
    """An address, and what is done there before the picture."""

    at: str
    do: tuple[dict[str, str], ...] = ()


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
def demo_server(port: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Serve demo content, with jobs done, from a temporary folder; give address and access."""
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="pzhub-pictures-") as folder:
        pzhub = str(Path(sys.executable).with_name("pzhub"))
        place = ["--port", str(port), "--data-dir", folder]
        server = subprocess.Popen([pzhub, "serve", *place], env=os.environ | PROVIDER)
        try:
            wait_for(address)
            subprocess.run([pzhub, "demo", *place], check=True)
            yield address, json.loads((Path(folder) / "demo.json").read_text())
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

    #: Kinds that the API lists: where, and which value of a row names one.
    LISTED: ClassVar[dict[str, tuple[str, str]]] = {
        "training": ("products/?status=1&product_type_name=training", "internal_name"),
        "official": ("products/?status=1&official_product=true", "internal_name"),
        "draft": ("products/?status=0", "id"),
        "draft_name": ("products/?status=0", "internal_name"),
        "deleted": ("products/?status=2", "internal_name"),
        "job": ("processes/?status=Successful", "id"),
        "failed": ("processes/?status=Failed", "id"),
    }
    #: Kinds that a page links: which page, and which link names one.
    LINKED: ClassVar[dict[str, tuple[str, str]]] = {
        "bundle": ("/bundles", r"/bundles/(\d+)"),
        "token": ("/account/tokens", r"/account/tokens/(\d+)/revoke"),
        "column": ("/product/{made}/columns", r"/columns/(\d+)"),
        "document": ("/product/{product}/edit", r"/files/(\d+)/remove"),
        "draft_document": ("/upload/{draft}/files", r"/files/(\d+)/remove"),
        "release": ("/administration/releases", r"/administration/releases/of/([\w-]+)"),
        "user": ("/administration/users", r"/administration/users/of/([\w-]+)"),
        "group": ("/administration/groups", r"/administration/groups/of/([\w-]+)"),
        "announcement": ("/administration/announcements", r"/announcements/of/(\d+)"),
    }

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.request, self.address = context.request, address
        self._known: dict[str, str | None] = {}

    def fill(self, path: str) -> str | None:
        """Return a path with its objects, or ``None`` when there is none of a kind."""
        found = {name: self._one(name) for name in PLACE.findall(path)}
        if None in found.values():
            return None
        return PLACE.sub(lambda place: str(found[place[1]]), path)

    def _one(self, kind: str) -> str | None:
        if kind not in self._known:
            self._known[kind] = self._found(kind)
        return self._known[kind]

    def _found(self, kind: str) -> str | None:
        if kind == "product":
            return self._own_catalog()
        if kind == "made":
            return self._combined()
        return self._listed(*self.LISTED[kind]) if kind in self.LISTED else self._linked(kind)

    def _rows(self, path: str) -> list[dict[str, Any]]:
        answer = self.request.get(urljoin(self.address, f"/api/{path}"))
        rows: list[dict[str, Any]] = answer.json()["results"]
        return rows

    def _listed(self, path: str, key: str) -> str | None:
        return next((str(row[key]) for row in self._rows(path) if row.get(key)), None)

    def _linked(self, kind: str) -> str | None:
        path, link = self.LINKED[kind]
        filled = self.fill(path)
        if filled is None:
            return None
        found = re.search(link, self.request.get(urljoin(self.address, filled)).text())
        return found and found[1]

    def _own_catalog(self) -> str | None:
        """Return the first own catalog, the one that the scene writes notes for."""
        rows = self._rows("products/?status=1&product_type_name=redshift&page_size=100")
        own = [row for row in rows if str(row["display_name"]).startswith("Demo ")]
        return str(min(own or rows, key=lambda row: int(row["id"]))["internal_name"])

    def _combined(self) -> str | None:
        runs = self._rows("processes/?status=Successful&page_size=100")
        made = min((row["upload"] for row in runs), default=None)
        if made is None:
            return None
        answer = self.request.get(urljoin(self.address, f"/api/products/{made}/"))
        return str(answer.json()["internal_name"])


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
        if not re.search(args.looks, look.suffix):
            continue
        for who in PAGES:
            wanted = {
                name: one for name, one in pages_of(who).items() if re.search(args.only, name)
            }
            faults += take_set(browser, args, address, look, who, wanted) if wanted else 0
    return faults


def pages_of(who: str) -> dict[str, Pictured]:
    """Return the pages of a kind of user, plain ones and those with something opened."""
    plain = {name: Pictured(path) for name, path in PAGES[who].items()}
    opened = {name: Pictured(**state) for name, state in STATES.get(who, {}).items()}
    return plain | opened


def take_set(
    browser: Browser,
    args: argparse.Namespace,
    address: str,
    look: Look,
    who: str,
    pages: dict[str, Pictured],
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
    for name, one in pages.items():
        filled = places.fill(one.at)
        if filled is None:
            print(f"{name}: left out, the server has no {PLACE.findall(one.at)[0]}")
            faults += 1
        else:
            faults += shoot(name, urljoin(address, filled), one.do)
    context.close()
    return faults


class Shoot:
    """Takes pictures of one kind: a width and a theme."""

    def __init__(self, page: Page, folder: Path, suffix: str, notes: list[str]) -> None:
        self.page, self.folder, self.suffix, self.notes = page, folder, suffix, notes

    def __call__(self, name: str, address: str, steps: Sequence[dict[str, str]] = ()) -> bool:
        """Take one page; return whether it has a problem, which is printed."""
        self.notes.clear()
        # From a blank page: going to another part of the same page would load nothing.
        self.page.goto("about:blank")
        self.page.goto(address, wait_until="networkidle")
        for step in steps:
            self._do(**step)
        self.page.evaluate("document.fonts.ready")
        found = problems_of(self.page) + [note for note in self.notes if not HARMLESS.search(note)]
        path = self.folder / f"{name}-{self.suffix}.png"
        if steps:  # a dialog stands in the middle of the window
            self.page.screenshot(path=path)
        else:
            self._photograph(path)
        for problem in found:
            print(f"{name}-{self.suffix}: {problem}")
        return bool(found)

    def _photograph(self, path: Path) -> None:
        """Take the whole page in a window of its height: bars that stick stand at their ends."""
        usual = self.page.viewport_size or {"width": 1280, "height": 800}
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({**usual, "height": max(usual["height"], height)})
        self.page.evaluate("scrollTo(0, 0)")
        self.page.screenshot(path=path, full_page=True)
        self.page.set_viewport_size(usual)

    def _do(self, press: str = "", key: str = "", script: str = "") -> None:
        if press and self.page.locator(press).first.is_visible():
            self.page.locator(press).first.click()
        if key:
            self.page.keyboard.press(key)
        if script:
            self.page.evaluate(script)
        self.page.wait_for_load_state("networkidle")


def main() -> None:
    """Read the options, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", help="a running server; without it one is started")
    parser.add_argument("--port", type=int, default=8899)
    parser.add_argument("--passwords", type=Path, help="demo.json of a running server")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=list(LANGUAGES))
    parser.add_argument("--only", default="", help="pattern of page names")
    parser.add_argument("--looks", default="", help="pattern of looks, such as en-375-dark")
    parser.add_argument(
        "--scene", action="store_true", help="make drafts, failures, ... on the running server"
    )
    parser.add_argument("--all", action="store_true", help="every look in every language")
    parser.add_argument("--output", type=Path, default=ROOT / "screenshots")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        if args.address:
            access = json.loads(args.passwords.read_text())
            faults = picture(browser, args, args.address, access, scene=args.scene)
        else:
            with demo_server(args.port) as (address, access):
                faults = picture(browser, args, address, access, scene=True)
    print(f"pictures are in {args.output}; {faults} pages with a problem")
    sys.exit(bool(faults))


def picture(
    browser: Browser, args: argparse.Namespace, address: str, access: dict[str, Any], *, scene: bool
) -> int:
    """Take the pictures of a server; with a scene, after making what pages need."""
    args.people = people_of(access["passwords"])
    if scene:
        pages = {who: browser.new_context().new_page() for who in args.people}
        for who, page in pages.items():
            sign_in(page, address, *args.people[who])
        set_scene(address, access["token"], pages["user"], pages["administrator"])
        for page in pages.values():
            page.context.close()
    return take(browser, args, address)


def people_of(passwords: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return name and password by kind of user."""
    return {"user": ("ana", passwords["ana"]), "administrator": ("admin", passwords["admin"])}


if __name__ == "__main__":
    main()
