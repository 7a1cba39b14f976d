"""Jobs: the list of mine, one of them live, its log, stop and run again."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pzhub.accounts.policies import is_administrator
from pzhub.accounts.requests import SignedInRequest
from pzhub.core.errors import ForbiddenError
from pzhub.processes.models import Process
from pzhub.processes.pages.catalog import clone_url_of
from pzhub.processes.pages.failures import failure_of
from pzhub.processes.pages.jobview import log_part, parameters_of, stages_of, summary_of
from pzhub.processes.pipelines import spec_of
from pzhub.processes.policies import can_read_log, can_stop
from pzhub.processes.selectors import inputs_of, log_of, process_for, processes_visible_to
from pzhub.processes.services import request_stop, rerun_process
from pzhub.processes.transitions import FINAL_PHASES
from pztables.errors import UserError

PAGE_SIZE = 25


@login_required
@require_safe
def jobs(request: SignedInRequest) -> HttpResponse:
    """List the jobs that the user may see, newest first."""
    pages = Paginator(processes_visible_to(request.user).order_by("-id"), PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [_row(process) for process in page],
        "numbers": list(pages.get_elided_page_range(page.number)),
        "shows_owner": is_administrator(request.user),
    }
    return render(request, "processes/jobs.html", context)


def _row(process: Process) -> dict[str, object]:
    return {
        "process": process,
        "is_final": process.phase in FINAL_PHASES,
        "pipeline": spec_of(process.pipeline).display_name,
        "progress": None if process.phase in FINAL_PHASES else stages_of(process),
    }


@login_required
@require_safe
def job_row(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one line of the list as it is now."""
    context = {"row": _row(process_for(request.user, pk)),
               "shows_owner": is_administrator(request.user)}  # fmt: skip
    return render(request, "processes/_job_row.html", context)


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
    }


@login_required
@require_safe
def job(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a job: where it stands, what it read and how, what it says."""
    process = process_for(request.user, pk)
    context = {
        **_live_context(request, process),
        "inputs": inputs_of(process),
        "parameters": parameters_of(process),
        "raw_parameters": process.used_config.get("param", {}),
        "log": log_part(process, 0) if can_read_log(process, request.user) else None,
    }
    return render(request, "processes/job.html", context)


@login_required
@require_safe
def job_live(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the parts of a job that change, without the page around them."""
    context = _live_context(request, process_for(request.user, pk))
    return render(request, "processes/_job_live.html", {**context, "is_fragment": True})


@login_required
@require_safe
def job_log(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show what the log says beyond an offset."""
    process = process_for(request.user, pk)
    if not can_read_log(process, request.user):
        raise ForbiddenError(_("Only the job's owner and administrators may read its log."))
    offset = request.GET.get("offset", "0")
    part = log_part(process, int(offset) if offset.isdigit() else 0)
    context = {"process": process, "log": part, "is_fragment": True}
    return render(request, "processes/_log_part.html", context)


@login_required
@require_safe
def job_log_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """Hand out the whole log as text."""
    process = process_for(request.user, pk)
    if not can_read_log(process, request.user):
        raise ForbiddenError(_("Only the job's owner and administrators may read its log."))
    parts, offset = [], 0
    while True:
        text, after = log_of(process, offset)
        parts.append(text)
        if after <= offset or not text:
            break
        offset = after
    response = HttpResponse("".join(parts), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="job-{pk}.log"'
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
