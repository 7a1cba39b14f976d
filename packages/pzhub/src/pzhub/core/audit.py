"""The audit log: one row per act, written in the transaction of the act.

A failure after the row takes the row back with the act itself.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model

from pzhub.core.models import AuditEntry


def record(*, actor: AbstractBaseUser | None, action: str, target: Model, **data: Any) -> None:
    """Write who did what to which object.

    Parameters
    ----------
    actor
        The user, or ``None`` when the server acts by itself.
    action
        A slug such as ``"product-published"``.
    target
        The saved object of the act.
    **data
        Facts worth keeping, JSON values only; never secrets.
    """
    AuditEntry.objects.create(
        actor_id=actor.pk if actor else None,
        actor_name=actor.get_username() if actor else "",
        action=action,
        object_type=target._meta.label_lower,
        object_id=target.pk,
        object_name=str(target)[:300],
        data=data,
    )


def latest_entry(target: Model, *actions: str) -> AuditEntry | None:
    """Return the last of some acts on an object, or ``None`` where there was none."""
    entries = AuditEntry.objects.filter(
        object_type=target._meta.label_lower, object_id=target.pk, action__in=actions
    )
    return entries.order_by("-id").first()
