"""Leases: a right that only one process holds at a time, taken by compare-and-set."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from pzhub.core.models import Lease


def acquire_lease(name: str, holder: str, seconds: float) -> bool:
    """Take a lease that is free, expired or already the holder's.

    Parameters
    ----------
    name
        What the lease is for, such as ``"reconciler"``.
    holder
        Who takes it: unique per process.
    seconds
        How long it lasts unless renewed, > 0.

    Returns
    -------
    whether the holder has the lease now
    """
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    takable = Lease.objects.filter(Q(holder=holder) | Q(expires_at__lte=now), name=name)
    if takable.update(holder=holder, expires_at=until):
        return True
    if Lease.objects.filter(name=name).exists():
        return False
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, expires_at=until)
    except IntegrityError:  # another process made the row a moment ago
        return False
    return True


def renew_lease(name: str, holder: str, seconds: float) -> bool:
    """Prolong a lease that the holder still has; ``False`` when it was lost."""
    now = timezone.now()
    held = Lease.objects.filter(name=name, holder=holder, expires_at__gt=now)
    return bool(held.update(expires_at=now + timedelta(seconds=seconds)))


def release_lease(name: str, holder: str) -> None:
    """Give a lease back; nothing happens when the holder does not have it."""
    Lease.objects.filter(name=name, holder=holder).delete()
