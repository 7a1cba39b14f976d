"""What an identity provider says of a person, and what that means here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from pzhub.accounts.models import ADMIN_GROUP
from pzhub.config import HubConfig

_MAX_NAME: Final = 150
_NOT_IN_NAMES: Final = re.compile(r"[^\w.@+-]+")


class Standing(Enum):
    """Whether a person of the provider may come in."""

    MEMBER = "member"
    NOT_A_MEMBER = "not_a_member"
    UNREGISTERED = "unregistered"
    WAITING = "waiting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the provider knows them.

    Attributes
    ----------
    issuer, subject
        The provider, and its name for the person, which never changes.
    username
        Login name that they would have here.
    display_name, email
        Empty when the provider does not tell.
    groups
        Access groups, sorted; never that of the administrators.
    standing
        Whether they may come in.
    """

    issuer: str
    subject: str
    username: str
    display_name: str
    email: str
    groups: tuple[str, ...]
    standing: Standing


def person_of(claims: Mapping[str, Any], config: HubConfig) -> Person:
    """Read the claims of a person whom the provider has authenticated.

    Parameters
    ----------
    claims
        Of the verified ID token and of the user info endpoint; with ``sub``.
    config
        Which claims mean what.
    """
    groups = _texts(claims.get(config.oidc_groups_claim))
    return Person(
        issuer=config.oidc_issuer,
        subject=str(claims["sub"]),
        username=_username(claims, config.oidc_username_claim),
        display_name=_text(claims.get("name"))[:_MAX_NAME],
        email=_email(claims),
        groups=tuple(
            sorted(name for name in set(groups) if name != ADMIN_GROUP and len(name) <= _MAX_NAME)
        ),
        standing=_standing(claims, groups, config),
    )


def _standing(claims: Mapping[str, Any], groups: list[str], config: HubConfig) -> Standing:
    if config.oidc_status_claim:
        # Registries write urn:schac:userStatus:…:active; the last part counts.
        said = {
            each.rpartition(":")[2].lower() for each in _texts(claims.get(config.oidc_status_claim))
        }
        if not said:
            return Standing.UNREGISTERED
        if not said & _lower(config.oidc_status_active):
            waits = said & _lower(config.oidc_status_pending)
            return Standing.WAITING if waits else Standing.NOT_A_MEMBER
    if config.oidc_member_groups and not set(groups) & set(config.oidc_member_groups):
        return Standing.NOT_A_MEMBER
    return Standing.MEMBER


def _lower(words: list[str]) -> set[str]:
    return {word.lower() for word in words}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    """Return the texts of a claim: a list, or one text with blanks between."""
    if isinstance(value, str):
        return value.split()
    return [_text(each) for each in value if _text(each)] if isinstance(value, list) else []


def _username(claims: Mapping[str, Any], claim: str) -> str:
    email_name = _text(claims.get("email")).partition("@")[0]
    for text in (_text(claims.get(claim)), email_name):
        if name := _NOT_IN_NAMES.sub("_", text).strip("_"):
            return name[:_MAX_NAME]
    return "member"


def _email(claims: Mapping[str, Any]) -> str:
    """Return the address, unless the provider doubts it or it is none."""
    email = _text(claims.get("email"))
    if claims.get("email_verified") is False:
        return ""
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email
