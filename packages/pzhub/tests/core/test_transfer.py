"""Sending files: whole, in ranges, under conditions."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from pzhub.core.errors import NotFoundError
from pzhub.core.transfer import SpanResponse, _span_of, file_response

CONTENT = bytes(range(256)) * 40
SIZE = len(CONTENT)
Send = Callable[..., HttpResponseBase]


@pytest.fixture
def send(tmp_path: Path) -> Send:
    path = tmp_path / "cat.csv"
    path.write_bytes(CONTENT)

    def ask(**headers: str) -> HttpResponseBase:
        request = RequestFactory().get("/", headers=headers)
        return file_response(request, path, filename="inner/my cat.csv", etag="abc")

    return ask


def body(response: Any) -> bytes:
    if not isinstance(response, SpanResponse):
        return bytes(response.content)
    content = b"".join(response)
    response.file_to_stream.close()
    return content


def test_a_file_is_sent_whole_with_its_name_size_type_and_validators(send: Send) -> None:
    response = send()
    assert body(response) == CONTENT
    assert response.status_code == 200
    assert response["Content-Length"] == str(SIZE)
    assert response["Content-Type"] == "text/csv"
    assert response["Content-Disposition"] == 'attachment; filename="my cat.csv"'
    assert response["Accept-Ranges"] == "bytes"
    assert response["ETag"] == '"abc"'
    assert response["Last-Modified"].endswith("GMT")
    assert response["Content-Security-Policy"] == "sandbox"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=100-", 100, SIZE - 1),
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=100-99999999", 100, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
    ],
)
def test_a_range_is_sent_with_its_place_in_the_file(
    send: Send, asked: str, first: int, last: int
) -> None:
    response = send(range=asked)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response["Content-Length"] == str(last - first + 1)
    assert body(response) == CONTENT[first : last + 1]


def test_a_range_beyond_the_end_is_refused_with_the_size(send: Send) -> None:
    response = send(range=f"bytes={SIZE}-")
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{SIZE}"
    assert body(response) == b""


@pytest.mark.parametrize("asked", ["bytes=5-4", "bytes=-", "lines=1-2", "bytes=0-1,5-6", "bytes=x"])
def test_what_is_no_single_range_is_answered_with_the_whole_file(send: Send, asked: str) -> None:
    response = send(range=asked)
    assert (response.status_code, body(response)) == (200, CONTENT)


def test_a_range_of_an_older_version_is_answered_with_the_whole_file(send: Send) -> None:
    current = send(**{"range": "bytes=5-", "if-range": '"abc"'})
    outdated = send(**{"range": "bytes=5-", "if-range": '"old"'})
    assert (current.status_code, body(current)) == (206, CONTENT[5:])
    assert (outdated.status_code, body(outdated)) == (200, CONTENT)


def test_an_unchanged_file_is_not_sent_again(send: Send) -> None:
    response = send(**{"if-none-match": '"abc"'})
    assert (response.status_code, body(response)) == (304, b"")


def test_the_server_may_send_a_range_from_the_descriptor(send: Send) -> None:
    response = send(range="bytes=100-199")
    assert isinstance(response, SpanResponse)
    descriptor = response.file_to_stream.fileno()
    assert os.lseek(descriptor, 0, os.SEEK_CUR) == 100
    response.file_to_stream.close()


def test_a_file_that_is_gone_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"cat\.csv is no longer on the server"):
        file_response(RequestFactory().get("/"), tmp_path / "x", filename="cat.csv", etag="a")


@given(st.integers(0, 50), st.one_of(st.none(), st.integers(0, 50)), st.integers(1, 30))
def test_a_span_lies_within_the_file(first: int, last: int | None, size: int) -> None:
    span = _span_of(f"bytes={first}-{'' if last is None else last}", size)
    expected = list(range(size))[first : size if last is None else last + 1]
    if last is not None and last < first:
        assert span is None
    else:
        assert span is not None
        start, length = span
        assert list(range(start, start + length)) == expected
