"""Every option of the Training Set Maker: one sentence, one type, one default each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pzpipelines.runtime.options import refusal_of, refuse_unknown, switch, word
from pztables.errors import OptionError

#: Name of photometry as it is, without correction for dust.
NO_DEREDDENING: Final = "none"
#: What is meant where no dereddening is named, if it can be had.
USUAL_DEREDDENING: Final = "sfd"
MAX_RADIUS_ARCSEC: Final = 90.0
MAX_NEIGHBORS: Final = 100

_SAME_FORMAT: Final = (None, "", "same", "specz")
_FORMAT_ALIASES: Final = {"pq": "parquet", "fit": "fits", "h5": "hdf5", "hf5": "hdf5"}


def _names(value: object) -> object:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def _flux_type(value: object) -> object:
    return (value.strip() or None) if isinstance(value, str) else value


def _dereddening(value: object) -> object:
    name = word(value)
    if name is False:
        return NO_DEREDDENING
    return None if name == "" else name


def _unique(value: object) -> object:
    return "none" if word(value) in (None, "") else word(value)


def _output_format(value: object) -> object:
    name = word(value)
    if name in _SAME_FORMAT:
        return "same"
    return _FORMAT_ALIASES.get(name, name) if isinstance(name, str) else name


def _one_line(value: str) -> str:
    if "=" in value or len(value.splitlines()) > 1:
        raise ValueError("must be one line without the sign =")
    return value


ShortName = Annotated[str, Field(max_length=100)]


class CrossmatchParameters(BaseModel):
    """How positions are matched."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    radius_arcsec: Annotated[
        float,
        Field(
            title="Threshold distance",
            description="An object this near a redshift on the sky, in arcseconds, or nearer, "
            "is its match.",
            gt=0,
            le=MAX_RADIUS_ARCSEC,
        ),
    ] = 1.0
    n_neighbors: Annotated[
        int,
        Field(
            title="Number of neighbours",
            description="Objects that a redshift is matched with at most, the nearest first; "
            "one row each.",
            ge=1,
            le=MAX_NEIGHBORS,
        ),
    ] = 1
    suffixes: Annotated[
        Annotated[list[str | None], Field(max_length=2)] | None,
        Field(
            title="Suffixes",
            description="Accepted and without effect: a redshift column whose name photometry "
            "has too gets _specz.",
        ),
    ] = None
    output_catalog_name: Annotated[
        Annotated[str, Field(max_length=255), AfterValidator(_one_line)] | None,
        Field(
            title="Catalog name",
            description="Name in the properties of a result in HATS (the output name when empty).",
        ),
    ] = None


def _crossmatch(value: object) -> object:
    return {} if value is None else value


class TrainingParameters(BaseModel):
    """The options of one training set."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    crossmatch: Annotated[
        CrossmatchParameters,
        BeforeValidator(_crossmatch),
        Field(title="Crossmatch", description="How positions are matched."),
    ] = Field(default_factory=CrossmatchParameters)
    selected_cols: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=255)]],
        BeforeValidator(_names),
        Field(
            title="Photometric columns",
            description="Columns of the object catalog to take along, in this order (all of the "
            "chosen photometry when empty).",
            max_length=2000,
        ),
    ] = Field(default_factory=list)
    flux_type: Annotated[
        ShortName | None,
        BeforeValidator(_flux_type),
        Field(
            title="Flux type",
            description="Which measurement of brightness, for example auto, cModel or gaap1p0 "
            "(when empty, the one the release has; of several auto, else cModel).",
        ),
    ] = None
    convert_flux_to_mag: Annotated[
        bool,
        switch(default=True),
        Field(
            title="Convert fluxes into magnitudes",
            description="Whether photometry is AB magnitudes (zero point 31.4 for fluxes in "
            "nanojansky) or fluxes.",
        ),
    ] = True
    dereddening: Annotated[
        ShortName | None,
        BeforeValidator(_dereddening),
        Field(
            title="Apply dereddening",
            description="Dust map that photometry is corrected with, for example sfd; none "
            "leaves it as observed (when empty, sfd where that is prepared or can be computed, "
            "else as the release has it).",
        ),
    ] = None
    extinction_coefficients: Annotated[
        Literal["rail_lsst", "sf11_lsst"],
        BeforeValidator(word),
        Field(
            title="Extinction coefficients",
            description="Set of A/E(B-V) of each band for photometry that this run dereddens.",
        ),
    ] = "rail_lsst"
    invalid_value: Annotated[
        float | None,
        Field(
            title="Value of invalid photometry",
            description="Number written where a magnitude or flux is missing or cannot be (no "
            "value when empty).",
        ),
    ] = None
    unique: Annotated[
        Literal["none", "nearest", "best"],
        BeforeValidator(_unique),
        Field(
            title="Unique galaxies",
            description="Whether each object and each redshift may be used several times (none) "
            "or once: the nearest pair first (nearest), or the best quality flag first, then "
            "the nearest (best).",
        ),
    ] = "none"
    split_method: Annotated[
        Literal["random"],
        BeforeValidator(word),
        Field(
            title="Split method",
            description="How rows are divided into training and test: by a hash of the galaxy "
            "and the seed, so that a galaxy is never on both sides.",
        ),
    ] = "random"
    train_fraction: Annotated[
        float,
        Field(
            title="Train fraction",
            description="Share of the rows for training, exact to one galaxy.",
            gt=0,
            lt=1,
        ),
    ] = 0.7
    random_seed: Annotated[
        int | None,
        Field(
            title="Random seed",
            description="Seed of the split; the same seed divides the same rows alike (drawn and "
            "recorded when empty).",
            ge=-(2**63),
            le=2**63 - 1,
        ),
    ] = None
    output_format: Annotated[
        Literal["same", "csv", "parquet", "fits", "hdf5", "hats"],
        BeforeValidator(_output_format),
        Field(
            title="Output format",
            description="Format of the training set (same: that of the redshift catalog).",
        ),
    ] = "same"


#: What the registry asks every pipeline for.
PARAMETERS: Final = TrainingParameters

#: Options of the earlier service that chose how files are opened; accepted, without effect.
WITHOUT_EFFECT: Final = ("use_absolute_lsdb_path",)
#: The earlier option about shared objects, in today's words.
DUPLICATE_CRITERIA: Final = {"closest": "nearest", "all": "none"}
_NESTED: Final = {"crossmatch": CrossmatchParameters}


def validate(parameters: Mapping[str, Any]) -> TrainingParameters:
    """Check options.

    Parameters
    ----------
    parameters
        Option to value, as JSON gives it; what ``crossmatch`` leaves out keeps its
        default, and ``crossmatch.radius_arcsec`` may be written as one name.

    Raises
    ------
    OptionError
        Naming the option, what it may be and, where a name is unknown, what
        resembles it.
    """
    given = _with_earlier_options(_unfolded(parameters))
    refuse_unknown([str(key) for key in given], list(TrainingParameters.model_fields))
    for name, model in _NESTED.items():
        inner = given.get(name)
        if isinstance(inner, Mapping):
            known = list(model.model_fields)
            refuse_unknown([str(key) for key in inner], known, inside=f"{name}.")
    try:
        return TrainingParameters.model_validate(given)
    except ValidationError as wrong:
        raise refusal_of(wrong, given, nested=_NESTED) from None


def _unfolded(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with names like ``crossmatch.radius_arcsec`` put into their maps."""
    given = {str(key): value for key, value in parameters.items() if "." not in str(key)}
    for key, value in parameters.items():
        outer, dot, inner = str(key).partition(".")
        if dot:
            held = given.get(outer)
            given[outer] = {**(held if isinstance(held, Mapping) else {}), inner: value}
    return given


def _with_earlier_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with those of the earlier service translated."""
    kept = {key: value for key, value in given.items() if key not in WITHOUT_EFFECT}
    if "duplicate_criteria" not in kept:
        return kept
    criterion = word(kept.pop("duplicate_criteria"))
    if criterion in (None, ""):
        return kept
    if criterion not in DUPLICATE_CRITERIA:
        raise OptionError(
            f"duplicate_criteria: must be closest or all, not {str(criterion)[:60]!r}. "
            "Today it is unique: none, nearest or best.",
            option="duplicate_criteria",
            allowed=list(DUPLICATE_CRITERIA),
        )
    if word(kept.get("unique")) in (None, "", "none"):
        kept["unique"] = DUPLICATE_CRITERIA[str(criterion)]
    return kept
