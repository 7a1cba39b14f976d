"""Collecting: an ended attempt becomes a published product, or a sentence that says why not."""

from __future__ import annotations

import logging
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pzhub.catalog.models import ProductStatus
from pzhub.core.errors import HubError
from pzhub.processes.completion import complete_process
from pzhub.processes.models import Phase, Process
from pzhub.processes.reconciler.containment import apology, contained
from pzhub.processes.reconciler.holding import held
from pzhub.processes.reconciler.policy import ReconcilePolicy
from pzhub.processes.reconciler.watch import retry_or_fail
from pzhub.processes.records import EndReason, ExitRecord, read_json
from pzhub.processes.runners import runner_named
from pzhub.processes.selectors import attempt_folder, job_ref
from pzhub.processes.services.finish import fail_process
from pzhub.uploads.services.results import register_result
from pztables.errors import UserError

_LOG = logging.getLogger(__name__)

#: Exit codes of `pzpipelines run`.
DONE, REFUSED, TERMINATED = 0, 2, 143
#: Signals that people and machines send; others are crashes of the program.
_FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT}
#: Longer than reading any result may take.
_COLLECT_SECONDS: Final = 7200.0
_NEEDED: Final = ("upload__product_type", "user", "pipeline")
_DELETED = {
    "code": "product_deleted",
    "message": "The product of this run was deleted before the run ended.",
    "data": {},
}


class BrokenResultError(HubError):
    """The program said that it was done, but its result is missing or damaged."""

    code = "broken_result"


def collect_ended(policy: ReconcilePolicy) -> None:
    """Settle every run whose program has ended."""
    ended = Process.objects.filter(phase=Phase.COLLECTING)
    for key in ended.values_list("pk", flat=True):
        # Two collectors of one result would disturb each other's files.
        with held(f"collect-{key}", _COLLECT_SECONDS) as is_ours:
            process = ended.filter(pk=key).select_related(*_NEEDED).first()
            if not is_ours or process is None:  # it has been settled meanwhile
                continue
            with contained(process, policy, code="not_registered"):
                _collect(process, policy)


def _collect(process: Process, policy: ReconcilePolicy) -> None:
    if process.upload.status == ProductStatus.DELETED:
        fail_process(process, Phase.COLLECTING, _DELETED)
        return
    record = ExitRecord.read(attempt_folder(process))
    if record is None:  # somebody removed it: the attempt is as good as lost
        retry_or_fail(process, Phase.COLLECTING, policy, "lost its exit record")
        return
    if record.reason is EndReason.EXITED and record.exit_code == DONE:
        _register(process)
    elif _was_interrupted(record):
        retry_or_fail(process, Phase.COLLECTING, policy, f"was interrupted by {_ending(record)}")
    else:
        fail_process(process, Phase.COLLECTING, _error_of(process, record, policy))


def _was_interrupted(record: ExitRecord) -> bool:
    """Tell whether somebody else than the program or the wrapper ended the program."""
    if record.reason is EndReason.STOPPED:  # nobody asked for it in the name of a user
        return True
    if record.reason is not EndReason.EXITED:
        return False
    return record.signal in _FROM_OUTSIDE or record.exit_code == TERMINATED


def _register(process: Process) -> None:
    """Publish the result and complete the run, in one transaction."""
    folder = runner_named(process.runner).collect(job_ref(process))
    try:
        outcome = _outcome_in(folder)
        main, columns, auxiliaries = _outputs_of(outcome, folder)
        Process.objects.filter(pk=process.pk, phase=Phase.COLLECTING).update(
            summary=outcome.get("summary"), versions=outcome.get("versions")
        )
        register_result(
            product=process.upload,
            main_path=main,
            columns_assoc=columns,
            auxiliaries=auxiliaries,
            actor=process.user,
        )
        # Completed in the transaction that published; unless a former pass published before.
        complete_process(process.upload)
    except UserError as error:
        _LOG.exception("the result of process %d cannot be registered", process.pk)
        fail_process(process, Phase.COLLECTING, apology(process, error.code, error.message))


def _outcome_in(folder: Path) -> dict[str, Any]:
    outcome = read_json(folder / "outcome.json")
    if outcome is None or outcome.get("status") != "completed":
        raise BrokenResultError("its outcome file is missing, damaged or says something else")
    return outcome


def _outputs_of(
    outcome: Mapping[str, Any], folder: Path
) -> tuple[Path, Mapping[str, str], list[Path]]:
    """Return main output, its columns by role, and the other outputs; all inside the folder."""
    try:
        outputs = [(item["role"], folder / item["path"], item) for item in outcome["outputs"]]
    except (KeyError, TypeError) as error:
        raise BrokenResultError("its outcome file lists no outputs") from error
    for _, path, _ in outputs:
        if not path.resolve().is_relative_to(folder.resolve()) or not path.exists():
            raise BrokenResultError(f"its output {path.name} is missing")
    mains = [(path, item) for role, path, item in outputs if role == "main"]
    if len(mains) != 1:
        raise BrokenResultError(f"its outcome file lists {len(mains)} main outputs")
    path, item = mains[0]
    others = [other for role, other, _ in outputs if role != "main"]
    return path, item.get("columns_assoc") or {}, others


def _error_of(process: Process, record: ExitRecord, policy: ReconcilePolicy) -> dict[str, Any]:
    """Return code, sentence and data for a program that failed."""
    if record.exit_code == REFUSED:
        outcome = read_json(attempt_folder(process) / "work" / "outcome.json") or {}
        error = outcome.get("error")
        if isinstance(error, dict) and {"code", "message"} <= error.keys():
            return {"data": {}, **error}
    if record.reason is EndReason.WALLTIME:
        return {
            "code": "walltime",
            "message": (
                f"The run took longer than the limit of {_duration(policy.walltime_seconds)}"
                " and was ended. Combine fewer or smaller catalogs, or ask the administrators"
                " for a longer limit."
            ),
            "data": {"limit_seconds": policy.walltime_seconds},
        }
    if record.reason is EndReason.MEMORY:
        return {
            "code": "out_of_memory",
            "message": (
                f"The run needed more than the limit of {policy.memory_bytes / 1e9:.1f} GB of"
                " memory and was ended. Combine fewer or smaller catalogs, or ask the"
                " administrators for a higher limit."
            ),
            "data": {"limit_bytes": policy.memory_bytes, "peak_bytes": record.peak_memory_bytes},
        }
    return apology(process, "pipeline_failed", f"it ended with {_ending(record)}")


def _ending(record: ExitRecord) -> str:
    if record.message:
        return record.message
    if record.signal is not None:
        return f"signal {signal.Signals(record.signal).name}"
    return f"exit code {record.exit_code}" if record.exit_code is not None else record.reason.value


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
