"""Writing letters: in the transaction of what they tell of."""

from __future__ import annotations

from email.utils import make_msgid
from typing import Final

from django.utils import timezone

from pzhub.config import hub_config
from pzhub.core import chores
from pzhub.outbox.models import Letter

SEND_CHORE: Final = "pzhub.outbox.tasks.send"


def is_mail_on() -> bool:
    """Return whether this server sends mail."""
    return bool(hub_config().mail_host)


def post(*, key: str, to: str, subject: str, text: str, html: str = "") -> Letter | None:
    """Have a letter sent; a second one with the same key is not written.

    Parameters
    ----------
    key
        What the letter tells of, at most 100 characters.
    to
        One address; without one nothing is sent.
    subject
        One line.
    text, html
        The letter in both forms; without the second it is plain.

    Returns
    -------
    the letter, or ``None`` where this server sends no mail or there is no address
    """
    if not (to and is_mail_on()):
        return None
    letter, is_new = Letter.objects.get_or_create(
        key=key,
        defaults={
            "to": to,
            "subject": " ".join(subject.split())[:300],
            "text": text,
            "html": html,
            "message_id": make_msgid(domain=hub_config().mail_domain),
            "due_at": timezone.now(),
        },
    )
    if is_new:
        chores.enqueue_chore(SEND_CHORE, letter.pk)
    return letter
