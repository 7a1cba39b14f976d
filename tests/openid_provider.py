"""An OpenID Connect provider of Authlib's server side, on 127.0.0.1, with people to sign in.

It checks clients, codes, nonces and PKCE as providers do; tests may make it misbehave.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import httpx
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    ClientMixin,
    OAuth2Error,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT_ID, SECRET = "photo-z", "known to both servers only"


class Client(ClientMixin):
    """The Photo-z Server, as the provider knows it."""

    client_id = CLIENT_ID

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return urlsplit(redirect_uri).path == "/login/federated/return"

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    """What was granted, until it is redeemed."""

    subject: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


def new_key() -> RSAKey:
    """Return a key with an id of its own."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


@dataclass
class Provider:
    """The provider as tests steer it.

    Attributes
    ----------
    address
        The issuer.
    people
        Claims by subject.
    in_id_token
        What to add to, or change in, ID tokens.
    published_key, signing_key
        The same, unless a test says otherwise.
    """

    address: str = ""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    in_id_token: dict[str, Any] = field(default_factory=dict)
    in_user_info: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    signing_key: RSAKey = field(default_factory=new_key)
    published_key: RSAKey | None = None
    names_keys: bool = True
    broken: set[str] = field(default_factory=set)

    def answers(self, sent_to: str, subject: str) -> str:
        """Sign a person in who was sent here; return the address that they are sent back to."""
        left = httpx.post(sent_to, data={"subject": subject})
        assert left.status_code == 302, left.text
        return str(left.headers["Location"])

    def forget_codes(self) -> None:
        """Let time pass: no code can be redeemed any more."""
        self.codes.clear()


def query_of(address: str) -> dict[str, str]:
    """Return the query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def grant_of(provider: Provider) -> type[AuthorizationCodeGrant]:
    """Return how codes are granted and redeemed."""

    class Grant(AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code: str, request: Any) -> None:
            data = request.payload.data
            provider.codes[code] = Code(
                request.user, data["redirect_uri"], request.payload.scope, data["nonce"],
                data["code_challenge"], data["code_challenge_method"],
            )  # fmt: skip

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            provider.codes = {
                name: each for name, each in provider.codes.items() if each != authorization_code
            }

        def authenticate_user(self, authorization_code: Code) -> str:
            return authorization_code.subject

    return Grant


def id_token_of(provider: Provider) -> OpenIDCode:
    """Return what ID tokens say."""

    class IdToken(OpenIDCode):
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return any(code.nonce == nonce for code in provider.codes.values())

        def resolve_client_private_key(self, client: Client) -> RSAKey:
            return provider.signing_key

        def get_client_algorithm(self, client: Client) -> str:
            return "RS256"

        def get_encode_header(self, client: Client) -> dict[str, Any]:
            named = {"kid": provider.signing_key.kid} if provider.names_keys else {}
            return {"alg": "RS256", **named}

        def get_client_claims(self, client: Client) -> dict[str, Any]:
            now = int(time.time())
            return {"iss": provider.address, "aud": CLIENT_ID, "iat": now, "exp": now + 60}

        def generate_user_info(self, user: str, scope: str) -> dict[str, Any]:
            return {"sub": user, **provider.in_id_token}

    return IdToken(require_nonce=True)


def app_of(provider: Provider) -> flask.Flask:
    """Return the provider's pages."""
    app = flask.Flask("provider")
    publish(app, provider)
    grant_and_redeem(app, provider)
    return app


def publish(app: flask.Flask, provider: Provider) -> None:
    """Add what everybody may know of the provider, and its troubles."""

    @app.before_request
    def misbehave() -> Any:
        if flask.request.path.strip("/") in provider.broken:
            return "trouble", 503
        return None

    @app.get("/.well-known/openid-configuration")
    def configuration() -> dict[str, Any]:
        places = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        return {
            "issuer": provider.address,
            "jwks_uri": f"{provider.address}/jwks",
            **{f"{name}_endpoint": f"{provider.address}/{at}" for name, at in places.items()},
            "id_token_signing_alg_values_supported": ["RS256"],
            **provider.published,
        }

    @app.get("/jwks")
    def keys() -> dict[str, Any]:
        key = provider.published_key or provider.signing_key
        return {"keys": [key.as_dict(private=False)]}


def grant_and_redeem(app: flask.Flask, provider: Provider) -> None:
    """Add what people and servers ask: who somebody is."""

    def save_token(token: dict[str, Any], request: Any) -> None:
        provider.tokens[token["access_token"]] = request.user

    server = AuthorizationServer(
        app, lambda name: Client() if name == CLIENT_ID else None, save_token
    )
    parts = [id_token_of(provider), CodeChallenge(required=True)]
    server.register_grant(grant_of(provider), parts)

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Any:
        try:
            wanted = server.get_consent_grant(end_user=None)
        except OAuth2Error as error:
            return server.handle_error_response(server.create_oauth2_request(None), error)
        if flask.request.method == "GET":
            people = "".join(
                f'<button name="subject" value="{name}">{name}</button>' for name in provider.people
            )
            return f'<form method="post"><h1>Who are you?</h1>{people}</form>'
        subject = flask.request.form["subject"]
        who = subject if subject in provider.people else None  # nobody: access denied
        return server.create_authorization_response(grant=wanted, grant_user=who)

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    @app.get("/userinfo")
    def userinfo() -> Any:
        subject = provider.tokens[flask.request.headers["Authorization"].removeprefix("Bearer ")]
        return {"sub": subject, **provider.people[subject], **provider.in_user_info}


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Serve a provider in a thread."""
    provider = Provider()
    server = make_server("127.0.0.1", 0, app_of(provider), threaded=True)
    provider.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
