"""Large files in the wizard: the connection breaks, the page is left, and the upload goes on."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.conftest import sign_in
from e2e.story import begin_draft
from hub import Hub
from network import Network

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
SIZE = 20_000_000
HALF = SIZE // 2
SLACK = 3_000_000


@pytest.fixture
def network(hub: Hub) -> Iterator[Network]:
    between = Network(hub.port)
    yield between
    between.close()


@pytest.fixture
def page(browser: Browser, hub: Hub, ana: str, network: Network) -> Iterator[Page]:
    """Return a signed-in page behind the network; what breaks there is no complaint."""
    context = browser.new_context(base_url=network.address)
    page = context.new_page()
    sign_in(page, hub, ana)
    yield page
    context.close()


def large_file(folder: Path, name: str, seed: int) -> Path:
    path = folder / name
    path.write_bytes(random.Random(seed).randbytes(SIZE))
    return path


def send_until_half(page: Page, network: Network, hub: Hub, path: Path) -> int:
    """Send a file until the network holds it; return how much has arrived."""
    network.release()
    network.hold_up = HALF
    page.locator("#id_file").set_input_files(path)
    page.get_by_role("button", name="Upload", exact=True).click()
    network.wait_until_held()
    deadline = time.monotonic() + 30
    while (arrived := arrived_bytes(hub)) < HALF - SLACK:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return arrived


def went_on(network: Network, arrived: int) -> bool:
    """Whether no upload was begun anew, and the last piece came behind what had arrived.

    A browser may send a request once more by itself: the server refuses bytes it has.
    """
    offsets = [int(text) for text in network.values("PATCH", "Upload-Offset")]
    return network.requests("POST", "/uploads/") == 0 and offsets[-1] >= arrived


def arrived_bytes(hub: Hub) -> int:
    return sum(path.stat().st_size for path in (hub.data_dir / "incoming").glob("*"))


def test_a_large_file_goes_on_after_a_broken_connection_and_after_the_page_was_left(
    page: Page, network: Network, hub: Hub, tmp_path: Path
) -> None:
    main, more = large_file(tmp_path, "main.bin", 1), large_file(tmp_path, "more.bin", 2)
    begin_draft(page, "Large files", "Other")

    arrived = send_until_half(page, network, hub, main)
    network.cut()
    network.release()
    expect(page.get_by_text("what has arrived is kept").first).to_be_visible()
    files = page.locator("#files-state")
    expect(files.get_by_text("main.bin", exact=True)).to_be_visible()
    assert went_on(network, arrived)

    arrived = send_until_half(page, network, hub, more)
    network.cut()
    page.on("dialog", lambda dialog: dialog.accept())  # asks whether to leave in the middle
    network.release()
    page.reload()
    expect(page.get_by_text("Choose the same file again to go on.")).to_contain_text("of 20.0 MB")
    network.release()
    page.locator("#id_file").set_input_files(more)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(files.get_by_text("more.bin", exact=True)).to_be_visible()
    assert went_on(network, arrived)
    expect(page.get_by_text("Choose the same file again to go on.")).to_be_hidden()

    product = int(page.url.split("/")[-2])
    (folder,) = (hub.data_dir / "products" / "other").glob(f"{product}_*")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "main.bin": main.read_bytes(),
        "more.bin": more.read_bytes(),
    }
    assert list((hub.data_dir / "incoming").iterdir()) == []
