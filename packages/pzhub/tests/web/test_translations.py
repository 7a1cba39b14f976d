"""The catalogs of the site's languages; `make messages` writes them."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

import pzhub

LOCALE = Path(pzhub.__file__).parent / "locale"
LANGUAGES = ("pt_BR", "es")


def catalog(language: str) -> dict[str, str]:
    with (LOCALE / language / "LC_MESSAGES/django.mo").open("rb") as file:
        stored = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {
        key if isinstance(key, str) else f"{key[0]}[{key[1]}]": text
        for key, text in stored.items()
        if key
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_placeholders_and_markup(language: str) -> None:
    singular = {key: text for key, text in catalog(language).items() if not key.endswith("]")}

    assert len(singular) > 300
    for source, text in singular.items():
        for pattern in (r"%\(\w+\)s", r"</?\w+", r'href=\\?"[^"]*"'):
            assert sorted(re.findall(pattern, text)) == sorted(re.findall(pattern, source)), source


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_string_of_the_catalogs_is_untranslated_or_guessed(language: str) -> None:
    source = (LOCALE / language / "LC_MESSAGES/django.po").read_text()
    header, *entries = [entry for entry in source.split("\n\n") if "msgid" in entry]
    compiled = catalog(language)

    assert "Plural-Forms" in header
    assert not [entry for entry in entries if re.search(r"^#,.*fuzzy", entry, re.MULTILINE)]
    assert not [
        entry for entry in entries if re.search(r'^msgstr(\[\d\])? ""\Z', entry.strip(), re.M)
    ]
    assert len(compiled) >= len(entries)


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [
        ("pt-br", 1, "1 arquivo, 2 kB"),
        ("pt-br", 3, "3 arquivos, 2 kB"),
        ("es", 1, "1 archivo, 2 kB"),
        ("es", 3, "3 archivos, 2 kB"),
    ],
)
def test_plurals_follow_the_language(language: str, number: int, text: str) -> None:
    with translation.override(language):
        form = translation.ngettext("%(n)s file, %(size)s", "%(n)s files, %(size)s", number)

    assert form % {"n": number, "size": "2 kB"} == text


@pytest.mark.parametrize(
    ("language", "heading"), [("pt-BR", "Entrar"), ("es", "Iniciar sesión"), ("fr", "Sign in")]
)
def test_a_visitor_is_met_in_the_language_of_the_browser(
    client: Client, db: None, language: str, heading: str
) -> None:
    page = client.get("/login", headers={"Accept-Language": language}).content.decode()

    assert f"<h1>{heading}</h1>" in page
