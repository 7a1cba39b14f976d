"""Refusals of the Training Set Maker."""

from __future__ import annotations

from pztables.errors import UserError


class RedshiftInputError(UserError):
    """There is not exactly one redshift catalog."""

    code = "one_redshift_catalog"


class NoObjectsError(UserError):
    """The release has no object catalog that could be matched with."""

    code = "release_without_data"


class PhotometryError(UserError):
    """The photometry that was asked for is not prepared and cannot be computed."""

    code = "photometry_not_available"


class PositionRangeError(UserError):
    """Coordinates of the redshift catalog are not on the sky."""

    code = "coordinates_out_of_range"


class NoOverlapError(UserError):
    """Redshifts and objects lie in different parts of the sky."""

    code = "no_overlap"


class NoMatchError(UserError):
    """No object is within the radius of any redshift."""

    code = "no_match"


class QualityFlagError(UserError):
    """The redshift catalog has no quality flag to choose by."""

    code = "no_quality_flag"
