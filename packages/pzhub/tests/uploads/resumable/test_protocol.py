"""Resumable uploads over the API: the protocol's way, and every refusal."""

from __future__ import annotations

import fcntl
import hashlib
import os
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from pzhub.accounts.models import TokenScope, User
from pzhub.catalog.models import ProductFile, ProductStatus
from pzhub.config import hub_config
from pzhub.core import storage
from pzhub.uploads.models import Inspection, ResumableUpload
from pzhub.uploads.services import (
    append_to_upload,
    arrived_bytes,
    begin_upload,
    incoming,
    remove_orphans,
    sweep_uploads,
)
from pzhub.uploads.services.resumable import OffsetConflictError, finish_upload

TABLE = b"ra,dec,z\n10.0,-30.0,0.5\n10.1,-30.1,0.6\n"
VERSION = {"Tus-Resumable": "1.0.0"}


def kept() -> list[str]:
    """Return what lies in the folders of files on their way in."""
    folders = (storage.incoming_dir(), storage.staging_dir())
    return sorted(path.name for folder in folders for path in folder.iterdir())


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_file_in_pieces_becomes_the_same_as_one_in_a_form(sender: Any, uploader: Any) -> None:
    pieces, form = sender("redshift_catalog"), uploader()
    pieces.create(len(TABLE), "my cat.csv", filetype="text/csv")
    assert pieces.told(pieces.patch(0, TABLE[:10])) == (204, "10")
    assert pieces.told(pieces.head()) == (200, "10")
    assert pieces.told(pieces.patch(10, TABLE[10:])) == (204, str(len(TABLE)))
    form.send("my cat.csv", TABLE, type="text/csv")
    one, other = (
        ProductFile.objects.filter(product=product).values(
            "role", "name", "type", "extension", "size", "sha256"
        )[0]
        for product in (pieces.product, form.product.pk)
    )
    assert one == other
    assert one["sha256"] == hashlib.sha256(TABLE).hexdigest()
    file = ProductFile.objects.get(product=pieces.product)
    assert storage.data_path(file.path).read_bytes() == TABLE
    assert kept() == []


def test_what_is_told_of_an_upload_at_its_beginning_and_at_its_end(sender: Any) -> None:
    pieces = sender()
    begun = pieces.create(len(TABLE), role=2, body=TABLE[:4])
    upload = ResumableUpload.objects.get()
    assert begun.status_code == 201
    assert begun.headers["Location"] == f"http://testserver/api/uploads/{upload.pk}/"
    assert begun.headers["Upload-Offset"] == "4"
    assert begun.headers["Upload-Expires"].endswith("GMT")
    body = begun.json()
    assert (body["offset"], body["file"], body["finished_at"]) == (4, None, None)
    assert pieces.client.get("/api/uploads/").json()["results"] == [body]
    assert pieces.client.get("/api/uploads/?product=0").json()["results"] == []
    pieces.patch(4, TABLE[4:])
    ended = pieces.get().json()
    file = ProductFile.objects.get()
    assert (ended["file"], ended["sha256"], ended["offset"]) == (file.pk, file.sha256, len(TABLE))
    assert file.role == 2
    assert pieces.client.get("/api/uploads/").json()["results"] == []
    head = pieces.head()
    assert (head.headers["Upload-Length"], head.content) == (str(len(TABLE)), b"")
    assert (head.headers["Cache-Control"], head.headers["Tus-Resumable"]) == ("no-store", "1.0.0")


def test_options_tells_what_the_server_speaks(sender: Any) -> None:
    answer = sender().client.options("/api/uploads/")
    assert answer.status_code == 200
    assert {name: value for name, value in answer.headers.items() if name.startswith("Tus-")} == {
        "Tus-Resumable": "1.0.0",
        "Tus-Version": "1.0.0",
        "Tus-Extension": "creation,creation-with-upload,expiration,termination,checksum",
        "Tus-Max-Size": str(hub_config().max_upload_bytes),
        "Tus-Checksum-Algorithm": "sha256,sha1",
    }


def test_a_file_may_come_whole_with_its_announcement(sender: Any) -> None:
    pieces = sender()
    assert pieces.told(pieces.create(len(TABLE), body=TABLE)) == (201, str(len(TABLE)))
    assert ProductFile.objects.get().size == len(TABLE)


def test_a_main_file_is_read_at_once_when_that_is_asked_for(sender: Any) -> None:
    pieces = sender("redshift_catalog")
    pieces.create(len(TABLE), body=TABLE, register="true")
    assert Inspection.objects.get().file == ProductFile.objects.get()


def test_a_drafts_main_file_gives_way_when_that_is_asked_for(sender: Any) -> None:
    pieces = sender()
    pieces.create(len(TABLE), body=TABLE)
    assert code_of(pieces.create(3, "new.csv")) == (409, "main_file_exists")
    assert pieces.create(3, "new.csv", body=b"a,b", replace="true").status_code == 201
    assert ProductFile.objects.get().name == "new.csv"
    again = pieces.create(3, "new.csv", role=2, replace="true")
    assert code_of(again) == (409, "duplicate_file_name")


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_a_piece_with_the_wrong_checksum_is_discarded(sender: Any, algorithm: str) -> None:
    pieces = sender()
    pieces.create(len(TABLE))
    pieces.patch(0, TABLE[:5])
    wrong = pieces.patch(5, TABLE[5:], Upload_Checksum=pieces.checksum(b"other", algorithm))
    assert code_of(wrong) == (460, "checksum_mismatch")
    assert pieces.told(pieces.head()) == (200, "5")
    right = pieces.patch(5, TABLE[5:], Upload_Checksum=pieces.checksum(TABLE[5:], algorithm))
    assert pieces.told(right) == (204, str(len(TABLE)))
    assert kept() == []


def test_a_file_that_is_not_the_announced_one_is_discarded(sender: Any) -> None:
    pieces = sender()
    pieces.create(len(TABLE), sha256="0" * 64)
    assert code_of(pieces.patch(0, TABLE)) == (460, "checksum_mismatch")
    assert pieces.head().status_code == 404
    assert (ProductFile.objects.count(), kept()) == (0, [])


def test_bytes_count_only_behind_those_that_arrived(sender: Any) -> None:
    pieces = sender()
    pieces.create(len(TABLE))
    pieces.patch(0, TABLE[:5])
    for offset in (0, 4, 6, len(TABLE)):
        assert code_of(pieces.patch(offset, TABLE[5:])) == (409, "offset_conflict")
    assert pieces.told(pieces.head()) == (200, "5")


def test_more_bytes_than_announced_are_refused_before_one_is_kept(sender: Any) -> None:
    pieces = sender()
    pieces.create(10)
    assert code_of(pieces.patch(0, b"x" * 11)) == (413, "beyond_length")
    assert pieces.told(pieces.head()) == (200, "0")
    too_many = pieces.create(10, body=b"x" * 11)
    assert code_of(too_many) == (413, "beyond_length")
    assert len(kept()) == 1  # of the first; the second was forgotten


def test_the_end_of_an_upload_may_be_asked_for_again(sender: Any) -> None:
    pieces = sender()
    pieces.create(len(TABLE), body=TABLE)
    assert pieces.told(pieces.patch(len(TABLE), b"")) == (204, str(len(TABLE)))
    assert code_of(pieces.patch(len(TABLE), b"x")) == (413, "beyond_length")
    assert code_of(pieces.patch(0, b"x")) == (409, "offset_conflict")
    assert ProductFile.objects.count() == 1


def test_a_deleted_upload_is_gone_and_a_file_that_was_made_stays(sender: Any) -> None:
    pieces = sender()
    pieces.create(len(TABLE))
    pieces.patch(0, TABLE[:5])
    assert pieces.delete().status_code == 204
    assert kept() == []
    assert pieces.head().status_code == 404
    pieces.create(len(TABLE), body=TABLE)
    assert pieces.delete().status_code == 204
    assert ProductFile.objects.count() == 1


def test_nobody_else_knows_of_an_upload(sender: Any, api: Any, bob: User, admin: User) -> None:
    pieces = sender()
    pieces.create(len(TABLE))
    for other in (bob, admin):
        pieces.client = api(other)
        for act in (pieces.head, pieces.get, pieces.delete, lambda: pieces.patch(0, TABLE)):
            assert act().status_code == 404
        assert pieces.client.get("/api/uploads/").json()["count"] == 0


def test_only_those_who_may_change_the_product_begin_an_upload(
    sender: Any, bob: User, product_factory: Any, ana: User
) -> None:
    hidden = sender(user=bob)
    assert hidden.create(5).json()["fields"].keys() == {"product"}
    published = product_factory(ana, status=ProductStatus.PUBLISHED)
    assert code_of(sender(user=bob, product=published.pk).create(5, role=2)) == (403, "forbidden")
    assert code_of(sender(product=published.pk).create(5)) == (409, "main_file_fixed")
    assert sender(product=published.pk).create(5, role=2).status_code == 201


def test_a_token_that_may_only_read_uploads_nothing(sender: Any, api: Any, ana: User) -> None:
    pieces = sender()
    pieces.create(5)
    pieces.client = api(ana, scope=TokenScope.READ)
    assert code_of(pieces.create(5)) == (403, "token_scope")
    assert code_of(pieces.patch(0, b"12345")) == (403, "token_scope")
    assert pieces.head().status_code == 200


def test_a_session_sends_with_the_token_of_its_page(sender: Any, ana: User) -> None:
    pieces = sender()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana)
    pieces.client = browser
    assert pieces.create(len(TABLE)).status_code == 403
    browser.get(f"/upload/{pieces.product}/files")
    proof = {"X-CSRFToken": browser.cookies["pzserver.csrftoken"].value}
    begun = pieces.create(len(TABLE), body=TABLE[:5], headers=proof)
    assert pieces.told(begun) == (201, "5")
    assert pieces.patch(5, TABLE[5:]).status_code == 403
    assert pieces.told(pieces.patch(5, TABLE[5:], **proof)) == (204, str(len(TABLE)))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Tus-Resumable": "0.2.2"}, (412, "tus_version")),
        ({"Tus-Resumable": ""}, (412, "tus_version")),
        ({"Upload-Length": ""}, (400, "invalid")),
        ({"Upload-Length": "0"}, (400, "invalid")),
        ({"Upload-Length": "-1"}, (400, "invalid")),
        ({"Upload-Length": "1e3"}, (400, "invalid")),
        ({"Upload-Length": "9" * 18}, (413, "too_large")),
        ({"Upload-Metadata": ""}, (400, "invalid")),
        ({"Upload-Metadata": "filename ###"}, (400, "invalid")),
        ({"Upload-Metadata": "filename 8Pw="}, (400, "invalid")),
        ({"Upload-Metadata": "a YQ==,a YQ=="}, (400, "invalid")),
    ],
)
def test_an_announcement_that_cannot_be_meant_is_refused(
    sender: Any, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    answer = sender().create(5, headers=headers)
    assert code_of(answer) == expected
    assert answer.json()["error"]
    assert (ResumableUpload.objects.count(), kept()) == (0, [])


@pytest.mark.parametrize(
    "pairs",
    [
        {"name": "../../etc/"},
        {"name": "a\nb.csv"},
        {"role": "7"},
        {"role": "main"},
        {"sha256": "abc"},
        {"product": "none"},
        {"product": "99999999999999999999"},
        {"filetype": "x" * 200},
        {"register": "perhaps"},
    ],
    ids=str,
)
def test_metadata_that_cannot_be_meant_is_refused(sender: Any, pairs: dict[str, Any]) -> None:
    answer = sender().create(5, **pairs)
    assert (answer.status_code, list(answer.json()["fields"])) == (
        400,
        ["filename" if "name" in pairs else next(iter(pairs))],
    )


def test_folders_in_a_name_are_dropped(sender: Any) -> None:
    pieces = sender()
    pieces.create(3, "..\\..\\c:/x/my cat.csv", body=b"a,b")
    file = ProductFile.objects.get()
    assert (file.name, storage.data_path(file.path).name) == ("my cat.csv", "my_cat.csv")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Tus_Resumable": "2.0.0"}, (412, "tus_version")),
        ({"Upload_Offset": ""}, (400, "invalid")),
        ({"Upload_Offset": "x"}, (400, "invalid")),
        ({"Content_Length": ""}, (411, "length_required")),
        ({"Content_Type": "text/plain"}, (415, "unsupported_media_type")),
        ({"Upload_Checksum": "md5 abc="}, (400, "invalid")),
        ({"Upload_Checksum": "sha256 abc="}, (400, "invalid")),
        ({"Upload_Checksum": "sha256"}, (400, "invalid")),
    ],
)
def test_a_piece_that_cannot_be_meant_is_refused(
    sender: Any, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    pieces = sender()
    pieces.create(len(TABLE))
    assert code_of(pieces.patch(0, TABLE[:5], **headers)) == expected
    assert pieces.told(pieces.head()) == (200, "0")


def test_senders_without_patch_say_it_in_a_header(sender: Any) -> None:
    pieces = sender()
    pieces.create(len(TABLE))
    answer = pieces.client.generic(
        "POST",
        pieces.address,
        TABLE,
        content_type="application/offset+octet-stream",
        headers={
            **VERSION,
            "X-HTTP-Method-Override": "PATCH",
            "Upload-Offset": "0",
            "Content-Length": str(len(TABLE)),
        },
    )
    assert pieces.told(answer) == (204, str(len(TABLE)))
    assert pieces.client.post(pieces.address, headers=VERSION).status_code == 405


def test_while_one_request_writes_another_is_told_to_come_back(
    sender: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "WAIT_SECONDS", 0.05)
    pieces = sender()
    pieces.create(len(TABLE))
    upload = ResumableUpload.objects.get()
    descriptor = os.open(incoming.path_of(upload.pk), os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        assert code_of(pieces.patch(0, TABLE)) == (423, "upload_busy")
        assert pieces.head().status_code == 423
        assert code_of(pieces.delete()) == (423, "upload_busy")
    finally:
        os.close(descriptor)
    assert pieces.told(pieces.patch(0, TABLE)) == (204, str(len(TABLE)))


def test_an_upload_that_was_left_too_long_is_gone_and_its_bytes_are_swept(sender: Any) -> None:
    pieces = sender()
    pieces.create(len(TABLE), body=TABLE[:5])
    ResumableUpload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert pieces.head().status_code == 410
    assert code_of(pieces.patch(5, TABLE[5:])) == (410, "upload_gone")
    assert pieces.client.get("/api/uploads/").json()["count"] == 0
    sweep_uploads()
    assert kept() == []
    assert pieces.get().status_code == 410
    ResumableUpload.objects.update(expires_at=timezone.now() - timedelta(days=31))
    sweep_uploads()
    assert pieces.get().status_code == 404


def test_sweeps_leave_what_is_still_arriving(sender: Any) -> None:
    pieces = sender()
    pieces.create(len(TABLE), body=TABLE[:5])
    old = timezone.now().timestamp() - 2 * 86_400
    os.utime(incoming.path_of(ResumableUpload.objects.get().pk), (old, old))
    sweep_uploads()
    assert remove_orphans() == []
    assert pieces.told(pieces.patch(5, TABLE[5:])) == (204, str(len(TABLE)))


@pytest.mark.django_db
def test_bytes_without_a_row_are_swept_once_nobody_can_be_about_to_use_them() -> None:
    incoming.create("0" * 32)
    sweep_uploads()
    assert kept() == ["0" * 32]
    os.utime(incoming.path_of("0" * 32), (1, 1))
    sweep_uploads()
    assert kept() == []


def test_an_upload_whose_server_died_over_the_last_byte_is_finished_by_a_sweep(
    sender: Any,
) -> None:
    pieces = sender()
    pieces.create(len(TABLE), body=TABLE[:5])
    upload = ResumableUpload.objects.get()
    with incoming.held(upload.pk) as file:
        file.append([TABLE[5:]])  # and then nothing more
    sweep_uploads()
    assert ProductFile.objects.get().sha256 == hashlib.sha256(TABLE).hexdigest()
    assert pieces.get().json()["file"] == ProductFile.objects.get().pk
    sweep_uploads()
    assert (ProductFile.objects.count(), kept()) == (1, [])


def test_unverified_bytes_of_a_killed_server_are_cut_off(sender: Any) -> None:
    pieces = sender()
    pieces.create(len(TABLE), body=TABLE[:5])
    path = incoming.path_of(ResumableUpload.objects.get().pk)
    path.with_name(f"{path.name}.unverified").write_text("5")
    with path.open("ab") as file:
        file.write(b"half of a piece")
    assert pieces.get().json()["offset"] == 5
    assert pieces.told(pieces.head()) == (200, "5")
    assert pieces.told(pieces.patch(5, TABLE[5:])) == (204, str(len(TABLE)))
    assert ProductFile.objects.get().sha256 == hashlib.sha256(TABLE).hexdigest()


def test_a_refusal_at_the_end_keeps_the_bytes_for_another_try(sender: Any, uploader: Any) -> None:
    pieces = sender()
    pieces.create(len(TABLE), body=TABLE[:5])
    other = sender(product=pieces.product)
    other.create(3, "first.csv", body=b"a,b")
    assert code_of(pieces.patch(5, TABLE[5:])) == (409, "main_file_exists")
    assert pieces.get().json()["error"]["code"] == "main_file_exists"
    sweep_uploads()  # which does not try what was refused
    first = ProductFile.objects.get()
    assert other.client.delete(f"/api/product-files/{first.pk}/").status_code == 204
    assert pieces.told(pieces.patch(len(TABLE), b"")) == (204, str(len(TABLE)))
    assert ProductFile.objects.get().sha256 == hashlib.sha256(TABLE).hexdigest()
    assert pieces.get().json()["error"] is None


def test_a_user_has_so_many_unfinished_uploads_and_no_more(sender: Any, ana: User) -> None:
    pieces = sender()
    for _ in range(20):
        assert pieces.create(5).status_code == 201
    assert code_of(pieces.create(5)) == (409, "too_many_uploads")
    pieces.delete()
    assert pieces.create(5).status_code == 201


def test_a_second_finish_of_the_same_bytes_makes_no_second_file(
    ana: User, product_factory: Any
) -> None:
    product = product_factory(ana, status=ProductStatus.REGISTERING)
    upload = begin_upload(actor=ana, product=product, name="cat.csv", size=3)
    path = incoming.path_of(upload.pk)
    with incoming.held(upload.pk) as file:
        file.append([b"a,b"])
        os.link(path, path.with_name("copy"))
        finish_upload(upload=upload, file=file)
    path.with_name("copy").rename(path)  # as if the server died before it removed them
    with incoming.held(upload.pk) as file:
        finish_upload(upload=upload, file=file)
    assert (ProductFile.objects.count(), kept()) == (1, [])
    upload.refresh_from_db()
    assert upload.file == ProductFile.objects.get()


def test_who_comes_too_late_by_a_moment_is_told_that_the_upload_is_whole(sender: Any) -> None:
    pieces = sender()
    pieces.create(len(TABLE))
    late = ResumableUpload.objects.get()  # as another request read it before the last byte came
    pieces.patch(0, TABLE)
    assert arrived_bytes(late) == len(TABLE)
    with pytest.raises(OffsetConflictError) as caught:
        append_to_upload(upload=late, offset=0, length=len(TABLE), blocks=[TABLE])
    assert caught.value.offset == len(TABLE)
    assert ProductFile.objects.filter(product=pieces.product).count() == 1
