"""What was done with a product, from the audit log: all for those who keep it, else public acts.

The texts are sentences for people; what the log keeps beyond them is for administrators.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.catalog.policies import can_update
from pzhub.core.models import AuditEntry

#: How many acts are shown, the latest ones.
SHOWN: Final = 50
#: Acts that everybody who sees a product may know of.
PUBLIC: Final = (
    "product-published",
    "product-made-official",
    "product-marked-latest",
    "product-official-taken-back",
    "product-restored",
    "product-unmarked-latest",
)
#: Acts that everybody may know of when they came after the publication.
PUBLIC_ONCE_PUBLISHED: Final = ("file-received", "file-removed")
#: What each act is called, after who did it; names in brackets are facts of the entry.
TEXTS: Final = {
    "column-added": _("added the column %(column)s"),
    "column-changed": _("changed what the column %(column)s means"),
    "column-carried": _("offered the column %(column)s to pipelines"),
    "column-described": _("described the column %(column)s"),
    "column-not-carried": _("no longer offers the column %(column)s to pipelines"),
    "column-removed": _("removed the column %(column)s"),
    "columns-associated": _("said what the columns mean"),
    "doubt-dismissed": _("said that the values of %(columns)s are right"),
    "download-prepared": _("had a download prepared"),
    "file-received": _("added the file %(file)s"),
    "file-removed": _("removed the file %(file)s"),
    "main-file-corrected": _("had the values of %(columns)s corrected"),
    "product-created": _("began the product"),
    "product-deleted": _("deleted the product"),
    "product-failed": _("gave up: %(code)s"),
    "product-made-official": _("made the product official: %(note)s"),
    "product-official-taken-back": _("took the official mark back: %(note)s"),
    "product-marked-latest": _("marked the product as the latest of its type: %(note)s"),
    "product-published": _("published the product"),
    "product-reopened": _("opened the registration again"),
    "product-replacement-cleared": _("said that the product replaces no other"),
    "product-replacement-set": _("named the product that it replaces: %(replaces)s"),
    "product-restored": _("restored the product"),
    "product-unmarked-latest": _("took back that it is the latest of its type"),
    "product-updated": _("changed %(fields)s"),
    "registration-done": _("read the main file"),
    "registration-refused": _("could not read the main file"),
    "registration-started": _("had the file %(file)s read"),
    "result-registered": _("registered the result %(file)s"),
}
_FIELDS: Final = {
    "display_name": _("the name"),
    "description": _("the description"),
    "product_type": _("the type"),
    "release": _("the release"),
    "release_year": _("the release year"),
    "pz_code": _("the pz code"),
    "official_product": _("the official mark"),
    "access_url": _("the address of the data"),
}


@dataclass(frozen=True, slots=True)
class Act:
    """One line of a product's activity; ``who`` is empty when the server acted by itself."""

    who: str
    text: str
    at: datetime


def activity_of(product: Product, user: User) -> list[Act]:
    """Return the latest acts on a product that a user may know of, the last one first.

    The owner and administrators see all; others what concerns them: publication, the official
    mark, and files that came or went after the publication. One query.
    """
    entries = AuditEntry.objects.filter(
        object_type=Product._meta.label_lower, object_id=product.pk, action__in=TEXTS
    )
    if not can_update(product, user):
        later = Q(action__in=PUBLIC_ONCE_PUBLISHED, at__gt=product.published_at)
        known = Q(action__in=PUBLIC) | later if product.published_at else Q(action__in=PUBLIC)
        entries = entries.filter(known)
    latest = entries.select_related("actor").order_by("-id")[:SHOWN]
    return [Act(_who(entry), _text(entry), entry.at) for entry in latest]


def act_words(entry: AuditEntry) -> str:
    """Return what was done, in words, without who did it; empty for acts on other things."""
    return _text(entry) if entry.action in TEXTS else ""


def _who(entry: AuditEntry) -> str:
    actor = entry.actor
    name = getattr(actor, "display_name", "") if actor else ""
    return name or entry.actor_name


def _text(entry: AuditEntry) -> str:
    facts = {name: _FACTS.get(name, str)(value) for name, value in entry.data.items()}
    known = _Facts(facts)
    return (str(TEXTS[entry.action]) % known).rstrip(": ")


class _Facts(dict[str, str]):
    """Facts of an entry; what older entries do not have is left out."""

    def __missing__(self, key: str) -> str:
        return ""


def _named_fields(names: list[str]) -> str:
    return ", ".join(str(_FIELDS.get(name, name)) for name in names)


_FACTS: Final[dict[str, Callable[[Any], str]]] = {"fields": _named_fields}
