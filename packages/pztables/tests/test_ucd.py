"""UCDs and units that users write."""

from __future__ import annotations

from contextlib import suppress

import pytest
from astropy.io.votable.ucd import check_ucd
from hypothesis import given
from hypothesis import strategies as st

from pztables.roles import ROLES
from pztables.ucd import UcdError, checked_ucd, ucd_words
from pztables.units import UnknownUnitError, checked_unit

WORDS = [word.name for word in ucd_words().values()]


def test_the_standard_roles_have_ucds_of_the_vocabulary() -> None:
    assert [checked_ucd(role.ucd) for role in ROLES] == [role.ucd for role in ROLES]


def test_spelling_and_blanks_are_put_right() -> None:
    assert checked_ucd(" PHOT.MAG ; em.opt.i") == "phot.mag;em.opt.I"


@pytest.mark.parametrize(
    ("ucd", "reason", "word", "close"),
    [
        ("redshift", "unknown", "redshift", ["src.redshift"]),
        ("stat.eror;src.redshift", "unknown", "stat.eror", ["stat.error"]),
        ("meta.main", "not_first", "meta.main", []),
        ("src.redshift;stat.error", "only_first", "stat.error", []),
        ("phot.mag;", "unknown", "", []),
        ("", "unknown", "", []),
        ("zzzzzz", "unknown", "zzzzzz", []),
    ],
)
def test_a_wrong_word_is_named_with_what_comes_close(
    ucd: str, reason: str, word: str, close: list[str]
) -> None:
    with pytest.raises(UcdError) as caught:
        checked_ucd(ucd)
    assert (caught.value.data["reason"], caught.value.data["word"]) == (reason, word)
    assert caught.value.data["close"][: len(close)] == close
    assert caught.value.code == "wrong_ucd"
    assert all(name in caught.value.message for name in caught.value.data["close"][:1])


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))
def test_what_is_accepted_is_what_astropy_accepts(words: list[str]) -> None:
    ucd = ";".join(words)
    try:
        accepted = checked_ucd(ucd)
    except UcdError:
        assert not check_ucd(ucd, check_controlled_vocabulary=True)
    else:
        assert accepted == ucd
        assert check_ucd(ucd, check_controlled_vocabulary=True)


@given(st.text(max_size=20))
def test_any_text_is_a_ucd_or_refused_with_words(text: str) -> None:
    with suppress(UcdError):
        assert check_ucd(checked_ucd(text), check_controlled_vocabulary=True)


@pytest.mark.parametrize(
    "unit", ["", "deg", " mag ", "km/s", "nJy", "10-20 W m-2", "Angstrom", "mag(AB)", "erg/s/cm2"]
)
def test_units_of_astronomers_are_accepted(unit: str) -> None:
    assert checked_unit(unit) == unit.strip()


@pytest.mark.parametrize(
    ("unit", "hint"), [("degs", "Did you mean deg?"), ("foo", "no unit"), ("deg" * 50, "no unit")]
)
def test_what_is_no_unit_is_refused_with_examples(unit: str, hint: str) -> None:
    with pytest.raises(UnknownUnitError, match="km/s") as caught:
        checked_unit(unit)
    assert hint in caught.value.message


@given(st.text(max_size=12))
def test_any_text_is_a_unit_or_refused(text: str) -> None:
    with suppress(UnknownUnitError):
        assert checked_unit(text) == text.strip()
