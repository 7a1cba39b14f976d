"""How Markdown will look, before it is saved."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pzhub.accounts.requests import SignedInRequest
from pzhub.web.rendering import render_markdown

#: Longer text is drawn up to here.
MOST_CHARACTERS: Final = 200_000


@login_required
@require_POST
def preview(request: SignedInRequest) -> HttpResponse:
    """Render a text as the page of a product does: sanitised."""
    text = request.POST.get("text", "")[:MOST_CHARACTERS]
    if not text.strip():
        return HttpResponse(format_html('<p class="muted">{}</p>', _("Nothing written yet.")))
    return HttpResponse(render_markdown(text))
