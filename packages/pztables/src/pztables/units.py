"""Units that users write: what astropy reads, in the notation of the Virtual Observatory."""

from __future__ import annotations

import re
import warnings
from typing import Final

from pztables.errors import UserError

#: Longest text that is tried as a unit, characters.
_LONGEST: Final = 100
#: Words of photometry that are no units of the VO notation and that everybody writes.
_ACCEPTED: Final = frozenset({"mag(AB)", "ABmag", "AB mag"})


class UnknownUnitError(UserError):
    """A text is no unit."""

    code = "unknown_unit"


def checked_unit(text: str) -> str:
    """Return a unit without blanks around it; the empty text stays empty.

    Parameters
    ----------
    text
        VO notation (``deg``, ``mag``, ``nJy``, ``km/s``, ``10-20 W m-2 Angstrom-1``) or any
        other that astropy reads.

    Raises
    ------
    UnknownUnitError
        If astropy does not read it; with what comes close, where it knows.
    """
    from astropy import units

    text = text.strip()
    if not text or text in _ACCEPTED:
        return text
    reason = "it is too long"
    for notation in ("vounit", "generic", "cds", "fits") if len(text) <= _LONGEST else ():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", units.UnitsWarning)  # old names are names too
                units.Unit(text, format=notation, parse_strict="raise")
        except (ValueError, TypeError) as error:
            reason = str(error)
        else:
            return text
    raise UnknownUnitError(
        f"{text[:_LONGEST]!r} is no unit.{_hint(reason)} Write it as the Virtual Observatory "
        "does: deg, arcsec, mag, nJy, km/s, Angstrom; or leave it empty.",
        unit=text[:_LONGEST],
    )


def _hint(reason: str) -> str:
    found = re.search(r"Did you mean (.+?)\?", reason)
    return f" Did you mean {found.group(1)}?" if found else ""
