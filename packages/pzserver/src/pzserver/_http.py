"""The only user of the HTTP library: address, token, time limits, retries, pages, errors."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx

from pzserver._pages import rows_of
from pzserver.errors import (
    Invalid,
    NoAnswer,
    PzServerError,
    ServerFault,
    Unreachable,
    error_class,
)

#: Names that notebooks use instead of an address.
HOSTS: Final[Mapping[str, str]] = {
    "pz": "https://pzserver.linea.org.br/api/",
    "pz-dev": "https://pzserver-dev.linea.org.br/api/",
    "localhost": "http://localhost/api/",
}
TIMEOUT_SECONDS: Final = 60.0
#: The server or a proxy is busy or restarting.
PASSING_STATUSES: Final = frozenset({429, 502, 503, 504})
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: What the server answers when it did nothing at all: asking again is safe with every method.
_NOTHING_DONE: Final = 429
_MAX_ATTEMPTS: Final = 4
#: Longest pause that a server may ask for, seconds.
_MAX_PAUSE_SECONDS: Final = 30.0
#: Longest wait for the answer to a request that changes something (a table is read meanwhile).
_WORK_SECONDS: Final = 1800.0
#: Longest wait for the answer to a piece of a transfer: the server brings it to its disk.
_TRANSFER_SECONDS: Final = 120.0


def base_address(host: str) -> str:
    """Return the address of the API for a known name or an address, ending in ``/``.

    The address of a site, without a path, means its API.
    """
    address = HOSTS.get(host, host).strip()
    if not address.startswith(("http://", "https://")):
        known = ", ".join(sorted(HOSTS))
        raise Invalid(
            f"host {host!r} is neither a web address, like https://my.site/api/, nor one of {known}"
        )
    try:
        is_site = httpx.URL(address).path == "/"
    except httpx.InvalidURL as error:
        raise Invalid(f"host {host!r} is no web address: {error}") from error
    return address.rstrip("/") + ("/api/" if is_site else "/")


class Connection:
    """Requests to one server with one token. Safe to share between threads.

    Parameters
    ----------
    token
        API token, sent with every request.
    host
        A name of `HOSTS` or the address of the API.
    timeout_seconds
        Limit for connecting and between two pieces of an answer; requests that make the server
        work (registering a file) may take half an hour.
    transport
        How requests travel; None means over the network.
    """

    def __init__(
        self,
        token: str,
        host: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_address(host)
        self.token = _checked_token(token)
        self._timeout = httpx.Timeout(timeout_seconds)
        self._work_timeout = httpx.Timeout(timeout_seconds, read=_WORK_SECONDS)
        self._client = self._opened(transport)

    def _opened(self, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        return httpx.Client(
            base_url=self.base_url,
            headers={"Authorization": f"Token {self.token}", "Accept": "application/json"},
            timeout=self._timeout,
            transport=transport,
            follow_redirects=False,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process, or a copy, opens its own connections with."""
        return {key: value for key, value in vars(self).items() if key != "_client"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._client = self._opened()

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._client.close()

    def _open(self) -> httpx.Client:
        if self._client.is_closed:
            raise Invalid("this connection was closed: make a new PzServer", code="closed")
        return self._client

    def get(self, path: str, **params: Any) -> Any:
        """Return the decoded answer of a GET."""
        return self.request("GET", path, params=params)

    def request(self, method: str, path: str, *, repeatable: bool = False, **options: Any) -> Any:
        """Send a request and return its decoded JSON answer, or None when it has no body.

        Parameters
        ----------
        method, path, options
            As HTTPX takes them.
        repeatable
            Whether a POST may be sent again because a second one changes nothing more.

        Raises
        ------
        PzServerError
            One of the tree, by the status of the answer.
        """
        response = self._send(method, path, repeatable=repeatable, **options)
        raise_for_error(response)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise Invalid(
                f"{response.url} answered with something else than data: is {self.base_url} the "
                "address of the API? It usually ends in /api/",
                code="not_the_api",
            ) from error

    def exchange(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        content: Iterable[bytes] | None = None,
    ) -> httpx.Response:
        """Send one request of a transfer, once, and return its answer with its headers.

        Parameters
        ----------
        method, path
            As HTTPX takes them.
        headers
            Of the request, ``Content-Length`` included when there is content.
        content
            The bytes, in blocks.

        Raises
        ------
        Unreachable
            If the connection fails; the transfer knows how to go on.
        PzServerError
            One of the tree, by the status of the answer.
        """
        timeout = httpx.Timeout(self._timeout.connect, read=_TRANSFER_SECONDS)
        try:
            response = self._open().request(
                method, path, headers=dict(headers), content=content, timeout=timeout
            )
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        raise_for_error(response)
        return response

    def pages(
        self, path: str, *, limit: int | None = None, **params: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield every row of a list, asking for the next page when it is needed.

        Parameters
        ----------
        path
            Of the collection.
        limit
            Most rows; None means all.
        params
            Filters and order.
        """

        def ask(number: int, size: int) -> dict[str, Any]:
            return dict(self.get(path, **{**params, "page_size": size, "page": number}))

        return rows_of(ask, limit=limit)

    @contextmanager
    def stream(
        self,
        path: str,
        *,
        start_byte: int = 0,
        params: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> Iterator[httpx.Response]:
        """Open a download, from a byte on when part of it is here already.

        With ``params``, or a ``form`` where no address has room for them, the server has to
        compute what it sends: it is given the time for it.
        """
        headers = {"Range": f"bytes={start_byte}-"} if start_byte else {}
        timeout = self._work_timeout if params or form else self._timeout
        options: dict[str, Any] = {"headers": headers, "params": params, "timeout": timeout}
        method = "POST" if form else "GET"
        try:
            with self._open().stream(method, path, data=form, **options) as response:
                if response.is_error:
                    response.read()
                raise_for_error(response)
                yield response
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _send(self, method: str, path: str, *, repeatable: bool, **options: Any) -> httpx.Response:
        """Send, and again with growing pauses where repeating does no harm."""
        reads = method in _SAFE_METHODS
        safe = repeatable or reads
        options.setdefault("timeout", self._timeout if reads else self._work_timeout)
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            last = attempt == _MAX_ATTEMPTS
            pause = pause_seconds(attempt)
            try:
                response = self._open().request(method, path, **options)
            except httpx.TransportError as error:
                # Nothing was sent when no connection was made.
                if last or not (safe or isinstance(error, httpx.ConnectError)):
                    raise self._unreachable(error, changes=not safe) from error
            else:
                retried = PASSING_STATUSES if safe else {_NOTHING_DONE}
                if last or response.status_code not in retried:
                    return response
                pause = _asked_pause(response) or pause
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _unreachable(self, error: httpx.TransportError, *, changes: bool = False) -> Unreachable:
        reason = str(error) or type(error).__name__
        if changes and not isinstance(error, httpx.ConnectError):
            return NoAnswer(
                f"{self.base_url} did not answer ({reason}); what was asked may have been done "
                "all the same: look before you repeat it"
            )
        return Unreachable(
            f"{self.base_url} does not answer ({reason}): check the address and the network"
        )


def pause_seconds(attempt: int) -> float:
    """Return the pause after an attempt: it doubles; a part is left to chance for crowds."""
    return 0.25 * 2.0**attempt * random.uniform(0.8, 1.2)


def _asked_pause(response: httpx.Response) -> float | None:
    """Return the pause that a server asks for, seconds, within reason."""
    text = response.headers.get("Retry-After", "")
    return min(float(text), _MAX_PAUSE_SECONDS) if text.isdecimal() else None


def raise_for_error(response: httpx.Response) -> None:
    """Raise the error that an answer stands for, with the server's sentence; pass otherwise."""
    if response.is_success:
        return
    raise _error_from(response)


def _checked_token(token: str) -> str:
    """Return a token as it travels; refuse what cannot be one."""
    text = token.strip()
    if not text.isascii() or not text.isprintable():
        raise Invalid("the token has characters that no token has: copy it again")
    return text


def _error_from(response: httpx.Response) -> PzServerError:
    kind = error_class(response.status_code)
    if response.is_redirect:
        return Invalid(
            f"{response.url} leads to {response.headers.get('Location')}: give the address of the "
            "API as that site has it, often with https instead of http",
            code="redirected",
            status=response.status_code,
        )
    try:
        body = response.json()
    except ValueError:
        return ServerFault(
            f"the server answered {response.status_code} without a reason",
            status=response.status_code,
        )
    if isinstance(body, str):
        return kind(body, status=response.status_code)
    if not isinstance(body, dict):
        return kind(str(body), status=response.status_code)
    message = str(body.get("error") or body.get("detail") or body)
    return kind(
        message, code=body.get("code"), status=response.status_code, fields=body.get("fields")
    )
