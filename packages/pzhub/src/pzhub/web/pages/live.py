"""What the bar knows, asked for again and again by the pages that are open."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from pzhub.accounts.requests import SignedInRequest
from pzhub.notices.models import Notice
from pzhub.notices.selectors import unread_of
from pzhub.notices.words import sentence_of
from pzhub.web.selectors import job_counts


@login_required
@require_safe
def live(request: SignedInRequest) -> HttpResponseBase:
    """Show the counts of the bar as they are now, and the sentence of the newest notice.

    Nothing is sent while nothing has changed.
    """
    counts = job_counts(request.user)
    tag = '"{running}-{failed}-{unread}-{newest}-{language}"'.format(
        **counts, language=get_language()
    )
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag, "Cache-Control": "private, no-cache"})
    newest = unread_of(request.user).filter(pk=counts["newest"]).first()
    context = {"job_counts": counts, "newest_sentence": _told(newest)}
    response: HttpResponse = render(request, "web/_live.html", context)
    response.headers["ETag"] = tag
    return response


def _told(notice: Notice | None) -> str:
    return sentence_of(notice.kind, notice.subject) if notice else ""
