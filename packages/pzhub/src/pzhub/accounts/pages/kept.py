"""What was typed before a sign-in was lost: shown again, and sent when the user says so."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure as refuse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from pzhub.accounts.kept import KEPT_PATH, forget, is_from_this_site, keep, kept_form
from pzhub.accounts.requests import SignedInRequest
from pzhub.core.forms import labels_of


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def kept(request: SignedInRequest) -> HttpResponseBase:
    """Show what was typed, with the ways on; a POST throws it away."""
    found = kept_form(request)
    if request.method == "POST":
        forget(request)
        return redirect(found.page if found else "/")
    if found is None:
        messages.info(request, _("Nothing is waiting to be sent."))
        return redirect("/")
    labels = labels_of({name for name, _value in found.fields})
    shown = [(labels[name], value) for name, value in found.fields if value.strip()]
    return render(request, "accounts/kept.html", {"kept": found, "shown": shown})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Refuse a form of another site; keep one of ours that is older than the last sign-in."""
    if request.method == "POST" and is_from_this_site(request) and keep(request):
        if request.user.is_authenticated:
            return redirect(KEPT_PATH)
        return redirect(f"{settings.LOGIN_URL}?{urlencode({'next': KEPT_PATH})}")
    return refuse(request, reason)
