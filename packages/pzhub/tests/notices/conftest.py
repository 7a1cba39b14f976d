"""A mail server of the tests' own on 127.0.0.1: real SMTP, and answers as the test wants them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pytest_django import Settings

from pzhub.config import hub_config


@dataclass
class Mailbox:
    """What the server took, and how it answers."""

    taken: list[EmailMessage] = field(default_factory=list)
    answer_to_recipients: str = "250 OK"
    #: While clear, the server keeps whoever sends waiting after the recipient.
    may_go_on: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's own interface
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        import asyncio

        self.asked.set()
        while not self.may_go_on.is_set():
            await asyncio.sleep(0.02)
        if self.answer_to_recipients.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer_to_recipients

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a letter."""
        message = BytesParser(policy=modern).parsebytes(envelope.content)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        return "250 Message accepted for delivery"


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def mail_port() -> int:
    """Return the port of the mail server."""
    return free_port()


@pytest.fixture
def mail_is_on(monkeypatch: pytest.MonkeyPatch, settings: Settings, mail_port: int) -> None:
    """Let this server send mail, to a mail server that need not be there."""
    monkeypatch.setattr(hub_config(), "mail_host", "127.0.0.1")
    monkeypatch.setattr(hub_config(), "base_url", "https://pz.example.org")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_port


@pytest.fixture
def mailbox(mail_is_on: None, mail_port: int) -> Iterator[Mailbox]:
    """Return the box of a mail server that listens."""
    box = Mailbox()
    box.may_go_on.set()
    controller = Controller(box, hostname="127.0.0.1", port=mail_port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
