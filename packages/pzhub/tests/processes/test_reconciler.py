"""The reconciler with real processes: each way in which a run can go."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import ProductStatus
from pzhub.core.leases import acquire_lease
from pzhub.core.models import AuditEntry
from pzhub.processes.models import Phase, Process
from pzhub.processes.reconciler import Reconciler, reconcile_once
from pzhub.processes.reconciler.collect import collect_ended
from pzhub.processes.reconciler.holding import held
from pzhub.processes.reconciler.start import claim_pending, submit_claimed
from pzhub.processes.records import (
    EXIT_FILE,
    START_FILE,
    ExitRecord,
    StartRecord,
    read_json,
    read_program,
    write_json,
)
from pzhub.processes.runners import runner_named
from pzhub.processes.runners.base import JobReport, JobState, RunnerError
from pzhub.processes.selectors import attempt_folder, wire_status
from pzhub.processes.services import request_stop

FOR_EVER = "exec sleep 300"
#: Ends by itself, and is not tried again: quicker than registering a result.
BRIEF = "exit 1"


@pytest.fixture
def process(submit: Callable[..., Process], ana: User) -> Process:
    return submit(ana)


def executing(process: Process, policy: Any, steps: Any) -> Process:
    """Bring a run to where its program works."""
    steps.until(process, Phase.EXECUTING, policy=policy)
    process = steps.fresh(process)
    steps.wait_for(lambda: read_program(attempt_folder(process)))
    return process


def test_a_run_becomes_a_published_product(process: Process, shell: Any, steps: Any) -> None:
    ended = steps.settled(process, shell(steps.success))
    assert ended.phase == Phase.COMPLETED, ended.error
    product = steps.product(process)
    aliases = dict(product.columns.exclude(alias=None).values_list("column_name", "alias"))
    assert {
        "attempt": ended.attempt,
        "summary": ended.summary,
        "versions": ended.versions,
        "error": ended.error,
        "wire": wire_status(ended),
        "product": product.get_status_display(),
        "files": list(product.files.values_list("name", "role")),
        "aliases": aliases,
    } == {
        "attempt": 1,
        "summary": {"rows": 6},
        "versions": {"pzpipelines": "1.0.0"},
        "error": None,
        "wire": "Successful",
        "product": "Published",
        "files": [("crd.parquet", 0)],
        "aliases": {"CRD_ID": "ID", "RA": "RA", "DEC": "Dec", "Z": "z"},
    }
    assert ended.started_at is not None
    assert ended.ended_at is not None
    record = ExitRecord.read(attempt_folder(ended))
    assert record is not None
    assert (record.exit_code, record.signal, record.attempt) == (0, None, 1)
    acts = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert acts.index("process-completed") == acts.index("product-published") + 1


def test_what_the_pipeline_refuses_is_told_in_its_own_words(
    process: Process, shell: Any, steps: Any
) -> None:
    error = {"code": "unsupported_survey", "message": "Survey NOPE: no rules.", "data": {"n": 3}}
    outcome = json.dumps({"status": "refused", "error": error, "outputs": []})
    ended = steps.settled(process, shell(f"echo '{outcome}' > outcome.json; exit 2"))
    assert (ended.phase, ended.error, ended.comment) == (Phase.ERROR, error, error["message"])
    assert steps.product(process).status == ProductStatus.FAILED
    assert steps.product(process).failure == error


def test_our_fault_is_an_apology_that_names_the_log(
    process: Process, shell: Any, steps: Any
) -> None:
    ended = steps.settled(process, shell("echo trouble >&2; exit 1"))
    assert ended.phase == Phase.ERROR
    assert ended.error == {
        "code": "pipeline_failed",
        "message": (
            "Sorry, the run failed (it ended with exit code 1). This is a fault of the"
            f" server, not of your data. The log of process {ended.pk} tells more; send its"
            " number to the administrators."
        ),
        "data": {"process": ended.pk, "attempt": 1},
    }


@pytest.mark.parametrize(
    "script",
    [
        "exit 0",
        'printf \'{"status": "comp\' > outcome.json',
        "echo '[]' > outcome.json",
        'echo \'{"status": "completed"}\' > outcome.json',
        'cp "$SOURCE/outcome.json" .',
        (
            'echo \'{"status":"completed","outputs":[{"role":"main","path":"../../x"}]}\''
            " > outcome.json; touch ../../x"
        ),
    ],
    ids=["missing", "truncated", "no object", "no outputs", "no file", "outside"],
)
def test_a_missing_or_damaged_result_is_our_fault(
    process: Process, shell: Any, steps: Any, script: str
) -> None:
    ended = steps.settled(process, shell(script))
    assert (ended.phase, ended.error["code"]) == (Phase.ERROR, "broken_result")
    assert steps.product(process).status == ProductStatus.FAILED


def test_a_result_that_is_no_table_is_refused(process: Process, shell: Any, steps: Any) -> None:
    script = 'cp "$SOURCE/outcome.json" .; echo nonsense > crd.parquet'
    ended = steps.settled(process, shell(script))
    assert ended.phase == Phase.ERROR
    assert ended.error["message"].startswith("Sorry, the run failed (")
    assert steps.product(process).files.count() == 0


def test_walltime_ends_the_whole_session(process: Process, shell: Any, steps: Any) -> None:
    ended = steps.settled(process, shell("sleep 311 & sleep 312", walltime_seconds=0.5))
    assert (ended.phase, ended.error["code"]) == (Phase.ERROR, "walltime")
    assert "limit of 0 seconds" in ended.error["message"]
    running = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    assert [line for line in running if line in (["sleep", "311"], ["sleep", "312"])] == []


def test_memory_beyond_the_limit_ends_the_run(process: Process, shell: Any, steps: Any) -> None:
    script = 'exec python3 -c "x = bytearray(200_000_000); import time; time.sleep(60)"'
    ended = steps.settled(process, shell(script, memory_bytes=100_000_000))
    assert (ended.phase, ended.error["code"]) == (Phase.ERROR, "out_of_memory")
    assert ended.error["data"]["peak_bytes"] > 100_000_000


def test_a_program_that_cannot_be_started_is_told(process: Process, shell: Any, steps: Any) -> None:
    policy = shell("")
    object.__setattr__(policy, "command", lambda *_: ["/no/such/program"])
    ended = steps.settled(process, policy)
    assert (ended.phase, ended.error["code"]) == (Phase.ERROR, "pipeline_failed")
    assert "/no/such/program" in ended.error["message"]


# Stopping, in every state


def test_stopped_before_it_began(process: Process, ana: User, shell: Any, steps: Any) -> None:
    request_stop(actor=ana, process=process)
    ended = steps.settled(process, shell(FOR_EVER))
    assert (ended.phase, ended.attempt) == (Phase.ABORTED, 0)
    assert steps.product(process).failure == {
        "code": "stopped",
        "message": "The run was stopped by ana.",
        "data": {"stopped_by": "ana"},
    }


def test_stopped_between_claim_and_start(
    process: Process, ana: User, shell: Any, steps: Any
) -> None:
    policy = shell(FOR_EVER)
    claim_pending(policy)
    assert steps.phase(process) == Phase.SUBMITTING
    request_stop(actor=ana, process=process)
    assert steps.settled(process, policy).phase == Phase.ABORTED


def test_stopped_while_its_wrapper_starts(
    process: Process, ana: User, shell: Any, steps: Any
) -> None:
    policy = shell(FOR_EVER)
    claim_pending(policy)
    submit_claimed(policy)
    assert steps.phase(process) == Phase.QUEUED
    request_stop(actor=ana, process=process)
    assert wire_status(steps.fresh(process)) == "Stopping"
    assert steps.settled(process, policy).phase == Phase.ABORTED


def test_stopped_while_it_executes(process: Process, ana: User, shell: Any, steps: Any) -> None:
    policy = shell("trap 'echo bye; exit 143' TERM; sleep 300 & wait")
    running = executing(process, policy, steps)
    request_stop(actor=ana, process=process)
    ended = steps.settled(process, policy)
    assert (ended.phase, ended.error["message"]) == (Phase.ABORTED, "The run was stopped by ana.")
    assert (attempt_folder(running) / "run.out").read_text() == "bye\n"


def test_a_run_that_ended_before_it_was_stopped_keeps_its_result(
    process: Process, ana: User, shell: Any, steps: Any
) -> None:
    policy = shell(steps.success)
    steps.until(process, Phase.COLLECTING, Phase.COMPLETED, policy=policy)
    assert request_stop(actor=ana, process=process).stop_requested_at is None
    assert steps.settled(process, policy).phase == Phase.COMPLETED


def test_stopping_an_ended_run_changes_nothing(
    process: Process, ana: User, shell: Any, steps: Any
) -> None:
    ended = steps.settled(process, shell("exit 1"))
    assert request_stop(actor=ana, process=ended).phase == Phase.ERROR


# kill -9, in every state


def test_a_killed_program_is_started_again(process: Process, shell: Any, steps: Any) -> None:
    policy = shell(FOR_EVER)
    running = executing(process, policy, steps)
    program = read_program(attempt_folder(running))
    assert program is not None
    os.kill(program.pid, signal.SIGKILL)
    ended = steps.settled(process, shell(BRIEF))
    assert (ended.phase, ended.attempt) == (Phase.ERROR, 2)
    assert ended.started_at == running.started_at


def test_a_killed_wrapper_means_another_attempt_and_no_second_program(
    process: Process, shell: Any, steps: Any
) -> None:
    running = executing(process, shell(FOR_EVER), steps)
    folder = attempt_folder(running)
    start, program = StartRecord.read(folder), read_program(folder)
    assert start is not None
    assert program is not None
    os.kill(start.wrapper.pid, signal.SIGKILL)
    ended = steps.settled(process, shell(BRIEF))
    assert (ended.phase, ended.attempt) == (Phase.ERROR, 2)
    assert not program.is_alive()


def test_killed_three_times_it_is_reported(process: Process, shell: Any, steps: Any) -> None:
    ended = steps.settled(process, shell("kill -9 $$"))
    assert (ended.phase, ended.attempt) == (Phase.ERROR, 3)
    assert ended.error == {
        "code": "interrupted",
        "message": (
            "The run was interrupted by signal SIGKILL, 3 times in a row. This is no fault of"
            " your data; tell the administrators, then run it again."
        ),
        "data": {"attempts": 3},
    }


def test_a_crash_of_the_program_is_not_tried_again(
    process: Process, shell: Any, steps: Any
) -> None:
    ended = steps.settled(process, shell("kill -SEGV $$"))
    assert (ended.phase, ended.attempt, ended.error["code"]) == (
        Phase.ERROR,
        1,
        "pipeline_failed",
    )


def test_a_reconciler_that_died_after_the_claim_is_taken_over(
    process: Process, shell: Any, steps: Any
) -> None:
    policy = shell(BRIEF)
    claim_pending(policy)  # ... and here the reconciler is killed
    assert (steps.phase(process), steps.fresh(process).runner_job) == (Phase.SUBMITTING, "")
    assert steps.settled(process, policy).attempt == 1


def test_a_reconciler_that_died_after_the_start_starts_nothing_twice(
    process: Process, shell: Any, steps: Any
) -> None:
    policy = shell(f"echo begun >> ../begun; {BRIEF}")
    claim_pending(policy)
    submit_claimed(policy)
    # Killed before it could note the start: the row says that nothing was handed over.
    Process.objects.filter(pk=process.pk).update(phase=Phase.SUBMITTING, runner_job="")
    ended = steps.settled(process, policy)
    assert (ended.phase, ended.attempt) == (Phase.ERROR, 1)
    assert (attempt_folder(ended) / "begun").read_text() == "begun\n"


def test_two_wrappers_of_one_attempt_start_one_program(
    process: Process, shell: Any, steps: Any
) -> None:
    policy = shell(f"echo begun >> ../begun; sleep 0.5; {BRIEF}")
    for _ in range(3):
        Process.objects.filter(pk=process.pk).update(phase=Phase.PENDING, attempt=0)
        claim_pending(policy)
        submit_claimed(policy)
    ended = steps.settled(process, policy)
    assert ended.phase == Phase.ERROR
    assert (attempt_folder(ended) / "begun").read_text() == "begun\n"


def test_a_run_that_ended_while_nobody_watched_is_collected(
    process: Process, shell: Any, steps: Any
) -> None:
    policy = shell(BRIEF)
    claim_pending(policy)
    submit_claimed(policy)
    folder = attempt_folder(steps.fresh(process))
    steps.wait_for((folder / EXIT_FILE).exists)
    Process.objects.update(last_seen_at=timezone.now() - timedelta(days=2))
    ended = steps.settled(process, policy)
    assert (ended.attempt, ended.error["code"]) == (1, "pipeline_failed")


def test_a_pid_that_another_process_has_now_is_not_the_run(
    process: Process, shell: Any, steps: Any
) -> None:
    running = executing(process, shell(FOR_EVER), steps)
    folder = attempt_folder(running)
    start = StartRecord.read(folder)
    assert start is not None
    os.kill(start.wrapper.pid, signal.SIGKILL)
    other = psutil.Popen(["sleep", "300"], start_new_session=True)
    try:
        for name, path in (("wrapper", START_FILE), ("", "program.json")):
            record = read_json(folder / path)
            assert record is not None
            (record[name] if name else record).update(pid=other.pid)
            write_json(folder / path, record)
        ended = steps.settled(process, shell(BRIEF))
        assert (ended.phase, ended.attempt) == (Phase.ERROR, 2)
        assert other.is_running()
    finally:
        other.kill()
        other.wait()


def test_a_lost_run_has_a_grace_before_it_counts_as_lost(
    process: Process, shell: Any, steps: Any
) -> None:
    policy = shell(FOR_EVER, grace_seconds=60)
    running = executing(process, policy, steps)
    start = StartRecord.read(attempt_folder(running))
    assert start is not None
    os.kill(start.wrapper.pid, signal.SIGKILL)
    for _ in range(3):
        reconcile_once(policy)
    assert (steps.phase(process), steps.fresh(process).attempt) == (Phase.EXECUTING, 1)


# Two at once


def test_a_result_is_registered_once(process: Process, shell: Any, steps: Any) -> None:
    policy = shell(steps.success)
    ended = steps.settled(process, policy)
    Process.objects.filter(pk=process.pk).update(phase=Phase.COLLECTING, ended_at=None)
    collect_ended(policy)
    again = steps.fresh(process)
    assert (again.phase, again.summary) == (Phase.COMPLETED, ended.summary)
    product = steps.product(process)
    assert (product.files.count(), product.columns.count()) == (1, 6)


def test_a_result_that_another_collects_is_left_to_it(
    process: Process, shell: Any, steps: Any
) -> None:
    policy = shell(BRIEF)
    with held(f"collect-{process.pk}", 60):
        steps.until(process, Phase.COLLECTING, policy=policy)
        reconcile_once(policy)
        assert steps.phase(process) == Phase.COLLECTING
    assert steps.settled(process, policy).phase == Phase.ERROR


def test_a_product_deleted_meanwhile_takes_no_result(
    process: Process, shell: Any, steps: Any
) -> None:
    policy = shell(BRIEF)
    steps.until(process, Phase.QUEUED, policy=policy)
    now = timezone.now()
    type(process.upload).objects.update(status=ProductStatus.DELETED, deleted_at=now)
    ended = steps.settled(process, policy)
    assert (ended.phase, ended.error["code"]) == (Phase.ERROR, "product_deleted")
    assert steps.product(process).status == ProductStatus.DELETED


def test_only_one_reconciler_works_at_a_time(process: Process, shell: Any, steps: Any) -> None:
    first, second = Reconciler(shell(FOR_EVER)), Reconciler(shell(FOR_EVER))
    assert (first.tick(), second.tick(), first.tick()) == (True, False, True)
    first.release()
    assert second.tick()


def test_the_lease_of_a_killed_reconciler_is_free_at_once(process: Process, shell: Any) -> None:
    dead = psutil.Popen(["sleep", "300"])
    holder = f"{socket.gethostname()}/{dead.pid}/{dead.create_time():.2f}/abcd"
    assert acquire_lease("reconciler", holder, 60)
    reconciler = Reconciler(shell(BRIEF))
    assert not reconciler.tick()
    dead.kill()
    dead.wait()
    assert reconciler.tick()


def test_the_pause_is_short_while_somebody_waits(process: Process, shell: Any, steps: Any) -> None:
    reconciler = Reconciler(shell(BRIEF))
    busy = reconciler.pause_seconds()
    steps.settled(process, shell(BRIEF))
    assert busy < reconciler.pause_seconds()


# Slots


def test_five_runs_share_two_slots_fairly(
    submit: Callable[..., Process], ana: User, bob: User, shell: Any, steps: Any
) -> None:
    runs = [submit(user, display_name=f"run {n}") for n, user in enumerate([ana] * 4 + [bob])]
    policy = shell(FOR_EVER, slots=2)
    reconcile_once(policy)
    phases = [steps.phase(run) for run in runs]
    assert [phase != Phase.PENDING for phase in phases] == [True, False, False, False, True]
    # The two that hold a slot may have begun already.
    assert [wire_status(steps.fresh(run)) for run in runs[1:4]] == ["Pending"] * 3
    reconcile_once(policy)
    assert Process.objects.filter(phase=Phase.PENDING).count() == 3


def test_five_queued_runs_all_end(
    submit: Callable[..., Process], ana: User, shell: Any, steps: Any
) -> None:
    runs = [submit(ana, display_name=f"run {n}") for n in range(5)]
    policy = shell("exit 1", slots=2)
    seen = []
    while Process.objects.exclude(phase=Phase.ERROR).exists():
        reconcile_once(policy)
        seen.append(Process.objects.filter(phase__in=["QUEUED", "EXECUTING"]).count())
    assert max(seen) <= 2
    assert [steps.fresh(run).attempt for run in runs] == [1] * 5


def test_a_user_holds_no_more_than_the_own_slots(
    submit: Callable[..., Process], ana: User, shell: Any
) -> None:
    for n in range(3):
        submit(ana, display_name=f"run {n}")
    reconcile_once(shell(FOR_EVER, slots=3, slots_per_user=1))
    assert Process.objects.exclude(phase=Phase.PENDING).count() == 1


# The machine refuses


def test_an_input_that_went_away_fails_the_run_with_its_name(
    process: Process, shell: Any, steps: Any, data_dir: Path
) -> None:
    product = process.input_links.get(position=1).product
    (data_dir / product.inspection.canonical_path).unlink()
    ended = steps.settled(process, shell(steps.success))
    assert (ended.phase, ended.error["code"]) == (Phase.ERROR, "input_not_ready")
    assert product.internal_name in ended.error["message"]


def test_a_folder_that_cannot_be_written_is_tried_again(
    process: Process, shell: Any, steps: Any, data_dir: Path
) -> None:
    policy = shell(BRIEF, max_errors=3)
    folder = data_dir / process.path
    folder.rmdir()
    folder.write_text("in the way")
    reconcile_once(policy)
    assert (steps.phase(process), steps.fresh(process).poll_errors) == (Phase.SUBMITTING, 1)
    folder.unlink()
    assert steps.settled(process, policy).error["code"] == "pipeline_failed"


def test_a_folder_that_can_never_be_written_is_reported(
    process: Process, shell: Any, steps: Any, data_dir: Path
) -> None:
    folder = data_dir / process.path
    folder.rmdir()
    folder.write_text("in the way")
    ended = steps.settled(process, shell(steps.success, max_errors=3))
    assert (ended.phase, ended.error["code"]) == (Phase.ERROR, "not_started")


def test_a_run_that_cannot_go_on_does_not_stop_the_others(
    submit: Callable[..., Process], ana: User, shell: Any, steps: Any
) -> None:
    broken, sound = submit(ana, display_name="broken"), submit(ana, display_name="sound")
    Process.objects.filter(pk=broken.pk).update(used_config={})
    policy = shell(BRIEF, max_errors=2)
    assert steps.settled(sound, policy).error["code"] == "pipeline_failed"
    assert steps.settled(broken, policy).error["code"] == "not_started"
    assert steps.product(broken).status == ProductStatus.FAILED


def test_a_runner_that_does_not_answer_is_no_evidence(
    process: Process, shell: Any, steps: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = shell(FOR_EVER, grace_seconds=0, max_errors=2)
    executing(process, policy, steps)

    def silent(refs: object) -> None:
        raise RunnerError("the scheduler is away")

    monkeypatch.setattr(runner_named("local"), "poll", silent)
    for _ in range(5):
        reconcile_once(policy)
    unanswered = steps.fresh(process)
    assert (unanswered.phase, unanswered.attempt, unanswered.poll_errors) == (
        Phase.EXECUTING,
        1,
        5,
    )
    monkeypatch.undo()
    reconcile_once(policy)
    assert steps.fresh(process).poll_errors == 0


def test_an_unknown_state_is_no_evidence(
    process: Process, shell: Any, steps: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = shell(FOR_EVER, grace_seconds=0)
    executing(process, policy, steps)
    unknown = JobReport(JobState.UNKNOWN)
    monkeypatch.setattr(runner_named("local"), "poll", lambda refs: dict.fromkeys(refs, unknown))
    reconcile_once(policy)
    assert (steps.phase(process), steps.fresh(process).poll_errors) == (Phase.EXECUTING, 1)


def test_a_brief_run_that_nobody_saw_running_has_its_times(
    process: Process, shell: Any, steps: Any
) -> None:
    policy = shell(BRIEF)
    claim_pending(policy)
    submit_claimed(policy)
    folder = attempt_folder(steps.fresh(process))
    steps.wait_for((folder / EXIT_FILE).exists)
    ended = steps.settled(process, policy)
    record = ExitRecord.read(folder)
    assert record is not None
    assert ended.started_at.isoformat() == record.started_at
