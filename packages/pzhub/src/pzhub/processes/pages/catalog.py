"""The catalog of pipelines."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from pzhub.accounts.requests import SignedInRequest
from pzhub.processes.models import Process
from pzhub.processes.pipelines import pipeline_specs
from pzhub.processes.selectors import pipelines_list

_FORMS = {
    "combine_redshift_dedup": "processes:combine",
    "training_set_maker": "processes:train",
}


def form_url_of(pipeline: str) -> str:
    """Return the address of a pipeline's form."""
    return reverse(_FORMS.get(pipeline, "processes:pipelines"))


def clone_url_of(process: Process) -> str:
    """Return the address of the form, filled in as a run was asked for."""
    return f"{form_url_of(process.pipeline.name)}?{urlencode({'job': process.pk})}"


@login_required
@require_safe
def pipelines(request: SignedInRequest) -> HttpResponse:
    """Show which pipelines there are, and which of them can be run."""
    enabled = set(pipelines_list().values_list("name", flat=True))
    specs = pipeline_specs()
    forms = {name: reverse(_FORMS[name]) for name in specs if name in enabled & set(_FORMS)}
    return render(request, "processes/pipelines.html", {"specs": specs, "forms": forms})
