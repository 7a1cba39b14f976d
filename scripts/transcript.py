"""Run the commands of a page's ``console`` blocks for real, and put what they print below them.

python scripts/transcript.py docs/how-to/use-the-command-line.md

A block holds lines that begin with ``$``, each followed by its output. All commands of a page run
one after the other in one shell, in an empty folder, as a user of a demo server that is started
for it; a test runs them again and compares (tests/contract/test_transcript.py).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: What pages say where the demo server is.
ADDRESS = "http://127.0.0.1:8000"
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
_END = "-- end of a command --"


@dataclass
class Step:
    """A command and what it printed."""

    command: str
    output: str


def steps_of(page: str) -> list[Step]:
    """Return the commands of a page with the outputs that it shows."""
    steps: list[Step] = []
    for block in _BLOCK.findall(page):
        for line in block.splitlines(keepends=True):
            if line.startswith("$ "):
                steps.append(Step(line[2:].rstrip("\n"), ""))
            else:
                steps[-1].output += line
    return steps


def with_outputs(page: str, outputs: list[str]) -> str:
    """Return a page with other outputs, one per command."""
    left = iter(outputs)

    def renewed(match: re.Match[str]) -> str:
        commands = [line for line in match[0].splitlines() if line.startswith("$ ")]
        return "".join(f"{command}\n{next(left)}" for command in commands)

    return _BLOCK.sub(renewed, page)


def run_steps(steps: list[Step], address: str, token: str, folder: Path) -> list[str]:
    """Run commands in one shell and return what each printed, both streams as they came.

    Parameters
    ----------
    steps
        What to run.
    address, token
        Of a demo server and one of its users.
    folder
        Where to run; an empty one.
    """
    commands = [f"{step.command.replace(ADDRESS, address)}\necho '{_END}'" for step in steps]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "TOKEN": token,
        "LANG": "C.UTF-8",
    }
    work = folder / "work"
    work.mkdir(parents=True)
    done = subprocess.run(
        ["bash", "-c", "\n".join(commands)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment,
        cwd=work,
        check=False,
    )
    printed = done.stdout.replace(address, ADDRESS).replace(str(folder / "home"), "/home/ana")
    return printed.split(f"{_END}\n")[: len(steps)]


def main() -> None:
    """Run the commands of a page and write what they print into it."""
    sys.path.insert(0, str(ROOT / "tests"))
    from hub import serving

    page = Path(sys.argv[1])
    text = page.read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder / "hub" / "data") as hub:
            token = demo_token(hub.data_dir)
            outputs = run_steps(steps_of(text), hub.address, token, folder / "user")
    page.write_text(with_outputs(text, outputs))


def demo_token(data_dir: Path) -> str:
    """Return the token of the demo user."""
    import json

    return str(json.loads((data_dir / "demo.json").read_text())["token"])


if __name__ == "__main__":
    main()
