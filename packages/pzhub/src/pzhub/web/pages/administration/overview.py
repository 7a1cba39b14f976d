"""The first page of the administration: what there is, and how the service stands."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pzhub.accounts.requests import SignedInRequest, administrators_only
from pzhub.web.selectors import administration_counts
from pzhub.web.service_status import service_status


@administrators_only
@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """Count what there is and look at the service."""
    context = {"counts": administration_counts(), "status": service_status()}
    return render(request, "web/administration/overview.html", context)
