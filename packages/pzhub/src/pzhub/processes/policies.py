"""Who may act on processes; who may see them is in the selectors."""

from __future__ import annotations

from pzhub.accounts.models import User
from pzhub.accounts.policies import Actor, is_administrator
from pzhub.core.errors import ForbiddenError
from pzhub.processes.models import Process


def is_owner(process: Process, user: Actor) -> bool:
    """Return whether the user submitted the run."""
    return user.pk is not None and process.user_id == user.pk


def can_stop(process: Process, user: Actor) -> bool:
    """Return whether the user may stop the run."""
    return is_owner(process, user) or is_administrator(user)


def can_read_log(process: Process, user: Actor) -> bool:
    """Return whether the user may read the run's log."""
    return can_stop(process, user)


def require_stop(process: Process, user: User) -> None:
    """Refuse everybody but the owner and administrators."""
    if not can_stop(process, user):
        raise ForbiddenError(f"Process {process.pk}: only its owner and administrators may stop it")
