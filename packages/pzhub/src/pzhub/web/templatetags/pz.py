"""Tags of the site: icons, numbers, Markdown, status, copy buttons."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from pzhub.core import sentences
from pzhub.tables.drawing import thumbs
from pzhub.tables.profiles import profile_of, thumbnails_of
from pzhub.web.rendering import format_bytes, render_markdown

register = template.Library()
NEW_PRODUCT = "/product/new"
#: Columns that are first sorted from the newest or the most.
_FROM_MOST = {"created", "rows", "size"}
_SPRITE = Path(__file__).parents[1] / "static/vendor/bootstrap-icons/sprite.svg"


@lru_cache(maxsize=1)
def _icon_names() -> frozenset[str]:
    lines = _SPRITE.read_text().split('<symbol id="')[1:]
    return frozenset(line.split('"', 1)[0] for line in lines)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """Draw an icon beside a word: hidden from screen readers, sized by its text."""
    return _icon(name, extra)


@lru_cache(maxsize=512)
def _icon(name: str, extra: str) -> SafeString:
    # A list of a hundred products has several hundred icons of a dozen kinds.
    if name not in _icon_names():
        raise template.TemplateSyntaxError(
            f"icon {name!r} is not in the sprite: add it to scripts/web_icons.txt"
        )
    return format_html(
        '<svg class="bi bi-{}{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        name,
        f" {extra}" if extra else "",
        static("vendor/bootstrap-icons/sprite.svg"),
        name,
    )


@register.filter
def markdown(text: str | None) -> SafeString:
    """Render a user's Markdown; the result is sanitised."""
    return mark_safe(render_markdown(text or ""))


@register.filter
def words(text: str) -> list[str]:
    """Split words that are the same in every language, for a loop."""
    return text.split()


@register.filter
def told(text: Any) -> str:
    """Write a sentence of a refusal in the reader's language."""
    return text if isinstance(text, SafeString) else sentences.told(str(text or ""))


@register.filter
def count(value: int | None) -> str:
    """Write a whole number with the language's separators; a dash when unknown."""
    return "–" if value is None else str(number_format(value, use_l10n=True, force_grouping=True))


@register.filter
def filesize(size: int | None) -> str:
    """Write a size in decimal units, as file managers of astronomers do: ``51.4 MB``."""
    if size is None:
        return "–"
    value, unit = format_bytes(size)
    digits = 0 if unit == "B" or value >= 100 else 1
    return f"{number_format(round(value, digits), digits, use_l10n=True)} {unit}"


@register.filter
def cell(value: Any) -> str:
    """Write one value of a table's row as it is stored; nothing stays visible as nothing."""
    if value is None:
        return ""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


@register.filter
def pretty_json(value: Any) -> str:
    """Write a value as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False)


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """Look up a key that a template cannot spell."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.inclusion_tag("web/_copy_button.html")
def copy_button(text: str, label: str, style: str = "icon") -> dict[str, str]:
    """Offer to copy a text; hidden where there is no script."""
    return {"text": text, "label": label, "style": style}


@register.inclusion_tag("web/_status.html")
def product_status(product: Any) -> dict[str, Any]:
    """Show a product's state: icon, then word, then colour."""
    return {"status": product.status}


@register.inclusion_tag("web/_phase.html")
def phase_status(process: Any) -> dict[str, Any]:
    """Show a run's state in the words of the site."""
    return {"phase": process.phase, "stopping": bool(process.stop_requested_at)}


@register.inclusion_tag("web/_field.html")
def field(bound: Any, size: str = "", optional: bool = True) -> dict[str, Any]:
    """Show a form field with its label, help and errors, tied together for screen readers."""
    describedby = [
        f"{bound.id_for_label}-{part}"
        for part, there in (("error", bound.errors), ("help", bound.help_text))
        if there
    ]
    kind = (
        "form-select"
        if bound.widget_type in {"select", "nullbooleanselect", "versionselect"}
        else "form-control"
    )
    classes = [kind, f"{kind}-{size}" if size else "", "is-invalid" if bound.errors else ""]
    attrs = {"class": " ".join(filter(None, classes))}
    if describedby:
        attrs["aria-describedby"] = " ".join(describedby)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return {"field": bound, "widget": bound.as_widget(attrs=attrs), "optional": optional}


@register.simple_tag(takes_context=True)
def current(context: Context, *prefixes: str) -> SafeString:
    """Mark the section of the menu that the page belongs to."""
    path = context["request"].path if "request" in context else ""
    if path == NEW_PRODUCT:
        here = NEW_PRODUCT in prefixes  # not also among the products
    else:
        here = any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)
    return mark_safe(' aria-current="page"') if here else mark_safe("")


@register.simple_tag
def plural_products(number: int) -> str:
    """Say how many products."""
    return _("1 product") if number == 1 else _("%(n)s products") % {"n": count(number)}


@register.simple_tag(takes_context=True)
def sort_header(context: Context, name: str, label: str, style: str = "") -> SafeString:
    """Head a column; in a list that has an address it sorts by it, a second time backwards."""
    query = context.get("query")
    kind = format_html(' class="{}"', style) if style else ""
    if query is None:
        return format_html('<th role="columnheader" scope="col"{}>{}</th>', kind, label)
    here, backwards = query.sort.removeprefix("-") == name, query.sort.startswith("-")
    upside = "-" if (here and not backwards) or (not here and name in _FROM_MOST) else ""
    arrow = icon("arrow-down-short" if backwards else "arrow-up-short") if here else ""
    state = "descending" if backwards else "ascending"
    return format_html(
        '<th role="columnheader" scope="col"{}{}><a href="{}">{}{}</a></th>',
        kind,
        format_html(' aria-sort="{}"', state) if here else "",
        query.narrowed(sort=f"{upside}{name}").address,
        label,
        arrow,
    )


@register.simple_tag
def python_line(product: Any) -> str:
    """Write the line that fetches a product in Python."""
    return f'pz.get_product("{product.internal_name}")'


@register.simple_tag
def python_of(product: Any, api_address: str) -> str:
    """Write a whole example that fetches a product in Python."""
    return (
        "from pzserver import PzServer\n"
        f'pz = PzServer(token="…", host="{api_address}")\n'
        f"table = {python_line(product)}"
    )


@register.simple_tag
def graphics_of(rows: Any) -> bool:
    """Return whether any line of a list has something to draw."""
    return any(thumbnails_of(row.product, row.profile_path) for row in rows)


@register.simple_tag
def spark_axis() -> SafeString:
    """Label the axis that all sparklines of a column share: z = 0, 1, 3, 7."""
    return mark_safe(thumbs.spark_axis())


@register.simple_tag
def spark(row: Any) -> SafeString:
    """Draw the redshifts of a product, small; say the median to who cannot see it."""
    profile = thumbnails_of(row.product, row.profile_path)
    if profile is None or profile.redshift is None:
        return format_html('<span class="faint">{}</span>', _("no redshift"))
    words = format_html(
        '<span class="visually-hidden">{} {}</span>',
        _("median z"),
        number_format(profile.redshift.median or 0, 2),
    )
    return mark_safe(thumbs.spark(profile.redshift)) + words


@register.simple_tag
def skythumb(row: Any) -> SafeString:
    """Draw where a product's positions lie, small."""
    profile = thumbnails_of(row.product, row.profile_path)
    if profile is None or profile.sky is None:
        return format_html('<span class="faint" aria-label="{}">–</span>', _("no positions"))
    return mark_safe(thumbs.sky_thumb(profile.sky))


@register.simple_tag
def checks_of(row: Any) -> list[dict[str, Any]]:
    """Return what was checked in a table: with its profile, else when it was read."""
    profile = profile_of(row.profile_path)
    if profile is not None and profile.checks:
        return list(profile.checks)
    inspection = getattr(row.product, "inspection", None)
    return list(inspection.checks) if inspection else []
