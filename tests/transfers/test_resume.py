"""Killed at half and gone on with: uploads and downloads, client and server."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hub import Hub
from network import Network
from pzserver import PzServer

if TYPE_CHECKING:
    from conftest import Shell

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("transfers"), pytest.mark.thorough]
SIZE = 20_000_000
HALF = SIZE // 2
#: Programs are killed when what passed is on the disk, but for so many bytes that the system and
#: the programs' own blocks may still hold.
SLACK = 3_000_000
UPLOAD = ("upload", "big.bin", "--name", "Big one", "--type", "other", "--json")
ADVICE = "Interrupted. Run the same command again to go on where it stopped."


def content(size: int = SIZE, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """Return a file that is too large for one request."""
    path = tmp_path / "big.bin"
    path.write_bytes(content())
    return path


def arrived(hub: Hub) -> int:
    """Return how many bytes of unfinished uploads there are."""
    return sum(path.stat().st_size for path in (hub.data_dir / "incoming").glob("*"))


def wait_until(count: Callable[[], int], n_bytes: int) -> None:
    """Wait until what the network let pass is on the disk, but for the slack."""
    deadline = time.monotonic() + 60
    while count() < n_bytes - SLACK:
        assert time.monotonic() < deadline, count()
        time.sleep(0.01)


def offsets(network: Network, upload: str = "") -> list[int]:
    """Return where the pieces began that were sent, of one upload or of all."""
    return [int(text) for text in network.values("PATCH", "Upload-Offset", f"/{upload}")]


def remembered(shell: Shell) -> set[str]:
    """Return the uploads that the user's computer can go on with."""
    notes = (shell.state / "pzserver" / "uploads").glob("*.json")
    values = [str(json.loads(note.read_text())["value"]) for note in notes]
    return {value.rstrip("/").rpartition("/")[2] for value in values if "/uploads/" in value}


def ranges(network: Network) -> list[int]:
    """Return from which bytes on files were asked for, where not from the first."""
    asked = network.values("GET", "Range")
    return [int(text.removeprefix("bytes=").removesuffix("-")) for text in asked]


def stored(hub: Hub, pz: PzServer, product: int) -> dict[tuple[str, str], bytes]:
    """Return the files of a product by role and name."""
    folder = hub.data_dir / "products" / "other" / pz.api.get("products", product)["internal_name"]
    files = pz.api.get_product_files(product)
    return {
        (file["role_name"], file["name"]): (folder / file["name"]).read_bytes() for file in files
    }


def test_an_upload_killed_at_half_goes_on_in_the_next_program(
    own_hub: Hub, shell: Shell, network: Network, pz: PzServer, big: Path
) -> None:
    network.hold_up = HALF
    program = shell.begin(*UPLOAD)
    shell.wait_until_held(program)
    wait_until(lambda: arrived(own_hub), HALF)
    shell.kill_held(program, signal.SIGKILL)
    kept = arrived(own_hub)
    assert HALF - SLACK <= kept < HALF + SLACK
    notes = list((shell.state / "pzserver" / "uploads").iterdir())
    assert [stat.S_IMODE(note.stat().st_mode) for note in notes] == [0o600, 0o600]
    assert not any(shell.token in note.read_text() for note in notes)
    done = shell.run(*UPLOAD)
    assert done.returncode == 0, done.stderr
    assert "going on where the last attempt stopped" in done.stderr
    assert network.requests("POST", "/uploads/") == 0
    assert min(offsets(network)) >= kept
    (product,) = pz.api.get_products(status=None)
    assert json.loads(done.stdout) == product
    assert product["product_status"] == "Published"
    assert stored(own_hub, pz, product["id"]) == {("Main", "big.bin"): content()}
    assert list((shell.state / "pzserver" / "uploads").iterdir()) == []
    assert list((own_hub.data_dir / "incoming").iterdir()) == []


def test_an_upload_outlives_its_server(
    own_hub: Hub,
    shell: Shell,
    network: Network,
    pz: PzServer,
    big: Path,
    kill_server: Callable[[], None],
) -> None:
    network.hold_up = HALF
    program = shell.begin(*UPLOAD)
    shell.wait_until_held(program)
    wait_until(lambda: arrived(own_hub), HALF)
    kill_server()
    kept = arrived(own_hub)
    network.cut()
    network.release()
    own_hub.start()
    written, talk = program.communicate(timeout=90)
    assert program.returncode == 0, talk
    assert network.requests("POST", "/uploads/") == 0
    assert min(offsets(network)) >= kept
    assert stored(own_hub, pz, json.loads(written)["id"]) == {("Main", "big.bin"): content()}


def test_a_changed_file_is_not_mixed_with_what_arrived_of_the_old_one(
    own_hub: Hub, shell: Shell, network: Network, pz: PzServer, big: Path
) -> None:
    network.hold_up = HALF
    program = shell.begin(*UPLOAD)
    _, talk = shell.kill_held(program, signal.SIGINT)
    assert (program.returncode, ADVICE in talk, "Traceback" in talk) == (130, True, False)
    big.write_bytes(content(seed=2))
    done = shell.run(*UPLOAD)
    assert done.returncode == 0, done.stderr
    assert "going on" not in done.stderr
    assert network.requests("POST", "/uploads/") == 1
    assert offsets(network)[0] == 0
    product = json.loads(done.stdout)["id"]
    assert stored(own_hub, pz, product) == {("Main", "big.bin"): content(seed=2)}


def test_several_files_travel_at_once_and_an_interrupted_set_is_completed(
    own_hub: Hub, shell: Shell, network: Network, pz: PzServer, big: Path
) -> None:
    others = {f"aux{number}.bin": content(9_000_000, seed=10 + number) for number in range(3)}
    for name, its_content in others.items():
        (shell.folder / name).write_bytes(its_content)
    command = (*UPLOAD, *(f"--aux={name}" for name in others))
    network.hold_up = 20_000_000
    shell.kill_held(shell.begin(*command), signal.SIGKILL)
    kept = {path.name: path.stat().st_size for path in (own_hub.data_dir / "incoming").iterdir()}
    known = remembered(shell)
    assert known
    done = shell.run(*command)
    assert done.returncode == 0, done.stderr
    assert network.requests("POST", "/uploads/") <= 1 + len(others) - len(known)
    for upload in known & set(kept):
        assert all(offset >= kept[upload] for offset in offsets(network, upload))
    assert stored(own_hub, pz, json.loads(done.stdout)["id"]) == {
        ("Main", "big.bin"): content(),
        **{("Auxiliary", name): its_content for name, its_content in others.items()},
    }


def size_of(folder: Path) -> int:
    """Return how many bytes are in a folder, which may not be there yet."""
    return sum(path.stat().st_size for path in folder.glob("*"))


def uploaded(pz: PzServer, path: Path, name: str) -> str:
    """Publish a file as a product; return its internal_name."""
    product = pz.upload(name, "other", path)
    product.save()
    internal_name: str = pz.api.get("products", product.product_id)["internal_name"]
    return internal_name


def test_a_download_killed_at_half_goes_on_in_the_next_program(
    shell: Shell, network: Network, pz: PzServer, big: Path
) -> None:
    product = uploaded(pz, big, "Big one")
    network.hold_down = HALF
    command = ("download", product, "--save-in", "got")
    program = shell.begin(*command)
    shell.wait_until_held(program)
    wait_until(lambda: size_of(shell.folder / "got"), HALF)
    shell.kill_held(program, signal.SIGKILL)
    (part,) = (shell.folder / "got").iterdir()
    assert part.suffix == ".part"
    here = part.stat().st_size
    assert HALF - SLACK <= here < HALF + SLACK
    done = shell.run(*command)
    assert done.returncode == 0, done.stderr
    assert ranges(network) == [here]
    (zipped,) = (shell.folder / "got").iterdir()
    assert zipped == shell.folder / done.stdout.strip()
    archive = pz.api.connection.request(
        "POST", f"products/{product.split('_')[0]}/download/prepare/"
    )
    assert hashlib.sha256(zipped.read_bytes()).hexdigest() == archive["checksum"]


def test_several_downloads_at_once_outlive_the_server_and_keep_their_order(
    own_hub: Hub,
    shell: Shell,
    network: Network,
    pz: PzServer,
    big: Path,
    kill_server: Callable[[], None],
) -> None:
    names = [uploaded(pz, big, f"Number {number}") for number in range(3)]
    network.hold_down = 2 * SIZE
    program = shell.begin("download", *names, names[0], "-j", "2", "--save-in", "got")
    shell.wait_until_held(program)
    wait_until(lambda: size_of(shell.folder / "got"), 2 * SIZE)
    here = [part.stat().st_size for part in (shell.folder / "got").glob("*.part")]
    kill_server()
    network.cut()
    network.release()
    own_hub.start()
    written, talk = program.communicate(timeout=90)
    assert program.returncode == 0, talk
    assert min(ranges(network)) >= min(here)
    paths = [Path(line).name for line in written.splitlines()]
    assert [path.rsplit("_", 1)[0] for path in paths] == [*names, names[0]]
    got: list[Any] = sorted(path.suffix for path in (shell.folder / "got").iterdir())
    assert got == [".zip"] * 3
