"""Telling users what happened, in the transaction in which it happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.notices.letters import letter_of
from pzhub.notices.models import Notice, NoticeKind
from pzhub.notices.selectors import unread_of, wants_by_mail
from pzhub.outbox.services import is_mail_on, post

#: How long a notice is kept.
_KEPT: Final = timedelta(days=90)


@transaction.atomic
def notify(
    *, user: User, kind: NoticeKind, key: str, subject: str, url: str, message: str = ""
) -> Notice:
    """Tell a user what happened: in the page, and by mail where that is wanted.

    Parameters
    ----------
    user
        Whom to tell.
    kind
        What happened.
    key
        Of the event, at most 80 characters: a second notice with it is not made.
    subject
        Name of the job, product or file.
    url
        Where to look, within the site.
    message
        Why it failed, a sentence for people.

    Returns
    -------
    the notice, new or earlier
    """
    notice, is_new = Notice.objects.get_or_create(
        key=key,
        defaults={
            "user": user,
            "kind": kind,
            "subject": subject[:255],
            "url": url,
            "message": message,
        },
    )
    if is_new and user.is_active and is_mail_on() and wants_by_mail(user, kind):
        post(key=f"notice {notice.key}", to=user.email, **letter_of(notice))
    return notice


def mark_read(notice: Notice) -> None:
    """Note that a notice was read."""
    Notice.objects.filter(pk=notice.pk, read_at__isnull=True).update(read_at=timezone.now())


def mark_all_read(user: User) -> int:
    """Note that a user has read all notices; return how many were new."""
    return unread_of(user).update(read_at=timezone.now())


def mark_seen(user: User, key: str) -> None:
    """Note that a user saw with their own eyes what a notice is about."""
    unread = unread_of(user).filter(key=key)
    if unread.exists():  # reading a page should not wait for the database's one writer
        unread.update(read_at=timezone.now())


def forget_old_notices() -> None:
    """Remove what nobody needs to be told any more."""
    Notice.objects.filter(created_at__lt=timezone.now() - _KEPT).delete()
