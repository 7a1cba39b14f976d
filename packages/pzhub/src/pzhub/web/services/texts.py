"""Texts of pages: written by administrators, every version kept in the audit log."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import transaction

from pzhub.accounts.models import User
from pzhub.accounts.policies import require_administrator
from pzhub.core import audit
from pzhub.core.errors import InvalidError, NotFoundError
from pzhub.web.models import PageText, TextPageName

#: Longest text of a page, characters.
TEXT_LENGTH: Final = 50_000


@transaction.atomic
def set_page_text(*, actor: User, page: str, language: str, text: str) -> None:
    """Write a page anew in one language; an empty text brings the site's own back.

    Parameters
    ----------
    actor
        An administrator.
    page
        One of `TextPageName`.
    language
        Code of a language of the site.
    text
        Markdown, at most `TEXT_LENGTH` characters.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    NotFoundError
        If there is no such page or language.
    InvalidError
        If the text is too long.
    """
    require_administrator(actor)
    require_page(page, language)
    text = text.replace("\r\n", "\n").strip()
    if len(text) > TEXT_LENGTH:
        sentence = f"The text has {len(text)} characters; it may have {TEXT_LENGTH}."
        raise InvalidError(sentence, fields={"text": [sentence]})
    known = PageText.objects.select_for_update().filter(page=page, language=language).first()
    if text == (known.text if known else ""):
        return
    row = known or PageText.objects.create(page=page, language=language, text=text)
    audit.record(actor=actor, action="page-text-changed", target=row, text=text)
    if not text:
        row.delete()
        return
    row.text = text
    row.save(update_fields=["text"])


def require_page(page: str, language: str) -> None:
    """Refuse pages and languages that there are not."""
    if page not in TextPageName.values or language not in dict(settings.LANGUAGES):
        raise NotFoundError(f"There is no page {page} in the language {language}.")
