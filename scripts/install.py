"""Install packages into an environment: by uv, which is quick, or by pip, which always works.

    python scripts/install.py [--compile] ENVIRONMENT ARGUMENT ...

The arguments are those of `pip install`. uv reads neither pip's configuration nor its variables,
so that what they say of indexes, certificates and proxies is handed over. Where pip is told
something that uv has no word for, where uv cannot be had, and where it fails, pip does the work;
so it does with INSTALLER=pip in the environment.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

QUIETLY: Final = ("--disable-pip-version-check", "--quiet")
#: Options of pip and the variable by which uv is told the same.
VARIABLES: Final = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "proxy": "ALL_PROXY",
    "no-index": "UV_NO_INDEX",
    "no-cache-dir": "UV_NO_CACHE",
}
#: Options of pip that may have several values.
LISTS: Final = {"extra-index-url", "find-links", "trusted-host"}
#: Options of pip that say nothing about where packages come from and which are taken.
OF_NO_CONCERN: Final = {
    "break-system-packages", "cache-dir", "disable-pip-version-check", "no-color", "no-compile",
    "no-input", "no-python-version-warning", "no-warn-script-location", "progress-bar", "quiet",
    "require-virtualenv", "retries", "root-user-action", "verbose",
}  # fmt: skip
#: Where pip finds certificates when it is not told.
CERTIFICATES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: Sources that nobody imports here; compiling them would take a third of the time.
NEVER_IMPORTED: Final = r"/(tests?|testing|jedi|sphinxext)/|/bokeh/(sampledata|server)/"


class CannotSayError(Exception):
    """Pip is told something that cannot be said to uv."""


def pip_settings(listing: str) -> dict[str, str]:
    """Return the options of `pip install` from the lines of `pip config list`.

    Variables count more than the section of the command, which counts more than the common one.
    """
    settings: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for line in listing.splitlines():
            place, _, value = line.partition("=")
            name = place.rpartition(".")[2]
            if place == f"{section}.{name}":
                settings[name.replace("_", "-")] = str(ast.literal_eval(value))
    return {name: value for name, value in settings.items() if value.strip()}


def uv_environment(settings: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """Return the variables that tell uv what pip is told.

    Raises
    ------
    CannotSayError
        If there is something that uv cannot be told.
    """
    # As pip does: the best version of any index, not only of the first that has the name.
    said = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    if bundles := [environment[name] for name in CERTIFICATES if environment.get(name)]:
        said["SSL_CERT_FILE"] = bundles[0]
    for name, value in settings.items():
        if name in OF_NO_CONCERN:
            continue
        if name not in VARIABLES:
            raise CannotSayError(name)
        separator = "," if name == "find-links" else " "
        said[VARIABLES[name]] = separator.join(value.split()) if name in LISTS else value
    return {**environment, **said}


def installed_uv(pip: list[str]) -> list[str] | None:
    """Return the command of uv beside this Python; install it if it can be had."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        asked = subprocess.run(
            [*pip, "install", "--only-binary", ":all:", "-c", "constraints.txt", "uv"],
            capture_output=True,
            check=False,
        )
        if asked.returncode:
            return None
    return [str(uv)] if uv.exists() else None


def install_quickly(python: Path, arguments: list[str]) -> bool:
    """Install with uv; tell whether that worked."""
    pip = [sys.executable, "-m", "pip", *QUIETLY]
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    try:
        environment = uv_environment(pip_settings(listing.stdout), dict(os.environ))
    except (CannotSayError, ValueError, SyntaxError):
        return False
    uv = installed_uv(pip)
    if listing.returncode or uv is None:
        return False
    command = [*uv, "pip", "install", "--no-config", "--quiet", "--python", str(python)]
    done = subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = re.sub(r"//[^/@\s]*@", "//", done.stderr.strip())  # no passwords of indexes
        print(f"uv did not manage, so pip tries:\n{reason}", file=sys.stderr)
    return done.returncode == 0


def compile_all(python: Path) -> None:
    """Compile once what is installed, as pip does: many programs start from it."""
    folder = next(python.parents[1].glob("lib/python*/site-packages"))
    command = [str(python), "-m", "compileall", "-q", "-j", "0", "-x", NEVER_IMPORTED, str(folder)]
    # Some packages bring sources for other versions of Python.
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def main(arguments: list[str]) -> int:
    """Install and return the exit code."""
    compiling = arguments[0] == "--compile"
    environment, *wanted = arguments[1:] if compiling else arguments
    python = (Path(environment) / "bin" / "python").absolute()
    if os.environ.get("INSTALLER") != "pip" and install_quickly(python, wanted):
        if compiling:
            compile_all(python)
        return 0
    pip = [sys.executable, "-m", "pip", "--python", str(python), *QUIETLY]
    return subprocess.run([*pip, "install", *wanted], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
