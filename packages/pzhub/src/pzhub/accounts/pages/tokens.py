"""The page of API tokens: made, shown once, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from pzhub.accounts.models import ApiToken, TokenScope
from pzhub.accounts.requests import SignedInRequest
from pzhub.accounts.selectors import token_of, tokens_of
from pzhub.accounts.services import (
    DEFAULT_TOKEN,
    create_token,
    replace_default_token,
    revoke_token,
)
from pzhub.core.errors import HubError
from pzhub.core.forms import PageForm

_DAYS: Final = (
    ("30", gettext_lazy("30 days")),
    ("90", gettext_lazy("90 days")),
    ("365", gettext_lazy("1 year")),
)
_SCOPES: Final = (
    (TokenScope.READ, gettext_lazy("Read: find and download")),
    (TokenScope.UPLOAD, gettext_lazy("Read and upload")),
    (TokenScope.RUN, gettext_lazy("Read, upload and run pipelines")),
)


class TokenForm(PageForm):
    """Name, scope and lifetime of a new token."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=64,
        help_text=gettext_lazy("Where you will use it, for instance “laptop” or “RSP notebook”."),
        error_messages={"required": gettext_lazy("Give the token a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(label=gettext_lazy("It may"), choices=_SCOPES, initial=TokenScope.RUN)
    days = forms.ChoiceField(
        label=gettext_lazy("It works for"), choices=_DAYS, initial="365", required=True
    )


def _page(request: SignedInRequest, form: TokenForm, **shown: Any) -> HttpResponse:
    tokens = list(tokens_of(request.user))
    context = {
        "form": form,
        "tokens": tokens,
        "now": timezone.now(),
        "has_default": any(token.name == DEFAULT_TOKEN for token in tokens),
        "address": request.build_absolute_uri("/"),
        **shown,
    }
    return render(request, "accounts/tokens.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: SignedInRequest) -> HttpResponse:
    """List the user's tokens; make one, and show it this once."""
    form = TokenForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, form)
    chosen = form.cleaned_data
    try:
        token, clear = create_token(
            user=request.user,
            name=chosen["name"],
            scope=TokenScope(chosen["scope"]),
            expires_at=timezone.now() + timedelta(days=int(chosen["days"])),
            actor=request.user,
        )
    except HubError as refusal:
        form.add_error("name", refusal.message)
        return _page(request, form)
    # Not a redirect: nothing keeps the text, so this answer is the only place to show it.
    return _page(request, TokenForm(), clear=clear, made=token.name)


@never_cache
@login_required
@require_POST
def replace_default(request: SignedInRequest) -> HttpResponse:
    """Make the token of the one-click button; it replaces the one before."""
    clear = replace_default_token(user=request.user, actor=request.user)
    return _page(request, TokenForm(), clear=clear, made=DEFAULT_TOKEN)


@login_required
@require_http_methods(["GET", "POST"])
def revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask, then stop a token for good."""
    token: ApiToken = token_of(request.user, pk)
    if request.method != "POST":
        return render(request, "accounts/token_revoke.html", {"token": token})
    revoke_token(token=token, actor=request.user)
    messages.success(request, _("Token %(name)s no longer works.") % {"name": token.name})
    return redirect("accounts:tokens")
