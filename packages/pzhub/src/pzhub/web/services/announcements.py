"""Announcements: made, changed, ended by administrators."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.accounts.policies import require_administrator
from pzhub.core import audit
from pzhub.core.errors import InvalidError
from pzhub.web.announced import forget_announcements
from pzhub.web.models import Announcement


class AnnouncementWishes(TypedDict):
    """What an announcement says, and from when to when."""

    level: str
    text_en: str
    text_pt_br: str
    text_es: str
    begins_at: datetime
    ends_at: datetime | None


@transaction.atomic
def create_announcement(*, actor: User, wishes: AnnouncementWishes) -> Announcement:
    """Tell all users something.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    InvalidError
        If it would end before it begins.
    """
    require_administrator(actor)
    _check(wishes)
    made = Announcement.objects.create(**wishes)
    _show()
    audit.record(actor=actor, action="announcement-created", target=made, **_facts(wishes))
    return made


@transaction.atomic
def update_announcement(
    *, actor: User, announcement: Announcement, wishes: AnnouncementWishes
) -> Announcement:
    """Change what users are told, or when.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    InvalidError
        If it would end before it begins.
    """
    require_administrator(actor)
    _check(wishes)
    for name, value in wishes.items():
        setattr(announcement, name, value)
    announcement.save()
    _show()
    audit.record(actor=actor, action="announcement-updated", target=announcement, **_facts(wishes))
    return announcement


@transaction.atomic
def end_announcement(*, actor: User, announcement: Announcement) -> Announcement:
    """Show it no longer; one that has not begun never appears.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    """
    require_administrator(actor)
    now = timezone.now()
    announcement.begins_at = min(announcement.begins_at, now)
    announcement.ends_at = now
    announcement.save(update_fields=["begins_at", "ends_at"])
    _show()
    audit.record(actor=actor, action="announcement-ended", target=announcement)
    return announcement


def _show() -> None:
    """Have the change seen: in this transaction, and once more when others can read it."""
    forget_announcements()
    transaction.on_commit(forget_announcements)


def _check(wishes: AnnouncementWishes) -> None:
    if wishes["ends_at"] is not None and wishes["ends_at"] <= wishes["begins_at"]:
        text = "The end must come after the beginning."
        raise InvalidError(text, fields={"ends_at": [text]})


def _facts(wishes: AnnouncementWishes) -> dict[str, str | None]:
    """Return an announcement as the audit log keeps it."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value  # type: ignore[misc]
        for name, value in wishes.items()
    }
