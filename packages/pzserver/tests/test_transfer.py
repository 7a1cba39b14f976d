from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pzserver._http import Connection
from pzserver._transfer import download
from pzserver.errors import ServerFault

CONTENT = bytes(range(256)) * 5000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HEADERS = {
    "Content-Disposition": 'attachment; filename="set.zip"',
    "Content-Type": "application/zip",
}


@pytest.fixture
def connection(server: Any) -> Iterator[Connection]:
    opened = Connection("secret", server.address)
    yield opened
    opened.close()


def ranged(answer: Callable[..., Any], **options: Any) -> Callable[[Any], Any]:
    """Return a server function that honours ranges as the contract says."""

    def serve(seen: Any) -> Any:
        wanted = seen.headers.get("Range")
        if not wanted:
            return answer(raw=CONTENT, headers=HEADERS, **options)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(CONTENT):
            return answer(status=416, body={"error": "beyond the end"})
        span = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        return answer(status=206, raw=CONTENT[start:], headers={**HEADERS, "Content-Range": span})

    return serve


def test_a_file_arrives_whole_under_its_name(
    server: Any, connection: Connection, answer: Callable[..., Any], tmp_path: Path
) -> None:
    server.answer = ranged(answer)
    path = download(connection, "file/", tmp_path / "new", checksum=SHA256)
    assert path == tmp_path / "new" / "set.zip"
    assert path.read_bytes() == CONTENT
    assert [item.name for item in path.parent.iterdir()] == ["set.zip"]


def test_a_download_cut_in_the_middle_goes_on_where_it_stopped(
    server: Any, connection: Connection, answer: Callable[..., Any], tmp_path: Path
) -> None:
    server.answer = ranged(answer, cut_after_bytes=700_000)
    path = download(connection, "file/", tmp_path, checksum=SHA256)
    assert path.read_bytes() == CONTENT
    (resumed,) = [seen.headers["Range"] for seen in server.seen if "Range" in seen.headers]
    assert 0 < int(resumed.removeprefix("bytes=").removesuffix("-")) <= 700_000


def test_a_part_left_by_an_earlier_call_is_continued(
    server: Any, connection: Connection, answer: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "set.zip.part").write_bytes(CONTENT[:1000])
    server.answer = ranged(answer)
    assert download(connection, "file/", tmp_path, checksum=SHA256).read_bytes() == CONTENT
    assert server.seen[-1].headers["Range"] == "bytes=1000-"


def test_a_part_that_is_whole_already_is_accepted(
    server: Any, connection: Connection, answer: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "set.zip.part").write_bytes(CONTENT)
    server.answer = ranged(answer)
    assert download(connection, "file/", tmp_path, checksum=SHA256).read_bytes() == CONTENT


def test_a_part_of_other_content_is_discarded_and_fetched_anew(
    server: Any, connection: Connection, answer: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "set.zip.part").write_bytes(b"something else")
    server.answer = ranged(answer)
    assert download(connection, "file/", tmp_path, checksum=SHA256).read_bytes() == CONTENT


def test_bytes_with_a_wrong_checksum_never_get_the_name(
    server: Any, connection: Connection, answer: Callable[..., Any], tmp_path: Path
) -> None:
    server.answer = ranged(answer)
    with pytest.raises(ServerFault, match=r"set\.zip"):
        download(connection, "file/", tmp_path, checksum="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_name_with_a_path_stays_in_the_folder(
    server: Any, connection: Connection, answer: Callable[..., Any], tmp_path: Path
) -> None:
    headers = {"Content-Disposition": 'attachment; filename="../../evil.zip"'}
    server.answer = lambda seen: answer(raw=b"x", headers=headers)
    assert download(connection, "file/", tmp_path / "in") == tmp_path / "in" / "evil.zip"
