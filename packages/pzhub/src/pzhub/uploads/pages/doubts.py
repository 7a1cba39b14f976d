"""Doubts about columns as the wizard says them, and what their buttons do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from pzhub.accounts.requests import SignedInRequest
from pzhub.core.evidence import Evidence, evidence_of
from pzhub.uploads.pages.draft import Step, draft_for
from pzhub.uploads.services import dismiss_doubt, doubts_about, mend_doubt
from pzhub.uploads.services.sanity import SWAPPED
from pztables.errors import UserError

if TYPE_CHECKING:
    from pzhub.catalog.models import Product
    from pztables.sanity import Doubt


class Words(NamedTuple):
    """What is said of one kind of doubt, each translated when shown; facts are the doubt's."""

    title: object
    text: object
    mend: object
    dismiss: object


_FINE: Final = gettext_lazy("The values are right")
WORDS: Final = {
    "right_ascension_in_hours": Words(
        gettext_lazy("%(columns)s looks like hours, not degrees"),
        gettext_lazy(
            "All values lie between %(low)s and %(high)s. Used as degrees, every object would be"
            " at a wrong place."
        ),
        gettext_lazy("Multiply by 15"),
        gettext_lazy("These are degrees"),
    ),
    "sexagesimal_position": Words(
        gettext_lazy("%(columns)s is sexagesimal text"),
        gettext_lazy("Pipelines and the sky map need numbers: degrees with decimals."),
        gettext_lazy("Convert to degrees"),
        gettext_lazy("Leave it as text"),
    ),
    "positions_in_radians": Words(
        gettext_lazy("%(columns)s look like radians, not degrees"),
        gettext_lazy("No value is beyond 2π. Used as degrees, every object would be misplaced."),
        gettext_lazy("Convert to degrees"),
        gettext_lazy("These are degrees"),
    ),
    SWAPPED: Words(
        gettext_lazy("%(columns)s look swapped"),
        gettext_lazy("%(count)s of %(n_rows)s declinations are beyond 90 degrees."),
        gettext_lazy("Swap the two meanings"),
        _FINE,
    ),
    "redshift_is_velocity": Words(
        gettext_lazy("%(columns)s looks like velocities in km/s"),
        gettext_lazy("Values reach %(high)s; no redshift does."),
        gettext_lazy("Divide by the speed of light"),
        gettext_lazy("These are redshifts"),
    ),
    "redshift_in_percent": Words(
        gettext_lazy("%(columns)s looks like percent"),
        gettext_lazy("Half of the values are above %(median)s; few redshifts are."),
        gettext_lazy("Divide by 100"),
        gettext_lazy("These are redshifts"),
    ),
    "sentinel_values": Words(
        gettext_lazy("%(columns)s: %(values)s seems to mean “no value”"),
        gettext_lazy(
            "%(count)s of %(n_rows)s rows have it. Statistics and pipelines would take it for a"
            " measurement."
        ),
        gettext_lazy("Make it empty"),
        _FINE,
    ),
    "odd_flags": Words(
        gettext_lazy("%(columns)s does not look like a quality flag"),
        gettext_lazy("It has %(n_distinct)s different values; flags have a few."),
        "",
        _FINE,
    ),
}
_LEAVE_OUT: Final = gettext_lazy("Leave out these rows")


class DoubtNote(NamedTuple):
    """One doubt, ready to be shown."""

    code: str
    columns: tuple[str, ...]
    title: str
    text: str
    evidence: Evidence | None
    mend: str
    #: What mending does to the main file, or ``""`` when it does nothing to it.
    effect: str
    dismiss: str


def notes_about(product: Product) -> list[DoubtNote]:
    """Return the doubts about a product's columns in the reader's language."""
    return [_note(doubt) for doubt in doubts_about(product)]


def _note(doubt: Doubt) -> DoubtNote:
    words = WORDS[doubt.code]
    facts = {
        "columns": ", ".join(doubt.columns),
        "count": number_format(doubt.count),
        "n_rows": number_format(doubt.n_rows),
        **{name: _shown(fact) for name, fact in doubt.facts.items()},
    }
    leaves_out = any(each.action == "leave_out_rows" for each in doubt.corrections)
    return DoubtNote(
        doubt.code,
        doubt.columns,
        str(words.title) % facts,
        str(words.text) % facts,
        evidence_of({"first_rows": list(doubt.first_rows)}),
        str(_LEAVE_OUT if leaves_out else words.mend),
        _("A corrected copy becomes the main file; yours stays beside it, as auxiliary file.")
        if doubt.corrections
        else "",
        str(words.dismiss),
    )


def _shown(fact: object) -> str:
    return f"{fact:.4g}" if isinstance(fact, float) else str(fact)


@login_required
@require_POST
def doubt(request: SignedInRequest, pk: int) -> HttpResponse:
    """Do what the owner chose about one doubt."""
    draft = draft_for(request.user, pk)
    chosen = dismiss_doubt if request.POST.get("do") == "dismiss" else mend_doubt
    code, column = request.POST.get("code", ""), request.POST.get("column", "")
    try:
        chosen(actor=request.user, product=draft.product, code=code, column=column)
    except UserError as refusal:
        messages.error(request, refusal.message)
    return redirect(draft.url(Step.COLUMNS))
