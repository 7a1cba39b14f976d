"""Telling owners that a file which took long was read or refused; of quick ones they know."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.urls import reverse
from django.utils import timezone

from pzhub.catalog.models import ProductStatus
from pzhub.core.audit import latest_entry
from pzhub.notices.models import NoticeKind
from pzhub.notices.services import notify
from pzhub.uploads.models import Inspection

#: Who sent a file watches for about this long.
WATCHED: Final = timedelta(seconds=15)


def tell_owner(inspection: Inspection, refusal: str = "") -> None:
    """Tell the owner of a draft how the reading of its file ended, if it took long.

    Parameters
    ----------
    inspection
        One that has just ended.
    refusal
        Why the file cannot be used; empty when it was read.
    """
    product = inspection.product
    began = latest_entry(product, "registration-started")
    is_draft = product.status == ProductStatus.REGISTERING
    if not is_draft or began is None or timezone.now() - began.at < WATCHED:
        return
    notify(
        user=product.user,
        kind=NoticeKind.FILE_REFUSED if refusal else NoticeKind.FILE_READ,
        key=f"file {product.pk} {began.pk}",
        subject=product.display_name,
        url=reverse("uploads:resume", args=[product.pk]),
        message=refusal,
    )
