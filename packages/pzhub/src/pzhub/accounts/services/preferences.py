"""What users choose for themselves."""

from __future__ import annotations

from pzhub.accounts.models import User


def set_language(*, user: User, language: str) -> None:
    """Keep the language that a user chose; it is no act to be audited."""
    if user.language != language:
        user.language = language
        user.save(update_fields=["language"])
