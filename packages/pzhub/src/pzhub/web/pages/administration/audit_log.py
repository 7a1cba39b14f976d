"""The audit log: who did what to which object, and when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from pzhub.accounts.requests import SignedInRequest, administrators_only
from pzhub.core.forms import PageForm
from pzhub.web.pages.administration.paging import paged
from pzhub.web.selectors import audit_actions, audit_entries


class AuditForm(PageForm):
    """What of the audit log is shown."""

    who = forms.CharField(required=False, max_length=150, label=gettext_lazy("Who"))
    what = forms.ChoiceField(required=False, label=gettext_lazy("What"))
    target = forms.CharField(required=False, max_length=300, label=gettext_lazy("Object"))
    since = forms.DateField(
        required=False,
        label=gettext_lazy("From"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        required=False,
        label=gettext_lazy("To"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", gettext_lazy("everything")), *((name, name) for name in audit_actions())]
        self.fields["what"].choices = choices  # type: ignore[attr-defined]


@administrators_only
@require_safe
def audit_log(request: SignedInRequest) -> HttpResponse:
    """Show acts, newest first, narrowed by who, what, when and on what."""
    form = AuditForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    context = {"form": form, **paged(request, audit_entries(**wanted))}
    return render(request, "web/administration/audit_log.html", context)
