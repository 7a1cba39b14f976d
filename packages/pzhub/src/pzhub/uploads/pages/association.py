"""Step 3: say what each column means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from pzhub.accounts.models import User
from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Column
from pzhub.catalog.services import set_column_associations
from pzhub.catalog.services.columns import Association
from pzhub.uploads.pages.draft import Draft, Step, draft_for, role_of
from pzhub.uploads.services import accept_suggestions
from pztables.errors import UserError
from pztables.roles import PIPELINE_ROLES, ROLES, role_named

#: The choice that opens the field for a label of one's own.
OWN_LABEL = "own"
_CHOICES = (*ROLES, *PIPELINE_ROLES)
_CONFIDENCE_WORDS = (
    (0.85, gettext_lazy("high")),
    (0.6, gettext_lazy("good")),
    (0.35, gettext_lazy("fair")),
    (0.0, gettext_lazy("low")),
)


class Row(NamedTuple):
    """A line of the table of columns."""

    column: Column
    samples: list[str]
    role: str
    is_own: bool
    suggestion: dict[str, Any] | None
    error: str


def rows_of(
    draft: Draft, *, own: frozenset[int] = frozenset(), errors: Mapping[int, str] | None = None
) -> list[Row]:
    """Return the table of columns; ``own`` are those whose label is being written."""
    return [
        Row(
            column,
            [_short(sample) for sample in column.facts.get("samples", [])],
            role.name if (role := role_of(column)) else "",
            column.pk in own or bool(column.alias and not role),
            _with_words(draft.suggestions.get(column.pk)) if column.pk not in own else None,
            (errors or {}).get(column.pk, ""),
        )
        for column in draft.columns
    ]


def _short(sample: Any) -> str:
    """Write a sample value so that it can be recognised; the file keeps all its digits."""
    return f"{sample:.8g}" if isinstance(sample, float) else "" if sample is None else str(sample)


def _with_words(suggestion: dict[str, Any] | None) -> dict[str, Any] | None:
    if suggestion is None:
        return None
    confidence = suggestion["confidence"]
    word = next(word for least, word in _CONFIDENCE_WORDS if confidence >= least)
    return {**suggestion, "word": word, "bars": max(1, round(confidence * 4))}


@login_required
@require_http_methods(["GET", "POST"])
def columns(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show all columns; save what a form without script sends at once."""
    draft = draft_for(request.user, pk)
    if request.method != "POST":
        return _page(request, draft)
    wanted, own = wanted_meanings(draft, request.POST)
    errors = save_meanings(request.user, draft, wanted)
    if not errors and request.POST.get("accept") == "all":
        accept_suggestions(actor=request.user, product=draft.product)
    if errors or own:
        return _page(request, draft_for(request.user, pk), own=own, errors=errors)
    to = Step.CONFIRM if request.POST.get("then") == "confirm" else Step.COLUMNS
    return redirect(draft.url(to))


def _page(
    request: SignedInRequest,
    draft: Draft,
    own: frozenset[int] = frozenset(),
    errors: Mapping[int, str] | None = None,
) -> HttpResponse:
    context = {
        "draft": draft,
        "steps": draft.steps(Step.COLUMNS),
        "rows": rows_of(draft, own=own, errors=errors),
        "roles": _CHOICES,
        "warnings": [
            check
            for check in (draft.inspection.checks if draft.inspection else [])
            if not check["ok"]
        ],
    }
    return render(request, "uploads/columns.html", context, status=400 if errors else 200)


def wanted_meanings(
    draft: Draft, sent: Mapping[str, str]
) -> tuple[dict[int, Association], frozenset[int]]:
    """Read a form: new meanings by column id, and the columns whose own label is still empty."""
    wanted: dict[int, Association] = {}
    own = set()
    for column in draft.columns:
        choice = sent.get(f"meaning-{column.pk}")
        if sent.get("accept") == str(column.pk) and column.pk in draft.suggestions:
            choice = draft.suggestions[column.pk]["role"]
        label = sent.get(f"alias-{column.pk}", "").strip()
        if choice == OWN_LABEL and not label:
            own.add(column.pk)
        if choice is not None:
            wanted[column.pk] = _association(choice, label)
    return wanted, frozenset(own)


def _association(choice: str, label: str) -> Association:
    if choice == OWN_LABEL:
        return Association(label or None, None)
    role = role_named(choice)
    return Association(role.alias, role.ucd or None) if role else Association(None, None)


def _changes(draft: Draft, wanted: Mapping[int, Association]) -> dict[int, Association]:
    stored = {c.pk: Association(c.alias or None, c.ucd or None) for c in draft.columns}
    return {pk: meaning for pk, meaning in wanted.items() if stored.get(pk) != meaning}


def save_meanings(actor: User, draft: Draft, wanted: Mapping[int, Association]) -> dict[int, str]:
    """Store the meanings that changed, all or none.

    Returns
    -------
    messages of the columns that were refused, by their id
    """
    errors = dict(_given_twice(draft, wanted))
    changes = _changes(draft, wanted)
    if errors or not changes:
        return errors
    try:
        set_column_associations(actor=actor, product=draft.product, associations=changes)
    except UserError as refusal:
        return dict.fromkeys(changes, refusal.message)
    return {}


def _given_twice(draft: Draft, wanted: Mapping[int, Association]) -> Iterator[tuple[int, str]]:
    """Find meanings that one form gives to two columns: which was meant is not ours to say."""
    first: dict[str, Column] = {}
    for column in draft.columns:
        alias = wanted[column.pk].alias if column.pk in wanted else None
        role = role_named(alias) if alias else None
        if role and role.name in first:
            text = _("%(column)s was given this meaning too; each one is used once.")
            yield column.pk, text % {"column": first[role.name].column_name}
        elif role:
            first[role.name] = column


@login_required
@require_POST
def column(request: SignedInRequest, pk: int, column_pk: int) -> HttpResponse:
    """Save the meaning of one column at once; a meaning in use moves to it."""
    before = draft_for(request.user, pk)
    wanted, own = wanted_meanings(before, request.POST)
    errors = save_meanings(
        request.user, before, {key: value for key, value in wanted.items() if key == column_pk}
    )
    draft = draft_for(request.user, pk)
    touched = {column_pk, *_moved_or_reopened(before, draft)}
    rows = [row for row in rows_of(draft, own=own, errors=errors) if row.column.pk in touched]
    context = {"draft": draft, "rows": rows, "roles": _CHOICES, "is_fragment": True}
    return render(request, "uploads/_columns_changed.html", context)


def _moved_or_reopened(before: Draft, after: Draft) -> set[int]:
    """Return the columns that lost their meaning or whose suggestion came or went."""
    lost = {
        old.pk
        for old, new in zip(before.columns, after.columns, strict=True)
        if old.alias != new.alias
    }
    return lost | (set(before.suggestions) ^ set(after.suggestions))
