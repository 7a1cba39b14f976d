"""The command line on a data folder: exit codes, sentences, and what is there afterwards."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub import PASSWORD, PZHUB, Administrator

pytestmark = pytest.mark.xdist_group("commands")

Run = Callable[..., subprocess.CompletedProcess[str]]
GIVEN = f"{PASSWORD}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the commands of this module share."""
    return tmp_path_factory.mktemp("cli") / "data"


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    """Return the environment of commands on the folder."""
    environment = {**os.environ, "PZHUB_LOG_LEVEL": "ERROR", "PZHUB_DATA_DIR": str(folder)}
    for name in ("DJANGO_SETTINGS_MODULE", "PZHUB_DATABASE_URL"):
        environment.pop(name, None)
    return environment


@pytest.fixture(scope="module")
def pzhub(environment: dict[str, str]) -> Iterator[Run]:
    """Return a function that does what `pzhub` does on the folder, all in one program."""
    administrator = Administrator(environment)
    administrator.run("create-user", "ana", "--password-stdin", "--group", "team", given=GIVEN)
    yield administrator.run
    administrator.leave()


@pytest.fixture(scope="module")
def program(environment: dict[str, str]) -> Run:
    """Return a function that starts `pzhub` on the folder."""

    def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PZHUB, *arguments],
            input=given,
            capture_output=True,
            text=True,
            env=environment,
            check=False,
            timeout=60,
        )

    return run


def answer(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    return done.returncode, done.stdout, done.stderr


def shell(pzhub: Run, code: str) -> str:
    """Return what a line of Python prints in the server's environment."""
    done = pzhub("manage", "shell", "--verbosity", "0", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_user_is_created_once(pzhub: Run) -> None:
    assert answer(pzhub("create-user", "bob", "--password-stdin", given=f"{PASSWORD}\n")) == (
        0,
        "Created user bob.\n",
        "",
    )
    code, out, err = answer(pzhub("create-user", "bob", "--password-stdin", given="other\n"))
    assert (code, out) == (2, "")
    assert "'bob'" in err


def test_the_password_of_standard_input_works(pzhub: Run) -> None:
    code = (
        "from django.contrib.auth import authenticate as a;"
        f"print(a(username='ana', password='{PASSWORD}'))"
    )
    assert shell(pzhub, code) == "ana"


def test_groups_and_administrators(pzhub: Run) -> None:
    assert pzhub("create-user", "boss", "--admin", "--group=a", "--group=b").returncode == 0
    code = (
        "from pzhub.accounts.models import User as U; u = U.objects.get(username='boss');"
        "print(u.is_superuser, sorted(u.groups.values_list('name', flat=True)),"
        " u.has_usable_password())"
    )
    assert shell(pzhub, code) == "True ['Admin', 'a', 'b'] False"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [("\n", "standard input holds no password"), ("", "holds no password")],
)
def test_a_password_that_will_not_do_is_refused(pzhub: Run, given: str, sentence: str) -> None:
    code, out, err = answer(pzhub("create-user", "cleo", "--password-stdin", given=given))
    assert (code, out) == (2, "")
    assert sentence in err


def test_a_name_that_will_not_do_is_refused(pzhub: Run) -> None:
    code, _, err = answer(pzhub("create-user", "a b/c"))
    assert code == 2
    assert err.strip()


def test_a_token_is_printed_alone(pzhub: Run, program: Run) -> None:
    code, out, err = answer(program("create-token", "ana", "--name", "laptop"))
    assert (code, err) == (0, "")
    assert out.startswith("pz_")
    assert len(out.split()) == 1
    whose = (
        "from pzhub.accounts.selectors import authenticate_token as t;"
        f"k = t('{out.strip()}'); print(k.user, k.name)"
    )
    assert shell(pzhub, whose) == "ana laptop"


def test_tokens_without_label_never_clash(pzhub: Run) -> None:
    assert len({pzhub("create-token", "ana").stdout for _ in range(2)}) == 2


def test_a_label_that_is_taken_is_refused(pzhub: Run) -> None:
    assert pzhub("create-token", "ana", "--name", "twice").returncode == 0
    assert pzhub("create-token", "ana", "--name", "twice").returncode == 2


def test_a_token_of_nobody_is_refused(program: Run) -> None:
    assert answer(program("create-token", "nobody")) == (
        2,
        "",
        "There is no user nobody; create one with: pzhub create-user nobody\n",
    )


def test_a_release_is_created_once(pzhub: Run) -> None:
    done = pzhub("create-release", "dr1", "--display-name", "LSST DR1", "--group", "team")
    assert answer(done) == (0, "Created release dr1.\n", "")
    assert answer(pzhub("create-release", "dr1")) == (2, "", "There is a release dr1 already\n")
    code = (
        "from pzhub.catalog.models import Release as R; r = R.objects.get(name='dr1');"
        "print(r.display_name, list(r.access_groups.values_list('name', flat=True)))"
    )
    assert shell(pzhub, code) == "LSST DR1 ['team']"


def test_a_release_name_that_will_not_do_is_refused(pzhub: Run) -> None:
    code, _, err = answer(pzhub("create-release", "d r"))
    assert code == 2
    assert err.startswith("Release 'd r': use 1 to 64 letters")


def test_a_new_folder_knows_types_pipelines_and_releases(pzhub: Run) -> None:
    code = (
        "import json; from pzhub.catalog.models import *; from pzhub.processes.models import *;"
        "names = lambda m: list(m.objects.order_by('pk').values_list('name', flat=True));"
        "print(json.dumps([len(names(ProductType)), names(Pipeline), names(Release)[:2]]))"
    )
    types, pipelines, releases = json.loads(shell(pzhub, code))
    assert (types, pipelines[0], releases) == (7, "combine_redshift_dedup", ["dp02", "dp1"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--port", "0"],
        ["serve", "--port", "many"],
        ["serve", "--nonsense"],
        ["create-user"],
        ["nonsense"],
    ],
)
def test_wrong_arguments_are_refused_with_usage(program: Run, arguments: list[str]) -> None:
    code, out, err = answer(program(*arguments))
    assert (code, out) == (2, "")
    assert "Usage:" in err


def test_the_demo_without_a_server_says_what_to_do(program: Run) -> None:
    code, _, err = answer(program("demo", "--port", "1"))
    assert code == 2
    assert "holds no demo content" in err
    code, _, err = answer(program("demo", "--port", "1", "--token", "pz_x"))
    assert code == 2
    assert "cannot be reached" in err


def test_help_lists_every_command(program: Run) -> None:
    shown = program("--help").stdout
    for name in ("serve", "create-user", "create-token", "create-release", "manage", "demo"):
        assert name in shown
