"""What users choose for themselves; no act to be audited."""

from __future__ import annotations

from pzhub.accounts.models import User
from pzhub.core.errors import InvalidError


def set_language(*, user: User, language: str) -> None:
    """Keep the language that a user chose."""
    _keep(user, language=language)


def set_theme(*, user: User, theme: str) -> None:
    """Keep the theme that a user chose, for their other browsers."""
    _keep(user, theme=theme)


def set_single_key_shortcuts(*, user: User, are_on: bool) -> None:
    """Keep whether single keys do things on the pages."""
    _keep(user, single_key_shortcuts=are_on)


def set_display_name(*, user: User, display_name: str) -> None:
    """Keep the name that others see.

    Raises
    ------
    InvalidError
        If it is too long.
    """
    name = " ".join(display_name.split())
    if len(name) > 150 or "\0" in name:
        text = "The name has more than 150 characters: shorten it."
        raise InvalidError(text, fields={"display_name": [text]})
    _keep(user, display_name=name)


def _keep(user: User, **values: object) -> None:
    changed = {name: value for name, value in values.items() if getattr(user, name) != value}
    for name, value in changed.items():
        setattr(user, name, value)
    if changed:
        user.save(update_fields=list(changed))
