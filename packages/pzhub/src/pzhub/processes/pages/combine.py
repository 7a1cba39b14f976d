"""The form of Combine Redshift Catalogs: choose, see what would happen, run."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.selectors import carried_columns_of
from pzhub.processes.pages.forms import PIPELINE, CombineForm, products_of, write_extra_columns
from pzhub.processes.pages.picker import picker_of
from pzhub.processes.pages.pipeline_form import query_as_sent
from pzhub.processes.pages.preflight import Preflight, preflight_of
from pzhub.processes.pages.snippets import known_as, snippets_of
from pzhub.processes.pipelines import pipeline_specs
from pzhub.processes.selectors import inputs_of, pipeline_named, process_for
from pzhub.processes.services import submit_process
from pzhub.uploads.receive import staged_upload
from pzhub.uploads.services.staged import StagedFile
from pztables.errors import UserError

TEMPLATE = "processes/combine.html"


@login_required
@require_http_methods(["GET", "POST"])
def combine(request: SignedInRequest) -> HttpResponse:
    """Show the form; run what it says."""
    if request.method != "POST":
        return _page(request, _prefilled(request))
    form = CombineForm(request.POST, request.FILES, actor=request.user)
    if request.POST.get("action") == "search":
        return redirect(_address_of(request))
    if request.POST.get("action") == "check":
        form.is_valid()
        return _page(request, form, preflight_of(form, _rules_of(request)))
    return _run(request, form)


def _run(request: SignedInRequest, form: CombineForm) -> HttpResponse:
    pipeline = pipeline_named(PIPELINE)
    if not form.is_valid():
        return _page(request, form, status=400)
    rules = _rules_of(request)
    checked = preflight_of(form, rules)
    if checked.problems:
        return _page(request, form, checked, status=400)
    try:
        process = submit_process(
            actor=request.user,
            pipeline=pipeline,
            display_name=form.cleaned_data["display_name"],
            description=form.cleaned_data["description"] or None,
            inputs=products_of(form),
            parameters=form.parameters,
            output_format=form.cleaned_data["output_format"],
            flags_translation=rules,
        )
    except UserError as refusal:
        form.add_refusal(refusal)
        return _page(request, form, checked, status=400)
    return redirect("processes:job", process.pk)


def _rules_of(request: SignedInRequest) -> StagedFile | None:
    return staged_upload(request, "rules") if "rules" in request.FILES else None


def _prefilled(request: SignedInRequest) -> CombineForm:
    """Return the form that an address describes: of an earlier job, of parameters, or empty."""
    names = request.GET.getlist("catalog")
    initial: dict[str, Any] = {}
    if (job := request.GET.get("job", "")).isdigit():
        process = process_for(request.user, int(job))
        left_out = request.GET.getlist("without")
        names += [
            product.internal_name or ""
            for product in inputs_of(process)
            if product.internal_name not in left_out
        ]
        initial = CombineForm.initial_of_job(process)
    initial.update(CombineForm.initial_of_query(request.GET))
    form = CombineForm(actor=request.user, names=names, initial=initial)
    if not form.initial.get("extra_columns"):
        carried = carried_columns_of(form.catalogs)
        form.initial["extra_columns"] = write_extra_columns(carried)
    return form


def _address_of(request: SignedInRequest) -> str:
    """Return the address that shows the form as it was sent, without what must stay private."""
    return f"{reverse('processes:combine')}?{query_as_sent(request).urlencode()}#catalogs"


def _page(
    request: SignedInRequest,
    form: CombineForm,
    checked: Preflight | None = None,
    status: int = 200,
) -> HttpResponse:
    asked = request.POST if form.is_bound else request.GET
    context = {
        "form": form,
        "picker": picker_of(
            request.user,
            form.catalogs,
            query=asked.get("q", ""),
            official="official" in asked,
        ),
        "spec": pipeline_specs()[PIPELINE],
        "preflight": checked,
        "snippets": _snippets(request, form) if checked else None,
        "known_as": known_as(form) if form.is_bound and hasattr(form, "cleaned_data") else "",
    }
    return render(request, TEMPLATE, context, status=status)


def _snippets(request: SignedInRequest, form: CombineForm) -> dict[str, str]:
    return snippets_of(form, request.build_absolute_uri("/api/"))


@login_required
@require_POST
def preflight_panel(request: SignedInRequest) -> HttpResponse:
    """Tell what the form would do, without running it, and without the page around."""
    form = CombineForm(request.POST, request.FILES, actor=request.user)
    form.is_valid()
    context = {
        "form": form,
        "preflight": preflight_of(form, _rules_of(request)),
        "snippets": _snippets(request, form),
        "known_as": known_as(form),
        "is_fragment": True,
    }
    return render(request, "processes/_preflight.html", context)
