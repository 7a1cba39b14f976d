"""Sending letters: one attempt per chore, later ones after longer and longer pauses.

A worker that is killed leaves a lease behind; another sends the letter. It goes out twice only
if the worker was killed between the mail server's last word and the note of it here: both
copies then have the same Message-ID, by which mail systems tell that they are one.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import timedelta
from typing import Any, Final

from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from pzhub.core import chores
from pzhub.outbox.models import Letter, LetterState
from pzhub.outbox.services.posting import SEND_CHORE

#: The pause after the first failed attempt; each later one is twice as long.
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=4)
#: A letter this old is given up: its news is in the page, and a link to a password has expired.
PATIENCE: Final = timedelta(days=3)
#: How long it is remembered that a letter was sent.
_KEPT: Final = timedelta(days=90)
#: What the mail server answers when a letter will never be taken; others pass.
_NEVER: Final = range(500, 600)
_STATE: Final[dict[str, Any]] = {
    "field": "state",
    "waiting": LetterState.WAITING,
    "running": LetterState.SENDING,
}
_LOG: Final = logging.getLogger(__name__)


def send_letter(letter_id: int) -> None:
    """Do the chore of a letter, unless it is not due, done, or another worker's."""
    if not Letter.objects.filter(pk=letter_id, due_at__lte=timezone.now()).exists():
        return
    holder = chores.claim_row(Letter, letter_id, **_STATE)
    if holder is None:
        return
    letter = Letter.objects.get(pk=letter_id)
    try:
        with chores.kept_lease(Letter, letter_id, holder):
            _hand_over(letter)
    except (smtplib.SMTPException, OSError) as error:
        _note_failure(letter, holder, error)
    else:
        _held(letter, holder).update(**_ended(LetterState.SENT) | {"error": ""})
    finally:
        chores.release_row(Letter, letter_id, holder, **_STATE)


def _hand_over(letter: Letter) -> None:
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        to=[letter.to],
        # Out-of-office replies to a machine help nobody.
        headers={"Message-ID": letter.message_id, "Auto-Submitted": "auto-generated"},
    )
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    message.send()


def _note_failure(letter: Letter, holder: str, error: Exception) -> None:
    """Keep why it failed; try again later, unless that is hopeless."""
    words = f"{type(error).__name__}: {error}"[:300]
    now = timezone.now()
    if _is_final(error) or now - letter.created_at > PATIENCE:
        _LOG.error("letter %s was given up: %s", letter.pk, words)
        _held(letter, holder).update(**_ended(LetterState.GIVEN_UP) | {"error": words})
        return
    _LOG.warning("letter %s waits for the mail server: %s", letter.pk, words)
    due = now + pause_after(letter.attempt)
    _held(letter, holder).update(
        state=LetterState.WAITING, lease_holder="", lease_until=None, error=words, due_at=due
    )
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        # Nobody listens there: the others need not each find that out, a time-out at a time.
        waiting = Letter.objects.filter(state=LetterState.WAITING, due_at__lt=due)
        waiting.update(due_at=due)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failed attempts."""
    doubled: int = 2 ** min(attempts - 1, 16)
    return min(FIRST_PAUSE * doubled, LONGEST_PAUSE)


def _is_final(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return False  # of the server's settings, not of the letter
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code in _NEVER for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code in _NEVER


def _ended(state: LetterState) -> dict[str, Any]:
    """Return the fields of a letter that nobody will send any more: its words are gone."""
    gone = {"text": "", "html": "", "lease_holder": "", "lease_until": None}
    return {"state": state, "ended_at": timezone.now()} | gone


def _held(letter: Letter, holder: str) -> Any:
    return Letter.objects.filter(pk=letter.pk, lease_holder=holder, state=LetterState.SENDING)


def sweep_letters() -> None:
    """Give letters of killed workers back, queue those that are due, forget old ones."""
    chores.release_dead_rows(Letter, **_STATE)
    now = timezone.now()
    due = Letter.objects.filter(
        state=LetterState.WAITING, due_at__lte=now, created_at__lt=now - timedelta(seconds=5)
    )
    missing = set(due.values_list("pk", flat=True)) - chores.queued_arguments(SEND_CHORE)
    for pk in sorted(missing):
        chores.enqueue_chore(SEND_CHORE, pk)
    hopeless = Letter.objects.filter(state=LetterState.WAITING, created_at__lt=now - PATIENCE)
    hopeless.update(**_ended(LetterState.GIVEN_UP))
    Letter.objects.filter(ended_at__lt=now - _KEPT).delete()
