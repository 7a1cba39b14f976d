"""What a user did, in words: their own lines of the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pzhub.accounts.models import User
from pzhub.catalog.activity import act_words
from pzhub.core.models import AuditEntry

#: What acts are called that are not about a product.
_TEXTS: Final[Mapping[str, Any]] = {
    "process-submitted": _("started the job"),
    "process-stop-requested": _("asked for the job to be stopped"),
    "bundle-prepared": _("had a download of several products prepared"),
    "token-created": _("made the token"),
    "token-revoked": _("revoked the token"),
    "password-changed": _("changed the password"),
    "password-reset": _("set a new password by a link from a mail"),
    "signed-out-everywhere": _("signed out everywhere"),
    "view-saved": _("saved part of a table as the product"),
    "announcement-created": _("wrote the announcement"),
    "announcement-ended": _("ended the announcement"),
    "announcement-updated": _("changed the announcement"),
    "group-created": _("made the group"),
    "group-deleted": _("deleted the group"),
    "page-text-changed": _("changed the text"),
    "release-created": _("registered the release"),
    "release-registered": _("registered the release"),
    "release-updated": _("changed the release"),
    "release-checked": _("had the release checked"),
    "user-created": _("made the user"),
    "user-updated": _("changed the user"),
    "upload-allowance-granted": _("gave more space to"),
    "upload-allowance-ended": _("took back the additional space of"),
}
_PAGES: Final[Mapping[str, Callable[[AuditEntry], str]]] = {
    "catalog.product": lambda entry: reverse("catalog:detail", args=[entry.object_id]),
    "processes.process": lambda entry: reverse("processes:job", args=[entry.object_id]),
    "accounts.apitoken": lambda entry: reverse("accounts:tokens"),
}


@dataclass(frozen=True, slots=True)
class OwnAct:
    """One line: what was done, to what, when; ``url`` is empty where there is no page."""

    text: str
    name: str
    url: str
    at: datetime


def acts_of(user: User) -> QuerySet[AuditEntry]:
    """Return what a user did, newest first."""
    return AuditEntry.objects.filter(actor=user).order_by("-id")


def told_act(entry: AuditEntry) -> OwnAct:
    """Return an act as its user reads it; one without words of its own by its name."""
    known = _TEXTS.get(entry.action)
    text = str(known) if known is not None else act_words(entry) or entry.action.replace("-", " ")
    page = _PAGES.get(entry.object_type)
    name = entry.object_name
    if entry.object_type == "accounts.user" and str(entry.object_id) == str(entry.actor_id):
        name = ""  # themselves
    return OwnAct(text, name, page(entry) if page and entry.object_id else "", entry.at)
