"""Letters over real SMTP: once each, tried again, given up, and a worker that is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from pzhub.config import HubConfig, hub_config
from pzhub.outbox.models import Letter, LetterState
from pzhub.outbox.services import post, send_letter, sweep_letters
from pzhub.outbox.services.sending import PATIENCE, pause_after

if TYPE_CHECKING:
    from conftest import Mailbox

pytestmark = pytest.mark.django_db


def written(key: str = "job 1") -> Letter:
    letter = post(
        key=key, to="ana@example.org", subject="Done\nnow", text="Fim: ção", html="<p>Fim</p>"
    )
    assert letter is not None
    return letter


def test_a_letter_arrives_once_in_both_forms(mailbox: Mailbox) -> None:
    letter = written()

    send_letter(letter.pk)
    send_letter(letter.pk)

    letter.refresh_from_db()
    (mail,) = mailbox.taken
    assert (letter.state, letter.attempt, letter.text) == (LetterState.SENT, 1, "")
    assert (mail["To"], mail["Subject"]) == ("ana@example.org", "Done now")
    assert mail["From"] == "Photo-z Server <noreply@localhost>"
    assert mail["Message-ID"] == letter.message_id
    assert mail["Message-ID"].endswith("@pz.example.org>")
    assert [part.get_content().strip() for part in mail.walk() if not part.is_multipart()] == [
        "Fim: ção",
        "<p>Fim</p>",
    ]


def test_nothing_is_written_twice_or_to_nobody_or_without_a_mail_server(
    mail_is_on: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert written() == written()
    assert post(key="job 2", to="", subject="Done", text="Done") is None
    monkeypatch.setattr(hub_config(), "mail_host", "")
    assert post(key="job 3", to="ana@example.org", subject="Done", text="Done") is None
    assert Letter.objects.count() == 1


def test_while_the_mail_server_is_away_all_letters_wait_and_then_arrive(
    mail_is_on: None, mail_port: int, request: pytest.FixtureRequest
) -> None:
    first, second = written("job 1"), written("job 2")
    send_letter(first.pk)
    send_letter(second.pk)  # not due any more: the server is away for it, too

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.attempt, second.attempt) == (LetterState.WAITING, 1, 0)
    assert "ConnectionRefusedError" in first.error
    assert timedelta(seconds=50) < first.due_at - timezone.now() < timedelta(seconds=61)

    DBTaskResult.objects.all().delete()
    Letter.objects.update(due_at=timezone.now(), created_at=timezone.now() - timedelta(minutes=2))
    mailbox: Mailbox = request.getfixturevalue("mailbox")
    sweep_letters()
    queued = [task.args_kwargs["args"][0] for task in DBTaskResult.objects.all()]
    assert sorted(queued) == [first.pk, second.pk]
    for pk in queued:
        send_letter(pk)
    assert len(mailbox.taken) == 2
    assert set(Letter.objects.values_list("state", flat=True)) == {LetterState.SENT}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("451 try again later", LetterState.WAITING),
        ("550 no such user here", LetterState.GIVEN_UP),
    ],
)
def test_a_refusal_for_now_is_tried_again_and_one_for_ever_is_not(
    mailbox: Mailbox, answer: str, state: LetterState
) -> None:
    mailbox.answer_to_recipients = answer
    letter = written()

    send_letter(letter.pk)

    letter.refresh_from_db()
    assert (letter.state, mailbox.taken) == (state, [])
    assert answer[4:] in letter.error


def test_pauses_grow_up_to_a_limit() -> None:
    minutes = [pause_after(attempt).total_seconds() / 60 for attempt in (1, 2, 3, 8, 30)]

    assert minutes == [1, 2, 4, 128, 240]


def test_after_days_a_letter_is_given_up_and_its_words_are_gone(mail_is_on: None) -> None:
    letter = written()
    Letter.objects.update(created_at=timezone.now() - PATIENCE - timedelta(minutes=1))

    sweep_letters()

    letter.refresh_from_db()
    assert (letter.state, letter.text, letter.html) == (LetterState.GIVEN_UP, "", "")
    Letter.objects.update(ended_at=timezone.now() - timedelta(days=91))
    sweep_letters()
    assert not Letter.objects.exists()


def test_mail_needs_the_public_address_of_the_site() -> None:
    with pytest.raises(ValueError, match="PZHUB_BASE_URL is no address"):
        HubConfig(mail_host="mail.example.org")
    assert HubConfig(mail_host="mail", base_url="https://pz.example.org").mail_port == 25


SEED = """
import django; django.setup()
from pzhub.outbox.services import post
post(key="job 1", to="ana@example.org", subject="Done", text="Done")
"""


@pytest.mark.slow
def test_a_worker_killed_while_it_sends_is_replaced_and_the_letter_arrives_once(
    mailbox: Mailbox, mail_port: int, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "PZHUB_DATA_DIR": str(tmp_path / "instance"),
        "PZHUB_DATABASE_URL": "",
        "PZHUB_SECRET_KEY": "tests",
        "PZHUB_MAIL_HOST": "127.0.0.1",
        "PZHUB_MAIL_PORT": str(mail_port),
        "PZHUB_BASE_URL": "https://pz.example.org",
        "DJANGO_SETTINGS_MODULE": "pzhub.settings.development",
    }

    def run(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], env=environment, check=True)

    def letter() -> tuple[str, int]:
        with sqlite3.connect(tmp_path / "instance/db.sqlite3") as database:
            (found,) = database.execute("SELECT state, attempt FROM outbox_letter")
        database.close()
        return found  # type: ignore[no-any-return]

    run("-m", "django", "migrate", "--verbosity", "0")
    run("-c", SEED)
    mailbox.may_go_on.clear()
    worker = subprocess.Popen(
        [sys.executable, "-m", "django", "db_worker", "--no-startup-delay", "--batch"],
        env=environment,
    )
    assert mailbox.asked.wait(30)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert letter() == ("sending", 1)
    mailbox.may_go_on.set()

    run("-c", "import django; django.setup()\n"
        "from pzhub.outbox.services import send_letter, sweep_letters\n"
        "sweep_letters()\nsend_letter(1)\nsend_letter(1)")  # fmt: skip

    assert letter() == ("sent", 2)
    assert len(mailbox.taken) == 1
