"""Bring the web site's third-party files into the tree: `python scripts/vendor_web.py`.

Needs npm. Versions are pinned below; `VENDORED.md` beside the files is written anew.
To use another icon, add its name to ``web_icons.txt`` and run this again.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "packages/pzhub/src/pzhub/web/static/vendor"
PACKAGES = {
    "bootstrap": "5.3.8",
    "bootstrap-icons": "1.13.2",
    "@fontsource-variable/ibm-plex-sans": "5.3.0",
    "@fontsource/ibm-plex-mono": "5.3.0",
    "htmx.org": "2.0.11",
    "sampjs": "1.0.3",
    "d3-dispatch": "3.0.2",
    "d3-color": "3.1.1",
    "d3-ease": "3.0.2",
    "d3-timer": "3.0.2",
    "d3-selection": "3.0.1",
    "d3-interpolate": "3.0.2",
    "d3-drag": "3.0.1",
    "d3-transition": "3.0.2",
    "d3-brush": "3.0.1",
    "d3-zoom": "3.0.1",
}
#: What plots need of D3, in the order in which the parts need each other; one file for all.
D3 = [name for name in PACKAGES if name.startswith("d3-")]
FILES = {
    "bootstrap": ["dist/css/bootstrap.min.css", "LICENSE"],
    "bootstrap-icons": ["LICENSE"],
    "@fontsource-variable/ibm-plex-sans": [
        "files/ibm-plex-sans-latin-wght-normal.woff2",
        "files/ibm-plex-sans-latin-ext-wght-normal.woff2",
        "LICENSE",
    ],
    "@fontsource/ibm-plex-mono": [
        "files/ibm-plex-mono-latin-400-normal.woff2",
        "files/ibm-plex-mono-latin-ext-400-normal.woff2",
        "files/ibm-plex-mono-latin-500-normal.woff2",
        "LICENSE",
    ],
    "htmx.org": ["dist/htmx.min.js", "LICENSE"],
    "sampjs": ["samp.js"],  # its licence stands at its beginning
}
ICONS = (Path(__file__).parent / "web_icons.txt").read_text().split()


def fetch(package: str, version: str, into: Path) -> Path:
    """Download and unpack one package; return its folder."""
    packed = subprocess.run(
        ["npm", "pack", "--json", f"{package}@{version}"],
        cwd=into,
        check=True,
        capture_output=True,
        text=True,
    )
    name: str = json.loads(packed.stdout)[0]["filename"]
    archive = into / name.replace("@", "").replace("/", "-")
    target = into / archive.stem
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


def write_sprite(source: Path, target: Path) -> None:
    """Join the used icons into one file of symbols, so that a page asks once for all."""
    symbols = []
    for name in sorted(set(ICONS)):
        svg = (source / "icons" / f"{name}.svg").read_text()
        body = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
        if body is None:
            raise SystemExit(f"{name}.svg has no body")
        inner = re.sub(r"\s*\n\s*", "", body[1])
        symbols.append(f'<symbol id="{name}" viewBox="0 0 16 16">{inner}</symbol>')
    lines = "\n".join(symbols)
    target.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{lines}\n</svg>\n')


def write_d3(sources: dict[str, Path], target: Path) -> None:
    """Join the parts of D3, each with its licence before it, into one file for plots."""
    target.mkdir(parents=True, exist_ok=True)
    parts = [(sources[name] / f"dist/{name}.min.js").read_text().strip() for name in D3]
    (target / "d3-plots.min.js").write_text("\n".join(parts) + "\n")
    licences = [f"{name}\n\n{(sources[name] / 'LICENSE').read_text()}" for name in D3]
    (target / "LICENSE").write_text("\n\n".join(licences))


def describe(licences: dict[str, str]) -> str:
    """Return the text of VENDORED.md."""
    rows = "\n".join(
        f"| {package} | {PACKAGES[package]} | {licences[package]} |" for package in PACKAGES
    )
    return f"""# Third-party files of the web site

Written by `scripts/vendor_web.py`; not edited by hand. Each folder (or its file) keeps its licence.

| npm package | version | licence |
|---|---|---|
{rows}

Update: change the version in `scripts/vendor_web.py`, run `python scripts/vendor_web.py`
(it needs npm), look at every page with `make screenshots`, commit.
`bootstrap-icons/sprite.svg` holds only the icons named in `scripts/web_icons.txt`.
`d3/d3-plots.min.js` joins the parts of D3; only pages with plots load it, when one is touched.
`sampjs/samp.js`, by Mark Taylor, is in the public domain (CC0), as its first lines say; only the
page that sends a table to a desktop tool loads it.
"""


def main() -> None:
    """Fetch every package, copy the files that the site uses, describe them."""
    licences, d3_sources = {}, {}
    shutil.rmtree(VENDOR, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        for package, version in PACKAGES.items():
            source = fetch(package, version, Path(folder))
            licences[package] = json.loads((source / "package.json").read_text())["license"]
            if package in D3:
                d3_sources[package] = source
                continue
            target = VENDOR / package.rsplit("/", 1)[-1].removesuffix(".org")
            target.mkdir(parents=True, exist_ok=True)
            for name in FILES[package]:
                shutil.copyfile(source / name, target / Path(name).name)
            if package == "bootstrap-icons":
                write_sprite(source, target / "sprite.svg")
        write_d3(d3_sources, VENDOR / "d3")
    # Browsers load modules, not what node calls so.
    samp = VENDOR / "sampjs/samp.js"
    samp.write_text(samp.read_text().replace("module.exports = { samp }", "export { samp };\n"))
    # The style sheet names a source map that is not shipped.
    css = VENDOR / "bootstrap/bootstrap.min.css"
    css.write_text(re.sub(r"\n?/\*# sourceMappingURL=.*?\*/\n?", "\n", css.read_text()))
    (VENDOR / "VENDORED.md").write_text(describe(licences))


if __name__ == "__main__":
    main()
