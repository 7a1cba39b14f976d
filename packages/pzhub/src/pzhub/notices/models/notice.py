"""Notices, and which of them their users want by mail as well."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class NoticeKind(models.TextChoices):
    """What happened."""

    JOB_DONE = "job_done", "A job has finished"
    JOB_FAILED = "job_failed", "A job has failed"
    JOB_STOPPED = "job_stopped", "A job was stopped"
    FILE_READ = "file_read", "A file was read"
    FILE_REFUSED = "file_refused", "A file cannot be used"
    DOWNLOAD_READY = "download_ready", "A download is ready"
    DRAFT_EXPIRES = "draft_expires", "A draft expires soon"


class Notice(models.Model):
    """One event, told to one user. Its sentence is made when it is shown, in their language."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    kind = models.CharField(max_length=16, choices=NoticeKind)
    key = models.CharField(
        max_length=80, unique=True, help_text="Of the event: nothing is told twice."
    )
    subject = models.CharField(max_length=255, help_text="Name of the job, product or file.")
    message = models.TextField(blank=True, help_text="Why it failed, for people.")
    url = models.CharField(max_length=300, help_text="Where to look, within the site.")
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=("user", "kind"), condition=Q(read_at__isnull=True), name="notice_unread"
            ),
            models.Index(fields=("user", "-id"), name="notice_by_user"),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}"


class MailChoice(models.Model):
    """Whether a user wants notices of a kind by mail; without a row its default counts."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_choices"
    )
    kind = models.CharField(max_length=16, choices=NoticeKind)
    wanted = models.BooleanField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "kind"), name="one_mail_choice_per_kind"),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.kind} {'by mail' if self.wanted else 'in the page only'}"
