"""Options: defaults, earlier names, and what is refused before any data is read."""

from __future__ import annotations

from typing import Any

import pytest

from pzpipelines.registry import pipeline_named
from pzpipelines.runtime.options import UnknownOptionError
from pzpipelines.training.extinction import coefficient_sets
from pzpipelines.training.parameters import TrainingParameters, validate
from pztables.errors import OptionError

DEFAULTS: dict[str, Any] = {
    "crossmatch": {
        "radius_arcsec": 1.0, "n_neighbors": 1, "suffixes": None, "output_catalog_name": None,
    },
    "selected_cols": [], "flux_type": None, "convert_flux_to_mag": True, "dereddening": None,
    "extinction_coefficients": "rail_lsst", "invalid_value": None, "unique": "none",
    "split_method": "random", "train_fraction": 0.7, "random_seed": None, "output_format": "same",
}  # fmt: skip


def test_every_option_has_its_known_default() -> None:
    assert pipeline_named("training_set_maker").default_parameters() == DEFAULTS


def test_what_a_nested_map_leaves_out_keeps_its_default() -> None:
    given = validate({"crossmatch": {"radius_arcsec": 2}})
    assert given.crossmatch.model_dump() == {**DEFAULTS["crossmatch"], "radius_arcsec": 2.0}


def test_a_name_with_a_dot_is_an_option_in_a_map() -> None:
    dotted = {"crossmatch": {"n_neighbors": 3}, "crossmatch.radius_arcsec": 0.5}
    nested = {"crossmatch": {"n_neighbors": 3, "radius_arcsec": 0.5}}
    assert validate(dotted) == validate(nested)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"duplicate_criteria": "closest"}, {"unique": "nearest"}),
        ({"duplicate_criteria": "all"}, {"unique": "none"}),
        ({"duplicate_criteria": None}, {}),
        ({"duplicate_criteria": "closest", "unique": "none"}, {"unique": "nearest"}),
        ({"duplicate_criteria": "closest", "unique": "best"}, {"unique": "best"}),
        ({"use_absolute_lsdb_path": True}, {}),
        ({"selected_cols": None}, {"selected_cols": []}),
        ({"selected_cols": "id"}, {"selected_cols": ["id"]}),
        ({"crossmatch": None}, {}),
        ({"crossmatch": {"suffixes": ["_a", "_b"]}}, {"crossmatch": {"suffixes": ["_a", "_b"]}}),
        ({"dereddening": "None"}, {"dereddening": "none"}),
        ({"dereddening": ""}, {"dereddening": None}),
        ({"flux_type": " "}, {}),
        ({"output_format": None}, {"output_format": "same"}),
        ({"output_format": "specz"}, {"output_format": "same"}),
        ({"output_format": "PQ"}, {"output_format": "parquet"}),
        ({"convert_flux_to_mag": "no"}, {"convert_flux_to_mag": False}),
    ],
)
def test_earlier_and_other_ways_to_write_an_option_mean_the_same(
    given: dict[str, Any], meant: dict[str, Any]
) -> None:
    assert validate(given) == TrainingParameters.model_validate(meant)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"crossmatch": {"radius_arcsec": 0}},
         "crossmatch.radius_arcsec: must be greater than 0, not '0'."),
        ({"crossmatch": {"radius_arcsec": 90.1}},
         "crossmatch.radius_arcsec: must be less than or equal to 90, not '90.1'."),
        ({"crossmatch": {"radius_arcsec": float("nan")}},
         "crossmatch.radius_arcsec: must be a finite number, not 'nan'."),
        ({"crossmatch": {"n_neighbors": 0}},
         "crossmatch.n_neighbors: must be greater than or equal to 1, not '0'."),
        ({"crossmatch": {"n_neighbors": 101}},
         "crossmatch.n_neighbors: must be less than or equal to 100, not '101'."),
        ({"crossmatch": 3}, "crossmatch: must be a mapping of names to values, not '3'."),
        ({"train_fraction": 0}, "train_fraction: must be greater than 0, not '0'."),
        ({"train_fraction": 1.0}, "train_fraction: must be less than 1, not '1.0'."),
        ({"unique": "nearst"},
         "unique: must be 'none', 'nearest' or 'best', not 'nearst'. Did you mean nearest?"),
        ({"split_method": "stratified"}, "split_method: must be 'random', not 'stratified'."),
        ({"output_format": "votable"},
         ("output_format: must be 'same', 'csv', 'parquet', 'fits', 'hdf5' or 'hats', not "
          "'votable'.")),
        ({"selected_cols": {"a": 1}}, "selected_cols: must be a list, not \"{'a': 1}\"."),
        ({"crossmatch": {"output_catalog_name": "a\nb"}},
         "crossmatch.output_catalog_name: must be one line without the sign =, not 'a\\nb'."),
        ({"random_seed": 1.5}, "random_seed: must be a whole number, not '1.5'."),
        ({"extinction_coefficients": "sf98"},
         "extinction_coefficients: must be 'rail_lsst' or 'sf11_lsst', not 'sf98'."),
        ({"duplicate_criteria": "farthest"},
         ("duplicate_criteria: must be closest or all, not 'farthest'. Today it is unique: none, "
          "nearest or best.")),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_its_option_and_what_it_may_be(
    given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(OptionError) as refusal:
        validate(given)
    assert refusal.value.message == sentence
    assert refusal.value.code == "invalid_option"


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ({"radius_arcsec": 1}, None),
        ({"train_fracton": 0.5}, "train_fraction"),
        ({"crossmatch": {"radius_arsec": 1}}, "crossmatch.radius_arcsec"),
    ],
)
def test_an_unknown_option_is_refused_with_what_resembles_it(
    given: dict[str, Any], near: str | None
) -> None:
    with pytest.raises(UnknownOptionError) as refusal:
        validate(given)
    assert (f"Did you mean {near}?" in refusal.value.message) == (near is not None)
    assert "The options are" in refusal.value.message


def test_every_set_of_coefficients_is_an_option() -> None:
    field = TrainingParameters.model_fields["extinction_coefficients"]
    assert set(field.annotation.__args__) == set(coefficient_sets())  # type: ignore[union-attr]
