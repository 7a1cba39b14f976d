"""The list of jobs, a job's page, its log, stop and run again."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.core.storage import data_path
from pzhub.notices.selectors import unread_of
from pzhub.processes.models import Phase, Process
from pzhub.processes.pages.job_snippets import snippets_of_job
from pzhub.processes.selectors import inputs_of
from pzhub.processes.services import abort_process, fail_process

pytestmark = pytest.mark.django_db
RunMaker = Callable[..., Process]
LOG = """2026-11-20T19:02:11.000Z INFO prepare: reading 1_one
2026-11-20T19:02:12.431Z WARNING prepare: 3 rows have no flag
"""
EVENTS = [
    {"stage": "prepare", "stage_index": 1, "stage_count": 4, "fraction": 1, "message": "all read"},
    {"stage": "match", "stage_index": 2, "stage_count": 4, "fraction": 0.4, "message": "4 of 10"},
]
MARK = {"parameters": {"combine_type": "concatenate_and_mark_duplicates"}}


def test_a_running_job_shows_its_stages_and_asks_again(ana_site: Client, run_in: RunMaker) -> None:
    process = run_in(Phase.EXECUTING, events=EVENTS, log=LOG, **MARK)
    page = ana_site.get(f"/jobs/{process.pk}").content.decode()
    for words in ("Queue", "Prepare", "Match", "Resolve", "Write", "Publish", "4 of 10"):
        assert words in page
    assert '<li class="now" aria-current="step">' in page
    assert '<progress class="bar mt-2" max="100" value="40"' in page
    assert f'hx-get="/jobs/{process.pk}/live"' in page
    assert re.search(r"\b1 min (1[5-9]|[2-5]\d) s so far", page)  # on a busy machine later
    assert 'class="ll warn"' in page
    assert 'id="stop-dialog"' in page


def test_a_finished_job_is_quiet_and_leads_to_its_result(
    ana_site: Client, run_in: RunMaker
) -> None:
    catalogs = [{
        "internal_name": "1_one", "rows_in": 6, "rows_out": 5, "dropped_by_cut": 1,
        "dropped_invalid": 0, "path_used": {"z_flag_homogenized": "translation"},
        "unmapped_flags": [{"survey": "2DFGRS", "value": 9, "count": 1}],
    }]  # fmt: skip
    summary = {"rows_in": 6, "rows_out": 5, "catalogs": catalogs}
    process = run_in(Phase.COMPLETED, events=EVENTS, fields={"summary": summary}, **MARK)
    page = ana_site.get(f"/jobs/{process.pk}").content.decode()
    assert f"/jobs/{process.pk}/live" not in page
    assert f'href="/product/{process.upload.internal_name}"' in page
    assert "Rows in the result" in page
    assert "Flag values without a rule became null" in page
    assert page.count('<li class="done"') == 6
    assert "Run again" in page


def test_a_failed_job_is_explained_with_the_way_out(ana_site: Client, run_in: RunMaker) -> None:
    surveys = [{"survey": "MUSE-WIDE2", "count": 1204, "nearest": ["MUSE-WIDE"]}]
    error = {
        "code": "unsupported_survey",
        "message": "1_one: no rules for survey MUSE-WIDE2 (1204 rows).",
        "data": {"catalog": "1_one", "surveys": surveys},
    }
    process = run_in(Phase.ERROR, events=EVENTS[:1], fields={"error": error}, **MARK)
    page = unescape(ana_site.get(f"/jobs/{process.pk}").content.decode())
    for words in (
        "A survey has no rule for its quality flags",
        "the job stopped at 1_one before mixing anything.",
        "MUSE-WIDE2",
        "Nothing was published, and your catalogs are as they were.",
        "Send a rule file",
        "Technical details",
        '"code": "unsupported_survey"',
    ):
        assert words in page
    assert f"/pipelines/combine-redshift-catalogs?job={process.pk}" in page
    assert '<li class="fail"' in page


def test_a_failure_of_ours_says_so(ana_site: Client, run_in: RunMaker) -> None:
    error = {"code": "internal_error", "message": "The program ended unexpectedly.", "data": {}}
    process = run_in(Phase.ERROR, fields={"error": error})
    page = ana_site.get(f"/jobs/{process.pk}").content.decode()
    assert "it is our fault" in page


def test_the_log_follows_by_offset_in_whole_lines(ana_site: Client, run_in: RunMaker) -> None:
    process = run_in(Phase.EXECUTING, log=LOG + "2026-11-20T19:02:13.000Z INFO half a li")
    page = ana_site.get(f"/jobs/{process.pk}").content.decode()
    assert f"/jobs/{process.pk}/log?offset={len(LOG)}" in page
    assert "half a li" not in page
    part = ana_site.get(f"/jobs/{process.pk}/log", {"offset": LOG.index("\n") + 1})
    fragment = part.content.decode()
    assert "reading 1_one" not in fragment
    assert "3 rows have no flag" in fragment
    assert 'id="log-next" hx-swap-oob="true"' in fragment


def test_the_log_can_be_taken_home(ana_site: Client, run_in: RunMaker) -> None:
    process = run_in(Phase.COMPLETED, log=LOG)
    answer = ana_site.get(f"/jobs/{process.pk}/log.txt")
    assert answer.content.decode() == LOG
    assert answer["Content-Disposition"] == f'attachment; filename="job-{process.pk}.log"'


def test_stopping_asks_first(ana_site: Client, run_in: RunMaker) -> None:
    process = run_in(Phase.EXECUTING)
    assert "Stop this job?" in ana_site.get(f"/jobs/{process.pk}/stop").content.decode()
    process.refresh_from_db()
    assert process.stop_requested_at is None
    ana_site.post(f"/jobs/{process.pk}/stop")
    process.refresh_from_db()
    assert process.stop_requested_by == "ana"
    assert "Stopping" in ana_site.get(f"/jobs/{process.pk}/live").content.decode()


def test_running_again_submits_the_same(ana_site: Client, run_in: RunMaker) -> None:
    process = run_in(Phase.ABORTED, **MARK)
    answer = ana_site.post(f"/jobs/{process.pk}/rerun")
    again = Process.objects.latest("pk")
    assert answer["Location"] == f"/jobs/{again.pk}"
    assert again.pk != process.pk
    assert again.used_config["param"] == process.used_config["param"]


def test_the_list_shows_own_jobs_and_asks_again_by_itself(
    ana_site: Client, bob_site: Client, run_in: RunMaker
) -> None:
    running = run_in(Phase.EXECUTING, events=EVENTS, display_name="Running one", **MARK)
    done = run_in(Phase.COMPLETED, display_name="Done one")
    page = ana_site.get("/jobs").content.decode()
    assert page.index("Done one") < page.index("Running one")
    assert f'id="job-{running.pk}"' in page
    assert f'id="job-{done.pk}"' in page
    assert 'hx-get="/jobs" hx-trigger="every 3s"' in page
    fragment = ana_site.get("/jobs", headers={"HX-Request": "true"}).content.decode()
    assert "Running one" in fragment
    assert "<html" not in fragment
    assert 'hx-trigger="every 20s"' in bob_site.get("/jobs").content.decode()
    assert "No jobs yet" in bob_site.get("/jobs").content.decode()


def test_the_list_has_pages_and_a_fixed_number_of_queries(
    ana_site: Client, run_in: RunMaker, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(3):
        run_in(Phase.COMPLETED, display_name=f"Run {number}")
    with django_assert_max_num_queries(14):  # type: ignore[attr-defined]
        ana_site.get("/jobs")


@pytest.mark.parametrize("path", ["", "/live", "/log", "/log.txt", "/stop"])
def test_nobody_else_sees_a_job(bob_site: Client, run_in: RunMaker, path: str) -> None:
    assert bob_site.get(f"/jobs/{run_in(Phase.EXECUTING).pk}{path}").status_code == 404


def test_administrators_see_all_jobs_with_their_owners(
    client: Client, admin: User, run_in: RunMaker
) -> None:
    run_in(Phase.EXECUTING, display_name="Hers")
    client.force_login(admin)
    page = client.get("/jobs").content.decode()
    assert "Hers" in page
    assert '<td role="cell">ana</td>' in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Deep one", "Wide one", "Broken one", "Halted one"}),
        ("?state=running", {"Deep one"}),
        ("?state=successful", {"Wide one"}),
        ("?state=failed", {"Broken one"}),
        ("?state=stopped", {"Halted one"}),
        ("?q=one+wide", {"Wide one"}),
        ("?q=nothing", set()),
        ("?pipeline=training_set_maker", set()),
        ("?state=x&pipeline=x&page=9", {"Deep one", "Wide one", "Broken one", "Halted one"}),
    ],
)  # fmt: skip
def test_the_list_is_narrowed_by_its_address(
    ana_site: Client, run_in: RunMaker, query: str, shown: set[str]
) -> None:
    names = {
        Phase.EXECUTING: "Deep one", Phase.COMPLETED: "Wide one",
        Phase.ERROR: "Broken one", Phase.ABORTED: "Halted one",
    }  # fmt: skip
    for phase, name in names.items():
        run_in(phase, display_name=name)

    page = ana_site.get(f"/jobs{query}").content.decode()

    assert {name for name in names.values() if f">{name}</a>" in page} == shown
    assert ("Show all jobs" in page) == (not shown)


def test_a_job_is_found_by_its_number_and_states_are_counted(
    ana_site: Client, run_in: RunMaker
) -> None:
    jobs = [run_in(Phase.COMPLETED, display_name=f"Run {letter}") for letter in "ab"]

    page = ana_site.get(f"/jobs?q=%23{jobs[0].pk}").content.decode()

    assert ">Run a</a>" in page
    assert ">Run b</a>" not in page
    assert 'Successful <span class="count">1</span>' in page
    assert 'Failed <span class="count">0</span>' in page


def test_the_page_of_a_job_drops_what_no_longer_holds_when_it_ends(
    ana_site: Client, run_in: RunMaker
) -> None:
    process = run_in(Phase.EXECUTING, events=EVENTS)
    line = "You can close this page"
    assert line in ana_site.get(f"/jobs/{process.pk}").content.decode()
    assert line in ana_site.get(f"/jobs/{process.pk}/live").content.decode()
    Process.objects.filter(pk=process.pk).update(phase=Phase.COMPLETED, ended_at=timezone.now())

    fragment = ana_site.get(f"/jobs/{process.pk}/live").content.decode()

    assert line not in fragment
    assert '<p class="hint px-1" id="job-leave" hx-swap-oob="true"></p>' in fragment


def test_the_end_of_a_run_is_told_and_read_on_its_page(
    ana_site: Client, ana: User, run_in: RunMaker
) -> None:
    process = run_in(Phase.EXECUTING)
    error = {"code": "empty_result", "message": "No row is left.", "data": {}}
    assert fail_process(process, Phase.EXECUTING, error)
    assert not fail_process(process, Phase.EXECUTING, error)
    (notice,) = unread_of(ana)
    assert (notice.kind, notice.url) == ("job_failed", f"/jobs/{process.pk}")
    assert notice.message == "No row is left."

    page = ana_site.get("/jobs").content.decode()
    assert 'aria-label="My jobs: 0 running, 1 failed"' in page
    ana_site.get(f"/jobs/{process.pk}")

    assert not unread_of(ana).exists()
    assert "jobs-chip" not in ana_site.get("/jobs").content.decode()


def test_who_stops_a_job_is_not_told_and_its_owner_is_when_another_did(
    ana: User, run_in: RunMaker
) -> None:
    for by, told in (("ana", 0), ("root", 1)):
        process = run_in(Phase.EXECUTING, fields={"stop_requested_by": by})
        assert abort_process(process, Phase.EXECUTING)
        assert unread_of(ana).count() == told


def test_a_job_is_written_as_a_program_without_what_is_by_default(
    ana_site: Client, run_in: RunMaker
) -> None:
    process = run_in(Phase.COMPLETED, display_name="Twice & more", **MARK)
    names = [product.internal_name for product in inputs_of(process)]

    snippets = snippets_of_job(process, "http://testserver/api/")

    python = snippets["python"].splitlines()
    assert python[3] == "job = pz.combine_redshift_catalogs('Twice & more')"
    assert [f"job.append_catalog(internal_name={name!r})" for name in names] == python[4:-2]
    assert "'combine_type': 'concatenate_and_mark_duplicates'" in python[-2]
    assert "z_flag_homogenized_value_to_cut" not in python[-2]
    compile(snippets["python"], "snippet", "exec")
    body = json.loads(snippets["json"])
    assert body["inputs"] == [product.pk for product in inputs_of(process)]
    assert body["used_config"]["param"] == process.used_config["param"]
    words = shlex.split(snippets["command"])
    assert words[:2] == ["pz", "combine"]
    assert words[words.index("--name") + 1] == "Twice & more"
    page = unescape(ana_site.get(f"/jobs/{process.pk}").content.decode())
    assert snippets["command"] in page


def test_both_logs_can_be_read_and_taken_home(ana_site: Client, run_in: RunMaker) -> None:
    process = run_in(Phase.ERROR, log=LOG, fields={"error": {"code": "x", "message": "X."}})
    (data_path(process.path) / "attempt-1" / "run.err").write_text("Killed by the kernel\n")

    pipeline = ana_site.get(f"/jobs/{process.pk}").content.decode()
    scheduler = ana_site.get(f"/jobs/{process.pk}?log=scheduler").content.decode()

    assert "reading 1_one" in pipeline
    assert "Killed by the kernel" not in pipeline
    assert "Killed by the kernel" in scheduler
    assert "reading 1_one" not in scheduler
    file = ana_site.get(f"/jobs/{process.pk}/log.txt?log=scheduler")
    assert file.content == b"Killed by the kernel\n"
    assert file["Content-Disposition"] == f'attachment; filename="job-{process.pk}-scheduler.log"'


def test_the_page_of_a_job_costs_few_queries(
    ana_site: Client, run_in: RunMaker, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    process = run_in(Phase.EXECUTING, events=EVENTS, log=LOG)
    with django_assert_max_num_queries(9):  # type: ignore[attr-defined]
        ana_site.get(f"/jobs/{process.pk}")
    with django_assert_max_num_queries(7):  # type: ignore[attr-defined]
        ana_site.get(f"/jobs/{process.pk}/live")
