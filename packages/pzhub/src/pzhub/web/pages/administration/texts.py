"""Texts of the pages about, contact and documentation: which are edited, and editing one."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from pzhub.accounts.requests import SignedInRequest, administrators_only
from pzhub.core.forms import PageForm
from pzhub.web.announced import page_text, written_texts
from pzhub.web.models import TextPageName
from pzhub.web.services import TEXT_LENGTH, set_page_text
from pzhub.web.services.texts import require_page


class TextForm(PageForm):
    """The Markdown of a page."""

    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 20}),
        help_text=gettext_lazy(
            "Markdown, without the heading of the page. Empty, the text that comes with the"
            " site is shown."
        ),
    )


@administrators_only
@require_safe
def texts(request: SignedInRequest) -> HttpResponse:
    """List the pages with their languages."""
    written = written_texts()
    rows = [
        (page, [(code, name, (page.value, code) in written) for code, name in settings.LANGUAGES])
        for page in TextPageName
    ]
    return render(request, "web/administration/texts.html", {"rows": rows})


@administrators_only
@require_http_methods(["GET", "POST"])
def text(request: SignedInRequest, page: str, language: str) -> HttpResponse:
    """Edit a page in one language; look at it before it is saved."""
    require_page(page, language)
    form = TextForm(request.POST or None, initial={"text": page_text(page, language)})
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        set_page_text(
            actor=request.user, page=page, language=language, text=form.cleaned_data["text"]
        )
        messages.success(request, _("The text is saved."))
        return redirect(f"web:{page}")
    context = {
        "form": form,
        "page_label": TextPageName(page).label,
        "language_name": dict(settings.LANGUAGES)[language],
        "preview": form.cleaned_data["text"] if form.is_bound and form.is_valid() else "",
    }
    status = 400 if form.errors else 200
    return render(request, "web/administration/text.html", context, status=status)
