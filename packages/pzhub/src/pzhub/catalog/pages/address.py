"""Addresses of the product list: read, with what was not understood, and written the short way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, cast, get_args

from django.http import QueryDict
from django.utils.translation import gettext_lazy

from pzhub.catalog.pages.facets import sent_name
from pzhub.catalog.product_list import FACETS, ListTab, ProductFilter
from pzhub.catalog.spans import BETWEEN, SPANS, Span, read_cone, read_span

View = Literal["table", "cards"]
SIZES: Final = (25, 50, 100)
TABS: Final = (
    ("all", gettext_lazy("All")),
    ("official", gettext_lazy("Official")),
    ("mine", gettext_lazy("Mine")),
    ("drafts", gettext_lazy("Drafts and jobs")),
)
SORTS: Final = (
    ("-created", gettext_lazy("Newest first")),
    ("created", gettext_lazy("Oldest first")),
    ("name", gettext_lazy("Name, A to Z")),
    ("-name", gettext_lazy("Name, Z to A")),
    ("-rows", gettext_lazy("Most rows")),
    ("rows", gettext_lazy("Fewest rows")),
    ("-size", gettext_lazy("Largest")),
    ("size", gettext_lazy("Smallest")),
    ("type", gettext_lazy("Type")),
    ("owner", gettext_lazy("Owner")),
)
_SORTS: Final = frozenset({*dict(SORTS), "-type", "-owner"})
#: Longest part of an address that is repeated as not understood, characters.
_TOLD: Final = 60


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list's address asks for; whatever it does not know it leaves at the default.

    Attributes
    ----------
    view
        As the address says; ``None`` leaves it to what the reader looked at last.
    unknown
        Names of parameters, and ``name=value`` of values, that were ignored.
    """

    wanted: ProductFilter = field(default_factory=ProductFilter)
    size: int = SIZES[0]
    page: int = 1
    view: View | None = None
    unknown: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, sent: QueryDict) -> ListQuery:
        """Read an address; lists are repeated parameters or separated by commas."""
        tab, size, page, view = (
            _one_of(sent, name, choices)
            for name, choices in (
                ("tab", get_args(ListTab)),
                ("size", tuple(map(str, SIZES))),
                ("page", None),
                ("view", get_args(View)),
            )
        )
        return cls(
            wanted=ProductFilter(
                tab=cast(ListTab, tab or "all"),
                q=sent.get("q", "").replace("\0", "").strip()[:200],
                chosen={name: _names(sent.getlist(sent_name(name))) for name in FACETS},
                spans=_spans(sent),
                cone=read_cone(sent.get("cone", "")),
                sort=_one_of(sent, "sort", tuple(_SORTS)) or "-created",
            ),
            size=int(size or SIZES[0]),
            page=int(page or 1),
            view=cast(View | None, view),
            unknown=tuple(_not_understood(sent)),
        )

    @classmethod
    def of_text(cls, text: str) -> ListQuery:
        """Read the part of an address after its question mark."""
        return cls.of(QueryDict(text[:8000]))

    @property
    def tab(self) -> ListTab:
        """The tab."""
        return self.wanted.tab

    @property
    def q(self) -> str:
        """The words searched for."""
        return self.wanted.q

    @property
    def sort(self) -> str:
        """The order."""
        return self.wanted.sort

    @property
    def parameters(self) -> str:
        """The shortest address of this list, without its path and question mark."""
        sent = QueryDict(mutable=True)
        for name, value, default in (
            ("tab", self.tab, "all"),
            ("q", self.q, ""),
            ("sort", self.sort, "-created"),
            ("view", self.view, None),
            ("size", self.size, SIZES[0]),
            ("page", self.page, 1),
        ):
            if value != default:
                sent[name] = str(value)
        for name, values in self.wanted.chosen.items():
            sent.setlist(sent_name(name), list(values))
        for name, span in self.wanted.spans.items():
            sent[name] = str(span)
        if self.wanted.cone is not None:
            sent["cone"] = str(self.wanted.cone)
        return sent.urlencode(safe=",:")

    @property
    def address(self) -> str:
        """The shortest address of this list."""
        parameters = self.parameters
        return f"/products?{parameters}" if parameters else "/products"

    @property
    def feed(self) -> str:
        """The address of the Atom feed of this list."""
        return f"/api/products/feed/?{self.narrowing}".removesuffix("?")

    def narrowed(self, **changes: Any) -> ListQuery:
        """Return this list with something changed of what it shows, on its first page."""
        return replace(self, wanted=replace(self.wanted, **changes), page=1)

    def viewed(self, view: View) -> ListQuery:
        """Return this list in another view."""
        return replace(self, view=view)

    @property
    def narrowing(self) -> str:
        """What narrows this list, as parameters: tab, words, facets and spans."""
        return replace(self.narrowed(sort="-created"), size=SIZES[0], view=None).parameters

    @property
    def unclipped(self) -> str:
        """The address of this list with nothing that narrows it."""
        return self.narrowed(q="", chosen={}, spans={}, cone=None).address

    @property
    def is_filtered(self) -> bool:
        """Whether something narrows the list."""
        wanted = self.wanted
        return bool(self.q or any(wanted.chosen.values()) or wanted.spans or wanted.cone)


_ENDS: Final = tuple(f"{name}_{end}" for name in SPANS for end in ("from", "to"))
_KNOWN: Final = frozenset(
    {"tab", "q", "sort", "view", "page", "size", "cone", *map(sent_name, FACETS), *SPANS, *_ENDS}
)


def _one_of(sent: QueryDict, name: str, choices: tuple[str, ...] | None) -> str | None:
    """Return a value that is one of some choices (or a whole number from 1), else ``None``."""
    value = sent.get(name, "")
    if choices is not None:
        return value if value in choices else None
    is_number = value.isascii() and value.isdigit() and len(value) < 7 and int(value) > 0
    return value if is_number else None


def _names(sent: list[str]) -> tuple[str, ...]:
    names = (name.strip() for text in sent for name in text.replace("\0", "").split(","))
    return tuple(dict.fromkeys(name for name in names if name))[:50]


def _spans(sent: QueryDict) -> dict[str, Span]:
    spans = {name: read_span(name, _span_text(sent, name)) for name in SPANS}
    return {name: span for name, span in spans.items() if span is not None}


def _span_text(sent: QueryDict, name: str) -> str:
    """Return a span as it was sent: whole, or by the two fields of a form."""
    ends = [sent.get(f"{name}_{end}", "").strip() for end in ("from", "to")]
    return sent.get(name, "") or (BETWEEN.join(ends) if any(ends) else "")


def _not_understood(sent: QueryDict) -> Iterator[str]:
    """Yield what was ignored: names that nobody knows, and values that mean nothing."""
    yield from sorted(name[:_TOLD] for name in set(sent) - _KNOWN)
    for name, choices in (
        ("tab", get_args(ListTab)),
        ("sort", tuple(_SORTS)),
        ("view", get_args(View)),
        ("size", tuple(map(str, SIZES))),
        ("page", None),
    ):
        if sent.get(name) and _one_of(sent, name, choices) is None:
            yield f"{name}={sent[name][:_TOLD]}"
    for name in SPANS:
        text = _span_text(sent, name)
        if text and read_span(name, text) is None:
            yield f"{name}={text[:_TOLD]}"
    cone = sent.get("cone", "")
    if cone.strip() and read_cone(cone) is None:
        yield f"cone={cone[:_TOLD]}"
