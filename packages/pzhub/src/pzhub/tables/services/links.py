"""Signed links to a view of a table, for desktop tools that have no session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.core import signing

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.core.errors import ForbiddenError

LINK_SECONDS: Final = 900
_SALT: Final = "pzhub.tables.sent"


class SentLinkInvalidError(ForbiddenError):
    """A link that this server did not sign, or whose maker may no longer use it."""

    code = "sent_link_invalid"


class SentLinkExpiredError(ForbiddenError):
    """A link that is too old."""

    code = "sent_link_expired"


@dataclass(frozen=True, slots=True)
class SentView:
    """What a link stands for.

    Attributes
    ----------
    user
        Who made it, and with whose rights it is read.
    product
        Id of the product.
    query
        The view, as in the address of the table's page.
    """

    user: User
    product: int
    query: str


def sign_view(user: User, product: Product, query: str) -> str:
    """Return the token of a link to a view; it lasts 15 minutes."""
    payload = {"u": user.pk, "e": user.session_epoch, "p": product.pk, "q": query}
    return signing.dumps(payload, salt=_SALT, compress=True)


def open_view(token: str) -> SentView:
    """Return what a link stands for.

    Raises
    ------
    SentLinkExpiredError
        If it is older than 15 minutes.
    SentLinkInvalidError
        If it is altered, or its maker was switched off or has ended all sessions since.
    """
    try:
        payload = signing.loads(token, salt=_SALT, max_age=LINK_SECONDS)
    except signing.SignatureExpired:
        raise SentLinkExpiredError(
            "This link has expired: send the table again from its page."
        ) from None
    except signing.BadSignature:
        payload = {}
    users = User.objects.filter(pk=payload.get("u"), session_epoch=payload.get("e"), is_active=True)
    user = users.first()
    if user is None:
        raise SentLinkInvalidError("This link is not valid: send the table again from its page.")
    return SentView(user, int(payload["p"]), str(payload["q"]))
