"""Refusals are shown in the reader's language, wherever in the code they were written."""

from __future__ import annotations

import gettext
import importlib.util
import re
from pathlib import Path

import polib
import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

import pzhub
from pzhub.core.sentences import told

ROOT = Path(__file__).parents[4]
LOCALE = Path(pzhub.__file__).parent / "locale"
LANGUAGES = ("pt_BR", "es")
FACT = re.compile(r"\{\d+\}")


@pytest.fixture(scope="module")
def collected() -> list[str]:
    spec = importlib.util.spec_from_file_location(
        "collect_sentences", ROOT / "scripts/collect_sentences.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return sorted(module.sentences())


def catalog(language: str) -> polib.POFile:
    return polib.pofile(str(LOCALE / language / "LC_MESSAGES/sentences.po"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_code_is_in_the_catalog_and_translated(
    collected: list[str], language: str
) -> None:
    entries = {entry.msgid: entry.msgstr for entry in catalog(language)}

    assert sorted(entries) == collected, "run `make messages`"
    assert not [source for source, text in entries.items() if not text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_translated_sentences_keep_their_facts_and_are_compiled(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES/sentences.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for entry in catalog(language):
        assert sorted(FACT.findall(entry.msgstr)) == sorted(FACT.findall(entry.msgid)), entry.msgid
        assert compiled.gettext(entry.msgid) == entry.msgstr


def test_a_refusal_keeps_its_facts_in_another_language() -> None:
    text = "photo.csv: line 7 is longer than 65536 bytes. Check its line ends and quotes."

    with translation.override("es"):
        spanish = told(text)
    with translation.override("pt-br"):
        portuguese = told(text)

    assert spanish != text != portuguese != spanish
    for fact in ("photo.csv", "7", "65536"):
        assert fact in spanish
        assert fact in portuguese


def test_sentences_of_several_parts_are_told_part_by_part() -> None:
    with translation.override("es"):
        whole = told("my_column: there is no such column. Choose a redshift catalog.")
        parts = [told("there is no such column"), told("Choose a redshift catalog.")]

    assert whole == f"my_column: {parts[0]}. {parts[1]}"
    assert "there is" not in whole


def test_english_and_unknown_texts_stay_as_they_are() -> None:
    sentence = "Choose a redshift catalog."

    with translation.override("en"):
        assert told(sentence) == sentence
    with translation.override("es"):
        assert told("quoth the raven") == "quoth the raven"
        assert told("") == ""


@given(text=st.text(max_size=300))
def test_no_text_of_a_user_makes_it_fail_or_wait(text: str) -> None:
    with translation.override("pt-br"):
        assert isinstance(told(text), str)


@given(name=st.from_regex(r"[A-Za-z0-9_]{1,20}", fullmatch=True), rows=st.integers(0, 10**9))
def test_every_fact_of_a_template_comes_through(name: str, rows: int) -> None:
    with translation.override("es"):
        text = told(f"{name}: line {rows} is longer than 9 bytes. Check its line ends and quotes.")

    assert name in text
    assert str(rows) in text
