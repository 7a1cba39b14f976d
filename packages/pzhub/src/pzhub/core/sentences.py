"""Refusals in the reader's language: sentences are written once, in English, where they arise.

Tables, pipelines and services know no language: they raise one English sentence with its facts,
and the same sentence is stored with a failed run. Who shows it to a person translates it here:
the catalogs of the domain ``sentences`` hold every sentence of the code as a template, with
``{0}``, ``{1}`` … for the facts, collected by ``scripts/collect_sentences.py``.
"""

from __future__ import annotations

import gettext
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.utils import translation

DOMAIN: Final = "sentences"
_LOCALE: Final = Path(__file__).parents[1] / "locale"
_FACT: Final = re.compile(r"\{(\d+)\}")
#: Where a text that is no template as a whole may be made of several, the coarsest first.
_SEAMS: Final = (re.compile(r"(?<=[.!?]) (?=\S)"), re.compile(r"; "), re.compile(r": "))
_LONGEST: Final = 2000
#: What has more parts than a refusal of ours is a text of somebody else.
_MOST_SEAMS: Final = 12


@dataclass(frozen=True, slots=True)
class _Template:
    """A sentence: what stands before, between and after its facts, and its translation."""

    literals: tuple[str, ...]
    translated: str

    def facts(self, text: str) -> tuple[str, ...] | None:
        """Return the facts of a text, or ``None`` when it is another sentence.

        The leftmost places of the literals are taken, one pass without going back: if any
        places fit, these do.
        """
        first, *middle = self.literals
        if not text.startswith(first):
            return None
        if not middle:
            return () if len(text) == len(first) else None
        end = len(text) - len(middle[-1])
        if not text.endswith(middle[-1]) or end < len(first):
            return None
        return self._between(text[:end], len(first), middle[:-1])

    def _between(self, text: str, start: int, literals: list[str]) -> tuple[str, ...] | None:
        found = []
        for literal in literals:
            place = text.find(literal, start)
            if place < 0:
                return None
            found.append(text[start:place])
            start = place + len(literal)
        return (*found, text[start:])

    def filled(self, facts: tuple[str, ...]) -> str:
        """Return the translation with its facts."""
        return _FACT.sub(lambda place: facts[int(place[1])], self.translated)


def told(text: str) -> str:
    """Return a sentence of ours in the active language; what is not known stays as it is.

    Parameters
    ----------
    text
        What a refusal says: one template, or several joined by sentence ends, semicolons or
        colons; the facts in it (names of files and columns, numbers, words of the user) stay,
        unless a fact is itself a sentence of ours.
    """
    language = translation.get_language() or "en"
    if not text or len(text) > _LONGEST or language.startswith("en"):
        return text
    return _told(text, translation.to_locale(language))


@lru_cache(maxsize=4096)
def _told(text: str, locale: str) -> str:
    whole = _as_template(text, locale)
    if whole is not None:
        return whole
    for seam in _SEAMS:
        places = list(seam.finditer(text))
        if 0 < len(places) <= _MOST_SEAMS:
            return _told_apart(text, places, locale)
    return text


def _told_apart(text: str, places: list[re.Match[str]], locale: str) -> str:
    """Return a text of several parts: the longest beginning that is a template, then the rest."""
    for place in reversed(places):
        head = _as_template(text[: place.start()], locale)
        if head is not None:
            return head + place[0] + _told(text[place.end() :], locale)
    first = places[0]
    head = _told(text[: first.start()], locale)
    return head + first[0] + _told(text[first.end() :], locale)


def _as_template(text: str, locale: str) -> str | None:
    for template in _templates(locale):
        facts = template.facts(text)
        if facts is not None:
            return template.filled(tuple(_told(fact, locale) for fact in facts))
    if text.endswith(".") and (clause := _as_template(text[:-1], locale)) is not None:
        return f"{clause}."  # a clause of a sentence that was built around it
    return None


@lru_cache(maxsize=4)
def _templates(locale: str) -> tuple[_Template, ...]:
    """Return the templates of a language, those with most words of their own first."""
    try:
        catalog = gettext.translation(DOMAIN, _LOCALE, [locale])
    except FileNotFoundError:
        return ()
    stored: dict[str, str] = catalog._catalog  # type: ignore[attr-defined]
    found = [
        _Template(tuple(_FACT.split(source)[::2]), text)
        for source, text in stored.items()
        if source and text
    ]
    return tuple(sorted(found, key=lambda one: -sum(map(len, one.literals))))
