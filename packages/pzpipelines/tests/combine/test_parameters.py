"""Options: what they may be, what they become, and how wrong ones are refused."""

from __future__ import annotations

from typing import Any

import pytest

from pzpipelines.combine.extra_columns import ExtraColumn
from pzpipelines.combine.parameters import (
    PARAMETERS,
    CombineParameters,
    effective_parameters,
    validate,
)
from pzpipelines.combine.rules import load_rules, parse_rules
from pzpipelines.registry import pipeline_named
from pztables.errors import OptionError


def test_the_defaults_are_those_of_the_form() -> None:
    defaults = pipeline_named("combine_redshift_dedup").default_parameters()
    assert defaults == validate({}).model_dump(mode="json")
    assert {name: value for name, value in defaults.items() if value not in (None, {}, [])} == {
        "combine_type": "concatenate", "tie_treatment_option": "remove_all",
        "z_flag_homogenized_value_to_cut": 3.0, "insert_rubin_footprint_flag": True,
        "insert_DP1_footprint_flag": False, "null_z": "keep", "keep_stars": False,
        "random_seed": 0, "invalid_rows": "refuse", "reset_previous_results": False,
        "explain": False, "output_format": "parquet", "executor": "threads",
    }  # fmt: skip


def test_defaults_sent_back_unchanged_are_accepted() -> None:
    assert validate(validate({}).model_dump(mode="json")) == validate({})


@pytest.mark.parametrize("name", PARAMETERS.model_fields)
def test_every_option_has_a_title_and_one_sentence(name: str) -> None:
    field = PARAMETERS.model_fields[name]
    assert field.title
    assert field.description is not None
    assert field.description.endswith(".")
    assert len(field.description) < 200


def test_what_is_not_set_comes_from_the_rule_file() -> None:
    rules = parse_rules(
        "{delta_z_threshold: 0.5, crossmatch_radius_arcsec: 2, tiebreaking_priority: [snr]}",
        name="mine.yaml",
    )
    options = effective_parameters(validate({"crossmatch_radius_arcsec": 0.25}), rules)
    assert (options.delta_z_threshold, options.crossmatch_radius_arcsec) == (0.5, 0.25)
    assert (options.tiebreaking_priority, options.crossmatch_n_neighbors) == (["snr"], 10)
    assert options.instrument_type_priority == {"s": 3, "g": 2, "p": 1}
    by_default = effective_parameters(validate({}), load_rules())
    assert (by_default.crossmatch_radius_arcsec, by_default.delta_z_threshold) == (0.5, 0.001)
    assert effective_parameters(by_default, rules) == by_default


@pytest.mark.parametrize(
    ("option", "given", "expected"),
    [
        ("combine_type", " Concatenate_And_Mark_Duplicates ", "concatenate_and_mark_duplicates"),
        ("tie_treatment_option", " KEEP_all ", "keep_all"),
        ("tie_treatment_option", None, "remove_all"),
        ("tie_treatment_option", "", "remove_all"),
        ("z_flag_homogenized_value_to_cut", "3", 3.0),
        ("z_flag_homogenized_value_to_cut", 6, 6.0),
        ("z_flag_homogenized_value_to_cut", 0, None),
        ("z_flag_homogenized_value_to_cut", 0.0, None),
        ("z_flag_homogenized_value_to_cut", None, None),
        ("z_flag_homogenized_value_to_cut", "", None),
        ("insert_DP1_footprint_flag", None, False),
        ("insert_DP1_footprint_flag", " Yes ", True),
        ("insert_DP1_footprint_flag", 1, True),
        ("insert_DP1_footprint_flag", "0", False),
        ("insert_rubin_footprint_flag", None, True),
        ("insert_rubin_footprint_flag", "off", False),
        ("insert_rubin_footprint_flag", "", False),
        ("tiebreaking_priority", "snr", ["snr"]),
        ("extra_columns", None, {}),
        ("output_format", "FITS", "fits"),
        ("executor", "dask://scheduler:8786", "dask://scheduler:8786"),
    ],
)
def test_options_are_read_as_users_write_them(option: str, given: Any, expected: Any) -> None:
    assert getattr(validate({option: given}), option) == expected


def test_options_of_the_earlier_service_are_accepted_without_effect() -> None:
    assert validate({"prepare_max_inflight": 5, "cross_max_inflight": 2}) == validate({})


def test_extra_columns_are_read_in_both_forms() -> None:
    options = validate({"extra_columns": {"a": "Int64", "b": {"source": "B", "type": "double"}}})
    assert options.extra == (ExtraColumn("a", "a", "int"), ExtraColumn("b", "B", "float"))


@pytest.mark.parametrize(
    ("option", "given", "reason"),
    [
        ("combine_type", "concatenate_and_mark", "Did you mean concatenate_and_mark_duplicates?"),
        ("combine_type", None, "must be 'concatenate'"),
        ("tie_treatment_option", "keep", "Did you mean keep_all?"),
        ("z_flag_homogenized_value_to_cut", 2.5, "one of 1, 2, 3, 4, 5, 6"),
        ("z_flag_homogenized_value_to_cut", 7, "one of 1, 2, 3, 4, 5, 6"),
        ("z_flag_homogenized_value_to_cut", -1, "one of 1, 2, 3, 4, 5, 6"),
        ("z_flag_homogenized_value_to_cut", "high", "one of 1, 2, 3, 4, 5, 6"),
        ("z_flag_homogenized_value_to_cut", True, "one of 1, 2, 3, 4, 5, 6"),
        ("z_flag_homogenized_value_to_cut", "nan", "one of 1, 2, 3, 4, 5, 6"),
        ("insert_DP1_footprint_flag", "maybe", "true or false"),
        ("insert_rubin_footprint_flag", 1.0, "true or false"),
        ("crossmatch_radius_arcsec", 0, "greater than 0"),
        ("crossmatch_radius_arcsec", float("nan"), "finite"),
        ("crossmatch_radius_arcsec", "wide", "must be a number, not 'wide'"),
        ("keep_stars", "perhaps", "must be true or false, not 'perhaps'"),
        ("crossmatch_radius_arcsec", 61, "less than or equal to 60"),
        ("delta_z_threshold", -0.1, "greater than or equal to 0"),
        ("crossmatch_n_neighbors", 0, "greater than or equal to 1"),
        ("tiebreaking_priority", [], "at least 1"),
        ("tiebreaking_priority", [""], "at least 1"),
        ("instrument_type_priority", {"s": "best"}, "[s]: must be a whole number"),
        ("null_z", "win", "'keep' or 'lose'"),
        ("invalid_rows", "ignore", "'refuse' or 'drop'"),
        ("random_seed", -1, "greater than or equal to 0"),
        ("output_format", "votable", "'parquet', 'csv', 'fits', 'hdf5' or 'hats'"),
        ("output_format", "parqet", "Did you mean parquet?"),
        ("executor", "shell", "must be threads, processes, serial or dask://HOST:PORT"),
        ("workers", 0, "greater than or equal to 1"),
        ("memory_bytes", 1000, "greater than or equal to 100000000"),
        ("expr_column_schema", {"a": "double"}, "'int', 'float', 'str' or 'bool'"),
        ("extra_columns", {1: "int"}, "extra_columns[1]: must be text, not"),
        ("extra_columns", ["a"], "must be a mapping of names to values"),
    ],
)
def test_a_wrong_value_is_refused_with_the_option_and_what_is_allowed(
    option: str, given: Any, reason: str
) -> None:
    with pytest.raises(OptionError) as refused:
        validate({option: given})
    assert refused.value.code == "invalid_option"
    assert refused.value.data["option"] == option
    assert refused.value.message.startswith(option)
    assert reason in refused.value.message


@pytest.mark.parametrize(
    ("name", "entry", "reason"),
    [
        ("ra", "float", "the result has a column of that name"),
        ("is_in_DP1_fields", "int", "the result has a column of that name"),
        ("", "int", "give the column a name"),
        ("a", "number", "the type must be"),
        ("a", None, "the type must be"),
        ("a", {"type": "int", "from": "b"}, "unknown from"),
        ("a", {"source": "", "type": "int"}, "source must be"),
        ("a", {"source": "b"}, "the type must be"),
    ],
)
def test_a_wrong_extra_column_is_refused_with_its_own_code(
    name: str, entry: Any, reason: str
) -> None:
    with pytest.raises(OptionError) as refused:
        validate({"extra_columns": {name: entry}})
    assert refused.value.code == "invalid_extra_column"
    assert reason in refused.value.message


def test_an_unknown_option_is_refused_with_near_names_and_all_options() -> None:
    with pytest.raises(OptionError) as refused:
        validate({"combine_typ": 1, "xyz": 2})
    assert refused.value.code == "unknown_option"
    assert refused.value.data["near"] == {"combine_typ": ["combine_type"], "xyz": []}
    assert refused.value.data["known"] == list(CombineParameters.model_fields)
