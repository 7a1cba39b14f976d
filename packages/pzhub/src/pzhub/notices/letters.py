"""A notice as a mail: plain and as HTML, in the language of who gets it.

Written without templates: the end of a job must not wait for, or fail with, the pages' machinery.
"""

from __future__ import annotations

from typing import Final, TypedDict

from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext as _

from pzhub.config import hub_config
from pzhub.core.sentences import told
from pzhub.notices.models import Notice
from pzhub.notices.words import INVITATIONS, sentence_of

_TEXT: Final = "{sentence}\n\n{message}{invitation}:\n{link}\n\n-- \n{sender}\n{choose} {choices}\n"
_HTML: Final = (
    '<!doctype html>\n<html lang="{language}"><body>\n<p><strong>{sentence}</strong></p>\n{message}'
    '<p><a href="{link}">{invitation}</a></p>\n<hr>\n'
    '<p><small>{sender}. <a href="{choices}">{choose}</a></small></p>\n</body></html>\n'
)


class Words(TypedDict):
    """The parts of a letter."""

    subject: str
    text: str
    html: str


def letter_of(notice: Notice) -> Words:
    """Return what is mailed about a notice."""
    config = hub_config()
    site = config.base_url.rstrip("/")
    with translation.override(notice.user.language or "en"):
        message = told(notice.message)
        parts = {
            "sentence": sentence_of(notice.kind, notice.subject),
            "invitation": str(INVITATIONS[notice.kind]),
            "link": site + notice.url,
            "choices": f"{site}/account#mail",
            "sender": ", ".join(filter(None, ("Photo-z Server", config.operator_name))),
            "language": translation.get_language() or "en",
        }
        return Words(
            subject=f"[Photo-z Server] {parts['sentence']}",
            text=_TEXT.format(
                **parts,
                message=f"{message}\n\n" if message else "",
                choose=_("Choose what is mailed to you:"),
            ),
            html=format_html(
                _HTML,
                **parts,
                message=format_html("<p>{}</p>\n", message) if message else "",
                choose=_("Choose what is mailed to you"),
            ),
        )
