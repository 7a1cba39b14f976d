"""Space of uploads: who uses how much, and exceptions for single users."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from pzhub.accounts.models import User
from pzhub.accounts.requests import SignedInRequest, administrators_only
from pzhub.accounts.selectors import user_numbered
from pzhub.config import hub_config
from pzhub.core.forms import PageForm
from pzhub.uploads.selectors import space_by_user
from pzhub.uploads.services import grant_allowance, limits_of
from pzhub.uploads.services.quota import NOTE_LENGTH
from pzhub.web.pages.administration.paging import paged
from pztables.errors import UserError

_MB: Final = 1_000_000
_GB: Final = 1_000_000_000


class AllowanceForm(PageForm):
    """Other limits than everybody's, in units that people say."""

    largest_file = forms.DecimalField(
        label=gettext_lazy("Largest file, MB"),
        required=False,
        max_digits=9,
        decimal_places=3,
        help_text=gettext_lazy("Empty: as everybody."),
    )
    quota = forms.DecimalField(
        label=gettext_lazy("All files together, GB"),
        required=False,
        max_digits=9,
        decimal_places=3,
        help_text=gettext_lazy("Empty: as everybody. 0: no more uploads."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Why; for administrators. Needed for an exception."),
    )

    @property
    def values(self) -> dict[str, Any]:
        """Return the limits in bytes, and the note."""
        largest, quota = self.cleaned_data["largest_file"], self.cleaned_data["quota"]
        return {
            "largest_file_bytes": None if largest is None else int(largest * _MB),
            "quota_bytes": None if quota is None else int(quota * _GB),
            "note": self.cleaned_data["note"],
        }


@administrators_only
@require_safe
def quotas(request: SignedInRequest) -> HttpResponse:
    """List users with the space that their files take, the largest first."""
    words = request.GET.get("q", "")
    config = hub_config()
    context = {
        "q": words,
        "largest_file_bytes": config.max_upload_bytes,
        "quota_bytes": config.upload_quota_bytes,
        **paged(request, space_by_user(words)),
    }
    return render(request, "web/administration/quotas.html", context)


@administrators_only
@require_http_methods(["GET", "POST"])
def quota(request: SignedInRequest, pk: int) -> HttpResponse:
    """Grant one user other limits, or take that back."""
    person = user_numbered(pk)
    form = AllowanceForm(request.POST or None, initial=_initial(person))
    if request.method == "POST" and form.is_valid():
        try:
            grant_allowance(actor=request.user, user=person, **form.values)
        except UserError as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": person.username})
            return redirect("web:quotas")
    context = {"form": form, "person": person, "limits": limits_of(person)}
    status = 400 if form.errors else 200
    return render(request, "web/administration/quota.html", context, status=status)


def _initial(person: User) -> dict[str, Any]:
    granted = getattr(person, "upload_allowance", None)
    if granted is None:
        return {}
    largest, space = granted.largest_file_bytes, granted.quota_bytes
    return {
        "largest_file": None if largest is None else largest / _MB,
        "quota": None if space is None else space / _GB,
        "note": granted.note,
    }
