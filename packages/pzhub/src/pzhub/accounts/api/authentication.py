"""Who asks: the token of a header, in any of its three forms."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from pzhub.accounts.models import ApiToken, User
from pzhub.accounts.selectors import authenticate_token
from pzhub.accounts.services import note_token_use

#: The word that stands for "the other half is a token" in HTTP Basic (pyvo, TOPCAT).
BASIC_MARK: Final = "x-oauth-basic"


class TokenAuthentication(BaseAuthentication):
    """``Token …``, ``Bearer …``, or Basic with `BASIC_MARK` as the user or the password."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return user and token, or ``None`` when the header is absent or of another scheme.

        Raises
        ------
        AuthenticationFailed
            If there is a token and it does not work: unknown, expired or revoked.
        """
        scheme, _, rest = get_authorization_header(request).partition(b" ")
        clear = _token_text(scheme.lower(), rest.strip())
        if clear is None:
            return None
        token = authenticate_token(clear)
        if token is None:
            raise AuthenticationFailed(
                "This token does not work: it is unknown, expired or revoked."
                " Make a new one on the site's token page."
            )
        note_token_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401."""
        return 'Bearer realm="api"'


def _token_text(scheme: bytes, rest: bytes) -> str | None:
    # contract: the published client says Token; pyvo and TOPCAT know Bearer and Basic only.
    if scheme in (b"token", b"bearer"):
        return rest.decode("latin-1")
    return _basic_token(rest) if scheme == b"basic" else None


def _basic_token(rest: bytes) -> str:
    """Return the half of a Basic pair that is the token."""
    try:
        user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise AuthenticationFailed("The Basic credentials cannot be decoded.") from error
    if BASIC_MARK not in (user, password):
        raise AuthenticationFailed(f"Basic sign-in takes a token: use {BASIC_MARK} as user name.")
    return password if user == BASIC_MARK else user


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """How the API's documentation describes the header."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": 'The word "Token", a blank, and a token of the token page.',
        }
