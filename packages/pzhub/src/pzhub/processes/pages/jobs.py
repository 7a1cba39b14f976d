"""A job: live, its log, stop and run again."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import ProductStatus
from pzhub.core.errors import ForbiddenError
from pzhub.notices.services import mark_seen
from pzhub.processes.models import Process
from pzhub.processes.pages.catalog import clone_url_of
from pzhub.processes.pages.failures import failure_of
from pzhub.processes.pages.job_snippets import snippets_of_job
from pzhub.processes.pages.joblog import LOGS, log_part, whole_log
from pzhub.processes.pages.jobview import parameters_of, stages_of, summary_of
from pzhub.processes.pipelines import spec_of
from pzhub.processes.policies import can_read_log, can_stop
from pzhub.processes.selectors import inputs_of, process_for
from pzhub.processes.services import request_stop, rerun_process
from pzhub.processes.telling import notice_key
from pzhub.processes.transitions import FINAL_PHASES
from pztables.errors import UserError


def _log_asked(request: SignedInRequest) -> str:
    """Return which log an address asks for."""
    asked = request.GET.get("log", "")
    return asked if asked in LOGS else LOGS[0]


def _live_context(request: SignedInRequest, process: Process) -> dict[str, object]:
    return {
        "process": process,
        "spec": spec_of(process.pipeline),
        "is_final": process.phase in FINAL_PHASES,
        "can_stop": can_stop(process, request.user),
        "clone_url": clone_url_of(process),
        "progress": stages_of(process),
        "failure": failure_of(process) if process.error else None,
        "summary": summary_of(process),
        "result": process.upload,
        "result_is_there": process.upload.status != ProductStatus.DELETED,
    }


@login_required
@require_safe
def job(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a job: where it stands, what it read and how, what it says."""
    process = process_for(request.user, pk)
    mark_seen(request.user, notice_key(process.pk))
    which = _log_asked(request)
    context = {
        **_live_context(request, process),
        "inputs": inputs_of(process),
        "parameters": parameters_of(process),
        "raw_parameters": process.used_config.get("param", {}),
        "log": log_part(process, 0, which) if can_read_log(process, request.user) else None,
        "which_log": which,
        "snippets": snippets_of_job(process, request.build_absolute_uri("/api/")),
    }
    return render(request, "processes/job.html", context)


@login_required
@require_safe
def job_live(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the parts of a job that change, without the page around them."""
    process = process_for(request.user, pk)
    if process.phase in FINAL_PHASES:
        mark_seen(request.user, notice_key(process.pk))  # its user is looking at it
    context = _live_context(request, process)
    return render(request, "processes/_job_live.html", {**context, "is_fragment": True})


@login_required
@require_safe
def job_log(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show what the log says beyond an offset."""
    process = process_for(request.user, pk)
    if not can_read_log(process, request.user):
        raise ForbiddenError(_("Only the job's owner and administrators may read its log."))
    offset = request.GET.get("offset", "0")
    which = _log_asked(request)
    part = log_part(process, int(offset) if offset.isdecimal() else 0, which)
    context = {"process": process, "log": part, "which_log": which, "is_fragment": True}
    return render(request, "processes/_log_part.html", context)


@login_required
@require_safe
def job_log_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """Hand out the whole log as text."""
    process = process_for(request.user, pk)
    if not can_read_log(process, request.user):
        raise ForbiddenError(_("Only the job's owner and administrators may read its log."))
    which = _log_asked(request)
    content = "".join(whole_log(process, which))
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    name = f"job-{pk}.log" if which == LOGS[0] else f"job-{pk}-{which}.log"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@login_required
@require_http_methods(["GET", "POST"])
def stop(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask before a job is stopped, then request it."""
    process = process_for(request.user, pk)
    if request.method == "POST":
        request_stop(actor=request.user, process=process)
        return redirect("processes:job", pk)
    return render(request, "processes/stop.html", {"process": process})


@login_required
@require_POST
def rerun(request: SignedInRequest, pk: int) -> HttpResponse:
    """Submit the same run again."""
    process = process_for(request.user, pk)
    try:
        again = rerun_process(actor=request.user, process=process)
    except UserError as refusal:
        messages.error(request, refusal.message)
        return redirect("processes:job", pk)
    messages.success(request, _("Submitted again with the same catalogs and parameters."))
    return redirect("processes:job", again.pk)
