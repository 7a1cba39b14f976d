"""The list under the bell."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from pzhub.accounts.requests import SignedInRequest
from pzhub.core.sentences import told
from pzhub.notices.models import Notice
from pzhub.notices.selectors import notice_of, notices_of, unread_of
from pzhub.notices.services import mark_all_read, mark_read
from pzhub.notices.words import INVITATIONS, LOOKS, sentence_of

PAGE_SIZE: Final = 25


@login_required
@require_safe
def notices(request: SignedInRequest) -> HttpResponse:
    """List the user's notices, newest first."""
    rows = notices_of(request.user)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "numbers": list(page.paginator.get_elided_page_range(page.number)),
        "lines": [line_of(notice) for notice in page],
        "has_unread": unread_of(request.user).exists(),
    }
    return render(request, "notices/notices.html", context)


def line_of(notice: Notice) -> dict[str, object]:
    """Return what a line of the list shows."""
    icon, colour = LOOKS[notice.kind]
    return {
        "notice": notice,
        "icon": icon,
        "colour": colour,
        "sentence": sentence_of(notice.kind, notice.subject),
        "message": told(notice.message),
        "invitation": INVITATIONS[notice.kind],
    }


@login_required
@require_safe
def open_notice(request: SignedInRequest, pk: int) -> HttpResponse:
    """Lead to what a notice tells of; it was read then."""
    notice = notice_of(request.user, pk)
    mark_read(notice)
    return redirect(notice.url)


@login_required
@require_POST
def read_all(request: SignedInRequest) -> HttpResponse:
    """Note that all notices were read."""
    mark_all_read(request.user)
    return redirect("notices:notices")
