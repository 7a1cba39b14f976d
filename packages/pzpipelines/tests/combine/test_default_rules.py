"""Every survey of the default rules, against expectations written by hand from its facts."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest

from pzpipelines.combine.rules import load_rules

from .catalogs import catalog, flags_of, prepared, types_of

NAN = math.nan
INF = math.inf

# survey: (survey's flag -> unified flag), type. A value that is not listed has no result.
MAPS: dict[str, tuple[dict[float, float], str]] = {
    "2DFGRS": ({1: 0, 2: 1, 3: 3, 4: 4, 5: 4}, "s"),
    "2DFLENS": ({1: 0, 2: 1, 3: 3, 4: 4, 6: 6}, "s"),
    "6DFGS": ({1: 0, 2: 1, 3: 3, 4: 4, 6: 6}, "s"),
    "C3R2_DR3": ({4: 4, 3.5: 3, 3: 3}, "s"),
    "FMOS_COSMOS": ({-99: 0, 0: 0, 1: 1, 2: 2, 3: 3, 4: 4, -1: 6}, "s"),
    "GAMA_DR4": ({5: 4, 4: 4, 3: 3, 2: 2, 1: 1}, "s"),
    "HELP-DMU23": ({1: 0, 2: 1, 3: 3, 4: 4, 5: 4}, "s"),
    "JADES": ({4: 4, 3: 3, 2: 2, 1: 1, 0: 0}, "s"),
    "MOSDEF": ({7: 4, 6: 3, 5: 2, 4: 2, 3: 1, 2: 1, 1: 0, 0: 0}, "s"),
    "OZDES": ({1: 0, 2: 1, 3: 3, 4: 4, 6: 6}, "s"),
    "PRIMUS": ({-1: 0, 2: 1, 3: 2, 4: 3}, "g"),
    "VIMOS": ({4: 4, 3: 3, 2: 2, 1: 1, 0: 0}, "s"),
}
ODD_VALUES = (7.5, -3.0, 9.0, 14.0, 1e9, INF)

# survey: (last digit of the whole part -> unified flag); every other digit, and nothing, is 0.
DIGITS: dict[str, dict[int, float]] = {
    "COSMOS_SRC": {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 9: 2},
    "DEIMOS_10K": {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 9: 2},
    "DESI_DEEP_PILOT": {0: 0, 1: 1, 2: 2, 3: 3, 4: 4},
    "VANDELS": {0: 0, 1: 1, 2: 2, 3: 4, 4: 4, 9: 3},
    "VUDS": {1: 1, 2: 2, 3: 3, 4: 4, 9: 2},
    "VVDS": {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 9: 2},
    "ZCOSMOS": {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 9: 2},
}
# flag and the digit that counts, None where no digit can (a sign is kept)
DIGIT_OF = {
    0.0: 0, 1.0: 1, 2.0: 2, 3.0: 3, 4.0: 4, 5.0: 5, 9.0: 9, 11.0: 1, 14.0: 4, 19.0: 9, 20.0: 0,
    29.0: 9, 214.0: 4, 3.5: 3, 19.9: 9, 4.9999: 4, -10.0: 0, -3.0: None, -0.5: 0, None: None,
}  # fmt: skip

# survey: columns beside z_flag, z, z_err; then rows of (values…, expected flag, expected type).
CASES: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
    "2MRS": (
        ("z_err",),
        [
            (0.0, 3, "s"), (0.0002, 4, "s"), (0.00099, 4, "s"), (0.001, 3, "s"), (0.5, 3, "s"),
            (-0.1, 0, "s"), (None, 0, "s"), (NAN, 0, "s"),
        ],
    ),
    "3D-HST": (
        ("z_best_s", "z_spec", "use_zgrism", "flag1", "flag2", "use_phot"),
        [
            (0, -1.0, 0, 0, 0, 1, 6, "g"), (1, 0.7, 0, 0, 0, 0, 3, "s"),
            (1, -1.0, 0, 0, 0, 0, 0, "s"),
            (1, NAN, 0, 0, 0, 0, 3, "s"), (2, -1.0, 1, 0, 0, 0, 3, "g"),
            (2, -1.0, 1, 1, 0, 0, 0, "g"),
            (2, -1.0, 1, 0, 1, 0, 0, "g"), (2, -1.0, 0, 0, 0, 1, 0, "g"),
            (3, -1.0, 0, 0, 0, 1, 3, "p"),
            (3, -1.0, 0, 0, 0, 0, 0, "p"), (None, -1.0, 1, 0, 0, 1, 0, "g"),
            (4, 1.0, 1, 0, 0, 1, 0, "g"),
        ],
    ),
    "ASTRODEEP": (
        ("zspec_survey",),
        [("VUDS", 3, "s"), ("-", 3, "p"), (" -", 3, "s"), (None, 0, "p")],
    ),
    "ASTRODEEP-JWST": (
        ("zspec", "z_flag"),
        [
            (1.5, 0.0, 3, "s"), (1.5, 9.0, 3, "s"), (1.5, 12.0, 3, "s"), (1.5, 39.0, 3, "s"),
            (1.5, 41.0, 0, "s"), (-99.0, 231.0, 3, "p"), (-99.0, 242.0, 0, "p"),
            (-99.0, 399.0, 0, "p"), (-99.0, 400.0, 0, "p"), (1.5, 1231.0, 0, "s"),
            (1.5, None, 0, "s"), (NAN, 5.0, 3, "s"), (-99.0, -7.0, 0, "p"),
        ],
    ),
    "COSMOS2020_CLASSIC": (
        ("lp_type", "z", "lp_zPDF", "lp_zMinChi2", "lp_zPDF_l68", "lp_zPDF_u68", "lp_NbFilt"),
        [
            (-9, 1.0, 1.0, 1.0, 0.9, 1.1, 31, 0, "p"), (1, 1.0, 1.0, 1.0, 0.9, 1.1, 31, 6, "p"),
            (0, 1.0, 1.0, 1.0, 0.9, 1.1, 31, 3, "p"), (0, 1.0, 1.0, 1.0, 0.9, 1.1, 30, 2, "p"),
            (2, 1.0, 1.0, 1.0, 0.9, 1.1, NAN, 2, "p"), (0, 1.2, 1.0, 1.0, 0.9, 1.1, 31, 1, "p"),
            (0, 1.0, 1.2, 1.0, 0.9, 1.1, 31, 1, "p"), (0, 1.0, 1.0, 0.8, 0.9, 1.1, 31, 1, "p"),
            (0, 1.0, NAN, 1.0, 0.9, 1.1, 31, 1, "p"), (0, 1.0, 1.0, 1.0, NAN, 1.1, 31, 1, "p"),
            (0, None, 1.0, 1.0, 0.9, 1.1, 31, 0, "p"), (0, INF, 1.0, 1.0, 0.9, 1.1, 31, 0, "p"),
            (1, None, 1.0, 1.0, 0.9, 1.1, 31, 6, "p"), (0, 0.9, 0.9, 1.1, 0.9, 1.1, 31, 3, "p"),
        ],
    ),
    "COSMOS_Web": (
        ("type", "z_flag", "zpdf_med", "zchi2", "nbfilt"),
        [
            (0, 1.0, 0.5, 0.5, 31, 0, "p"), (0, 0.0, 0.5, 0.6, 31, 1, "p"),
            (0, 0.0, 0.5, 0.5005, 29, 2, "p"), (2, 0.0, 0.5, 0.5005, 31, 3, "p"),
            (0, 0.0, 0.5, 0.5, 30, 0, "p"), (1, 0.0, 0.5, 0.5, 31, 6, "p"),
            (1, 3.0, 0.5, 0.9, 2, 6, "p"), (0, 0.0, NAN, 0.5, 31, 0, "p"),
            (0, None, 0.5, 0.5, 31, 0, "p"),
        ],
    ),
    **{
        survey: (
            (kind, primary, "z_flag", "z_err"),
            [
                ("GALAXY", no, 4.0, 1e-4, 0, "s"), ("GALAXY", yes, 4.0, 1e-4, 1, "s"),
                ("QSO", yes, 0.0, 0.001, 3, "s"), ("QSO", yes, 0.0, 0.0009, 4, "s"),
                ("GALAXY", no, 0.0, 1e-4, 0, "s"), ("GALAXY", yes, 0.0, None, 0, "s"),
                ("STAR", yes, 0.0, 1e-4, 6, "s"), ("STAR", no, 4.0, 1e-4, 6, "s"),
                (None, yes, 0.0, 1e-4, 0, "s"), ("GALAXY", yes, None, 1e-4, 0, "s"),
                ("star", yes, 0.0, 1e-4, 4, "s"),
            ],
        )
        for survey, kind, primary, yes, no in (
            ("DESI", "SPECTYPE", "ZCAT_PRIMARY", True, False),
            ("DESI_DR1", "SPECTYPE", "ZCAT_PRIMARY", True, False),
            ("SDSS_DR17", "CLASS", "SPECPRIMARY", 1, 0),
            ("SDSS_DR19", "CLASS", "SPECPRIMARY", 1, 0),
        )
    },
    **{
        survey: (
            ("z_flag", kind),
            [
                (0.0, "s", 0, "s"), (1.0, "p", 1, "p"), (2.0, "x", 2, "p"), (3.0, None, 3, "p"),
                (4.0, "s", 4, "s"), (6.0, "S", 6, "p"), (5.0, "s", None, "s"),
                (None, "p", None, "p"),
            ],
        )
        for survey, kind in (
            ("ELAISS1OID", "zfinal_type"),
            ("ELAISFBMC", "zbest_type"),
            ("SWIRE-REVISED", "zfinal_type"),
        )
    },
    "ELG_FIGS": (("z_flag",), [(0.0, 3, "s"), (7.0, 3, "s"), (None, 3, "s")]),
    "EUCLID_Q1": (
        ("z_flag",),
        [
            (0.0, 0, "s"), (0.1, 1, "s"), (0.7, 2, "s"), (0.9, 3, "s"), (0.99, 4, "s"),
            (1.0, 4, "s"), (2.0, 4, "s"), (-0.5, 0, "s"), (None, 0, "s"),
        ],
    ),
    **{
        survey: (
            ("z", "z_ml", "chi_a", "nfilt", "l68", "u68", "l95", "u95", "z_peak", "z500"),
            [
                (1.0, 1.0, 2.0, 9.0, 0.9, 1.1, 0.8, 1.2, 1.0, 1.0, 3, "p"),
                (1.0, 1.15, 2.0, 9.0, 0.9, 1.1, 0.8, 1.2, 1.0, 1.0, 2, "p"),
                (1.0, 1.3, 2.0, 9.0, 0.9, 1.1, 0.8, 1.2, 1.0, 1.0, 1, "p"),
                (1.0, 1.3, 2.0, 0.0, 0.9, 1.1, 0.8, 1.2, 1.0, 1.0, 0, "p"),
                # later conditions do not ask again whether the row is valid
                (1.0, 1.0, 2.0, 0.0, 0.9, 1.1, 0.8, 1.2, 1.0, 1.0, 3, "p"),
                (None, 1.0, 2.0, 9.0, 0.9, 1.1, 0.8, 1.2, 1.0, 1.0, 3, "p"),
                (None, 1.3, 2.0, 9.0, 0.9, 1.1, 0.8, 1.2, 1.0, 1.0, 0, "p"),
                (1.0, NAN, 2.0, 9.0, 0.9, 1.1, 0.8, 1.2, 1.0, 1.0, 0, "p"),
                (1.0, 1.0, NAN, 9.0, NAN, 1.1, 0.8, 1.2, 1.0, 1.0, 2, "p"),
                (1.0, 1.0, 2.0, NAN, 0.9, 1.1, NAN, 1.2, NAN, 1.0, 0, "p"),
            ],
        )
        for survey in ("JADES_DR5_PHOTOZ", "JADES_DR5_PHOTOZ_KRON")
    },
    "VIPERS_PDR2": (
        ("classFlag", "z_flag"),
        [
            (-1, 4.0, 6, "s"), (-1, None, 6, "s"), (1, 0.0, 0, "s"), (1, 1.5, 1, "s"),
            (1, 2.5, 3, "s"),
            (1, 9.5, 3, "s"), (1, 3.5, 4, "s"), (1, 4.5, 4, "s"), (1, 14.5, 4, "s"),
            (1, 229.0, 3, "s"),
            (2, 5.0, 0, "s"), (1, -10.0, 0, "s"), (1, None, 0, "s"), (NAN, 4.0, 4, "s"),
        ],
    ),
    "XMM_LSS": (
        ("Class", "z_flag"),
        [
            ("STA", 1.0, 6, "s"), ("GAL", 3.0, 1, "s"), ("GAL", 2.0, 2, "s"), ("QSO", 1.0, 3, "s"),
            ("GAL", 4.0, 0, "s"), (None, 1.0, 0, "s"), ("sta", 1.0, 3, "s"), ("GAL", None, 0, "s"),
        ],
    ),
}  # fmt: skip


def test_the_tables_of_this_file_cover_every_survey_of_the_default_rules() -> None:
    covered = {*MAPS, *DIGITS, *CASES}
    assert {rules.name for rules in load_rules().surveys.values()} == covered
    assert len(covered) == 38


@pytest.mark.parametrize("survey", MAPS)
def test_a_value_map_gives_its_results_and_nothing_for_other_values(survey: str) -> None:
    expected, letter = MAPS[survey]
    others = [value for value in ODD_VALUES if value not in expected]
    given: list[float | None] = [*expected, *others, None]
    table = catalog(len(given), q=pa.array(given, pa.float64()), s=[survey] * len(given))
    result = prepared(table, {"z_flag": "q", "survey": "s"})
    assert flags_of(result) == [*expected.values(), *[None] * (len(others) + 1)]
    assert types_of(result) == [letter] * len(given)
    # JSON has no infinity: it is named as text.
    named = [value if math.isfinite(value) else str(value) for value in sorted(others)]
    unmapped = [{"survey": survey, "value": value, "count": 1} for value in named]
    assert result.counts["unmapped_flags"] == unmapped


@pytest.mark.parametrize("survey", DIGITS)
def test_the_last_digit_of_the_whole_part_decides(survey: str) -> None:
    table = catalog(
        len(DIGIT_OF), q=pa.array(list(DIGIT_OF), pa.float64()), s=[survey] * len(DIGIT_OF)
    )
    result = prepared(table, {"z_flag": "q", "survey": "s"})
    expected = [0 if digit is None else DIGITS[survey].get(digit, 0) for digit in DIGIT_OF.values()]
    assert flags_of(result) == expected
    assert types_of(result) == ["s"] * len(DIGIT_OF)


@pytest.mark.parametrize("survey", CASES)
def test_conditions_give_what_the_survey_says(survey: str) -> None:
    names, rows = CASES[survey]
    columns = {name: pa.array([row[i] for row in rows]) for i, name in enumerate(names)}
    result = prepared(catalog(len(rows), survey=[survey.lower()] * len(rows), **columns))
    assert result.path_used["z_flag_homogenized"] == "translation"
    assert list(zip(flags_of(result), types_of(result), strict=True)) == [row[-2:] for row in rows]


def test_a_probability_of_euclid_takes_the_quality_path_where_nothing_stays_nothing() -> None:
    table = catalog(4, survey=["EUCLID_Q1"] * 4, z_flag=[0.0, 0.5, 0.995, None])
    result = prepared(table)
    assert result.path_used == {
        "z_flag_homogenized": "quality",
        "instrument_type_homogenized": "translation",
    }
    assert flags_of(result) == [0, 1, 4, None]


@pytest.mark.parametrize(
    ("survey", "letters", "expected"),
    [
        ("JADES", ["A", "b", " C ", "D", "e", "X", None, "3"], [4, 3, 2, 1, 0, None, None, 3]),
        (
            "VIMOS",
            ["LRB_X", "MR_X", "LRb_B", "LRB_C", "MR_C", "MR_B", "LRb_A", "mr_a", "MR_D", None],
            [0, 0, 1, 1, 1, 3, 4, 4, None, None],
        ),
    ],
)
def test_surveys_that_write_letters_are_understood_in_any_case(
    survey: str, letters: list[str | None], expected: list[float | None]
) -> None:
    result = prepared(catalog(len(letters), survey=[survey] * len(letters), z_flag=letters))
    assert flags_of(result) == expected
    unknown = next(letter for letter in letters if letter in ("X", "MR_D"))
    assert result.counts["unmapped_flags"] == [{"survey": survey, "value": unknown, "count": 1}]
