"""Access groups: list, new, members, deletion."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from pzhub.accounts.requests import SignedInRequest, administrators_only
from pzhub.accounts.selectors import access_group, user_named
from pzhub.accounts.services import create_group, join_group
from pzhub.catalog.services import delete_group
from pzhub.core.forms import PageForm
from pzhub.web.selectors import groups_with_counts, members_of
from pztables.errors import UserError


class GroupForm(PageForm):
    """The name of a new group."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=150,
        help_text=gettext_lazy("As the federation spells it, where groups come from there."),
        error_messages={"required": gettext_lazy("Give the group a name.")},
    )


class MemberForm(PageForm):
    """Who joins a group."""

    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Say who joins the group.")},
    )


@administrators_only
@require_http_methods(["GET", "POST"])
def groups(request: SignedInRequest) -> HttpResponse:
    """List the groups, and make a new one."""
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_group(actor=request.user, name=form.cleaned_data["name"])
        except UserError as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, _("The group %(name)s is there.") % {"name": made.name})
            return redirect("web:group", made.pk)
    context = {"form": form, "groups": groups_with_counts()}
    status = 400 if form.errors else 200
    return render(request, "web/administration/groups.html", context, status=status)


@administrators_only
@require_http_methods(["GET", "POST"])
def group(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the members of a group, and let somebody join."""
    found = access_group(pk)
    form = MemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _joined(request, form, found):
        return redirect("web:group", pk)
    context = {"group": found, "form": form, "members": members_of(found)}
    status = 400 if form.errors else 200
    return render(request, "web/administration/group.html", context, status=status)


@administrators_only
@require_http_methods(["GET", "POST"])
def delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask, then delete a group that no release uses."""
    found = access_group(pk)
    if request.method != "POST":
        context = {"group": found, "members": members_of(found).count()}
        return render(request, "web/administration/group_delete.html", context)
    try:
        delete_group(actor=request.user, group=found)
    except UserError as refusal:
        messages.error(request, refusal.message)
        return redirect("web:group", pk)
    messages.success(request, _("The group %(name)s is deleted.") % {"name": found.name})
    return redirect("web:groups")


def _joined(request: SignedInRequest, form: MemberForm, found: Group) -> bool:
    """Let somebody join; what is refused is shown at the field."""
    try:
        person = user_named(form.cleaned_data["username"])
        join_group(actor=request.user, user=person, group=found)
    except UserError as refusal:
        form.add_error("username", refusal.message)
        return False
    values = {"user": person.username, "group": found.name}
    messages.success(request, _("%(user)s is in %(group)s.") % values)
    return True
