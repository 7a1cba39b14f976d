"""What goes wrong over one run must not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import F

from pzhub.processes.models import Phase, Process
from pzhub.processes.reconciler.policy import ReconcilePolicy
from pzhub.processes.services.finish import fail_process

_LOG = logging.getLogger(__name__)


@contextmanager
def contained(process: Process, policy: ReconcilePolicy, *, code: str) -> Iterator[None]:
    """Log what a step over one run raises; the next pass tries again, but not for ever.

    Parameters
    ----------
    process
        The run.
    policy
        Says how often.
    code
        Of the error with which the run then ends.
    """
    source = Phase(process.phase)
    try:
        yield
    except Exception as error:  # noqa: BLE001  # see rules.yml
        # Disk full, database busy, or a mistake of ours: whatever it is, other runs go on.
        _LOG.exception("process %d could not go on from %s", process.pk, source)
        Process.objects.filter(pk=process.pk).update(poll_errors=F("poll_errors") + 1)
        if process.poll_errors + 1 >= policy.max_errors:
            fail_process(process, source, apology(process, code, str(error)))


def apology(process: Process, code: str, why: str) -> dict[str, Any]:
    """Return the error of a fault that is ours."""
    return {
        "code": code,
        "message": (
            f"Sorry, the run failed ({why}). This is a fault of the server, not of your data."
            f" The log of process {process.pk} tells more; send its number to the"
            " administrators."
        ),
        "data": {"process": process.pk, "attempt": process.attempt},
    }
