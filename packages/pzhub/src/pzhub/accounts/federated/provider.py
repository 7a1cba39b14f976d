"""The conversation with the identity provider: OpenID Connect, authorization code with PKCE.

Authlib speaks the protocol. What a sign-in on its way needs (state, nonce, code verifier, where
to go afterwards) is kept in the session on the server; the browser sees no secret.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from django.http import HttpRequest
from django.urls import reverse

from pzhub.config import hub_config

_LOG: Final = logging.getLogger(__name__)
_NAME: Final = "federation"
_TIMEOUT_SECONDS: Final = 10
#: Answers of a provider that is in trouble itself.
_PROVIDER_TROUBLE: Final = {"server_error", "temporarily_unavailable"}
#: ID tokens are signed with keys that only the provider has; no shared secret, and not nothing.
_ALGORITHMS: Final = frozenset(
    f"{kind}{bits}" for kind in ("RS", "ES", "PS") for bits in (256, 384, 512)
) | {"EdDSA"}

Reason = Literal["unreachable", "refused", "stale", "expired", "invalid"]


class SignInFailedError(Exception):
    """A sign-in with the provider came to nothing.

    Attributes
    ----------
    reason
        ``unreachable``: it does not answer; ``refused``: it or the person said no; ``stale``:
        the answer belongs to no sign-in of this browser; ``expired``: it came too late;
        ``invalid``: what it said cannot be trusted or understood.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes
    ----------
    claims
        Verified; with ``sub``.
    next_page
        Where the person wanted to go, as they sent it.
    """

    claims: dict[str, Any]
    next_page: str


def is_federated() -> bool:
    """Return whether this server has an identity provider."""
    return bool(hub_config().oidc_issuer)


def begin(request: HttpRequest, next_page: str) -> str:
    """Return the address at the provider where the person signs in.

    Raises
    ------
    SignInFailedError
        If the provider does not answer, or not as one.
    """
    with _Trouble():
        client = _provider()
        begun = client.create_authorization_url(_return_address(request))
        address: str = begun["url"]
        client.save_authorize_data(
            request, redirect_uri=_return_address(request), next_page=next_page, **begun
        )
    return address


def finish(request: HttpRequest) -> Answer:
    """Redeem the code that the provider sent the person back with.

    Raises
    ------
    SignInFailedError
        If there is none, it is not good, or it belongs to another sign-in.
    """
    with _Trouble():
        client = _provider()
        begun = client.framework.get_state_data(request.session, request.GET.get("state", ""))
        if begun is None:
            raise SignInFailedError("stale", "no such state in this session")
        token = client.authorize_access_token(request)
        claims = dict(token.get("userinfo") or {})
        if not claims.get("sub"):
            raise SignInFailedError("invalid", "no ID token in the answer")
        if client.server_metadata.get("userinfo_endpoint"):
            more = dict(client.userinfo(token=token))
            if more.get("sub") != claims["sub"]:
                raise SignInFailedError("invalid", "user info of somebody else")
            claims |= more
    return Answer(claims, str(begun.get("next_page", "")))


def _return_address(request: HttpRequest) -> str:
    path = reverse("accounts:federated_return")
    base = hub_config().base_url
    return f"{base.rstrip('/')}{path}" if base else request.build_absolute_uri(path)


def _provider() -> Any:
    """Return the client with what the provider publishes of itself, which is read once."""
    config = hub_config()
    client = _client(
        config.oidc_issuer, config.oidc_client_id, config.oidc_client_secret, config.oidc_scopes
    )
    if "_loaded_at" not in client.server_metadata:
        published = client.load_server_metadata()
        client.client_kwargs["token_endpoint_auth_method"] = _checked(published)
    return client


@lru_cache(maxsize=4)
def _client(issuer: str, client_id: str, client_secret: str, scopes: str) -> Any:
    # Only where it is needed: most servers start without.
    from authlib.integrations.django_client import OAuth

    return OAuth().register(
        _NAME,
        client_id=client_id,
        client_secret=client_secret or None,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": scopes,
            "code_challenge_method": "S256",
            "default_timeout": _TIMEOUT_SECONDS,
        },
    )


def _checked(published: dict[str, Any]) -> str:
    """Take what a provider publishes as far as it is good; return how to authenticate to it."""
    config = hub_config()
    if str(published.get("issuer", "")).rstrip("/") != config.oidc_issuer.rstrip("/"):
        raise SignInFailedError("invalid", f"it calls itself {published.get('issuer')!r}")
    algorithms = "id_token_signing_alg_values_supported"
    published[algorithms] = sorted(_ALGORITHMS & set(published.get(algorithms) or ["RS256"]))
    if not published[algorithms]:
        raise SignInFailedError("invalid", "it signs in no way that can be checked")
    if not config.oidc_client_secret:
        return "none"
    ways = published.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    only_post = "client_secret_post" in ways and "client_secret_basic" not in ways
    return "client_secret_post" if only_post else "client_secret_basic"


class _Trouble:
    """Turns what goes wrong inside into a `SignInFailedError`, and keeps it in the log."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: Any, _: object) -> None:
        if kind is None:
            return
        failure = error if isinstance(error, SignInFailedError) else _failure_of(error)
        if failure is None:
            return
        level = logging.INFO if failure.reason in {"refused", "stale"} else logging.WARNING
        trace = error if failure.reason == "invalid" else None  # it may be our mistake too
        _LOG.log(level, "sign-in with the provider failed: %s", failure, exc_info=trace)
        if failure.reason == "invalid":
            _client.cache_clear()  # what it published of itself is read anew the next time
        if failure is not error:
            raise failure from error


def _failure_of(error: BaseException) -> SignInFailedError | None:
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.base_client.errors import MismatchingStateError, OAuthError
    from joserfc.errors import ExpiredTokenError, JoseError
    from requests import RequestException

    told = f"{type(error).__name__}: {error}"
    # Those that are values too are no addresses, or answers in another language.
    if isinstance(error, RequestException) and not isinstance(error, ValueError):
        return SignInFailedError("unreachable", told)
    if isinstance(error, MismatchingStateError):
        return SignInFailedError("stale", told)
    if isinstance(error, OAuthError):
        return SignInFailedError(_reason_of(error.error), told)
    if isinstance(error, ExpiredTokenError):
        return SignInFailedError("expired", told)
    # What Authlib raises where a provider leaves out what it must say.
    if isinstance(error, (AuthlibBaseError, JoseError, ValueError, LookupError, RuntimeError)):
        return SignInFailedError("invalid", told)
    return None


def _reason_of(code: str) -> Reason:
    if code == "invalid_grant":
        return "expired"
    if code in _PROVIDER_TROUBLE:
        return "unreachable"
    return "invalid" if code in {"invalid_client", "unauthorized_client"} else "refused"
