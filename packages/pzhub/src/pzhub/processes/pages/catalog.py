"""The catalog of pipelines."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from pzhub.accounts.requests import SignedInRequest
from pzhub.processes.pipelines import pipeline_specs
from pzhub.processes.selectors import pipelines_list

_FORMS = {
    "combine_redshift_dedup": "processes:combine",
    "training_set_maker": "processes:train",
}


@login_required
@require_safe
def pipelines(request: SignedInRequest) -> HttpResponse:
    """Show which pipelines there are, and which of them can be run."""
    enabled = set(pipelines_list().values_list("name", flat=True))
    specs = pipeline_specs()
    forms = {name: reverse(_FORMS[name]) for name in specs if name in enabled & set(_FORMS)}
    return render(request, "processes/pipelines.html", {"specs": specs, "forms": forms})
