"""Leases of the reconciler: what a killed one of this machine held is free at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pzhub.core.chores import holder_name, is_holder_dead
from pzhub.core.leases import acquire_lease, release_lease
from pzhub.core.models import Lease


def take_lease(name: str, holder: str, seconds: float) -> bool:
    """Take or keep a lease; tell whether the holder has it now."""
    if acquire_lease(name, holder, seconds):
        return True
    other = Lease.objects.filter(name=name).values_list("holder", flat=True).first()
    if other is None or not is_holder_dead(other):
        return False
    release_lease(name, other)
    return acquire_lease(name, holder, seconds)


@contextmanager
def held(name: str, seconds: float) -> Iterator[bool]:
    """Hold a lease for the time of a block, if it is free; the block learns whether it is."""
    holder = holder_name()
    has_it = take_lease(name, holder, seconds)
    try:
        yield has_it
    finally:
        if has_it:
            release_lease(name, holder)
