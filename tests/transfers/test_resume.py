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

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("transfers")]
SIZE = 20_000_000
HALF = SIZE // 2
#: What heads, and blocks that were on their way, may add.
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


def wait_for_half(hub: Hub) -> None:
    """Wait until what the network let pass is in the server's file."""
    deadline = time.monotonic() + 30
    while arrived(hub) < HALF - SLACK:
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
    wait_for_half(own_hub)
    shell.kill_held(program, signal.SIGKILL)
    kept = arrived(own_hub)
    assert HALF - SLACK < kept < HALF + SLACK
    notes = list((shell.state / "pzserver" / "uploads").iterdir())
    assert [stat.S_IMODE(note.stat().st_mode) for note in notes] == [0o600, 0o600]
    assert not any(shell.token in note.read_text() for note in notes)
    done = shell.run(*UPLOAD)
    assert done.returncode == 0, done.stderr
    assert "going on where the last attempt stopped" in done.stderr
    assert network.up < SIZE - kept + 2 * SLACK
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
    wait_for_half(own_hub)
    kill_server()
    kept = arrived(own_hub)
    network.cut()
    network.release()
    own_hub.start()
    written, talk = program.communicate(timeout=90)
    assert program.returncode == 0, talk
    assert network.up < SIZE - kept + 2 * SLACK
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
    assert network.up > SIZE
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
    done = shell.run(*command)
    assert done.returncode == 0, done.stderr
    assert network.up < SIZE + 27_000_000 - 20_000_000 + 3 * SLACK
    assert stored(own_hub, pz, json.loads(done.stdout)["id"]) == {
        ("Main", "big.bin"): content(),
        **{("Auxiliary", name): its_content for name, its_content in others.items()},
    }


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
    shell.kill_held(shell.begin(*command), signal.SIGKILL)
    (part,) = (shell.folder / "got").iterdir()
    assert part.suffix == ".part"
    here = part.stat().st_size
    assert HALF - SLACK < here < HALF + SLACK
    done = shell.run(*command)
    assert done.returncode == 0, done.stderr
    # The first answer of a continued download is dropped after its head.
    assert network.down < SIZE - here + 2 * SLACK
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
    kill_server()
    network.cut()
    network.release()
    own_hub.start()
    written, talk = program.communicate(timeout=90)
    assert program.returncode == 0, talk
    paths = [Path(line).name for line in written.splitlines()]
    assert [path.rsplit("_", 1)[0] for path in paths] == [*names, names[0]]
    assert network.down < SIZE + 3 * SLACK
    got: list[Any] = sorted(path.suffix for path in (shell.folder / "got").iterdir())
    assert got == [".zip"] * 3
