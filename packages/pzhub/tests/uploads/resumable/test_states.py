"""Any sequence of requests leaves what a plain sequence of bytes would be."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pzhub.accounts.models import User
from pzhub.catalog.models import FileRole, ProductFile, ProductStatus
from pzhub.core import storage
from pzhub.uploads.models import ResumableUpload
from pzhub.uploads.services import incoming, sweep_uploads

SIZE = 24
CONTENT = bytes(range(65, 65 + SIZE))
PIECE = st.tuples(
    st.just("piece"),
    st.integers(-3, 3),  # how far beside the right offset
    st.integers(0, 12),
    st.sampled_from(["none", "right", "wrong"]),
)
OTHER = st.tuples(
    st.sampled_from(["head", "stranger", "delete", "sweep", "break", "die", "expire"])
)


@dataclass
class Twin:
    """What the protocol says of an upload, kept in memory."""

    arrived: bytearray = field(default_factory=bytearray)
    state: str = "open"  # finished, deleted, expired

    def piece(self, offset: int, body: bytes, checksum: str) -> tuple[int, int | None]:
        """Return the status and the offset that a PATCH must be answered with."""
        if self.state == "deleted":
            return 404, None
        if self.state == "expired":
            return 410, None
        if offset != len(self.arrived):
            return 409, None
        if offset + len(body) > SIZE:
            return 413, None
        if self.state == "open" and checksum == "wrong":
            return 460, None
        self.arrived += body
        if len(self.arrived) == SIZE:
            self.state = "finished"
        return 204, len(self.arrived)


@pytest.mark.django_db
@settings(
    max_examples=settings.default.max_examples * 3 // 5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(PIECE | PIECE | OTHER, max_size=12))
def test_an_upload_is_always_what_a_sequence_of_bytes_would_be(
    steps: list[Any], sender: Any, api: Any, bob: User, product_factory: Any, ana: User
) -> None:
    ResumableUpload.objects.all().delete()  # of the examples before: there is a limit
    product = product_factory(ana, status=ProductStatus.REGISTERING)
    owner, twin = sender(product=product.pk), Twin()
    owner.create(SIZE, role=FileRole.AUXILIARY)
    upload = ResumableUpload.objects.get(pk=owner.address.split("/")[-2])
    for step in steps:
        if step[0] == "piece":
            _send_piece(owner, twin, *step[1:])
        else:
            _do(step[0], owner, twin, upload, api(bob))
        assert _seen(owner) == _expected(twin)
    files = ProductFile.objects.filter(product=product)
    assert files.count() == (twin.state == "finished")
    for file in files:
        assert storage.data_path(file.path).read_bytes() == CONTENT
        assert file.sha256 == hashlib.sha256(CONTENT).hexdigest()
    sweep_uploads()
    assert incoming.path_of(upload.pk).exists() == (twin.state == "open")


def _send_piece(owner: Any, twin: Twin, beside: int, length: int, checksum: str) -> None:
    offset = max(len(twin.arrived) + beside, 0)
    body = (CONTENT * 2)[offset : offset + length]
    headers = {
        "none": {},
        "right": {"Upload_Checksum": owner.checksum(body)},
        "wrong": {"Upload_Checksum": owner.checksum(b"other bytes")},
    }[checksum]
    status, told = owner.told(owner.patch(offset, body, **headers))
    assert (status, told and int(told)) == twin.piece(offset, body, checksum)


def _do(act: str, owner: Any, twin: Twin, upload: ResumableUpload, stranger: Any) -> None:
    if act == "stranger":
        ours, owner.client = owner.client, stranger
        assert [owner.head().status_code, owner.patch(0, b"x").status_code] == [404, 404]
        assert owner.delete().status_code == 404
        owner.client = ours
    elif act == "delete":
        owner.delete()
        twin.state = "deleted"
    elif act == "sweep":
        sweep_uploads()
    elif act == "expire" and twin.state == "open":
        ResumableUpload.objects.filter(pk=upload.pk).update(expires_at=timezone.now())
        twin.state = "expired"
    elif act in ("break", "die") and twin.state == "open":
        _break_off(twin, upload, has_checksum=act == "die")


def _break_off(twin: Twin, upload: ResumableUpload, *, has_checksum: bool) -> None:
    """Leave what a server leaves that is killed over a piece, with or without a checksum."""
    here = len(twin.arrived)
    body = CONTENT[here : min(here + 3, SIZE - 1)]
    path = incoming.path_of(upload.pk)
    if has_checksum:
        path.with_name(f"{path.name}.unverified").write_text(str(here))
    else:
        twin.arrived += body
    with path.open("ab") as file:
        file.write(body)


def _seen(owner: Any) -> tuple[int, int | None]:
    status, offset = owner.told(owner.head())
    return status, None if offset is None else int(offset)


def _expected(twin: Twin) -> tuple[int, int | None]:
    status = {"deleted": 404, "expired": 410}.get(twin.state, 200)
    return status, len(twin.arrived) if status == 200 else None
