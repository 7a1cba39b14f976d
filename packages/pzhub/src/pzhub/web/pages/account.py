"""The user's account: who they are here, what they chose, what they did."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import activate, get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pzhub.accounts.pages.signin import bring_choices
from pzhub.accounts.requests import SignedInRequest
from pzhub.accounts.selectors import display_name_of, tokens_of
from pzhub.accounts.services.preferences import (
    set_display_name,
    set_language,
    set_single_key_shortcuts,
    set_theme,
)
from pzhub.catalog.selectors import releases_visible_to
from pzhub.core.errors import InvalidError
from pzhub.core.forms import PageForm
from pzhub.notices.selectors import mail_choices_of
from pzhub.notices.services import choose_mail
from pzhub.notices.words import CHOICES
from pzhub.outbox.services import is_mail_on
from pzhub.uploads.services import limits_of
from pzhub.web.context import theme_of
from pzhub.web.pages.activities import acts_of, told_act
from pzhub.web.pages.administration.paging import paged

_THEMES = (
    ("system", gettext_lazy("As the system")),
    ("light", gettext_lazy("Light")),
    ("dark", gettext_lazy("Dark")),
)
_LATEST = 6


class ProfileForm(PageForm):
    """What others see."""

    display_name = forms.CharField(
        required=False,
        max_length=150,
        label=gettext_lazy("Name that others see"),
        help_text=gettext_lazy("Empty: the part of your e-mail address before the @."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class ChoicesForm(PageForm):
    """How the site looks and listens to this user."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(label=gettext_lazy("Theme"), choices=_THEMES)
    shortcuts = forms.BooleanField(
        required=False, label=gettext_lazy("Single keys do things (press ? for the list)")
    )


@login_required
@require_safe
def account(request: SignedInRequest) -> HttpResponse:
    """Show the account with everything that can be chosen."""
    return _page(request)


def _page(request: SignedInRequest, **forms_sent: Any) -> HttpResponse:
    user = request.user
    chosen = mail_choices_of(user)
    context = {
        "form": ProfileForm(initial={"display_name": user.display_name}),
        "choices_form": ChoicesForm(initial=_chosen(request)),
        "shown_name": display_name_of(user),
        "groups": list(user.groups.order_by("name").values_list("name", flat=True)),
        "releases": list(releases_visible_to(user)),
        "has_password": user.has_usable_password(),
        "tokens_count": tokens_of(user).count(),
        "limits": limits_of(user),
        "mail_is_on": is_mail_on(),
        "mail_choices": [
            {"name": name, "label": label, "is_on": chosen[name]}
            for name, (label, _kinds, _by_mail) in CHOICES.items()
        ],
        "acts": [told_act(entry) for entry in acts_of(user)[:_LATEST]],
        **forms_sent,
    }
    return render(request, "web/account.html", context, status=400 if forms_sent else 200)


def _chosen(request: SignedInRequest) -> dict[str, Any]:
    return {
        "language": get_language(),
        "theme": theme_of(request),
        "shortcuts": request.user.single_key_shortcuts,
    }


@login_required
@require_POST
def profile(request: SignedInRequest) -> HttpResponse:
    """Keep the name that others see."""
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form)
    try:
        set_display_name(user=request.user, display_name=form.cleaned_data["display_name"])
    except InvalidError as refusal:
        form.add_refusal(refusal)
        return _page(request, form=form)
    messages.success(request, _("Saved."))
    return redirect("web:account")


@login_required
@require_POST
def choices(request: SignedInRequest) -> HttpResponse:
    """Keep language, theme and whether single keys do things; all hold at once."""
    form = ChoicesForm(request.POST)
    if not form.is_valid():
        return _page(request, choices_form=form)
    wanted, user = form.cleaned_data, request.user
    set_language(user=user, language=wanted["language"])
    set_theme(user=user, theme=wanted["theme"])
    set_single_key_shortcuts(user=user, are_on=wanted["shortcuts"])
    activate(wanted["language"])
    messages.success(request, _("Saved."))
    response = redirect("web:account")
    bring_choices(request, response, user)
    return response


@login_required
@require_POST
def mail(request: SignedInRequest) -> HttpResponse:
    """Keep which notices come by mail as well."""
    choose_mail(user=request.user, wanted=set(request.POST.getlist("mail")))
    messages.success(request, _("Saved."))
    return redirect("web:account")


@login_required
@require_safe
def activity(request: SignedInRequest) -> HttpResponse:
    """List what the user did, newest first."""
    context = paged(request, acts_of(request.user))
    context["acts"] = [told_act(entry) for entry in context["page"]]
    return render(request, "web/account_activity.html", context)
