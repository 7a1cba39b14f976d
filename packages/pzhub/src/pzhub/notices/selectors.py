"""Reads of notices."""

from __future__ import annotations

from django.db.models import QuerySet

from pzhub.accounts.models import User
from pzhub.core.errors import NotFoundError
from pzhub.notices.models import MailChoice, Notice
from pzhub.notices.words import CHOICES, is_mailed_by_default


def notices_of(user: User) -> QuerySet[Notice]:
    """Return a user's notices, newest first."""
    return Notice.objects.filter(user=user).order_by("-id")


def unread_of(user: User) -> QuerySet[Notice]:
    """Return those that the user has not read."""
    return notices_of(user).filter(read_at__isnull=True)


def notice_of(user: User, pk: int) -> Notice:
    """Return one of a user's notices.

    Raises
    ------
    NotFoundError
        If the user has no such notice.
    """
    notice = notices_of(user).filter(pk=pk).first()
    if notice is None:
        raise NotFoundError(f"There is no notice {pk}, or it is not yours.")
    return notice


def wants_by_mail(user: User, kind: str) -> bool:
    """Return whether a user wants notices of a kind by mail as well."""
    choice = MailChoice.objects.filter(user=user, kind=kind).first()
    return is_mailed_by_default(kind) if choice is None else choice.wanted


def mail_choices_of(user: User) -> dict[str, bool]:
    """Return what a user chose, by name of the choice."""
    chosen = dict(MailChoice.objects.filter(user=user).values_list("kind", "wanted"))
    return {
        name: all(chosen.get(kind, by_mail) for kind in kinds)
        for name, (_label, kinds, by_mail) in CHOICES.items()
    }
