"""How the service stands: database, disk, chores, runs, sweeps."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from pzhub.config import hub_config
from pzhub.core.models import Heartbeat, Lease
from pzhub.core.storage import data_root
from pzhub.core.sweeps import HEARTBEAT
from pzhub.processes.models import Phase, Process
from pzhub.processes.transitions import ACTIVE_PHASES

#: Less free space than this part of the disk is worth a warning.
_LITTLE: Final = 0.1
#: A chore that waited so long, or a sweep so long ago, means that nobody does them.
_LONG: Final = timedelta(minutes=15)
_NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_SIZE_QUERIES: Final = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """What an administrator wants to know at one look; sizes in bytes."""

    database: str
    database_bytes: int
    disk_free_bytes: int
    disk_total_bytes: int
    chores_waiting: int
    chores_running: int
    chores_since: datetime | None
    runs_active: int
    runs_waiting: int
    run_slots: int
    is_reconciler_alive: bool
    swept_at: datetime | None

    @property
    def is_disk_short(self) -> bool:
        """Whether little of the disk is free."""
        return self.disk_free_bytes < _LITTLE * self.disk_total_bytes

    @property
    def are_chores_stuck(self) -> bool:
        """Whether the oldest chore has waited for long."""
        return self.chores_since is not None and timezone.now() - self.chores_since > _LONG

    @property
    def is_sweep_late(self) -> bool:
        """Whether no sweep came to its end lately."""
        return self.swept_at is None or timezone.now() - self.swept_at > _LONG


def service_status() -> ServiceStatus:
    """Look at the service now: five queries and one look at the disk."""
    disk = shutil.disk_usage(data_root())
    waiting = Q(status="READY")
    chores = DBTaskResult.objects.aggregate(
        waiting=Count("pk", filter=waiting),
        running=Count("pk", filter=Q(status="RUNNING")),
        since=Min("enqueued_at", filter=waiting),
    )
    runs = Process.objects.aggregate(
        active=Count("pk", filter=Q(phase__in=ACTIVE_PHASES)),
        waiting=Count("pk", filter=Q(phase=Phase.PENDING)),
    )
    reconcilers = Lease.objects.filter(name="reconciler", expires_at__gt=timezone.now())
    return ServiceStatus(
        database=_NAMES[connection.vendor],
        database_bytes=_database_bytes(),
        disk_free_bytes=disk.free,
        disk_total_bytes=disk.total,
        chores_waiting=chores["waiting"],
        chores_running=chores["running"],
        chores_since=chores["since"],
        runs_active=runs["active"],
        runs_waiting=runs["waiting"],
        run_slots=hub_config().pipeline_slots,
        is_reconciler_alive=reconcilers.exists(),
        swept_at=Heartbeat.objects.filter(name=HEARTBEAT).values_list("at", flat=True).first(),
    )


def _database_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_SIZE_QUERIES[connection.vendor])
        return int(cursor.fetchone()[0])
