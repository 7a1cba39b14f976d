from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pzserver._claim import Claim
from pzserver._http import Connection
from pzserver._parallel import Turn
from pzserver._transfer import download
from pzserver.errors import Refused, ServerFault

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


def test_two_that_fetch_one_file_into_one_folder_do_not_write_into_each_others_bytes(
    server: Any, connection: Connection, answer: Callable[..., Any], tmp_path: Path
) -> None:
    honest = ranged(answer)
    both_are_here = threading.Barrier(2, timeout=20)
    arrived = iter(range(100))

    def serve(seen: Any) -> Any:
        if next(arrived) < 2:  # the heads of both are on their way before a byte is written
            both_are_here.wait()
        return honest(seen)

    server.answer = serve
    with ThreadPoolExecutor(2) as pool:
        paths = list(
            pool.map(lambda _: download(connection, "file/", tmp_path, checksum=SHA256), range(2))
        )
    assert paths == [tmp_path / "set.zip"] * 2
    assert paths[0].read_bytes() == CONTENT
    assert [item.name for item in tmp_path.iterdir()] == ["set.zip"]


def test_a_part_that_another_program_writes_is_waited_for(
    server: Any, connection: Connection, answer: Callable[..., Any], tmp_path: Path
) -> None:
    server.answer = ranged(answer)
    theirs = Claim(tmp_path / "set.zip.part", Turn())
    theirs.write(CONTENT[:1000])
    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(download, connection, "file/", tmp_path, checksum=SHA256)
        with pytest.raises(TimeoutError):
            ours.result(timeout=0.5)
        theirs.write(CONTENT[1000:2000])
        theirs.leave()  # as the system does when their program is killed
        assert ours.result(timeout=20).read_bytes() == CONTENT
    assert server.seen[-1].headers["Range"] == "bytes=2000-"


def test_nothing_is_left_when_not_a_byte_arrived(
    server: Any, connection: Connection, answer: Callable[..., Any], tmp_path: Path
) -> None:
    def serve(seen: Any) -> Any:
        if len(server.seen) == 1:
            return answer(raw=CONTENT, headers=HEADERS, cut_after_bytes=0)
        return answer(status=403, body={"error": "the token has expired", "code": "expired"})

    server.answer = serve
    with pytest.raises(Refused, match="the token has expired"):
        download(connection, "file/", tmp_path, checksum=SHA256)
    assert list(tmp_path.iterdir()) == []
