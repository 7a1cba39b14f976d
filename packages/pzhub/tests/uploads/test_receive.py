"""Receiving: forms of any kind stream to the staging folder and stop at the limit."""

from __future__ import annotations

import gc
import hashlib
import io
from typing import Any

import pytest
from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.test import RequestFactory

from pzhub.config import hub_config
from pzhub.core import storage
from pzhub.core.errors import InvalidError, TooLargeError
from pzhub.uploads.receive import staged_upload

#: The limit may be raised for single users, so it is asked of the database.
pytestmark = pytest.mark.django_db
BOUNDARY = "xyz"


def form(*parts: tuple[str, bytes], cut: int | None = None, stream: Any = None) -> HttpRequest:
    """Return a request whose form holds files of these names and contents."""
    body = b""
    for name, content in parts:
        head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
        body += f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"
    body += f"--{BOUNDARY}--\r\n".encode()
    request = RequestFactory().generic(
        "POST", "/", body[:cut], content_type=f"multipart/form-data; boundary={BOUNDARY}"
    )
    if stream is not None:
        request._stream = stream
    return request


def staged_names() -> list[str]:
    return sorted(path.name for path in storage.staging_dir().iterdir())


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(hub_config(), "max_upload_bytes", 3_000_000)
    return 3_000_000


def test_a_file_is_staged_with_size_and_checksum() -> None:
    content = b"0123456789" * 300_000
    request = form(("../my cat.csv", content))
    staged = staged_upload(request)
    assert (staged.name, staged.size) == ("my cat.csv", len(content))
    assert staged.sha256 == hashlib.sha256(content).hexdigest()
    assert staged.path.read_bytes() == content
    request.close()
    assert staged_names() == []


def test_a_file_over_the_limit_is_refused_and_nothing_of_it_stays(limit: int) -> None:
    request = form(("big.csv", b"x" * (limit + 1)))
    assert dict(request.FILES) == {}  # as middleware may ask, without a refusal
    with pytest.raises(TooLargeError, match=r"big\.csv is larger than the limit of 3 MB"):
        staged_upload(request)
    assert staged_names() == []


def test_a_file_of_exactly_the_limit_is_taken(limit: int) -> None:
    assert staged_upload(form(("cat.csv", b"x" * limit))).size == limit


def test_a_form_without_file_is_refused_at_the_field() -> None:
    with pytest.raises(InvalidError, match="Choose a file") as refusal:
        staged_upload(form())
    assert list(refusal.value.fields) == ["file"]


def test_an_empty_file_arrives_as_one() -> None:
    assert staged_upload(form(("cat.csv", b""))).size == 0


def test_a_body_that_breaks_off_leaves_nothing(limit: int) -> None:
    request = form(("first.csv", b"x" * 100), ("second.csv", b"x" * 2_000_000), cut=1_500_000)
    assert [upload.staged.name for upload in request.FILES.getlist("file")] in ([], ["first.csv"])
    request.close()
    assert staged_names() == []


def test_a_connection_that_fails_leaves_nothing() -> None:
    class Broken(io.RawIOBase):
        sent = 0

        def read(self, size: int = -1) -> bytes:
            self.sent += 1
            if self.sent > 2:
                raise OSError("connection reset")
            head = 'Content-Disposition: form-data; name="file"; filename="cat.csv"'
            start = f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode()
            return start + b"x" * 5000 if self.sent == 1 else b"x" * 5000

    request = form(("cat.csv", b"x" * 100_000), stream=Broken())
    with pytest.raises((UnreadablePostError, OSError)):
        request.FILES  # noqa: B018
    del request
    gc.collect()
    assert staged_names() == []
