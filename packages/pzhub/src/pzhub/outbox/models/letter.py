"""One letter: a row with a state and a lease, as every chore has."""

from __future__ import annotations

from django.db import models


class LetterState(models.TextChoices):
    """Where a letter is."""

    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    GIVEN_UP = "given_up", "Given up"


class Letter(models.Model):
    """A mail to one address. What it said is forgotten when it is sent or given up."""

    key = models.CharField(
        max_length=100, unique=True, help_text="Of what it tells: nothing is told twice."
    )
    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    message_id = models.CharField(
        max_length=120, help_text="The same in every attempt: mail systems tell copies by it."
    )
    state = models.CharField(max_length=8, choices=LetterState, default=LetterState.WAITING)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_holder = models.CharField(max_length=128, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(help_text="Not tried before.")
    ended_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, help_text="Of the last attempt.")

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("state", "due_at"), name="letter_by_state"),)

    def __str__(self) -> str:
        return f"letter {self.pk} ({self.key})"
