"""The only user of the HTTP library: address, token, time limits, retries, pages, errors."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx

from pzserver.errors import Invalid, PzServerError, ServerFault, Unreachable, error_class

#: Names that notebooks use instead of an address.
HOSTS: Final[Mapping[str, str]] = {
    "pz": "https://pzserver.linea.org.br/api/",
    "pz-dev": "https://pzserver-dev.linea.org.br/api/",
    "localhost": "http://localhost/api/",
}
PAGE_SIZE: Final = 1000
_RETRIED_STATUSES: Final = frozenset({429, 502, 503, 504})
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MAX_ATTEMPTS: Final = 4


def base_address(host: str) -> str:
    """Return the address of the API for a known name or an address, ending in ``/``."""
    address = HOSTS.get(host, host)
    if not address.startswith(("http://", "https://")):
        known = ", ".join(sorted(HOSTS))
        raise Invalid(f"host {host!r} is neither a web address nor one of {known}")
    return address.rstrip("/") + "/"


class Connection:
    """Requests to one server with one token. Safe to share between threads.

    Parameters
    ----------
    token
        API token, sent with every request.
    host
        A name of `HOSTS` or the address of the API.
    timeout_seconds
        Limit for connecting and between two pieces of an answer.
    transport
        How requests travel; None means over the network.
    """

    def __init__(
        self,
        token: str,
        host: str,
        *,
        timeout_seconds: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_address(host)
        self.token = token
        self._client = httpx.Client(
            base_url=self.base_url,
            headers={"Authorization": f"Token {token}", "Accept": "application/json"},
            timeout=httpx.Timeout(timeout_seconds, read=max(timeout_seconds, 600.0)),
            transport=transport,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._client.close()

    def get(self, path: str, **params: Any) -> Any:
        """Return the decoded answer of a GET."""
        return self.request("GET", path, params=params)

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Send a request and return its decoded JSON answer, or None when it has no body.

        Raises
        ------
        PzServerError
            One of the tree, by the status of the answer.
        """
        response = self._send(method, path, **options)
        raise_for_error(response)
        return response.json() if response.content else None

    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Yield every row of a list, asking for the next page when it is needed."""
        page = 1
        while True:
            answer = self.get(path, **{"page_size": PAGE_SIZE, **params, "page": page})
            yield from answer["results"]
            if not answer.get("next"):
                return
            page += 1

    @contextmanager
    def stream(self, path: str, *, start_byte: int = 0) -> Iterator[httpx.Response]:
        """Open a download, from a byte on when part of it is here already."""
        headers = {"Range": f"bytes={start_byte}-"} if start_byte else {}
        try:
            with self._client.stream("GET", path, headers=headers) as response:
                if response.is_error:
                    response.read()
                raise_for_error(response)
                yield response
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send once, or again with growing pauses where repeating does no harm."""
        attempts = _MAX_ATTEMPTS if method in _SAFE_METHODS else 1
        for attempt in range(1, attempts + 1):
            try:
                response = self._client.request(method, path, **options)
            except httpx.TransportError as error:
                if attempt == attempts:
                    raise self._unreachable(error) from error
            else:
                if response.status_code not in _RETRIED_STATUSES or attempt == attempts:
                    return response
            time.sleep(0.25 * 2**attempt)
        raise AssertionError("unreachable")

    def _unreachable(self, error: httpx.TransportError) -> Unreachable:
        reason = str(error) or type(error).__name__
        return Unreachable(
            f"{self.base_url} does not answer ({reason}): check the address and the network"
        )


def raise_for_error(response: httpx.Response) -> None:
    """Raise the error that an answer stands for, with the server's sentence; pass otherwise."""
    if response.is_success:
        return
    raise _error_from(response)


def _error_from(response: httpx.Response) -> PzServerError:
    kind = error_class(response.status_code)
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
