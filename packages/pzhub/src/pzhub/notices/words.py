"""What a notice says, in the language of who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from pzhub.notices.models import NoticeKind

#: One sentence per kind.
SENTENCES: Final[Mapping[str, Any]] = {
    NoticeKind.JOB_DONE: _("The job “%(name)s” has finished."),
    NoticeKind.JOB_FAILED: _("The job “%(name)s” has failed."),
    NoticeKind.JOB_STOPPED: _("The job “%(name)s” was stopped."),
    NoticeKind.FILE_READ: _("The file of “%(name)s” was read."),
    NoticeKind.FILE_REFUSED: _("The file of “%(name)s” cannot be used."),
    NoticeKind.DOWNLOAD_READY: _("The download of “%(name)s” is ready."),
    NoticeKind.DRAFT_EXPIRES: _("The draft “%(name)s” is discarded soon, as nobody works on it."),
}
#: What is pressed.
INVITATIONS: Final[Mapping[str, Any]] = {
    NoticeKind.JOB_DONE: _("Open the result"),
    NoticeKind.JOB_FAILED: _("See why, and what to do"),
    NoticeKind.JOB_STOPPED: _("Open the job"),
    NoticeKind.FILE_READ: _("Go on with the columns"),
    NoticeKind.FILE_REFUSED: _("See why, and what to do"),
    NoticeKind.DOWNLOAD_READY: _("Open the download"),
    NoticeKind.DRAFT_EXPIRES: _("Go on with the draft, or keep it"),
}
#: Icon, and class of its colour.
LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    NoticeKind.JOB_DONE: ("check-circle-fill", "st-ok"),
    NoticeKind.JOB_FAILED: ("x-octagon-fill", "st-bad"),
    NoticeKind.JOB_STOPPED: ("stop-circle", ""),
    NoticeKind.FILE_READ: ("check-circle-fill", "st-ok"),
    NoticeKind.FILE_REFUSED: ("x-octagon-fill", "st-bad"),
    NoticeKind.DOWNLOAD_READY: ("download", "st-ok"),
    NoticeKind.DRAFT_EXPIRES: ("hourglass-split", "st-warn"),
}
#: What is chosen on the page of the account, in its order: label, kinds, by mail unless changed.
CHOICES: Final[Mapping[str, tuple[Any, frozenset[NoticeKind], bool]]] = {
    "job_done": (_("A job has finished"), frozenset({NoticeKind.JOB_DONE}), True),
    "job_failed": (
        _("A job has failed or was stopped"),
        frozenset({NoticeKind.JOB_FAILED, NoticeKind.JOB_STOPPED}),
        True,
    ),
    "file": (
        _("A file that took long to read was read or refused"),
        frozenset({NoticeKind.FILE_READ, NoticeKind.FILE_REFUSED}),
        False,
    ),
    "draft": (_("A draft expires soon"), frozenset({NoticeKind.DRAFT_EXPIRES}), True),
    "download": (
        _("A large download is ready"),
        frozenset({NoticeKind.DOWNLOAD_READY}),
        False,
    ),
}


def sentence_of(kind: str, name: str) -> str:
    """Return the sentence of a notice."""
    return str(SENTENCES[kind]) % {"name": name}


def is_mailed_by_default(kind: str) -> bool:
    """Return whether notices of a kind are mailed to who never chose."""
    return next(by_mail for _label, kinds, by_mail in CHOICES.values() if kind in kinds)
