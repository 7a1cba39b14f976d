"""The form of the Training Set Maker: choose, see what would happen, run."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.services import internal_name_for
from pzhub.processes.pages.picker import picker_of
from pzhub.processes.pages.pipeline_form import query_as_sent
from pzhub.processes.pages.training_form import PIPELINE, TrainingForm
from pzhub.processes.pages.training_preflight import TrainingCheck, training_check
from pzhub.processes.pages.training_snippets import training_snippets
from pzhub.processes.pipelines import pipeline_specs
from pzhub.processes.selectors import inputs_of, pipeline_named, pipelines_list, process_for
from pzhub.processes.services import submit_process
from pztables.errors import UserError

TEMPLATE = "processes/training.html"


@login_required
@require_http_methods(["GET", "POST"])
def train(request: SignedInRequest) -> HttpResponse:
    """Show the form; run what it says."""
    if not pipelines_list().filter(name=PIPELINE).exists():
        messages.info(request, _("The Training Set Maker is switched off on this server."))
        return redirect("processes:pipelines")
    if request.method != "POST":
        return _page(request, _prefilled(request))
    form = TrainingForm(request.POST, actor=request.user)
    action = request.POST.get("action")
    if action in {"search", "choose"}:
        return redirect(_address_of(request, "catalogs" if action == "search" else "objects"))
    if action == "check":
        form.is_valid()
        return _page(request, form, training_check(form))
    return _run(request, form)


def _run(request: SignedInRequest, form: TrainingForm) -> HttpResponse:
    if not form.is_valid():
        return _page(request, form, status=400)
    checked = training_check(form)
    if checked.problems:
        return _page(request, form, checked, status=400)
    product = form.product
    assert product is not None  # a valid form has one
    try:
        process = submit_process(
            actor=request.user,
            pipeline=pipeline_named(PIPELINE),
            display_name=form.cleaned_data["display_name"],
            description=form.cleaned_data["description"] or None,
            inputs=[product],
            release=form.chosen_release,
            parameters=form.parameters,
            output_format=form.cleaned_data["output_format"],
        )
    except UserError as refusal:
        form.add_refusal(refusal)
        return _page(request, form, checked, status=400)
    return redirect("processes:job", process.pk)


def _prefilled(request: SignedInRequest) -> TrainingForm:
    """Return the form that an address describes: of an earlier job, of parameters, or empty."""
    names = request.GET.getlist("catalog")
    initial: dict[str, Any] = {}
    if (job := request.GET.get("job", "")).isdigit():
        process = process_for(request.user, int(job))
        names = names or [product.internal_name or "" for product in inputs_of(process)]
        initial = TrainingForm.initial_of_job(process)
    initial.update(TrainingForm.initial_of_query(request.GET))
    return TrainingForm(actor=request.user, names=names, initial=initial)


def _address_of(request: SignedInRequest, place: str) -> str:
    """Return the address that shows the form as it was sent."""
    query = query_as_sent(request)
    if place == "objects":  # another release decides anew
        for name in ("flux_type", "dereddening", "convert_flux_to_mag", "selected_cols"):
            query.pop(name, None)
    else:
        query.setdefault("convert_flux_to_mag", "off")
    return f"{reverse('processes:train')}?{query.urlencode()}#{place}"


def _context(
    request: SignedInRequest, form: TrainingForm, checked: TrainingCheck | None
) -> dict[str, Any]:
    name = form.cleaned_data.get("display_name", "") if hasattr(form, "cleaned_data") else ""
    return {
        "form": form,
        "spec": pipeline_specs()[PIPELINE],
        "preflight": checked,
        "snippets": (
            training_snippets(form, request.build_absolute_uri("/api/")) if checked else None
        ),
        "known_as": internal_name_for(0, name).removeprefix("0") if name else "",
    }


def _page(
    request: SignedInRequest,
    form: TrainingForm,
    checked: TrainingCheck | None = None,
    status: int = 200,
) -> HttpResponse:
    asked = request.POST if form.is_bound else request.GET
    picker = picker_of(
        request.user,
        form.catalogs,
        query=asked.get("q", ""),
        official="official" in asked,
        takes_one=True,
    )
    context = {**_context(request, form, checked), "picker": picker}
    return render(request, TEMPLATE, context, status=status)


@login_required
@require_POST
def training_panel(request: SignedInRequest) -> HttpResponse:
    """Tell what the form would do, without running it, and without the page around."""
    pipeline_named(PIPELINE)
    form = TrainingForm(request.POST, actor=request.user)
    form.is_valid()
    context = {**_context(request, form, training_check(form)), "is_fragment": True}
    return render(request, "processes/_training_preflight.html", context)
