"""What each user may upload: the largest file, and the space of all files together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.accounts.policies import require_administrator
from pzhub.catalog.models import Product, ProductFile, ProductStatus
from pzhub.config import hub_config
from pzhub.core import audit
from pzhub.core.errors import InvalidError, TooLargeError
from pzhub.uploads.models import ResumableUpload, UploadAllowance

#: Longest note of an exception, characters.
NOTE_LENGTH: Final = 500


class QuotaExceededError(TooLargeError):
    """There is no room for the file among those of its owner."""

    code = "quota_exceeded"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What a user may upload.

    Attributes
    ----------
    largest_file_bytes
        Largest single file.
    quota_bytes
        All files together; ``None`` without limit.
    used_bytes
        What the files of all products take, but for deleted ones, and what is arriving.
    """

    largest_file_bytes: int
    quota_bytes: int | None
    used_bytes: int

    @property
    def free_bytes(self) -> int | None:
        """What is left, never negative; ``None`` without limit."""
        return None if self.quota_bytes is None else max(0, self.quota_bytes - self.used_bytes)

    @property
    def percent(self) -> int:
        """How much of the quota is used, 0 to 100."""
        if not self.quota_bytes:
            return 0 if self.quota_bytes is None else 100
        return min(100, round(100 * self.used_bytes / self.quota_bytes))


def limits_of(user: User) -> UploadLimits:
    """Return what a user may upload, with the exceptions granted to them."""
    config = hub_config()
    granted = UploadAllowance.objects.filter(user=user).first()
    largest = granted.largest_file_bytes if granted else None
    quota = granted.quota_bytes if granted else None
    return UploadLimits(
        largest or config.max_upload_bytes,
        (config.upload_quota_bytes or None) if quota is None else quota,
        used_bytes(user),
    )


def used_bytes(user: User) -> int:
    """Return what the files of a user take, those that are arriving included."""
    files = ProductFile.objects.filter(product__user=user)
    files = files.exclude(product__status=ProductStatus.DELETED)
    arriving = ResumableUpload.objects.filter(
        product__user=user, finished_at=None, expires_at__gt=timezone.now()
    )
    totals = (rows.aggregate(total=Sum("size"))["total"] for rows in (files, arriving))
    return sum(total or 0 for total in totals)


def largest_file_of_anybody() -> int:
    """Return the largest file that anybody may upload: more is refused without asking who."""
    granted = UploadAllowance.objects.exclude(largest_file_bytes=None)
    most = granted.order_by(F("largest_file_bytes").desc()).values_list(
        "largest_file_bytes", flat=True
    )
    return max(hub_config().max_upload_bytes, most.first() or 0)


def require_room(*, owner: User, name: str, size: int, freed: int = 0) -> None:
    """Refuse a file that its owner may not have; called inside a transaction.

    Parameters
    ----------
    owner
        Of the product: the files count as theirs, whoever sends them.
    name, size
        Of the file; bytes.
    freed
        Bytes that give way to it.

    Raises
    ------
    TooLargeError
        If it is larger than they may upload.
    QuotaExceededError
        If there is no room for it.
    """
    limits = _locked_limits_of(owner)
    if size > limits.largest_file_bytes:
        raise too_large(name, limits.largest_file_bytes)
    free = limits.free_bytes
    if free is not None and size > free + freed:
        raise QuotaExceededError(
            f"{name} has {size / 1e6:.3g} MB, and {(free + freed) / 1e6:.3g} MB are left of the "
            f"{(limits.quota_bytes or 0) / 1e9:g} GB that the files of {owner} may take: delete "
            "products or drafts that are not needed, or ask the administrators for more",
            file=name, size=size, free_bytes=free + freed, quota_bytes=limits.quota_bytes,
        )  # fmt: skip


def require_room_again(product: Product) -> None:
    """Refuse to restore a deleted product whose files have no room any more.

    Raises
    ------
    QuotaExceededError
        If its owner has used the room meanwhile.
    """
    size = product.files.aggregate(total=Sum("size"))["total"] or 0
    limits = _locked_limits_of(product.user)
    if limits.free_bytes is not None and size > limits.free_bytes:
        raise QuotaExceededError(
            f"The files of {product} have {size / 1e6:.3g} MB, and {limits.free_bytes / 1e6:.3g} "
            f"MB are left of the {(limits.quota_bytes or 0) / 1e9:g} GB that the files of "
            f"{product.user} may take: delete something else first, or ask the administrators "
            "for more",
            size=size, free_bytes=limits.free_bytes, quota_bytes=limits.quota_bytes,
        )  # fmt: skip


def _locked_limits_of(owner: User) -> UploadLimits:
    # One after the other: two at the same moment would each see the room of both.
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=owner.pk)
    return limits_of(owner)


def too_large(name: str, limit: int) -> TooLargeError:
    """Return the refusal of a file over the limit."""
    return TooLargeError(
        f"{name} is larger than the limit of {limit / 1e6:g} MB: upload a smaller "
        "file, or compress it, or ask the administrators to host it",
        file=name,
        limit_bytes=limit,
    )


@transaction.atomic
def grant_allowance(
    *,
    actor: User,
    user: User,
    largest_file_bytes: int | None,
    quota_bytes: int | None,
    note: str,
) -> None:
    """Grant a user other limits than everybody's, or take that back with both empty.

    Parameters
    ----------
    actor
        An administrator.
    user
        Whom it is for.
    largest_file_bytes, quota_bytes
        Bytes; ``None`` for what everybody may.
    note
        Why; at most `NOTE_LENGTH` characters.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    InvalidError
        If a number is not possible or the note is missing.
    """
    require_administrator(actor)
    if largest_file_bytes is None and quota_bytes is None:
        if UploadAllowance.objects.filter(user=user).delete()[0]:
            audit.record(actor=actor, action="upload-allowance-ended", target=user)
        return
    note = _checked_allowance(largest_file_bytes, quota_bytes, note)
    UploadAllowance.objects.update_or_create(
        user=user,
        defaults={
            "largest_file_bytes": largest_file_bytes,
            "quota_bytes": quota_bytes,
            "note": note,
        },
    )
    audit.record(
        actor=actor,
        action="upload-allowance-granted",
        target=user,
        largest_file_bytes=largest_file_bytes,
        quota_bytes=quota_bytes,
        note=note,
    )


def _checked_allowance(largest: int | None, quota: int | None, note: str) -> str:
    note = note.strip()
    if largest is not None and largest <= 0:
        text = "The largest file has at least 1 byte; leave it empty for what everybody may."
        raise InvalidError(text, fields={"largest_file": [text]})
    if quota is not None and quota < 0:
        text = "A quota is 0 or more; leave it empty for what everybody may."
        raise InvalidError(text, fields={"quota": [text]})
    if not note or len(note) > NOTE_LENGTH:
        text = f"Say why, in a note of at most {NOTE_LENGTH} characters."
        raise InvalidError(text, fields={"note": [text]})
    return note
