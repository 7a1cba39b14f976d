"""What holds for every command of ``pz``, without a server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pzserver.cli import app

SCRIPTS = Path(sys.executable).parent


def leaves(command: Any, path: str = "pz") -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with what one types for it."""
    children = getattr(command, "commands", {})
    if not children:
        yield path, command
    for name, child in children.items():
        yield from leaves(child, f"{path} {name}")


COMMANDS = dict(leaves(typer.main.get_command(app)))


def pz(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPTS / "pz"), *arguments],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **environment},
        check=False,
    )


@pytest.mark.parametrize("typed", COMMANDS)
def test_a_command_has_examples_and_json(typed: str) -> None:
    command = COMMANDS[typed]
    assert f"Examples:\n  {typed}" in command.epilog or "| pz login" in command.epilog
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options or typed == "pz completion"
    without_help = [item.name for item in command.params if not getattr(item, "help", None)]
    assert without_help == []


def test_the_commands_of_the_issue_are_there() -> None:
    wanted = (
        "login whoami logout types releases list show download get upload publish delete share "
        "combine train"
    )
    assert {f"pz {name}" for name in wanted.split()} <= set(COMMANDS)
    steps = ("list", "show", "logs", "stop", "rerun")
    assert {f"pz process {name}" for name in steps} <= set(COMMANDS)


def test_help_is_plain_text_in_a_pipe() -> None:
    done = pz("get", "--help")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert 'pz get 2_vvdslike_ecdfs --where "Z > 0.5" --limit 100 -o distant.csv\n' in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(shell: str) -> None:
    done = pz("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_PZ_COMPLETE" in done.stdout


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    program = """
    PATH="$1:$PATH"; source <(pz completion bash)
    complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pz_completion pz; }
    complete_words pz comb; printf '%s\\n' "${COMPREPLY[@]}"
    complete_words pz get --whe; printf '%s\\n' "${COMPREPLY[@]}"
    complete_words pz process re; printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "-c", program, "bash", str(SCRIPTS)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["combine", "--where", "rerun"]


def test_a_reader_that_leaves_early_is_no_error(server: Any, answer: Callable[..., Any]) -> None:
    rows = [{"id": n, "name": f"type {n}", "description": "x" * 500} for n in range(2000)]
    server.answer = lambda seen: answer(body={"count": 2000, "next": None, "results": rows})
    command = [str(SCRIPTS / "pz"), "types", "--json"]
    environment = {**os.environ, "PZSERVER_TOKEN": "t", "PZSERVER_HOST": server.address}
    program = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert program.stdout is not None
    assert program.stderr is not None
    assert program.stdout.read(10).startswith(b"[\n")
    program.stdout.close()
    assert program.stderr.read() == b""
    assert program.wait() == 0
    program.stderr.close()


def test_a_server_that_fails_is_exit_code_1(server: Any, answer: Callable[..., Any]) -> None:
    failure = {"error": "Incident 12: tell the administrators", "code": "fault"}
    server.answer = lambda seen: answer(status=500, body=failure)
    done = pz("types", PZSERVER_TOKEN="t", PZSERVER_HOST=server.address)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "pz: Incident 12: tell the administrators\n"


@pytest.mark.parametrize("typed", ["pz list", "pzpipelines --help", "pzhub --help"])
def test_ctrl_c_while_libraries_load_tells_no_traceback(typed: str) -> None:
    name, argument = typed.split()
    command = [sys.executable, "-X", "importtime", str(SCRIPTS / name), argument]
    program = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert program.stderr is not None
    for line in program.stderr:
        if line.endswith(" typing_extensions\n") or " typer" in line:
            break
    program.send_signal(signal.SIGINT)
    rest = program.stderr.read()
    program.stderr.close()
    assert program.wait() in (-signal.SIGINT, 130)
    assert "Traceback" not in rest
