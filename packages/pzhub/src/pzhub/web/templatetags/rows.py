"""What every line of a list has: its mark, its menu, its date.

Written in Python, not as templates: a page has a hundred lines, and each of these pieces as a
template of its own took longer than all the queries of the page.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from pzhub.web.templatetags.pz import filesize, icon

register = template.Library()
_NOTHING = SafeString("")


@register.simple_tag
def row_mark(row: Any) -> SafeString:
    """Write the check box that marks a product."""
    product, file = row.product, row.main_file
    return format_html(
        '<input class="form-check-input" type="checkbox" name="product" value="{}" id="mark-{}"'
        ' data-size="{}" aria-label="{}">',
        product.internal_name,
        product.pk,
        file.size if file else 0,
        _("Select %(name)s") % {"name": product.display_name},
    )


@register.simple_tag
def row_date(at: datetime) -> SafeString:
    """Write a day; the minute is in its title."""
    moment = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M}",
        f"{moment:%Y-%m-%d}",
    )


@register.simple_tag
def row_menu(row: Any) -> SafeString:
    """Write what can be done with a product, each refusal with its reason."""
    product = row.product
    address = reverse("catalog:detail", args=[product.internal_name])
    not_own = _("belongs to %(owner)s") % {"owner": product.user.username}
    return format_html(
        '<details class="menu"><summary class="btn btn-icon btn-sm" aria-label="{}">{}</summary>'
        '<div class="dropdown-menu dropdown-menu-end">{}{}{}{}</div></details>',
        _("Actions for %(name)s") % {"name": product.display_name},
        icon("three-dots"),
        _act(f"/upload/{product.pk}", "play", _("Continue")) if row.is_draft else _NOTHING,
        _published_acts(row, address),
        _act(reverse("catalog:edit", args=[product.internal_name]), "pencil", _("Edit"))
        if row.can_update
        else _refusal("pencil", _("Edit"), not_own),
        _act(reverse("catalog:delete", args=[product.internal_name]), "trash", _("Delete"))
        if row.can_delete
        else _refusal("trash", _("Delete"), not_own),
    )


def _published_acts(row: Any, address: str) -> SafeString:
    if not row.is_published:
        return _refusal("download", _("Download"), _("when it is published"))
    size = _NOTHING
    if row.main_file:
        size = format_html('<span class="meta">{}</span>', filesize(row.main_file.size))
    download = _act(f"{address}#download", "download", _("Download"), size)
    return download + _act(f"{address}#share", "share", _("Share"))


def _act(address: str, picture: str, word: str, more: SafeString = _NOTHING) -> SafeString:
    return format_html(
        '<a class="dropdown-item" href="{}">{} {}{}</a>', address, icon(picture), word, more
    )


def _refusal(picture: str, word: str, why: str) -> SafeString:
    return format_html(
        '<span class="dropdown-item is-off">{}<span>{}<span class="why">{}</span></span></span>',
        icon(picture),
        word,
        why,
    )
