"""How often a password may be wrong: a count per login name and address, in the database.

All web processes see the same rows. An attempt is written before the password is checked, so
that attempts at the same moment count each other.
"""

from __future__ import annotations

import math
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Final

from django.utils import timezone
from django.utils.crypto import salted_hmac

from pzhub.accounts.models import SignInAttempt
from pzhub.core.errors import TooOftenError

#: So many attempts may fail within the window.
MAX_FAILURES: Final = 10
WINDOW: Final = timedelta(minutes=15)
#: The part of an IPv6 address that one household or machine has for itself, bits.
_IPV6_PREFIX: Final = 64


class TooManySignInsError(TooOftenError):
    """Too many sign-ins failed for this login name from this address."""

    code = "too_many_sign_ins"


def begin_sign_in(*, username: str, address: str) -> None:
    """Note an attempt, before its password is checked.

    Parameters
    ----------
    username
        Login name as it was typed.
    address
        Network address that it came from.

    Raises
    ------
    TooManySignInsError
        If `MAX_FAILURES` attempts failed within `WINDOW`; what is refused does not prolong it.
    """
    wait_seconds = seconds_to_wait(username, address, limit=MAX_FAILURES)
    if wait_seconds:
        minutes = math.ceil(wait_seconds / 60)
        raise TooManySignInsError(
            f"{MAX_FAILURES} sign-ins with this user name failed."
            f" Try again in {minutes} minute{'s' if minutes > 1 else ''}.",
            wait_seconds=wait_seconds,
        )


def seconds_to_wait(what: str, address: str, *, limit: int) -> int:
    """Note an attempt; return how long to wait, seconds, where there were too many, else 0.

    Parameters
    ----------
    what
        What is tried: a login name, or words with a space, which no login name has.
    address
        Network address that it came from.
    limit
        How many are allowed within `WINDOW`.
    """
    now = timezone.now()
    SignInAttempt.objects.filter(at__lte=now - WINDOW).delete()
    attempt = SignInAttempt.objects.create(key=_key(what, address), at=now)
    earlier = SignInAttempt.objects.filter(key=attempt.key, pk__lt=attempt.pk).order_by("-pk")
    counted = list(earlier.values_list("at", flat=True)[:limit])
    if len(counted) < limit:
        return 0
    attempt.delete()
    return max(math.ceil((counted[-1] + WINDOW - now).total_seconds()), 1)


def forget_failures(*, username: str, address: str) -> None:
    """Remove the attempts of a login name from an address: one has worked."""
    SignInAttempt.objects.filter(key=_key(username, address)).delete()


def _key(username: str, address: str) -> str:
    text = f"{_network(address)} {username}"
    return salted_hmac("pzhub.accounts.attempts", text, algorithm="sha256").hexdigest()


def _network(address: str) -> str:
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip_network((known, _IPV6_PREFIX), strict=False)) if known.version == 6 else address
