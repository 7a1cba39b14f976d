"""Names of the result's columns."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pzpipelines.training.naming import OWN_COLUMNS, name_columns

NAMES = st.lists(
    st.builds(
        str.__add__,
        st.sampled_from(["a", "b", "ra", "_dist_arcsec", "is_training_set", ""]),
        st.sampled_from(["", "_specz", "_specz_specz", "_phot"]),
    ),
    unique=True,
    max_size=8,
)


def literal_rule(redshifts: list[str], photometry: list[str]) -> list[str]:
    """Name columns as the earlier service did, which can give two columns one name."""
    names = [f"{name}_specz" for name in redshifts] + photometry + list(OWN_COLUMNS)
    return [
        bare
        if (bare := name.removesuffix("_specz")) and bare != name and bare not in names
        else name
        for name in names
    ]


@pytest.mark.parametrize(
    ("redshifts", "photometry", "expected"),
    [
        (["ra", "dec", "z", "id"], ["ra", "dec", "id"],
         ["ra_specz", "dec_specz", "z", "id_specz", "ra", "dec", "id"]),
        (["RA", "DEC", "Z"], ["objectId", "coord_ra", "coord_dec", "g_cModelMag"],
         ["RA", "DEC", "Z", "objectId", "coord_ra", "coord_dec", "g_cModelMag"]),
        (["z"], ["u", "g", "z"], ["z_specz", "u", "g", "z"]),
        # a photometric column that happens to end in _specz
        (["z"], ["n_specz"], ["z", "n"]),
        # ... whose bare name a redshift column has: the redshift comes first
        (["n"], ["n_specz"], ["n", "n_specz"]),
        (["n"], ["n", "n_specz"], ["n_specz_specz", "n", "n_specz"]),
        # an earlier training set is the input
        (["ra_specz", "z", "ra", "_dist_arcsec", "is_training_set"], ["ra"],
         ["ra_specz_specz", "z", "ra_specz", "_dist_arcsec_specz", "is_training_set_specz", "ra"]),
        # photometry has a column that the run adds
        (["z"], ["_dist_arcsec", "is_training_set"],
         ["z", "_dist_arcsec_phot", "is_training_set_phot"]),
    ],
)  # fmt: skip
def test_a_redshift_column_gets_a_suffix_only_where_names_collide(
    redshifts: list[str], photometry: list[str], expected: list[str]
) -> None:
    assert list(name_columns(redshifts, photometry).all) == [*expected, *OWN_COLUMNS]


@given(NAMES, NAMES)
@example(["a"], ["a_specz"])
@example(["b_specz"], ["b_specz", "b_specz_specz"])
def test_names_are_distinct_and_the_literal_rule_where_that_is_clear(
    redshifts: list[str], photometry: list[str]
) -> None:
    names = name_columns(redshifts, photometry)
    assert (len(names.redshifts), len(names.photometry)) == (len(redshifts), len(photometry))
    assert len({*names.all}) == len(names.all)
    literal = literal_rule(redshifts, photometry)
    if len({*literal}) == len(literal):
        assert list(names.all) == literal
