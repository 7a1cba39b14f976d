"""Preparation of a catalog: association, normalisation, paths, cut, and every refusal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pzpipelines.combine.association import crd_prefix
from pzpipelines.combine.parameters import validate
from pzpipelines.combine.prepare import needed_columns, prepare_catalog
from pzpipelines.combine.rules import load_rules, parse_rules
from pztables.errors import UserError

from .catalogs import catalog, flags_of, prepared, types_of

NAN = math.nan
STANDARD = [
    ("CRD_ID", pa.string()), ("id", pa.string()), ("ra", pa.float64()), ("dec", pa.float64()),
    ("z", pa.float64()), ("z_flag", pa.float64()), ("z_err", pa.float64()),
    ("instrument_type", pa.string()), ("survey", pa.string()), ("source", pa.string()),
    ("tie_result", pa.int8()), ("z_flag_homogenized", pa.float64()),
    ("instrument_type_homogenized", pa.string()),
]  # fmt: skip


def refusal(
    table: pa.Table, columns: dict[str, str | None] | None = None, **more: Any
) -> UserError:
    with pytest.raises(UserError) as refused:
        prepared(table, columns, **more)
    assert refused.value.message.startswith(("007_mine: ", "tie-breaking", "extra_columns"))
    return refused.value


# --- columns ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        catalog(2, survey=["VVDS"] * 2, z_flag=[1, 4]),
        catalog(2, survey=["VVDS"] * 2, z_flag=["1", " 4 "], z=["0.1", None], id=[True, False]),
        catalog(2, survey=pa.array(["VVDS", "vvds "]).dictionary_encode(), z_flag=[1, 4], id=[7, 8],
                z=pa.array([1, 2], pa.float32()), z_err=pa.nulls(2), instrument_type=[b"s", b"g"]),
    ],
    ids=["integers", "text", "other layouts"],
)  # fmt: skip
def test_columns_and_their_types_never_depend_on_the_data(table: pa.Table) -> None:
    result = prepared(table)
    assert [(field.name, field.type) for field in result.table.schema] == STANDARD
    assert flags_of(result) == [1, 4]
    assert result.table["survey"].to_pylist() == ["VVDS", "VVDS"]


def test_an_empty_catalog_has_the_same_columns() -> None:
    table = catalog(2, survey=["VVDS"] * 2, z_flag=[1, 4]).slice(0, 0)
    assert [(field.name, field.type) for field in prepared(table).table.schema] == STANDARD


def test_identifiers_keep_every_digit_and_what_means_nothing_is_null() -> None:
    common = {"survey": ["VVDS"] * 3, "z_flag": [1, 2, 3]}

    def ids(values: Any) -> list[str | None]:
        found: list[str | None] = prepared(catalog(3, id=values, **common)).table["id"].to_pylist()
        return found

    assert ids([39627652591521181, 2, 3]) == ["39627652591521181", "2", "3"]
    assert ids(pa.array([39627652591521181, None, 3])) == ["39627652591521181", None, "3"]
    assert ids([1.0, 3.96e16, NAN]) == ["1", "3.96e+16", None]
    assert ids([True, False, None]) == ["True", "False", None]
    assert ids(["001", " x  ", "NaN"]) == ["001", "x", None]
    assert ids(["", "None", "nULL"]) == [None, None, None]


def test_numbers_come_from_text_where_it_shows_one_and_nan_is_null() -> None:
    table = catalog(4, survey=["VVDS"] * 4, z_flag=[1] * 4, z=["0.5", " 1e-2", "", "<NA>"],
                    z_err=pa.array([0.1, NAN, None, 2]))  # fmt: skip
    result = prepared(table).table
    assert result["z"].to_pylist() == [0.5, 0.01, None, None]
    assert result["z_err"].to_pylist() == [0.1, None, None, 2.0]


def test_float32_is_widened_without_rounding_again() -> None:
    table = catalog(1, survey=["VVDS"], z_flag=[4], z=pa.array([0.1], pa.float32()))
    assert prepared(table).table["z"].to_pylist() == [float(np.float32(0.1))]


def test_a_swap_of_columns_loses_nothing() -> None:
    table = catalog(2, z=[3, 4], zfinal=[0.5, 0.6], survey=["VVDS"] * 2)
    result = prepared(table, {"z": "zfinal", "z_flag": "z"}).table
    assert result["z"].to_pylist() == [0.5, 0.6]
    assert result["z_flag"].to_pylist() == [3.0, 4.0]


def test_a_column_can_carry_two_roles_and_a_taken_one_is_not_guessed() -> None:
    table = catalog(1, survey=["VVDS"], q=[4], z=[9.0], z_err=[0.1])
    both = prepared(table, {"z_flag": "q", "id": "q"}).table
    assert (both["z_flag"].to_pylist(), both["id"].to_pylist()) == ([4.0], ["4"])
    taken = prepared(table, {"z_flag": "q", "z_err": "z"}).table
    assert (taken["z_err"].to_pylist(), taken["z"].to_pylist()) == ([9.0], [None])


def test_roles_are_known_in_any_case_and_null_words_mean_not_associated() -> None:
    table = pa.table({"A": [1.0], "D": [2.0], "s": ["VVDS"], "q": [4], "z": [0.3]})
    columns = {"RA": "A", "Dec": "D", "survey": "s", "z_flag": "q", "id": "null", "z_err": ""}
    result = prepared(table, {**columns, "instrument_type": None}).table
    row = result.select(["ra", "dec", "z", "id"]).to_pylist()
    assert row == [{"ra": 1.0, "dec": 2.0, "z": 0.3, "id": None}]


def test_crd_ids_count_input_rows_and_keep_their_gaps_after_the_cut() -> None:
    table = catalog(12, survey=["VVDS"] * 12, z_flag=[4, 1] * 6)
    cut = prepared(table, z_flag_homogenized_value_to_cut=3.0, prefix="012").table
    assert cut["CRD_ID"].to_pylist() == [f"CRD012_{n}" for n in (1, 3, 5, 7, 9, 11)]


def test_source_is_the_catalogs_name_on_every_row() -> None:
    table = catalog(2, survey=["VVDS"] * 2, z_flag=[1, 2], source=["x", "y"])
    result = prepared(table)
    assert result.table["source"].to_pylist() == ["007_mine"] * 2
    assert "source_original" not in result.table.column_names


def test_the_prefix_of_crd_ids_is_the_number_in_front_of_the_name() -> None:
    assert [crd_prefix(name) for name in ("012_x", "7_", "1_2_b")] == ["012", "7", "1"]
    for name in ("x_1", "12", "_1", "", "1-x", "\u0661_x"):
        with pytest.raises(UserError, match="must begin with digits and an underscore") as refused:
            crd_prefix(name)
        assert refused.value.code == "invalid_internal_name"


def test_a_type_that_is_no_text_cannot_be_s_g_p() -> None:
    table = catalog(1, survey=["VVDS"], z_flag=[4], type=[[1]])
    assert prepared(table).path_used["instrument_type_homogenized"] == "translation"


# --- paths -----------------------------------------------------------------------------------


def test_qualities_between_0_and_1_become_flags_at_their_bounds() -> None:
    qualities = [0.0, 1e-9, 0.69999, 0.7, 0.89999, 0.9, 0.98999, 0.99, 1.0, None]
    result = prepared(catalog(10, z_flag=qualities, type=["s"] * 10))
    assert result.path_used == {
        "z_flag_homogenized": "quality",
        "instrument_type_homogenized": "type",
    }
    assert flags_of(result) == [0, 1, 1, 2, 2, 3, 3, 4, 4, None]


@pytest.mark.parametrize(
    "flags", [[0.0, 1.0], [0.5, 1.5], [0.5, -0.1], [0.5, math.inf], [1.0, 1.0]]
)
def test_only_probabilities_take_the_quality_path(flags: list[float]) -> None:
    result = prepared(catalog(2, z_flag=flags, survey=["VVDS"] * 2))
    assert result.path_used["z_flag_homogenized"] == "translation"


def test_a_type_of_s_g_p_is_taken_in_any_case_and_copied_to_instrument_type() -> None:
    table = catalog(4, z_flag=[0.5] * 4, type=["S", " g", "p", None])
    result = prepared(table)
    assert types_of(result) == ["s", "g", "p", None]
    assert result.table["instrument_type"].to_pylist() == ["s", "g", "p", None]


def test_another_letter_in_the_whole_file_sends_types_to_translation() -> None:
    table = catalog(2, survey=["VVDS"] * 2, z_flag=[1, 2], type=["s", "m"])
    result = prepared(table)
    assert result.path_used["instrument_type_homogenized"] == "translation"
    assert types_of(result) == ["s", "s"]
    assert result.table["instrument_type"].to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("raw", "columns"),
    [
        ("z_flag_homogenized", {}),
        ("z_flag_homogenized", {"z_flag": "z_flag_homogenized"}),
        ("Z_Flag_Homogenized", {"z_flag": "Z_Flag_Homogenized"}),
        ("best", {"z_flag_homogenized": "best"}),
    ],
)
def test_the_users_own_flags_are_taken(raw: str, columns: dict[str, str | None]) -> None:
    table = catalog(3, **{raw: ["6", " 3.0", None]}, type=["s"] * 3)
    result = prepared(table, columns)
    assert result.path_used["z_flag_homogenized"] == "user"
    assert flags_of(result) == [6, 3, None]


def test_the_users_own_types_are_taken() -> None:
    table = catalog(3, z_flag_homogenized=[1, 2, 3], t=["S ", "g", "none"])
    result = prepared(table, {"instrument_type_homogenized": "t"})
    assert types_of(result) == ["s", "g", None]


def test_paths_are_chosen_for_each_column_on_its_own() -> None:
    table = catalog(2, survey=["VVDS"] * 2, z_flag=[4, 1], type=["g", "p"])
    result = prepared(table)
    assert result.path_used == {
        "z_flag_homogenized": "translation",
        "instrument_type_homogenized": "type",
    }
    assert (flags_of(result), types_of(result)) == ([4, 1], ["g", "p"])


def test_what_decides_nothing_is_not_computed() -> None:
    table = catalog(2, survey=["unknown"] * 2, snr=[1, 2])
    result = prepared(table, tiebreaking_priority=["snr"])
    assert set(result.path_used.values()) == {"none"}
    assert (flags_of(result), types_of(result)) == ([None, None], [None, None])


def test_rules_see_only_the_rows_of_their_survey() -> None:
    # int(z_flag) of ASTRODEEP-JWST would refuse the 3.5 of C3R2
    table = catalog(3, survey=["ASTRODEEP-JWST", "C3R2_DR3", None], z_flag=[5, 3.5, 1],
                    zspec=[1.0, NAN, NAN])  # fmt: skip
    assert flags_of(prepared(table)) == [3, 3, None]


def test_the_reason_why_no_row_has_a_flag_says_what_to_associate() -> None:
    for table, reason in (
        (catalog(1, z_flag=[3]), "associate the survey column"),
        (catalog(1, survey=["OZDES"]), "associate the column that has it"),
        (catalog(1, survey=["OZDES"], z_flag=[8]), "know none of its values (seen: 8.0)"),
        (catalog(1, z_flag_homogenized=pa.nulls(1)), "the column z_flag_homogenized is empty"),
    ):
        assert reason in refusal(table).message


def test_letters_of_one_survey_do_not_touch_the_flags_of_another() -> None:
    table = catalog(3, survey=["JADES", "VVDS", None], z_flag=["A", "4", "3"])
    assert flags_of(prepared(table)) == [4, 4, None]
    problem = refusal(catalog(2, survey=["JADES", "VVDS"], z_flag=["A", "B"]))
    assert (problem.code, problem.data["examples"]) == ("not_a_number", [{"row": 2, "value": "B"}])


def test_a_raw_type_keeps_its_numbers_for_rules_and_text_is_compared_in_lower_case() -> None:
    rules = parse_rules(
        """
        translation_rules:
          MINE:
            z_flag_translation:
              conditions: [{expr: "type == 1", value: 6}, {expr: "type == 'x'", value: 2}]
              default: 0
            instrument_type_translation: {default: s}
        """,
        name="mine.yaml",
    )
    numbers = catalog(2, survey=["mine"] * 2, type=[1, 0])
    assert flags_of(prepared(numbers, rules=rules)) == [6, 0]
    texts = catalog(2, survey=["mine"] * 2, type=[" X ", "1"])
    assert flags_of(prepared(texts, rules=rules)) == [2, 0]


def test_the_last_true_condition_wins_over_others_over_values_and_over_the_default() -> None:
    rules = parse_rules(
        """
        translation_rules:
          MINE:
            z_flag_translation:
              1: 1
              2: 1
              conditions:
                - {expr: "z_flag >= 2", value: 2}
                - {expr: "z_flag >= 3", value: 3}
                - {expr: "z_flag >= 4"}
              default: 0
            instrument_type_translation:
              G: g
              conditions: [{expr: "instrument_type == 'P'", value: p}]
        """,
        name="mine.yaml",
    )
    table = catalog(5, survey=["Mine"] * 5, z_flag=[1, 2, 3, 4, None],
                    instrument_type=["g ", "P", "p", None, "G"])  # fmt: skip
    result = prepared(table, rules=rules, explain=True)
    assert flags_of(result) == [1, 2, 3, 0, 0]
    assert types_of(result) == ["g", "p", None, None, "g"]
    assert result.table["z_flag_rule"].to_pylist() == [
        "MINE: value", "MINE: condition 1", "MINE: condition 2", "MINE: condition 3",
        "MINE: default",
    ]  # fmt: skip
    assert result.table["instrument_type_rule"].to_pylist() == [
        "MINE: value", "MINE: condition 1", "MINE: no rule", "MINE: no rule", "MINE: value",
    ]  # fmt: skip


def test_explain_names_the_path_where_no_rule_decided() -> None:
    table = catalog(2, z_flag=[0.5, 0.9], type=["s", "p"])
    result = prepared(table, explain=True).table
    assert result["z_flag_rule"].to_pylist() == ["quality"] * 2
    assert result["instrument_type_rule"].to_pylist() == ["type"] * 2


def test_an_associated_column_stays_reachable_under_its_raw_name() -> None:
    rules = parse_rules(
        """
        translation_rules:
          MINE:
            z_flag_translation:
              conditions:
                - {expr: "QUALITY == 4 and z__orig == 9 and z == 0.5", value: 4}
              default: 0
            instrument_type_translation: {default: s}
        """,
        name="mine.yaml",
    )
    table = catalog(1, survey=["MINE"], QUALITY=[4], z=[9], zz=[0.5])
    assert flags_of(prepared(table, {"z": "zz", "z_flag": "QUALITY"}, rules=rules)) == [4]


# --- earlier products ------------------------------------------------------------------------


def product(**changes: Any) -> pa.Table:
    columns = {
        "CRD_ID": ["CRD001_1", "CRD001_2"], "id": ["a", None], "z": [0.1, 0.2],
        "source": ["001_first", "002_second"], "tie_result": [0, None],
        "z_flag_homogenized": [4.0, 1.0], "instrument_type_homogenized": ["s", "p"],
        "compared_to": ["CRD001_2", "CRD001_1"], "group_id": [1, 1], "is_in_DP1_fields": [1, 0],
        **changes,
    }  # fmt: skip
    kept = {name: column for name, column in columns.items() if column is not None}
    return catalog(2, **kept)


def test_an_earlier_product_keeps_its_verdicts_identifiers_and_sources() -> None:
    result = prepared(product(), {"id": "nonsense", "z_flag": "z_flag_homogenized"})
    assert result.is_product
    assert result.table.select(
        ["CRD_ID", "id", "source", "source_original", "tie_result", "z_flag_homogenized"]
    ).to_pylist() == [
        {"CRD_ID": "CRD007_1", "id": "a", "source": "007_mine", "source_original": "001_first",
         "tie_result": 0, "z_flag_homogenized": 4.0},
        {"CRD_ID": "CRD007_2", "id": None, "source": "007_mine", "source_original": "002_second",
         "tie_result": 1, "z_flag_homogenized": 1.0},
    ]  # fmt: skip
    assert not {"compared_to", "group_id", "is_in_DP1_fields"} & set(result.table.column_names)


def test_without_an_identifier_the_earlier_crd_id_is_kept() -> None:
    assert prepared(product(id=None)).table["id"].to_pylist() == ["CRD001_1", "CRD001_2"]


def test_the_first_origin_survives_a_second_combination() -> None:
    again = prepared(product(source_original=["000_zero", None]))
    assert again.table["source_original"].to_pylist() == ["000_zero", "002_second"]


def test_earlier_verdicts_are_forgotten_on_request() -> None:
    result = prepared(product(), reset_previous_results=True)
    assert result.table["tie_result"].to_pylist() == [1, 1]
    wrong = refusal(product(tie_result=[7, 1]))
    assert (wrong.code, wrong.data["examples"]) == ("invalid_tie_result", [7.0])


# --- positions and the cut -------------------------------------------------------------------


def bad_positions() -> pa.Table:
    return pa.table(
        {
            "ra": [1.0, 360.0, None, math.inf, 5.0, 359.999, 3.0],
            "dec": [1.0, 1.0, 1.0, 1.0, -90.5, 90.0, NAN],
            "survey": ["VVDS"] * 7,
            "z_flag": [4, 1, 1, 1, 1, 4, 4],
        }
    )


def test_invalid_positions_are_refused_over_all_rows_before_the_cut() -> None:
    problem = refusal(bad_positions(), z_flag_homogenized_value_to_cut=3)
    assert problem.code == "invalid_positions"
    assert problem.data["count"] == 5
    assert problem.data["counts"] == {
        "ra_missing": 1, "ra_not_finite": 1, "ra_out_of_range": 1,
        "dec_missing": 1, "dec_out_of_range": 1,
    }  # fmt: skip
    assert problem.data["first_rows"][0] == {"row": 2, "ra": 360.0, "dec": 1.0}
    assert "row 2: RA 360.0, Dec 1.0" in problem.message
    assert len(problem.data["first_rows"]) == 5


def test_invalid_positions_are_dropped_and_counted_on_request() -> None:
    result = prepared(bad_positions(), invalid_rows="drop", z_flag_homogenized_value_to_cut=3)
    assert result.table["CRD_ID"].to_pylist() == ["CRD007_1", "CRD007_6"]
    expected = {"rows_in": 7, "rows_out": 2, "dropped_invalid": 5, "dropped_by_cut": 0}
    assert {name: result.counts[name] for name in expected} == expected


def test_the_cut_keeps_stars_and_drops_rows_without_flag() -> None:
    table = catalog(5, survey=["OZDES"] * 5, z_flag=[1, 3, 6, 9, None])
    result = prepared(table, z_flag_homogenized_value_to_cut=1)
    assert flags_of(result) == [3, 6]
    assert flags_of(prepared(table, z_flag_homogenized_value_to_cut=5)) == [6]
    assert result.counts["dropped_by_cut"] == 3
    assert result.counts["unmapped_flags"] == [{"survey": "OZDES", "value": 9.0, "count": 1}]


def test_a_cut_may_leave_no_row() -> None:
    table = catalog(1, survey=["OZDES"], z_flag=[1])
    assert prepared(table, z_flag_homogenized_value_to_cut=4).table.num_rows == 0


def test_everything_is_counted() -> None:
    table = catalog(5, survey=["OZDES", "OZDES", "VVDS", None, "vvds"],
                    z_flag=[4, 9, 3, 1, 1], z=[0.1, NAN, 0.2, 0.3, 0.4])  # fmt: skip
    assert prepared(table, z_flag_homogenized_value_to_cut=2).counts == {
        "rows_in": 5, "rows_out": 2, "dropped_invalid": 0, "dropped_by_cut": 3,
        "invalid_positions": {}, "first_invalid_rows": [],
        "rows_by_survey": {"OZDES": 2, "VVDS": 2}, "rows_kept_by_survey": {"OZDES": 1, "VVDS": 1},
        "rows_without_survey": 1, "rows_without_z": 1, "flags": {"1": 1, "3": 1, "4": 1},
        "rows_without_flag": 2, "types": {"s": 4}, "rows_without_type": 1,
        "unmapped_flags": [{"survey": "OZDES", "value": 9.0, "count": 1}],
    }  # fmt: skip


# --- columns that are carried along ----------------------------------------------------------


def carried(column: Any, type_: str, **more: Any) -> list[Any]:
    table = catalog(len(column), survey=["VVDS"] * len(column), z_flag=[4] * len(column), c=column)
    result = prepared(table, extra_columns={"out": {"source": "c", "type": type_}}, **more)
    assert result.table.column_names[-1] == "out"
    found: list[Any] = result.table["out"].to_pylist()
    return found


def test_extra_columns_take_their_type() -> None:
    assert carried([" x ", "none", "1"], "str") == ["x", None, "1"]
    assert carried([1.5, NAN, 3e20], "str") == ["1.5", None, "3e+20"]
    assert carried(["1.5", "bad", None], "float") == [1.5, None, None]
    assert carried([1, None, 3], "float") == [1.0, None, 3.0]
    assert carried([39627652591521181, None], "int") == [39627652591521181, None]
    assert carried([3.0, NAN, None], "int") == [3, None, None]
    assert carried(["39627652591521181", " +7", "bad"], "int") == [39627652591521181, 7, None]
    assert carried(["4.0", "", "x"], "int") == [4, None, None]
    assert carried([True, None, False], "bool") == [True, None, False]
    assert carried(["true", "1", "x"], "bool") == [None, None, None]
    assert carried([1, 0, 1], "bool") == [None, None, None]
    assert carried(pa.nulls(2), "int") == [None, None]


@pytest.mark.parametrize("column", [[1.5, 2.0], ["1.5", "2"], [1e19, 1.0]])
def test_integers_that_would_lose_a_fraction_are_refused(column: list[Any]) -> None:
    table = catalog(2, survey=["VVDS"] * 2, z_flag=[4, 4], c=column)
    problem = refusal(table, extra_columns={"c": "int"})
    assert (problem.code, problem.data["count"]) == ("extra_column_not_convertible", 1)
    assert "row 1" in problem.message


def test_an_extra_column_sees_raw_names_also_of_associated_columns() -> None:
    table = pa.table({"A": [1.0], "dec": [2.0], "TARGETID": [2**60], "s": ["VVDS"], "q": [4]})
    columns = {"ra": "A", "id": "TARGETID", "survey": "s", "z_flag": "q"}
    result = prepared(
        table, columns, extra_columns={"TARGETID": "int", "none": "bool", "A": "float"}
    )
    assert result.table.select(["TARGETID", "none", "A"]).to_pylist() == [
        {"TARGETID": 2**60, "none": None, "A": 1.0}
    ]
    assert result.table.schema.field("none").type == pa.bool_()


def test_tie_breaking_columns_are_carried_as_doubles() -> None:
    table = catalog(
        2, survey=["VVDS"] * 2, z_flag=[4, 4], snr=pa.array([1, None]), good=[True, False]
    )
    result = prepared(
        table, tiebreaking_priority=["good", "z_err", "snr"], collapse_priority=["snr", "z_err"]
    ).table
    assert result.column_names[-2:] == ["good", "snr"]
    assert (result["good"].to_pylist(), result["snr"].to_pylist()) == ([1.0, 0.0], [1.0, None])


def test_rule_columns_are_kept_in_the_order_of_the_file_with_fixed_types() -> None:
    table = catalog(2, survey=["VVDS"] * 2, z_flag=[4, 4], flag2=[1, None], SPECTYPE=[1, 2],
                    ZCAT_PRIMARY=[True, None], z_best_s=["1", "x"])  # fmt: skip
    kept = prepared(table, save_expr_columns=True).table
    names = kept.column_names[len(STANDARD) :]
    assert names[:6] == ["z_best_s", "z_spec", "use_zgrism", "flag1", "flag2", "use_phot"]
    assert names == [name for name in load_rules().expression_names if name in names]
    assert {"z_flag", "z", "z_err"}.isdisjoint(names)
    found = kept.select(["z_best_s", "flag2", "SPECTYPE", "ZCAT_PRIMARY", "z_spec"]).to_pylist()
    assert found == [
        {"z_best_s": 1.0, "flag2": 1.0, "SPECTYPE": "1", "ZCAT_PRIMARY": True, "z_spec": None},
        {"z_best_s": None, "flag2": None, "SPECTYPE": "2", "ZCAT_PRIMARY": None, "z_spec": None},
    ]
    other = prepared(catalog(1, survey=["VVDS"], z_flag=[4]), save_expr_columns=True).table
    assert other.schema == kept.schema
    whole = prepared(table, save_expr_columns=True, expr_column_schema={"z_best_s": "int"}).table
    assert whole["z_best_s"].to_pylist() == [1, None]
    table = table.set_column(table.column_names.index("z_best_s"), "z_best_s", [[1.5, 2.0]])
    whole = prepared(table, save_expr_columns=True, expr_column_schema={"z_best_s": "int"}).table
    assert whole["z_best_s"].to_pylist() == [None, 2]


# --- refusals --------------------------------------------------------------------------------


def test_an_associated_column_that_is_absent_is_named_with_what_resembles_it() -> None:
    problem = refusal(catalog(1, Z_best=[1.0]), {"z": "z_best", "survey": "nothing like it"})
    assert problem.code == "missing_mapped_columns"
    assert problem.data["missing"] == {"z": "z_best", "survey": "nothing like it"}
    assert problem.data["near"]["z_best"] == ["Z_best"]
    assert problem.data["available"] == ["Z_best", "dec", "ra"]


def test_unsupported_surveys_are_all_named_with_counts() -> None:
    table = catalog(5, survey=["VVDSS", "VVDS", "other", "Other ", None], z_flag=[1, 2, 3, 4, 4])
    problem = refusal(table)
    assert problem.code == "unsupported_survey"
    blocks = ["z_flag_translation", "instrument_type_translation"]
    assert problem.data["surveys"] == [
        {"survey": "VVDSS", "count": 1, "blocks": blocks, "nearest": ["VVDS", "VUDS"]},
        {"survey": "OTHER", "count": 2, "blocks": blocks, "nearest": []},
    ]
    assert "DESI" in problem.data["available"]


def test_a_survey_without_the_block_that_is_needed_is_refused() -> None:
    rules = parse_rules("translation_rules: {A: {z_flag_translation: {1: 1}}}", name="mine.yaml")
    problem = refusal(catalog(1, survey=["a"], z_flag=[1]), rules=rules)
    assert problem.data["surveys"] == [
        {"survey": "A", "count": 1, "blocks": ["instrument_type_translation"], "nearest": []}
    ]
    assert "A (1 rows; its rules lack instrument_type_translation)" in problem.message
    assert "There are rules for no survey" in problem.message
    table = catalog(1, survey=["a"], z_flag=[1], type=["s"])
    assert flags_of(prepared(table, rules=rules)) == [1]


VVDS = {"survey": ["VVDS"] * 2, "z_flag": [1, 2]}
REFUSED: dict[str, tuple[pa.Table, dict[str, Any], str, dict[str, Any]]] = {
    "no position": (
        pa.table({"z": [1.0]}), {}, "missing_column_roles", {"roles": ["ra", "dec"]},
    ),
    "text in z": (
        catalog(2, **VVDS, z=["0.1", "high"]), {}, "not_a_number",
        {"column": "z", "count": 1, "examples": [{"row": 2, "value": "high"}]},
    ),
    "text in ra": (
        pa.table({"ra": ["1.5", "01:00:00"], "dec": [1, 2], **VVDS}), {}, "not_a_number",
        {"column": "ra", "count": 1, "examples": [{"row": 2, "value": "01:00:00"}]},
    ),
    "text in the flag": (
        catalog(2, survey=["VVDS"] * 2, z_flag=["A", "2"]), {}, "not_a_number",
        {"column": "z_flag", "count": 1, "examples": [{"row": 1, "value": "A"}]},
    ),
    "text in the user's flag": (
        catalog(1, z_flag_homogenized=["good"]), {}, "not_a_number",
        {"column": "z_flag_homogenized", "count": 1, "examples": [{"row": 1, "value": "good"}]},
    ),
    "dates as z": (
        catalog(1, z=pa.array([0], pa.date32())), {}, "unusable_column", {"column": "z"},
    ),
    "lists as id": (
        catalog(1, id=[[1]]), {}, "unusable_column", {"column": "id"},
    ),
    "user's flags out of the scale": (
        catalog(4, z_flag_homogenized=[5, 3, 7, 5]), {}, "invalid_homogenized_values",
        {"count": 3, "examples": [5.0, 7.0], "allowed": ["0", "1", "2", "3", "4", "6"]},
    ),
    "user's types out of the scale": (
        catalog(3, z_flag_homogenized=[1, 1, 1], instrument_type_homogenized=["star", "s", "star"]),
        {}, "invalid_homogenized_values", {"count": 2, "examples": ["star"]},
    ),
    "no survey column": (
        catalog(1, z_flag=[3]), {}, "all_homogenized_null", {"column": "z_flag_homogenized"},
    ),
    "no recognised flag": (
        catalog(2, survey=["OZDES"] * 2, z_flag=[8, 9]), {}, "all_homogenized_null",
        {"unmapped": [{"survey": "OZDES", "value": 8.0, "count": 1},
                      {"survey": "OZDES", "value": 9.0, "count": 1}]},
    ),
    "no type": (
        catalog(1, z_flag_homogenized=[3]), {}, "all_homogenized_null",
        {"column": "instrument_type_homogenized"},
    ),
    "an empty column of the user": (
        catalog(1, z_flag_homogenized=pa.nulls(1)), {}, "all_homogenized_null",
        {"path": "user"},
    ),
    "a rule's column is missing": (
        catalog(1, survey=["XMM_LSS"], z_flag=[1], CLASS=["GAL"]), {}, "rule_not_applicable",
        {"condition": 1, "names": ["Class"], "near": {"Class": ["CLASS"]}},
    ),
    "a rule's column is of another kind": (
        catalog(1, survey=["COSMOS_Web"], z_flag=[0], type=[0], zpdf_med=["a"], zchi2=[1],
                nbfilt=[1]),
        {}, "rule_not_applicable", {"condition": 2, "cause": "expression_type"},
    ),
    "a fractional flag where a rule needs whole ones": (
        catalog(1, survey=["ASTRODEEP-JWST"], z_flag=[3.5], zspec=[1]), {}, "rule_not_applicable",
        {"condition": 1, "cause": "expression_fractional_int", "examples": [3.5]},
    ),
    "a tie-breaking column is missing": (
        catalog(2, **VVDS, SNR=[1, 2]), {"tiebreaking_priority": ["snr"]},
        "invalid_priority_column", {"column": "snr", "near": ["SNR"]},
    ),
    "a tie-breaking column is not numeric": (
        catalog(2, **VVDS, name=["a", "b"]), {"tiebreaking_priority": ["name"]},
        "invalid_priority_column", {"column": "name", "type": "string"},
    ),
    "a standard column cannot break ties": (
        catalog(2, **VVDS), {"collapse_priority": ["survey"]}, "invalid_priority_column",
        {"column": "survey"},
    ),
    "an extra column is a tie-breaking column": (
        catalog(2, **VVDS, snr=[1, 2]),
        {"tiebreaking_priority": ["snr"], "extra_columns": {"snr": "str"}},
        "invalid_priority_column", {"column": "snr"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_prepared_is_refused_with_its_code_and_facts(case: str) -> None:
    table, parameters, code, facts = REFUSED[case]
    problem = refusal(table, **parameters)
    assert problem.code == code
    assert {name: problem.data.get(name) for name in facts} == facts


# --- properties ------------------------------------------------------------------------------

SURVEYS = ("VVDS", "OZDES", "JADES", "VIPERS_PDR2", "C3R2_DR3", "MOSDEF", "2MRS", None)
ROW = st.fixed_dictionaries(
    {
        "survey": st.sampled_from(SURVEYS),
        "z_flag": st.sampled_from(["0", "1", "2", "3", "3.5", "4", "9", "14", "-10", None]),
        "classFlag": st.sampled_from([-1.0, 1.0, None]),
        "z_err": st.sampled_from([0.0, 0.0005, 0.01, None]),
        "z": st.sampled_from([0.1, -9.0, None]),
    }
)
TYPES = {
    "survey": pa.string(), "z_flag": pa.string(), "classFlag": pa.float64(),
    "z_err": pa.float64(), "z": pa.float64(),
}  # fmt: skip
#: A row that always has a result, so that no catalog of it is refused as empty.
ANCHOR = {"survey": "OZDES", "z_flag": "4", "classFlag": 1.0, "z_err": 0.0, "z": 0.5}


def results(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    arrays = {name: pa.array([row[name] for row in rows], kind) for name, kind in TYPES.items()}
    result = prepared(catalog(len(rows), **arrays), explain=True)
    names = ("z_flag_homogenized", "instrument_type_homogenized", "z_flag_rule", "z", "survey")
    return list(zip(*(result.table[name].to_pylist() for name in names), strict=True))


@settings(max_examples=settings.default.max_examples // 2, deadline=None)
@given(rows=st.lists(ROW, max_size=12), data=st.data())
def test_the_result_of_a_row_depends_on_no_other_row(rows: list[dict[str, Any]], data: Any) -> None:
    rows = [ANCHOR, *rows]
    together = results(rows)
    order = data.draw(st.permutations(range(len(rows))))
    assert results([rows[i] for i in order]) == [together[i] for i in order]
    alone = [results([ANCHOR, row])[1] for row in rows]
    assert alone == together


@settings(max_examples=settings.default.max_examples // 3, deadline=None)
@given(rows=st.lists(ROW, max_size=8), cut=st.sampled_from([0, 1, 2, 3, 4, 6]))
def test_the_cut_removes_exactly_the_rows_below_it(rows: list[dict[str, Any]], cut: int) -> None:
    rows = [ANCHOR, *rows]
    arrays = {name: pa.array([row[name] for row in rows], kind) for name, kind in TYPES.items()}
    table = catalog(len(rows), **arrays)
    everything = prepared(table).table.to_pylist()
    kept = prepared(table, z_flag_homogenized_value_to_cut=cut).table.to_pylist()
    assert kept == [r for r in everything if cut == 0 or (r["z_flag_homogenized"] or 0) >= cut]


@settings(max_examples=settings.default.max_examples // 3, deadline=None)
@given(
    parameters=st.fixed_dictionaries(
        {},
        optional={
            "save_expr_columns": st.booleans(),
            "explain": st.booleans(),
            "extra_columns": st.just({"w": {"source": "classFlag", "type": "float"}}),
            "tiebreaking_priority": st.just(["extra", "z_flag_homogenized"]),
        },
    ),
    is_product=st.booleans(),
)
def test_the_needed_columns_are_all_that_preparation_needs(
    parameters: dict[str, Any], is_product: bool
) -> None:
    columns: dict[str, Any] = {"survey": ["VIPERS_PDR2", "VVDS"], "q": [4, 1], "classFlag": [-1, 1]}
    columns |= {"extra": [1, 2], "unused": ["x", "y"], "type": ["s", "m"]}
    if is_product:
        columns |= {"CRD_ID": ["CRD1_1", "CRD1_2"], "z": [1.0, 2.0], "source": ["1_a", "1_a"]}
        columns |= {"group_id": [1, 2]}
    table = catalog(2, **columns)
    rules, roles = load_rules(), {"z_flag": "q"}
    options = validate({"z_flag_homogenized_value_to_cut": 0, **parameters})
    names = needed_columns(table.column_names, roles, rules, options)
    assert "unused" not in names
    whole, part = (
        prepare_catalog(
            given, prefix="1", internal_name="1_x", columns=roles, rules=rules, parameters=options
        )
        for given in (table, table.select(names))
    )
    assert (part.table, part.counts, part.path_used) == (whole.table, whole.counts, whole.path_used)
