"""Chores: work for a worker process, arranged so that a killed worker loses nothing.

The task queue leaves the task of a killed worker running for ever. What waits for a
chore is therefore a row with a state and a lease of its own: a worker claims the row
by one compare-and-set update, keeps the lease alive while it works, and a sweep gives
rows whose worker died back to the queue. Chores are idempotent: a second task for a
row that is taken or done does nothing.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import psutil
from django.db import connection
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks_db.models import DBTaskResult

#: How long a worker may be silent before its row is given to another, seconds.
LEASE_SECONDS: Final = 60
#: After this many workers died or failed over one row, nobody tries again.
MAX_ATTEMPTS: Final = 3


def enqueue_chore(path: str, *arguments: int) -> str:
    """Queue a task in the caller's transaction.

    Parameters
    ----------
    path
        Dotted path of the task, so that services need not import ``tasks``.
    *arguments
        Primary keys.

    Returns
    -------
    id of the task
    """
    return str(import_string(path).enqueue(*arguments).id)


def queued_arguments(path: str) -> set[int]:
    """Return the first argument of every task of a path that no worker has taken yet."""
    tasks = DBTaskResult.objects.filter(status="READY", task_path=path)
    return {stored["args"][0] for stored in tasks.values_list("args_kwargs", flat=True)}


def holder_name() -> str:
    """Return a name for one piece of work of this process: host, pid, start time, nonce."""
    started = psutil.Process().create_time()
    return f"{socket.gethostname()[:60]}/{os.getpid()}/{started:.2f}/{secrets.token_hex(4)}"


def is_holder_dead(holder: str) -> bool:
    """Tell whether a holder was a process of this host that runs no more."""
    try:
        host, pid, started, _ = holder.rsplit("/", 3)
        if host != socket.gethostname()[:60]:
            return False
        return bool(abs(psutil.Process(int(pid)).create_time() - float(started)) > 0.05)
    except psutil.NoSuchProcess:
        return True
    except ValueError:
        return False


def claim_row(model: type[Model], pk: int, *, field: str, waiting: str, running: str) -> str | None:
    """Take the chore of one row, unless a live worker has it.

    Parameters
    ----------
    model, pk
        The row; it has ``attempt``, ``lease_holder`` and ``lease_until``.
    field
        Its state field.
    waiting, running
        Values of that field.

    Returns
    -------
    name under which this worker now holds the row, or ``None``
    """
    now, holder = timezone.now(), holder_name()
    free = Q(**{field: waiting}) | Q(**{field: running, "lease_until__lt": now})
    taken = (
        _rows(model)
        .filter(free, pk=pk)
        .update(
            **{field: running},
            attempt=F("attempt") + 1,
            lease_holder=holder,
            lease_until=now + timedelta(seconds=LEASE_SECONDS),
        )
    )
    return holder if taken else None


def _rows(model: type[Model]) -> QuerySet[Any]:
    return model._default_manager.all()


@contextmanager
def kept_lease(model: type[Model], pk: int, holder: str) -> Iterator[None]:
    """Renew the lease of a claimed row from a thread for as long as the block runs."""
    finished = threading.Event()

    thread = threading.Thread(target=_beat, args=(finished, model, pk, holder), daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


def _beat(finished: threading.Event, model: type[Model], pk: int, holder: str) -> None:
    """Renew three times per lease until told to stop or until the lease is lost."""
    try:
        while not finished.wait(LEASE_SECONDS / 3) and _renew(model, pk, holder):
            pass
    finally:
        connection.close()  # connections belong to threads


def _renew(model: type[Model], pk: int, holder: str) -> bool:
    until = timezone.now() + timedelta(seconds=LEASE_SECONDS)
    return bool(_rows(model).filter(pk=pk, lease_holder=holder).update(lease_until=until))


def release_dead_rows(model: type[Model], *, field: str, waiting: str, running: str) -> int:
    """Give rows of dead or silent workers back; return how many."""
    released = 0
    now = timezone.now()
    for pk, holder, until in (
        _rows(model).filter(**{field: running}).values_list("pk", "lease_holder", "lease_until")
    ):
        if until < now or is_holder_dead(holder):
            released += (
                _rows(model)
                .filter(pk=pk, lease_holder=holder, **{field: running})
                .update(**{field: waiting}, lease_holder="", lease_until=None)
            )
    return released


def release_row(
    model: type[Model], pk: int, holder: str, *, field: str, waiting: str, running: str
) -> bool:
    """Give back a row that this worker could not finish; tell whether it still held it."""
    return bool(
        _rows(model)
        .filter(pk=pk, lease_holder=holder, **{field: running})
        .update(**{field: waiting}, lease_holder="", lease_until=None)
    )


def enqueue_waiting_rows(
    model: type[Model], path: str, *, field: str, waiting: str, older_than_seconds: float = 5
) -> int:
    """Queue a chore for every waiting row that no queued task stands for; return how many.

    Rows of the last seconds are left alone: whoever made them is about to work on them.
    """
    before = timezone.now() - timedelta(seconds=older_than_seconds)
    rows = _rows(model).filter(**{field: waiting}, attempt__lt=MAX_ATTEMPTS, created_at__lt=before)
    missing = set(rows.values_list("pk", flat=True)) - queued_arguments(path)
    for pk in sorted(missing):
        enqueue_chore(path, pk)
    return len(missing)


def prune_tasks(*, days: int = 7) -> int:
    """Forget tasks that ended, or whose worker was killed, days ago; return how many."""
    before = timezone.now() - timedelta(days=days)
    old = Q(finished_at__lt=before) | Q(status="RUNNING", started_at__lt=before)
    return DBTaskResult.objects.filter(old).delete()[0]
