"""A table goes from the page to a desktop tool through a real hub of SAMP on this machine."""

from __future__ import annotations

import io
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from astropy.table import Table
from playwright.sync_api import Browser, expect
from pyvo.samp import SAMPHubServer, SAMPIntegratedClient, conf
from pyvo.samp.hub import WebProfileDialog

from e2e.conftest import sign_in
from hub import Hub

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
_PORT = 21012  # the standard's; pages cannot ask elsewhere


class Consent(WebProfileDialog):
    """Answers the question of the hub as its user would."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.answers = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.05):
            self.handle_queue()

    def show_dialog(self, samp_name: str, details: Any, client: Any, origin: str) -> None:
        self.asked.append(samp_name)
        (self.consent if self.answers else self.reject)()

    def end(self) -> None:
        """Answer no more."""
        self._ended.set()
        self._thread.join()


@contextmanager
def _running_hub(folder: Path, consent: Consent) -> Iterator[SAMPHubServer]:
    server = SAMPHubServer(
        addr="127.0.0.1", lockfile=str(folder / "samp"), web_profile=True,
        web_profile_dialog=consent, mode="single", label="test",
    )  # fmt: skip
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def consent() -> Iterator[Consent]:
    """Return who answers the hub's question."""
    answering = Consent()
    yield answering
    answering.end()


def test_a_table_is_sent_to_a_tool_that_reads_it(
    browser: Browser,
    hub: Hub,
    ana: str,
    two_catalogs: list[str],
    tmp_path: Path,
    consent: Consent,
) -> None:
    with closing(socket.socket()) as probe:
        if probe.connect_ex(("127.0.0.1", _PORT)) == 0:
            pytest.skip(f"another hub of SAMP runs on this machine (port {_PORT})")
    context = browser.new_context(base_url=hub.address)
    page = context.new_page()
    sign_in(page, hub, ana)
    page.goto(f"/product/{two_catalogs[0]}/data?where=Z%20%3E%200.5&cols=Z")
    page.get_by_role("link", name="SAMP").click()
    send, status = page.get_by_role("button", name="Send", exact=True), page.get_by_role("status")

    send.click()
    expect(status.filter(has_text="No SAMP hub answers on your machine")).to_be_visible()
    received: queue.Queue[dict[str, Any]] = queue.Queue()
    with conf.set_temp("use_internet", False), _running_hub(tmp_path, consent) as server:
        consent.answers = False
        send.click()
        expect(status.filter(has_text="The tool refused")).to_be_visible(timeout=20_000)
        consent.answers = True
        send.click()
        expect(status.filter(has_text="no tool that loads tables")).to_be_visible(timeout=20_000)
        tool = SAMPIntegratedClient("Table tool", addr="127.0.0.1")
        tool.connect(hub=server)
        tool.bind_receive_notification(
            "table.load.votable", lambda key, sender, mtype, given, extra: received.put(given)
        )
        send.click()
        expect(status.filter(has_text="Sent to: Table tool")).to_be_visible(timeout=20_000)
        given = received.get(timeout=20)
        tool.disconnect()
    context.close()

    assert set(consent.asked) == {"Photo-z Server"}
    assert given["name"].startswith("Shared ")
    assert given["table-id"].endswith("where=Z%20%3E%200.5&cols=Z")
    with urlopen(given["url"]) as answer:
        rows = Table.read(io.BytesIO(answer.read()), format="votable")
    assert rows.colnames == ["Z"]
    assert len(rows) > 0
    assert min(rows["Z"]) > 0.5
