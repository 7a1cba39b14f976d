"""A small client of the API on the standard library: the server must not need its own client."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pzhub.core.errors import HubError

TIMEOUT_SECONDS: Final = 120


class ApiRefusedError(HubError):
    """The server refused a request, or cannot be reached."""

    code = "api_refused"


class ApiClient:
    """Requests with a token.

    Parameters
    ----------
    base
        Address of the API, with ``/`` at its end.
    token
        Of the user.
    """

    def __init__(self, base: str, token: str) -> None:
        self._base = base
        self._headers = {"Authorization": f"Token {token}"}

    def get(self, path: str) -> Any:
        """Return the answer to GET."""
        return json.loads(self._send("GET", path))

    def post(self, path: str, content: Mapping[str, Any] | None = None) -> Any:
        """Return the answer to POST with JSON."""
        return self._with_json("POST", path, content)

    def patch(self, path: str, content: Mapping[str, Any]) -> Any:
        """Return the answer to PATCH with JSON."""
        return self._with_json("PATCH", path, content)

    def fetch(self, address: str) -> bytes:
        """Return the bytes at an address that the server gave."""
        return self._send("GET", urllib.parse.urljoin(self._base, address))

    def upload(self, path: str, fields: Mapping[str, object], file: Path) -> Any:
        """Return the answer to a form with one file."""
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file";'
            f' filename="{file.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        body = "".join(parts).encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return json.loads(self._send("POST", path, body, kind))

    def _with_json(self, method: str, path: str, content: Mapping[str, Any] | None) -> Any:
        body = b"" if content is None else json.dumps(content).encode()
        return json.loads(self._send(method, path, body))

    def _send(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> bytes:
        headers = {**self._headers, "Content-Type": kind}
        address = urllib.parse.urljoin(self._base, path)
        request = urllib.request.Request(address, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(2000).decode(errors="replace")
            raise ApiRefusedError(f"{method} {path}: {error.code} {said}") from error
        except OSError as error:
            raise ApiRefusedError(
                f"{self._base} cannot be reached ({error}); start the server with `make run`,"
                " and give its --host and --port"
            ) from error
