"""Footprint flags: the fields of Data Preview 1 and the northern limit of the survey."""

from __future__ import annotations

import numpy as np
import pytest

from pzpipelines.combine.footprints import DP1_FIELDS, is_in_dp1_fields, is_in_rubin_footprint


def test_positions_up_to_two_and_a_half_degrees_from_a_field_are_inside() -> None:
    ra, dec = np.array(DP1_FIELDS).T
    assert is_in_dp1_fields(ra, dec).all()
    assert is_in_dp1_fields(ra, dec + 2.499).all()
    assert not is_in_dp1_fields(ra, dec - 2.501).any()


def test_distance_to_a_field_runs_along_the_great_circle_and_across_ra_zero() -> None:
    # 2.5 degrees at declination -72 are about eight degrees of right ascension
    ra, dec = np.array([358.6, 357.5]), np.array([-72.08, -72.08])
    assert is_in_dp1_fields(ra, dec).tolist() == [True, False]


@pytest.mark.parametrize(
    ("ra", "limit"), [(0.25, 11.19991809), (0.5, (11.19991809 + 11.80692287) / 2)]
)
def test_the_limit_of_the_survey_is_interpolated_between_its_nodes(ra: float, limit: float) -> None:
    at = np.array([ra, ra])
    assert is_in_rubin_footprint(at, np.array([limit - 1e-9, limit + 1e-9])).tolist() == [
        True,
        False,
    ]


def test_the_limit_is_periodic_in_right_ascension() -> None:
    # between the last node (359.25, 10.594…) and the first (0.25, 11.199…)
    ra, dec = np.array([359.75, 359.75, 0.0, 0.0]), np.array([10.89, 10.91, 11.04, 11.06])
    assert is_in_rubin_footprint(ra, dec).tolist() == [True, False, True, False]


def test_there_is_no_southern_limit() -> None:
    ra = np.arange(0.0, 360.0, 7.0)
    assert is_in_rubin_footprint(ra, np.full(len(ra), -90.0)).all()
    assert not is_in_rubin_footprint(ra, np.full(len(ra), 34.0)).any()
