"""Users: list, new, change, switch off and on."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pzhub.accounts.models import ADMIN_GROUP, User
from pzhub.accounts.policies import is_administrator
from pzhub.accounts.requests import SignedInRequest, administrators_only
from pzhub.accounts.selectors import access_groups, user_numbered
from pzhub.accounts.services import create_user, switch_user_off, switch_user_on, update_user
from pzhub.core.forms import PageForm
from pzhub.web.pages.administration.paging import paged
from pzhub.web.selectors import users_of_kind
from pztables.errors import UserError

KINDS: Final = (
    ("", gettext_lazy("All")),
    ("administrators", gettext_lazy("Administrators")),
    ("off", gettext_lazy("Switched off")),
)


class RightsForm(PageForm):
    """Access groups, and whether somebody is an administrator."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    groups = forms.MultipleChoiceField(
        required=False,
        label=gettext_lazy("Groups"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Their members see the releases that are open to them."),
    )
    is_admin = forms.BooleanField(required=False, label=gettext_lazy("Administrator"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = access_groups().values_list("name", flat=True)
        self.fields["groups"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]


class NewUserForm(RightsForm):
    """A user who can sign in."""

    field_order = ("username", "email", "password")
    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Give the user a name to sign in with.")},
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy(
            "Hand it over in person. Without one the user signs in through the federation only."
        ),
    )


class UserForm(RightsForm):
    """What an administrator changes of a user."""

    field_order = ("display_name", "email")
    display_name = forms.CharField(
        label=gettext_lazy("Name that others see"), max_length=150, required=False
    )

    def losses(self, user: User) -> list[str]:
        """Return what a valid form takes away from a user, as sentences to be confirmed."""
        held = user.groups.exclude(name=ADMIN_GROUP).order_by("name")
        kept = self.cleaned_data["groups"]
        taken = [name for name in held.values_list("name", flat=True) if name not in kept]
        sentences = [
            _("They leave the group %(name)s and no longer see what is open to it.")
            % {"name": name}
            for name in taken
        ]
        if is_administrator(user) and not self.cleaned_data["is_admin"]:
            sentences.append(_("They are no longer administrator."))
        return sentences


@administrators_only
@require_safe
def users(request: SignedInRequest) -> HttpResponse:
    """List users with their groups."""
    kind, words = request.GET.get("kind", ""), request.GET.get("q", "")
    found = users_of_kind(kind, words)
    context: dict[str, Any] = {"kind": kind, "q": words, "kinds": KINDS, **paged(request, found)}
    return render(request, "web/administration/users.html", context)


@administrators_only
@require_http_methods(["GET", "POST"])
def user_new(request: SignedInRequest) -> HttpResponse:
    """Make a user."""
    form = NewUserForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        wanted = {**form.cleaned_data, "password": form.cleaned_data["password"] or None}
        try:
            made = create_user(actor=request.user, **wanted)
        except UserError as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, _("%(name)s can sign in.") % {"name": made.username})
            return redirect("web:users")
    status = 400 if form.errors else 200
    return render(request, "web/administration/user_new.html", {"form": form}, status=status)


@administrators_only
@require_http_methods(["GET", "POST"])
def user(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change a user; what takes something away is asked for once more."""
    person = user_numbered(pk)
    form = UserForm(request.POST or None, initial=_initial(person))
    losses: list[str] = []
    if request.method == "POST" and form.is_valid():
        losses = form.losses(person)
        if (not losses or "confirm" in request.POST) and _saved(request, form, person):
            return redirect("web:users")
    context = {"form": form, "person": person, "losses": losses}
    status = 400 if form.errors else 200
    return render(request, "web/administration/user.html", context, status=status)


@administrators_only
@require_http_methods(["GET", "POST"])
def switch_off(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask, naming what follows; then end the user's access."""
    person = user_numbered(pk)
    if request.method != "POST":
        return render(request, "web/administration/user_off.html", {"person": person})
    try:
        switch_user_off(actor=request.user, user=person)
    except UserError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(name)s is switched off.") % {"name": person.username})
    return redirect("web:user", pk)


@administrators_only
@require_POST
def switch_on(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let a user sign in again."""
    person = switch_user_on(actor=request.user, user=user_numbered(pk))
    messages.success(request, _("%(name)s can sign in.") % {"name": person.username})
    return redirect("web:user", pk)


def _initial(person: User) -> dict[str, Any]:
    return {
        "display_name": person.display_name,
        "email": person.email,
        "groups": list(person.groups.values_list("name", flat=True)),
        "is_admin": is_administrator(person),
    }


def _saved(request: SignedInRequest, form: UserForm, person: User) -> bool:
    """Save what a valid form asks for; what is refused is shown in the form."""
    try:
        update_user(actor=request.user, user=person, **form.cleaned_data)
    except UserError as refusal:
        form.add_refusal(refusal)
        return False
    messages.success(request, _("%(name)s is saved.") % {"name": person.username})
    return True
