"""``pz`` as a newcomer types it, against a live server: from login to a downloaded combination."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("ours")]
PZ = str(Path(sys.executable).with_name("pz"))
Pz = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def pz(hub: Any, home: Path) -> Pz:
    """Return a way to run ``pz`` as a user who has logged in."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "c"),
    }

    def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        command = [PZ, *arguments]
        return subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            env=environment,
            cwd=home,
            check=False,
        )

    token = hub.create_token(hub.create_user("eva"))
    done = run("login", "--token-stdin", "--host", f"{hub.address}/api/", given=f"{token}\n")
    assert done.returncode == 0, done.stderr
    return run


def write_catalog(path: Path, survey: str) -> Path:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "RA": rng.uniform(30, 31, 30),
            "DEC": rng.uniform(-5, -4, 30),
            "Z": rng.uniform(0, 1, 30),
            "Q": np.resize([4, 3], 30),
            "SURVEY": survey,
        }
    )
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def published(pz: Pz, home: Path) -> list[str]:
    """Publish two catalogs with ``pz upload`` and return their internal names."""
    names = []
    for survey in ("VVDS", "6DFGS"):
        path = write_catalog(home / f"{survey}.csv", survey)
        meanings = ("RA=RA", "DEC=Dec", "Z=z", "Q=z_flag", "SURVEY=survey")
        columns = [part for meaning in meanings for part in ("--column", meaning)]
        done = pz(
            "upload", str(path), "--name", f"pz {survey}", "--type", "redshift_catalog", *columns
        )
        assert done.returncode == 0, done.stderr
        names.append(done.stdout.strip())
    return names


def test_the_token_is_kept_where_only_its_owner_can_read(pz: Pz, home: Path, hub: Any) -> None:
    path = home / "c" / "pzserver" / "login.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    done = pz("whoami", "--json")
    assert json.loads(done.stdout) == {
        "username": "eva",
        "is_admin": False,
        "host": f"{hub.address}/api/",
    }


def test_data_go_to_standard_output_and_talk_beside(pz: Pz, published: list[str]) -> None:
    done = pz("list", "--owner", "eva", "--json")
    assert sorted(row["internal_name"] for row in json.loads(done.stdout)) == sorted(published)
    nothing = pz("list", "no such words at all")
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, "", "Nothing found.\n")


def test_types_and_releases_are_listed(pz: Pz) -> None:
    assert "Reference Redshift Catalog" in pz("types").stdout
    assert pz("releases").returncode == 0


def test_a_product_is_shown_and_shared(pz: Pz, published: list[str], hub: Any) -> None:
    shown = pz("show", published[0]).stdout
    assert "RA (RA), DEC (Dec), Z (z)" in shown
    assert pz("share", published[0]).stdout == f"{hub.address}/product/{published[0]}\n"


def test_a_combination_is_run_and_its_zip_downloaded(
    pz: Pz, published: list[str], home: Path
) -> None:
    done = pz(
        *("combine", *published, "--name", "by command"),
        *("--param", "combine_type=concatenate_and_mark_duplicates"),
    )
    assert done.returncode == 0, done.stderr
    path = Path(pz("download", done.stdout.strip(), "--save-in", str(home / "out")).stdout.strip())
    with zipfile.ZipFile(path) as file:
        assert file.namelist()[0] == "product_metadata.yaml"
    runs = json.loads(pz("process", "list", "--json").stdout)
    assert runs[0]["status"] == "Successful"
    assert pz("process", "logs", str(runs[0]["id"])).stdout


def test_a_table_is_got_in_another_format(pz: Pz, published: list[str], home: Path) -> None:
    target = home / "as.fits"
    done = pz("get", published[0], "-o", str(target), "--format", "fits")
    assert done.returncode == 0, done.stderr
    assert target.read_bytes().startswith(b"SIMPLE")


def test_a_table_is_looked_into_and_a_part_of_it_kept(
    pz: Pz, published: list[str], home: Path
) -> None:
    source = published[0]
    assert pz("count", source, "--where", "RA > 30 and Q == 4").stdout == "15\n"
    drawn = pz("histogram", source, "Q", "--bins", "2", "--range", "2.5,4.5")
    assert [line.split()[-2] for line in drawn.stdout.splitlines()[2:]] == ["15", "15"]
    assert drawn.stderr == "30 rows, 0 without a value\n"
    done = pz("save-view", source, "--name", "only fours", "--where", "Q == 4", "--sort=-Z")
    assert (done.returncode, done.stderr) == (0, f"{done.stdout.strip()}: 15 rows\n")
    facts = json.loads(pz("compare", source, done.stdout.strip(), "--json").stdout)["products"]
    assert [(one["rows"], one["origin"]) for one in facts] == [(30, "Upload"), (15, "Saved view")]
    region = home / "field.txt"
    region.write_text("0/0-11")
    part = pz("get", source, "--moc", str(region), "--limit", "3", "-o", "part.hdf5")
    assert (part.returncode, part.stdout) == (0, "part.hdf5\n"), part.stderr
    assert (home / "part.hdf5").read_bytes().startswith(b"\x89HDF")
    assert pz("delete", done.stdout.strip(), "--yes").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "9999_nothing"), "there is no product '9999_nothing'"),
        (("upload", "nowhere.csv", "--name", "x", "--type", "other"), "nowhere.csv not found"),
        (("combine", "9999_a", "--name", "x"), "there is no product '9999_a'"),
        (("process", "show", "99999"), "you have no process 99999"),
        (("get", "1", "--cone", "10,20"), "--cone '10,20' is not RA,DEC,RADIUS"),
        (("get", "1", "--limit", "-1"), "--limit"),
        (("get", "1", "--moc", "nowhere.fits"), "moc='nowhere.fits'"),
        (("histogram", "1", "Z", "--range", "x"), "--range 'x' is not LOWEST,HIGHEST"),
        (("compare", "1"), "1 products: name 2 to 6"),
        (("completion", "tcsh"), "tcsh"),
        (("list", "--colour", "red"), "No such option"),
        (("get", "1", "--format", "xls"), "xls"),
    ],
)
def test_bad_input_ends_with_exit_code_2_and_a_sentence(
    pz: Pz, arguments: tuple[str, ...], words: str
) -> None:
    done = pz(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_deleted_when_nobody_can_be_asked(pz: Pz, published: list[str]) -> None:
    done = pz("delete", published[0])
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert published[0] in pz("list", "--owner", "eva").stdout


def test_a_product_is_deleted_when_it_is_said(pz: Pz, home: Path) -> None:
    path = write_catalog(home / "short.csv", "VVDS")
    draft = pz("upload", str(path), "--name", "short", "--type", "other", "--json")
    name = json.loads(draft.stdout)["internal_name"]
    assert pz("delete", name, "--yes").returncode == 0
    assert name not in pz("list", "--owner", "eva").stdout


def test_a_server_that_is_down_ends_with_exit_code_1(home: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PZSERVER_TOKEN": "t",
        "PZSERVER_HOST": "http://127.0.0.1:9/api/",
    }
    done = subprocess.run(
        [PZ, "types"], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 1
    assert "does not answer" in done.stderr


def test_after_logout_a_command_says_how_to_come_back(hub: Any, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    token = hub.create_token(hub.create_user("finn"))
    login = [PZ, "login", "--token-stdin", "--host", f"{hub.address}/api/"]
    for command, given in ((login, token), ([PZ, "logout"], "")):
        subprocess.run(command, input=given, text=True, env=environment, check=True)
    done = subprocess.run(
        [PZ, "list"], capture_output=True, text=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "pz login" in done.stderr
