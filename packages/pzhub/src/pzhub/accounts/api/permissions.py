"""What a caller may do at all: signed in, and with a token whose scope reaches that far."""

from __future__ import annotations

from typing import Any, Final

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from pzhub.accounts.models import ApiToken, TokenScope
from pzhub.core.errors import ForbiddenError

_RANK: Final = {scope: rank for rank, scope in enumerate(TokenScope)}


class ScopeError(ForbiddenError):
    """The token's scope does not contain this act."""

    code = "token_scope"


class CookieError(ForbiddenError):
    """A GET that changes something came with a cookie, as a link on any page could send it."""

    code = "token_required"


class MayUseApi(BasePermission):
    """Signed in; a token's scope contains the act; sessions may do what the site lets them do."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the caller is known; refuse with a sentence what the token may not do."""
        if not request.user.is_authenticated:
            return False
        has_effect = _has_effect(request, view)
        if isinstance(request.auth, ApiToken):
            _require_scope(request.auth, _needed_scope(view) if has_effect else TokenScope.READ)
        elif has_effect and request.method in SAFE_METHODS:
            # contract: GET with effects stays, for token calls only.
            raise CookieError("Send POST: GET changes something here and takes a token only.")
        return True


def _has_effect(request: Request, view: Any) -> bool:
    if request.method not in SAFE_METHODS:
        return True
    # The framework answers HEAD by the method of GET.
    return request.method in ("GET", "HEAD") and bool(getattr(view, "get_has_effects", False))


def _needed_scope(view: Any) -> TokenScope:
    return TokenScope(getattr(view, "required_scope", None) or TokenScope.UPLOAD)


def _require_scope(token: ApiToken, needed: TokenScope) -> None:
    if _RANK[TokenScope(token.scope)] < _RANK[needed]:
        raise ScopeError(
            f"The token {token.name!r} may only {TokenScope(token.scope).label.lower()}:"
            f" this needs one with the scope {needed.label!r}.",
            scope=token.scope,
            needed=str(needed),
        )
