"""Step 3: say what each column means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pzhub.accounts.models import User
from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Column
from pzhub.catalog.pages.meanings import MEANINGS, OWN_LABEL, fault_of, sent_meaning
from pzhub.catalog.selectors import product_for
from pzhub.catalog.services import set_carried, set_column_associations
from pzhub.catalog.services.columns import Association
from pzhub.uploads.pages.column_table import rows_of
from pzhub.uploads.pages.doubts import WORDS, notes_about
from pzhub.uploads.pages.draft import Draft, Step, draft_for
from pzhub.uploads.pages.undo import UndoStack
from pzhub.uploads.services import accept_suggestions, copy_meanings, products_to_copy_from
from pztables.errors import UserError
from pztables.roles import role_named
from pztables.ucd import ucd_words

_READ_ANEW: Final = gettext_lazy(
    "The file was read again meanwhile, so your last choice was not saved: choose once more."
)


@login_required
@require_http_methods(["GET", "POST"])
def columns(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show all columns; save what a form without script sends at once."""
    draft = draft_for(request.user, pk)
    if request.method != "POST":
        return _page(request, draft)
    if _is_of_columns_before(draft, request.POST):
        messages.warning(request, _READ_ANEW)
        return redirect(draft.url(Step.COLUMNS))
    undo = UndoStack(request, draft.product)
    if request.POST.get("do") == "undo":
        if undo.undo(request.user):
            messages.success(request, _("The last choice is taken back."))
        return redirect(draft.url(Step.COLUMNS))
    before = undo.meanings(draft.product)
    wanted, own = wanted_meanings(draft, request.POST)
    errors = save_meanings(request.user, draft, wanted)
    if not errors:
        errors = _act(request, draft)
    undo.keep(before)
    if errors or own:
        draft = draft_for(request.user, pk)
        return _page(request, draft, own=own, errors=errors, typed=wanted)
    to = Step.CONFIRM if request.POST.get("then") == "confirm" else Step.COLUMNS
    return redirect(draft.url(to))


def _is_of_columns_before(draft: Draft, sent: Mapping[str, str]) -> bool:
    """Return whether a form is about columns that are no more: the file was read again."""
    now = {f"meaning-{column.pk}" for column in draft.columns}
    return any(name.startswith("meaning-") and name not in now for name in sent)


def _act(request: SignedInRequest, draft: Draft) -> dict[int, str]:
    """Do what a button of the form stands for, beyond saving; return refusals by column."""
    if request.POST.get("accept") == "all":
        accept_suggestions(actor=request.user, product=draft.product)
    if request.POST.get("do") == "copy":
        _copy(request, draft)
    if request.POST.get("do") == "carry":
        return _carry_extra(request, draft)
    return {}


def _copy(request: SignedInRequest, draft: Draft) -> None:
    """Take the meanings of an earlier product over; what is refused is said above the page."""
    try:
        source = product_for(request.user, request.POST.get("copy-from", ""))
        names = copy_meanings(actor=request.user, product=draft.product, source=source)
    except UserError as refusal:
        messages.error(request, refusal.message)
        return
    text = ngettext(
        "%(n)s column has the meaning that it has in %(name)s.",
        "%(n)s columns have the meanings that they have in %(name)s.",
        len(names),
    )
    messages.success(request, text % {"n": len(names), "name": source.display_name})


def _carry_extra(request: SignedInRequest, draft: Draft) -> dict[int, str]:
    """Give the column chosen at the foot of the table a label and have pipelines carry it."""
    chosen = request.POST.get("extra-column", "")
    column = next((each for each in draft.columns if str(each.pk) == chosen), None)
    if column is None:
        messages.error(request, _("Choose the column that pipelines should carry along."))
        return {}
    label = request.POST.get("extra-label", "").strip() or column.column_name
    meaning = Association(label, None)
    errors = save_meanings(request.user, draft, {column.pk: meaning})
    if not errors:
        try:
            set_carried(actor=request.user, column=column, carried=True)
        except UserError as refusal:
            errors = {column.pk: refusal.message}
    return errors


def _page(
    request: SignedInRequest,
    draft: Draft,
    own: frozenset[int] = frozenset(),
    errors: Mapping[int, str] | None = None,
    typed: Mapping[int, Association] | None = None,
) -> HttpResponse:
    context = {
        **_table(request, draft, own=own, errors=errors, typed=typed),
        "steps": draft.steps(Step.COLUMNS),
        "sources": products_to_copy_from(draft.product, request.user),
        "notes": [
            check["message"]
            for check in (draft.inspection.checks if draft.inspection else [])
            if not check["ok"] and check["code"] not in WORDS
        ],
    }
    return render(request, "uploads/columns.html", context, status=400 if errors else 200)


def _table(
    request: SignedInRequest,
    draft: Draft,
    own: frozenset[int] = frozenset(),
    errors: Mapping[int, str] | None = None,
    typed: Mapping[int, Association] | None = None,
) -> dict[str, Any]:
    """Return what the table of columns and all around it shows."""
    doubts = notes_about(draft.product)
    doubted = frozenset(name for note in doubts for name in note.columns)
    rows = rows_of(draft, own=own, errors=errors, typed=typed, doubted=doubted)
    return {
        "draft": draft,
        "rows": rows,
        "roles": MEANINGS,
        "doubts": doubts,
        "doubted": doubted,
        "n_suggested": sum(row.state == "suggested" for row in rows),
        "n_open": sum(row.state != "said" for row in rows),
        "n_undo": len(UndoStack(request, draft.product)),
    }


def wanted_meanings(
    draft: Draft, sent: Mapping[str, str]
) -> tuple[dict[int, Association], frozenset[int]]:
    """Read a form: new meanings by column id, and the columns whose own label is still empty."""
    wanted: dict[int, Association] = {}
    own = set()
    for column in draft.columns:
        accepted = sent.get("accept") == str(column.pk) and column.pk in draft.suggestions
        choice = draft.suggestions[column.pk]["role"] if accepted else None
        meaning = sent_meaning(column, sent, choice=choice)
        if meaning is None:
            continue
        wanted[column.pk] = meaning
        if not accepted and sent.get(f"meaning-{column.pk}") == OWN_LABEL and not meaning.alias:
            own.add(column.pk)
    return wanted, frozenset(own)


def _changes(draft: Draft, wanted: Mapping[int, Association]) -> dict[int, Association]:
    stored = {
        c.pk: Association(c.alias or None, c.ucd or None, c.unit or "") for c in draft.columns
    }
    return {
        pk: meaning
        for pk, meaning in wanted.items()
        if pk in stored and stored[pk] != _complete(meaning, stored[pk])
    }


def _complete(meaning: Association, stored: Association) -> Association:
    return meaning if meaning.unit is not None else meaning._replace(unit=stored.unit)


def save_meanings(actor: User, draft: Draft, wanted: Mapping[int, Association]) -> dict[int, str]:
    """Store the meanings that changed, all or none.

    Returns
    -------
    messages of the columns that were refused, by their id
    """
    changes = _changes(draft, wanted)
    by_key = {column.pk: column for column in draft.columns}
    errors = {pk: text for pk in changes if (text := fault_of(by_key[pk], changes[pk]))}
    errors |= dict(_given_twice(draft, wanted))
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
    if all(each.pk != column_pk for each in before.columns):
        messages.warning(request, _READ_ANEW)
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    undo = UndoStack(request, before.product)
    meanings, was_doubted = undo.meanings(before.product), _doubted(before)
    wanted, own = wanted_meanings(before, request.POST)
    wanted = {key: value for key, value in wanted.items() if key == column_pk}
    errors = save_meanings(request.user, before, wanted)
    if not errors:
        errors = _carry(request, before, column_pk)
    undo.keep(meanings)
    draft = draft_for(request.user, pk)
    context = _table(request, draft, own=own, errors=errors, typed=wanted)
    touched = {column_pk, *_moved_or_reopened(before, draft)}
    context["rows"] = [
        row
        for row in context["rows"]
        if row.column.pk in touched or (row.column.column_name in was_doubted) != row.is_doubted
    ]
    return render(request, "uploads/_columns_changed.html", {**context, "is_fragment": True})


def _doubted(draft: Draft) -> frozenset[str]:
    return frozenset(name for note in notes_about(draft.product) for name in note.columns)


def _carry(request: SignedInRequest, draft: Draft, pk: int) -> dict[int, str]:
    """Store whether pipelines carry a column, when the form says so."""
    column = next((each for each in draft.columns if each.pk == pk), None)
    carried = request.POST.get(f"carry-{pk}") == "1"
    if column is None or f"carryable-{pk}" not in request.POST:
        return {}
    if carried == bool(column.facts.get("carry")):
        return {}
    try:
        set_carried(actor=request.user, column=column, carried=carried)
    except UserError as refusal:
        return {pk: refusal.message}
    return {}


def _moved_or_reopened(before: Draft, after: Draft) -> set[int]:
    """Return the columns that lost their meaning or whose suggestion came or went."""
    lost = {
        old.pk
        for old, new in zip(before.columns, after.columns, strict=True)
        if old.alias != new.alias
    }
    return lost | (set(before.suggestions) ^ set(after.suggestions))


@login_required
@require_safe
@cache_control(private=True, max_age=86_400)
def vocabulary(request: SignedInRequest) -> HttpResponse:
    """List the words of UCDs, for fields that complete them: name, places, meaning."""
    words = [
        [word.name, "P" * word.is_first + "S" * word.is_behind, word.description]
        for word in ucd_words().values()
    ]
    return JsonResponse({"words": words})


@login_required
@require_safe
def columns_state(request: SignedInRequest, pk: int) -> HttpResponse:
    """Tell a page that waits for a corrected file to load anew once it was read."""
    if draft_for(request.user, pk).is_inspecting:
        return HttpResponse(status=204)
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})
