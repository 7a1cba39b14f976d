"""The list of jobs: narrowed by state, pipeline and words, all of it in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from pzhub.accounts.models import User
from pzhub.accounts.policies import is_administrator
from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.selectors import matching_words
from pzhub.processes.models import Phase, Process
from pzhub.processes.pages.jobview import stages_of
from pzhub.processes.pipelines import pipeline_specs, spec_of
from pzhub.processes.selectors import processes_visible_to
from pzhub.processes.transitions import FINAL_PHASES

PAGE_SIZE: Final = 25
_SEARCHED: Final = ("display_name", "upload__internal_name", "user__username")
#: What can be chosen: label, condition.
_STATES: Final[dict[str, tuple[Any, Q]]] = {
    "all": (_("All"), Q()),
    "running": (_("Running"), ~Q(phase__in=FINAL_PHASES)),
    "successful": (_("Successful"), Q(phase=Phase.COMPLETED)),
    "failed": (_("Failed"), Q(phase=Phase.ERROR)),
    "stopped": (_("Stopped"), Q(phase=Phase.ABORTED)),
}


@dataclass(frozen=True, slots=True)
class JobQuery:
    """What of the list is wanted; what the address says wrongly is left out."""

    state: str = "all"
    pipeline: str = ""
    words: str = ""
    whose: str = ""

    @classmethod
    def of(cls, query: QueryDict, user: User) -> JobQuery:
        """Read an address."""
        state, pipeline = query.get("state", "all"), query.get("pipeline", "")
        whose = query.get("whose", "") if is_administrator(user) else ""
        return cls(
            state if state in _STATES else "all",
            pipeline if pipeline in pipeline_specs() else "",
            query.get("q", "").replace("\0", "").strip()[:200],
            "mine" if whose == "mine" else "",
        )

    def narrowed(self, user: User) -> QuerySet[Process]:
        """Return the jobs of every state."""
        jobs = processes_visible_to(user)
        if self.whose:
            jobs = jobs.filter(user=user)
        if self.pipeline:
            jobs = jobs.filter(pipeline__name=self.pipeline)
        if not self.words:
            return jobs
        number = self.words.removeprefix("#")
        if number.isdecimal() and len(number) < 18:
            return jobs.filter(Q(pk=int(number)) | Q(upload__internal_name__contains=number))
        return matching_words(jobs, self.words, _SEARCHED)

    def address(self, **changes: str) -> str:
        """Return the query string with some of it changed; defaults are left out."""
        names = {"state": self.state, "pipeline": self.pipeline, "q": self.words}
        wanted = {**names, "whose": self.whose, **changes}
        query = QueryDict(mutable=True)
        for name, value in wanted.items():
            if value and (name, value) != ("state", "all"):
                query[name] = value
        return f"?{query.urlencode()}" if query else "?"

    @property
    def without_words(self) -> str:
        """The query string without the words."""
        return self.address(q="")

    @property
    def is_narrow(self) -> bool:
        """Whether anything is left out."""
        return self != JobQuery()


@login_required
@require_safe
def jobs(request: SignedInRequest) -> HttpResponse:
    """List the jobs that the user may see, newest first; without the page around for fragments."""
    query = JobQuery.of(request.GET, request.user)
    found = query.narrowed(request.user)
    context = {
        "query": query,
        "tabs": _tabs(query, found),
        "pipelines": pipeline_specs(),
        "shows_owner": is_administrator(request.user),
        **_page(request, found.filter(_STATES[query.state][1])),
    }
    is_fragment = request.headers.get("HX-Request") and not request.headers.get("HX-Boosted")
    template = "processes/_jobs.html" if is_fragment else "processes/jobs.html"
    return render(request, template, context)


def _tabs(query: JobQuery, found: QuerySet[Process]) -> list[dict[str, Any]]:
    """Return the states with their numbers, counted together."""
    counts = found.order_by().aggregate(
        **{name: Count("pk", filter=condition) for name, (_label, condition) in _STATES.items()}
    )
    return [
        {
            "name": name,
            "label": label,
            "count": counts[name],
            "address": query.address(state=name),
            "is_current": name == query.state,
        }
        for name, (label, _condition) in _STATES.items()
    ]


def _page(request: HttpRequest, rows: QuerySet[Process]) -> dict[str, Any]:
    page = Paginator(rows.order_by("-id"), PAGE_SIZE).get_page(request.GET.get("page"))
    shown = [_row(process) for process in page]
    return {
        "page": page,
        "rows": shown,
        "numbers": list(page.paginator.get_elided_page_range(page.number)),
        # What runs changes soon; what was started elsewhere is seen a little later.
        "ask_every": "3s" if any(not row["is_final"] for row in shown) else "20s",
    }


def _row(process: Process) -> dict[str, Any]:
    is_final = process.phase in FINAL_PHASES
    return {
        "process": process,
        "is_final": is_final,
        "pipeline": spec_of(process.pipeline).display_name,
        "progress": None if is_final else stages_of(process),
    }
