"""Users' Markdown to safe HTML: GitHub's tables and links, no raw HTML, no foreign images."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from typing import Any, Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

# fmt: off
_TAGS: Final = frozenset((
    "a", "blockquote", "br", "code", "dd", "del", "dl", "dt", "em", "h2", "h3", "h4", "h5", "h6",
    "hr", "li", "ol", "p", "pre", "s", "strong", "sub", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
))
# fmt: on
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "ol": {"start"},
    "table": {"class"},
    "td": {"align"},
    "th": {"align", "scope"},
}


def _fit_into_page(state: StateCore) -> None:
    """Shift headings below the page's own, and dress tables as the site's."""
    below = state.env["below"]
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + below, 6)}"
        elif token.type == "table_open":
            token.attrSet("class", "tbl")
        elif token.type == "th_open":
            token.attrSet("scope", "col")
        if token.type in {"th_open", "td_open"}:
            _align(token.attrs)


def _align(attrs: MutableMapping[str, Any]) -> None:
    """Say the alignment by attribute: the content security policy allows no inline style."""
    style = str(attrs.pop("style", ""))
    if style.startswith("text-align:"):
        attrs["align"] = style.removeprefix("text-align:")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    # An image from elsewhere would tell its host who reads; it becomes a link.
    parser = MarkdownIt("gfm-like", {"html": False, "linkify": True}).disable("image")
    parser.core.ruler.push("fit_into_page", _fit_into_page)
    return parser


def render_markdown(text: str, *, below: int = 3) -> str:
    """Return safe HTML of a user's Markdown.

    Parameters
    ----------
    text
        GitHub-flavoured Markdown; HTML in it is shown as text.
    below
        Level of the heading that the text stands under: its own begin one lower.

    Returns
    -------
    HTML whose links open in a new tab without handing over the page
    """
    return nh3.clean(
        _parser().render(text, {"below": below}),
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto"},
    )


def format_bytes(size: int) -> tuple[float, str]:
    """Return a size in decimal units: 51_400_000 is ``(51.4, "MB")``."""
    value = float(size)
    units: Sequence[str] = ("B", "kB", "MB", "GB", "TB")
    for unit in units[:-1]:
        if value < 999.5:
            return value, unit
        value /= 1000
    return value, units[-1]
