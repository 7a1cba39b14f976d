"""UCDs that users write: checked against the controlled vocabulary of the IVOA (UCD1+).

The vocabulary is the list that astropy carries; a UCD is words joined by semicolons, of which
each word says whether it may come first, behind, or at either place.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Final

from pztables.errors import UserError

_FIRST: Final = frozenset("PQEVC")
_BEHIND: Final = frozenset("SQEVC")
_MOST_CLOSE: Final = 3
_LEAST_LIKENESS: Final = 0.6


class UcdError(UserError):
    """A UCD has a word that the vocabulary does not know, or one at the wrong place."""

    code = "wrong_ucd"


@dataclass(frozen=True, slots=True)
class UcdWord:
    """One word of the vocabulary.

    Attributes
    ----------
    name
        As the vocabulary spells it (``"phot.mag"``).
    is_first, is_behind
        Whether it may be the first word, and whether it may follow another.
    description
        What it means, in a few words.
    """

    name: str
    is_first: bool
    is_behind: bool
    description: str


@cache
def ucd_words() -> dict[str, UcdWord]:
    """Return the vocabulary by lower-case word, in alphabetical order."""
    source = resources.files("astropy.io.votable").joinpath("data", "ucd1p-words.txt")
    lines = source.read_text(encoding="ascii").splitlines()
    rows = [
        [part.strip() for part in line.split("|", 2)]
        for line in lines
        if line.strip() and not line.startswith("#")
    ]
    words = [
        UcdWord(name, kind in _FIRST, kind in _BEHIND, description)
        for kind, name, description in rows
    ]
    return {word.name.lower(): word for word in sorted(words, key=lambda word: word.name.lower())}


def checked_ucd(ucd: str) -> str:
    """Return a UCD as the vocabulary spells it.

    Parameters
    ----------
    ucd
        Words joined by ``;``, in any case; blanks around words are dropped.

    Raises
    ------
    UcdError
        Naming the wrong word, and words that come close to it.

    Examples
    --------
    >>> checked_ucd("POS.EQ.RA; meta.main")
    'pos.eq.ra;meta.main'
    """
    parts = [part.strip() for part in ucd.split(";")]
    return ";".join(_checked_word(ucd, part, place) for place, part in enumerate(parts))


def _checked_word(ucd: str, part: str, place: int) -> str:
    word = ucd_words().get(part.lower())
    if word is None:
        raise _unknown(ucd, part, place)
    if place == 0 and not word.is_first:
        close = [f"meta.id;{word.name}"]
        raise UcdError(
            f"UCD {ucd!r}: {word.name} cannot be the first word, it only follows another. "
            f"Put a word before it, such as {close[0]}.",
            word=word.name, reason="not_first", close=close,
        )  # fmt: skip
    if place > 0 and not word.is_behind:
        raise UcdError(
            f"UCD {ucd!r}: {word.name} can only be the first word. Write it first, or leave it "
            "out.",
            word=word.name, reason="only_first", close=[],
        )  # fmt: skip
    return word.name


def _unknown(ucd: str, part: str, place: int) -> UcdError:
    close = _close(part, place)
    shown = f" Did you mean {' or '.join(close)}?" if close else ""
    name = f"{part!r} is no word" if part else "there is an empty word, which is none"
    return UcdError(
        f"UCD {ucd!r}: {name} of the IVOA vocabulary UCD1+.{shown} Words are joined by "
        "semicolons, as in stat.error;src.redshift.",
        word=part, reason="unknown", close=close,
    )  # fmt: skip


def _close(part: str, place: int) -> list[str]:
    """Return words for a place that are like what was written, the likest first."""
    fitting = [
        word.name
        for word in ucd_words().values()
        if (word.is_first if place == 0 else word.is_behind)
    ]
    by_lower = {name.lower(): name for name in fitting}
    written = part.lower()
    last = written.rsplit(".", 1)[-1]
    ending = [name for lower, name in by_lower.items() if last and lower.endswith(f".{last}")]
    like = get_close_matches(written, by_lower, n=_MOST_CLOSE, cutoff=_LEAST_LIKENESS)
    found = dict.fromkeys([*ending, *(by_lower[lower] for lower in like)])
    return list(found)[:_MOST_CLOSE]
