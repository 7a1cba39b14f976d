"""Step 4: review and publish; or discard."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.services import delete_product, publish_product
from pzhub.core.evidence import evidence_of
from pzhub.uploads.pages.doubts import notes_about
from pzhub.uploads.pages.draft import Draft, Step, draft_for
from pztables.errors import UserError


@login_required
@require_http_methods(["GET", "POST"])
def confirm(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show all that will be published, and publish it."""
    draft = draft_for(request.user, pk)
    if request.method == "POST":
        try:
            product = publish_product(actor=request.user, product=draft.product)
        except UserError as refusal:
            return _page(request, draft, refusal)
        messages.success(request, _("%(name)s is published.") % {"name": product.display_name})
        return redirect("catalog:detail", product.internal_name)
    return _page(request, draft)


def _page(request: SignedInRequest, draft: Draft, refusal: UserError | None = None) -> HttpResponse:
    rows = draft.inspection.first_rows if draft.inspection and draft.is_inspected else []
    context = {
        "draft": draft,
        "steps": draft.steps(Step.CONFIRM),
        "doubts": notes_about(draft.product),
        "refusal": refusal,
        "evidence": evidence_of(refusal.data) if refusal else None,
        "row_names": list(rows[0]) if rows else [],
        "rows": [list(row.values()) for row in rows],
    }
    return render(request, "uploads/confirm.html", context, status=409 if refusal else 200)


@login_required
@require_http_methods(["GET", "POST"])
def discard(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask before a draft is thrown away, then do it."""
    draft = draft_for(request.user, pk)
    if request.method == "POST":
        delete_product(actor=request.user, product=draft.product)
        messages.success(
            request, _("The draft %(name)s was discarded.") % {"name": draft.product.display_name}
        )
        return redirect(f"{reverse('catalog:list')}?tab=drafts")
    return render(request, "uploads/discard.html", {"draft": draft})
