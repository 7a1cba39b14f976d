"""The headers of the tus protocol: read what was sent, refuse what cannot be meant."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final

from rest_framework import exceptions, status
from rest_framework.request import Request

from pzhub.core.errors import InvalidError
from pzhub.uploads.services.incoming import Checksum

VERSION: Final = "1.0.0"
OFFSET_STREAM: Final = "application/offset+octet-stream"
#: The protocol wants SHA-1 of every server that compares checksums.
ALGORITHMS: Final = ("sha256", "sha1")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_KEY: Final = re.compile(r"[!-+\--~]{1,64}")


class TusVersionError(exceptions.APIException):
    """The caller speaks another version of the protocol, or none."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "tus_version"

    def __init__(self, spoken: str | None) -> None:
        told = f"not {spoken!r}" if spoken else "and this request names none"
        super().__init__(f"Send Tus-Resumable: {VERSION}. That version is spoken here, {told}.")


class LengthRequiredError(exceptions.APIException):
    """The request does not say how many bytes it brings."""

    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = "Send Content-Length: how many bytes of the file this request brings."


def _refusal(header: str, message: str) -> InvalidError:
    return InvalidError(f"{header}: {message}", fields={header: [message]})


def number_of(request: Request, header: str, *, minimum: int = 0) -> int:
    """Return the whole number in a header.

    Raises
    ------
    InvalidError
        If it is missing, too small, or none.
    """
    text = request.headers.get(header, "")
    if not _NUMBER.fullmatch(text) or int(text) < minimum:
        given = f"{text[:40]!r} is no" if text else "send a"
        raise _refusal(header, f"{given} whole number of bytes from {minimum} on.")
    return int(text)


def metadata_of(text: str) -> dict[str, str]:
    """Return the pairs of ``Upload-Metadata``.

    Raises
    ------
    InvalidError
        If it is not a list of names with Base64 texts.

    Examples
    --------
    >>> metadata_of("filename Y2F0LmNzdg==,register")
    {'filename': 'cat.csv', 'register': ''}
    """
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = pair.partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise _refusal("Upload-Metadata", f"{key[:40]!r} is no name, or is there twice.")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise _refusal("Upload-Metadata", f"{key} is not Base64 of UTF-8 text.") from error
    return found


def checksum_of(text: str) -> Checksum | None:
    """Return what ``Upload-Checksum`` says, or ``None`` when it says nothing.

    Raises
    ------
    InvalidError
        If the algorithm is unknown or the digest is none of it.
    """
    if not text:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in ALGORITHMS:
        known = " and ".join(ALGORITHMS)
        raise _refusal("Upload-Checksum", f"{algorithm[:40]!r} is unknown here; known are {known}.")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != hashlib.new(algorithm).digest_size:
        raise _refusal("Upload-Checksum", f"{value[:60]!r} is no Base64 {algorithm} digest.")
    return Checksum(algorithm, digest)
