"""A notice as a mail: plain and as HTML, in the language of who gets it."""

from __future__ import annotations

from typing import TypedDict

from django.template.loader import render_to_string
from django.utils import translation

from pzhub.config import hub_config
from pzhub.core.sentences import told
from pzhub.notices.models import Notice
from pzhub.notices.words import INVITATIONS, sentence_of


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
        context = {
            "message": told(notice.message),
            "sentence": sentence_of(notice.kind, notice.subject),
            "invitation": INVITATIONS[notice.kind],
            "link": site + notice.url,
            "choices_link": f"{site}/account#mail",
            "operator_name": config.operator_name,
            "language": translation.get_language(),
        }
        return Words(
            subject=f"[Photo-z Server] {context['sentence']}",
            text=render_to_string("notices/letter.txt", context),
            html=render_to_string("notices/letter.html", context),
        )
