"""The chore of the outbox; safe to run twice."""

from __future__ import annotations

from django_tasks import task

from pzhub.outbox.services import send_letter


@task()
def send(letter_id: int) -> None:
    """Send one letter."""
    send_letter(letter_id)
