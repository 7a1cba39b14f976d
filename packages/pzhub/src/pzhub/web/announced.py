"""Reads of what administrators say to everybody."""

from __future__ import annotations

from typing import Final

from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from pzhub.core.errors import NotFoundError
from pzhub.web.models import Announcement, PageText

#: How long a process shows what it read, seconds.
KEPT_SECONDS: Final = 15
#: Where, in the cache of the process.
KEY: Final = "pzhub.web.announcements"


def announcements() -> QuerySet[Announcement]:
    """Return all announcements, the latest first."""
    return Announcement.objects.all()


def announcement_numbered(pk: int) -> Announcement:
    """Return one announcement.

    Raises
    ------
    NotFoundError
        If there is none of this number.
    """
    found = announcements().filter(pk=pk).first()
    if found is None:
        raise NotFoundError(f"There is no announcement {pk}.")
    return found


def announced_now() -> list[tuple[str, str]]:
    """Return level and text, in the language of the page, of what is announced at present.

    Every page asks: what is to be shown is kept in memory for `KEPT_SECONDS`.
    """
    now, language = timezone.now(), get_language() or "en"
    rows = cache.get(KEY)
    if rows is None:
        rows = list(Announcement.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now)))
        cache.set(KEY, rows, KEPT_SECONDS)
    return [(row.level, row.text_in(language)) for row in rows if row.is_shown_at(now)]


def forget_announcements() -> None:
    """Have this process read the announcements again; others do so by themselves, later."""
    cache.delete(KEY)


def page_text(page: str, language: str) -> str:
    """Return an administrator's text of a page in a language; empty: the site's own is shown."""
    found = PageText.objects.filter(page=page, language=language)
    return found.values_list("text", flat=True).first() or ""


def written_texts() -> set[tuple[str, str]]:
    """Return page and language of all texts that administrators wrote."""
    return set(PageText.objects.values_list("page", "language"))
