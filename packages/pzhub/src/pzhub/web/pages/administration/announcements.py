"""Announcements: list, new, change, end."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pzhub.accounts.requests import SignedInRequest, administrators_only
from pzhub.core.forms import PageForm
from pzhub.web import announced
from pzhub.web.models import Announcement, AnnouncementLevel
from pzhub.web.services import (
    AnnouncementWishes,
    create_announcement,
    end_announcement,
    update_announcement,
)
from pztables.errors import UserError

_LEVELS = (
    (AnnouncementLevel.INFO, gettext_lazy("Information")),
    (AnnouncementLevel.WARNING, gettext_lazy("Warning")),
    (AnnouncementLevel.PROBLEM, gettext_lazy("Problem")),
)
_TIME = {"type": "datetime-local"}


def _text(label: str, **kwargs: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(label=label, max_length=500, widget=widget, **kwargs)


class AnnouncementForm(PageForm):
    """What is said to everybody, and from when to when."""

    level = forms.ChoiceField(label=gettext_lazy("Kind"), choices=_LEVELS)
    text_en = _text(
        "English",
        help_text=gettext_lazy("Shown where a language has no text of its own."),
        error_messages={"required": gettext_lazy("Write the text in English at least.")},
    )
    text_pt_br = _text("Português", required=False)
    text_es = _text("Español", required=False)
    begins_at = forms.DateTimeField(
        label=gettext_lazy("From (UTC)"),
        widget=forms.DateTimeInput(attrs=_TIME, format="%Y-%m-%dT%H:%M"),
    )
    ends_at = forms.DateTimeField(
        label=gettext_lazy("To (UTC)"),
        required=False,
        help_text=gettext_lazy("Without it, until you end it."),
        widget=forms.DateTimeInput(attrs=_TIME, format="%Y-%m-%dT%H:%M"),
    )

    @property
    def wishes(self) -> AnnouncementWishes:
        """Return what a valid form asks for."""
        return cast(AnnouncementWishes, self.cleaned_data)


@administrators_only
@require_safe
def announcements(request: SignedInRequest) -> HttpResponse:
    """List what was, is and will be announced."""
    context = {"announcements": announced.announcements()[:100], "now": timezone.now()}
    return render(request, "web/administration/announcements.html", context)


@administrators_only
@require_http_methods(["GET", "POST"])
def announcement_new(request: SignedInRequest) -> HttpResponse:
    """Announce something."""
    return _page(request, None)


@administrators_only
@require_http_methods(["GET", "POST"])
def announcement(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change what is announced."""
    return _page(request, announced.announcement_numbered(pk))


@administrators_only
@require_POST
def end(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show an announcement no longer."""
    end_announcement(actor=request.user, announcement=announced.announcement_numbered(pk))
    messages.success(request, _("The announcement is ended."))
    return redirect("web:announcements")


def _page(request: SignedInRequest, known: Announcement | None) -> HttpResponse:
    names = list(AnnouncementForm.base_fields)
    initial: dict[str, Any] = {"begins_at": timezone.now()}
    if known is not None:
        initial = {name: getattr(known, name) for name in names}
    form = AnnouncementForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and _saved(request, form, known):
        return redirect("web:announcements")
    status = 400 if form.errors else 200
    context = {"form": form, "announcement": known}
    return render(request, "web/administration/announcement.html", context, status=status)


def _saved(request: SignedInRequest, form: AnnouncementForm, known: Announcement | None) -> bool:
    """Save what a valid form asks for; what is refused is shown in the form."""
    try:
        if known is None:
            create_announcement(actor=request.user, wishes=form.wishes)
        else:
            update_announcement(actor=request.user, announcement=known, wishes=form.wishes)
    except UserError as refusal:
        form.add_refusal(refusal)
        return False
    messages.success(request, _("The announcement is saved."))
    return True
