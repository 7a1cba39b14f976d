"""What holds for every command of ``pz``, without a server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import typer

from pzserver import get_version
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


def interrupted_while_loading(command: list[str]) -> tuple[int, str]:
    """Send SIGINT once a program has begun to load libraries; return its code and last words."""
    program = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background of a shell ignore the signal, and so would children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # no threads
    )
    assert program.stderr is not None
    for line in program.stderr:
        if line.endswith(" typing_extensions\n") or " typer" in line:
            break
    program.send_signal(signal.SIGINT)
    rest = program.stderr.read()
    program.stderr.close()
    return program.wait(), rest


@pytest.mark.parametrize("typed", ["pz list", "pzpipelines --help", "pzhub --help"])
def test_ctrl_c_while_libraries_load_tells_no_traceback(typed: str) -> None:
    name, argument = typed.split()
    command = [sys.executable, "-X", "importtime", str(SCRIPTS / name), argument]
    for _ in range(20):
        code, rest = interrupted_while_loading(command)
        assert "Traceback" not in rest
        if code in (-signal.SIGINT, 130):
            return  # on a busy machine the program may be through before the signal arrives
    pytest.fail("the signal never came in time")


def stored(folder: Path, text: str) -> dict[str, str]:
    """Write what ``pz login`` keeps; return the environment that leads there."""
    (folder / "pzserver").mkdir()
    (folder / "pzserver" / "login.json").write_text(text)
    return {"XDG_CONFIG_HOME": str(folder)}


@pytest.mark.parametrize("text", ["", "garbage", "[]", '{"token": "t"}'])
def test_a_damaged_sign_in_says_how_to_mend_it(tmp_path: Path, text: str) -> None:
    done = pz("list", **stored(tmp_path, text))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("login.json is damaged: `pz login` writes it anew\n")


def test_a_stored_token_stays_with_its_server_however_the_address_is_written(
    server: Any, tmp_path: Path, answer: Callable[..., Any]
) -> None:
    server.answer = lambda seen: answer(body={"username": "ana", "is_admin": False})
    login = {"token": "t", "host": server.address}
    environment = stored(tmp_path, json.dumps(login))
    for host in (server.address, server.address.rstrip("/"), server.address[: -len("/api/")]):
        assert pz("whoami", PZSERVER_HOST=host, **environment).returncode == 0
    done = pz("whoami", PZSERVER_HOST="http://127.0.0.1:9/api/", **environment)
    assert done.returncode == 2
    assert f"the stored token is for {server.address}, not for http://127.0.0.1:9" in done.stderr


def test_the_version_is_told() -> None:
    assert pz("--version").stdout == f"pz {get_version()}\n"


def products(answer: Callable[..., Any], *names: str) -> Callable[[Any], Any]:
    """Return a server with products, which takes an empty name for no filter."""
    rows = [
        {
            "id": number,
            "internal_name": name,
            "display_name": name.partition("_")[2],
            "product_status": "Published",
            "can_delete": True,
            "is_owner": True,
        }
        for number, name in enumerate(names, 1)
    ]

    def serve(seen: Any) -> Any:
        wanted = parse_qs(urlsplit(seen.path).query).get("internal_name")
        found = [row for row in rows if not wanted or row["internal_name"] in wanted]
        return answer(body={"count": len(found), "next": None, "results": found})

    return serve


@pytest.mark.parametrize(
    ("command", "name"), [("show", "  "), ("delete", ""), ("get", ""), ("download", "")]
)
def test_no_name_is_no_product(
    server: Any, answer: Callable[..., Any], command: str, name: str
) -> None:
    server.answer = products(answer, "1_only_one")
    more = ["--yes"] if command == "delete" else []
    done = pz(command, name, *more, PZSERVER_TOKEN="t", PZSERVER_HOST=server.address)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"there is no product {name!r}" in done.stderr
    assert {seen.method for seen in server.seen} <= {"GET", "OPTIONS"}


@pytest.mark.parametrize("typed", ["2_vvds_redshift", "VVDS redshifts"])
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(
    server: Any, answer: Callable[..., Any], typed: str
) -> None:
    filters = {"filter_classes": [{"name": "internal_name"}]}
    listing = products(answer, "1_tdf_catalog", "2_vvds_redshifts")
    server.answer = lambda seen: answer(body=filters) if seen.method == "OPTIONS" else listing(seen)
    done = pz("download", typed, PZSERVER_TOKEN="t", PZSERVER_HOST=server.address)
    assert done.returncode == 2
    assert done.stderr.endswith("`pz list` shows what there is. Did you mean 2_vvds_redshifts?\n")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("folder", "folder is a folder: pack it"),
        ("empty.csv", "empty.csv is empty (0 bytes)"),
        ("bad\udcff.csv", "rename the file"),
        ("none.csv", "none.csv not found"),
    ],
)
def test_a_file_that_cannot_be_sent_makes_no_draft(
    server: Any, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "bad\udcff.csv").write_text("ra\n1\n")
    (tmp_path / "good.csv").write_text("ra\n1\n")
    for files in (
        (str(tmp_path / name),),
        (str(tmp_path / "good.csv"), "--aux", str(tmp_path / name)),
    ):
        command = ("upload", *files, "--name", "x", "--type", "other")
        done = pz(*command, PZSERVER_TOKEN="t", PZSERVER_HOST=server.address)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert {seen.method for seen in server.seen} == {"GET"}


def test_a_closed_or_full_standard_output_is_told(server: Any, answer: Callable[..., Any]) -> None:
    rows = [{"id": 1, "name": "other", "display_name": "Other", "description": ""}]
    server.answer = lambda seen: answer(body={"count": 1, "next": None, "results": rows})
    environment = {**os.environ, "PZSERVER_TOKEN": "t", "PZSERVER_HOST": server.address}
    for shell, words in ((">&-", "standard output is closed"), (">/dev/full", "make room")):
        done = subprocess.run(
            ["bash", "-c", f"{SCRIPTS / 'pz'} types {shell}"],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_training_set_for_a_folder_that_is_not_there_is_not_begun(server: Any) -> None:
    command = ("train", "1", "--release", "demo", "-o", "no/such/folder/t.parquet")
    done = pz(*command, PZSERVER_TOKEN="t", PZSERVER_HOST=server.address)
    assert (done.returncode, server.seen) == (2, [])
    assert "a file in a folder that exists is expected" in done.stderr
