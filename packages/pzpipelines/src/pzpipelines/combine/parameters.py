"""Every option of Combine Redshift Catalogs: one sentence, one type, one default each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pzpipelines.combine.extra_columns import ExtraColumn, read_extra_columns
from pzpipelines.combine.rules import RuleSet, SchemaWord
from pzpipelines.runtime.options import refusal_of, refuse_unknown, switch, word


def _tie_treatment(value: object) -> object:
    treatment = word(value)
    return "remove_all" if treatment in (None, "") else treatment


def _cut(value: object) -> float | None:
    allowed = "must be one of 1, 2, 3, 4, 5, 6 (5 and 6 keep only stars), or 0 for no cut"
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(allowed)
    try:
        cut = float(value)
    except (ValueError, OverflowError):
        raise ValueError(allowed) from None
    if cut not in (0, 1, 2, 3, 4, 5, 6):
        raise ValueError(allowed)
    return cut or None


def _names(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _extra_columns(value: object) -> object:
    return {} if value is None else value


ColumnNames = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=255)]],
    BeforeValidator(_names),
    Field(max_length=20),
]


class CombineParameters(BaseModel):
    """The options of one combination.

    Options that are ``None`` here and have a key in the rule file take their
    value from it (`effective_parameters`).
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    combine_type: Annotated[
        Literal[
            "concatenate",
            "concatenate_and_mark_duplicates",
            "concatenate_and_remove_duplicates",
        ],
        BeforeValidator(word),
        Field(
            title="Resolve duplicates",
            description="Whether repeated measurements of an object are left alone, marked in "
            "the column tie_result, or removed.",
        ),
    ] = "concatenate"
    tie_treatment_option: Annotated[
        Literal["remove_all", "keep_all", "draw_one"],
        BeforeValidator(_tie_treatment),
        Field(
            title="Unresolved ties",
            description="When duplicates are removed: whether equally good measurements that "
            "disagree are all removed, all kept, or one of them is drawn.",
        ),
    ] = "remove_all"
    z_flag_homogenized_value_to_cut: Annotated[
        float | None,
        BeforeValidator(_cut),
        Field(
            title="Lowest quality flag",
            description="Keep only rows whose unified quality flag is at least this (1 to 4; 5 "
            "and 6 keep only stars; 0 keeps all).",
        ),
    ] = 3.0
    insert_rubin_footprint_flag: Annotated[
        bool,
        switch(default=True),
        Field(
            title="Rubin footprint",
            description="Add the column is_in_rubin_footprint: 1 where the position is south of "
            "the northern limit of Rubin's survey.",
        ),
    ] = True
    insert_DP1_footprint_flag: Annotated[  # noqa: N815  # the name is on the wire
        bool,
        switch(default=False),
        Field(
            title="DP1 fields",
            description="Add the column is_in_DP1_fields: 1 where the position is in one of the "
            "seven fields of Data Preview 1.",
        ),
    ] = False
    extra_columns: Annotated[
        dict[str, Any],
        BeforeValidator(_extra_columns),
        Field(
            title="Further columns",
            description="Columns of the catalogs to carry along: name in the result to type "
            "(str, int, float, bool), or to {source: column, type: type}.",
        ),
    ] = Field(default_factory=dict)
    flags_translation_file: Annotated[
        str | None,
        Field(
            title="Rule file",
            description="A YAML file with your own rules for quality flags and instrument types, "
            "in place of the default rules.",
            max_length=4096,
        ),
    ] = None
    crossmatch_radius_arcsec: Annotated[
        float | None,
        Field(
            title="Match radius",
            description="Rows at most this far apart on the sky, in arcseconds, are the same "
            "object (from the rule file when empty; 0.5 by default).",
            gt=0,
            le=60,
        ),
    ] = None
    delta_z_threshold: Annotated[
        float | None,
        Field(
            title="Redshift agreement",
            description="Equally good rows agree when their redshifts differ by at most this; 0 "
            "never merges them (from the rule file when empty; 0.001 by default).",
            ge=0,
        ),
    ] = None
    tiebreaking_priority: Annotated[
        ColumnNames | None,
        Field(
            title="Tie-breaking columns",
            description="Columns that decide which row wins, in order, higher is better (from "
            "the rule file when empty; flag, then instrument type by default).",
            min_length=1,
        ),
    ] = None
    instrument_type_priority: Annotated[
        dict[str, int] | None,
        Field(
            title="Instrument type ranks",
            description="How good each instrument type is, higher is better (from the rule file "
            "when empty; s 3, g 2, p 1 by default).",
            min_length=1,
        ),
    ] = None
    crossmatch_n_neighbors: Annotated[
        int | None,
        Field(
            title="Neighbours to report",
            description="Rows with more neighbours than this are counted in the summary; every "
            "neighbour within the radius is used (10 by default).",
            ge=1,
            le=10**9,
        ),
    ] = None
    collapse_priority: Annotated[
        ColumnNames,
        Field(
            title="Preference within agreeing redshifts",
            description="Columns whose smallest value wins among rows that agree in redshift, "
            "before the smallest CRD_ID does; for example z_err.",
        ),
    ] = Field(default_factory=list)
    null_z: Annotated[
        Literal["keep", "lose"],
        BeforeValidator(word),
        Field(
            title="Rows without redshift",
            description="Whether a row without redshift stays as a tie beside an equally good "
            "row with one (keep), or loses against it (lose).",
        ),
    ] = "keep"
    keep_stars: Annotated[
        bool,
        Field(
            title="Keep stars",
            description="When duplicates are removed: keep the rows that are stars.",
        ),
    ] = False
    random_seed: Annotated[
        int,
        Field(
            title="Random seed",
            description="Seed of the draw of tie_treatment_option draw_one; the same seed draws "
            "the same rows.",
            ge=0,
            le=2**63 - 1,
        ),
    ] = 0
    invalid_rows: Annotated[
        Literal["refuse", "drop"],
        BeforeValidator(word),
        Field(
            title="Rows with invalid positions",
            description="Whether rows whose position is missing or outside the sky stop the run "
            "(refuse) or are left out and counted (drop).",
        ),
    ] = "refuse"
    reset_previous_results: Annotated[
        bool,
        Field(
            title="Forget earlier verdicts",
            description="Decide afresh about the rows of a catalog that is itself a combination, "
            "also where they have no neighbours now.",
        ),
    ] = False
    save_expr_columns: Annotated[
        bool | None,
        Field(
            title="Keep rule columns",
            description="Keep the columns that the rules' conditions name (from the rule file "
            "when empty; no by default).",
        ),
    ] = None
    expr_column_schema: Annotated[
        dict[str, SchemaWord] | None,
        Field(
            title="Types of rule columns",
            description="Type (int, float, str, bool) of each kept rule column (from the rule "
            "file when empty).",
        ),
    ] = None
    explain: Annotated[
        bool,
        Field(
            title="Explain decisions",
            description="Add columns that tell, for each row, which rule gave its flag and type "
            "and what decided its group.",
        ),
    ] = False
    output_format: Annotated[
        Literal["parquet", "csv", "fits", "hdf5", "hats"],
        BeforeValidator(word),
        Field(title="Output format", description="Format of the combined catalog."),
    ] = "parquet"
    executor: Annotated[
        str,
        Field(
            title="Executor",
            description="What runs the partitions: threads, processes, serial, or a Dask "
            "scheduler as dask://HOST:PORT.",
            pattern=r"^(threads|processes|serial|dask://\S{1,200})$",
        ),
    ] = "threads"
    workers: Annotated[
        int | None,
        Field(
            title="Workers",
            description="How many partitions are matched at once (as the service decides when "
            "empty).",
            ge=1,
            le=1024,
        ),
    ] = None
    memory_bytes: Annotated[
        int | None,
        Field(
            title="Memory",
            description="Bytes that the run aims to stay below (as the service decides when "
            "empty).",
            ge=100_000_000,
        ),
    ] = None

    def model_post_init(self, context: object) -> None:
        """Check what no type can say: the extra columns."""
        read_extra_columns(self.extra_columns)

    @property
    def extra(self) -> tuple[ExtraColumn, ...]:
        """The extra columns, in order."""
        return read_extra_columns(self.extra_columns)

    @property
    def removes_or_marks(self) -> bool:
        """Whether duplicates are looked for."""
        return self.combine_type != "concatenate"


#: What the registry asks every pipeline for.
PARAMETERS: Final = CombineParameters

#: Options of the earlier service that tuned its cluster; accepted, without effect.
WITHOUT_EFFECT: Final = ("prepare_max_inflight", "auto_cross_max_inflight", "cross_max_inflight")


def validate(parameters: Mapping[str, Any]) -> CombineParameters:
    """Check options.

    Parameters
    ----------
    parameters
        Option to value, as JSON gives it.

    Raises
    ------
    OptionError
        Naming the option, what it may be and, where a name is unknown, what
        resembles it. An extra column that cannot be is refused with its own code.
    """
    given = {key: value for key, value in parameters.items() if key not in WITHOUT_EFFECT}
    refuse_unknown([str(key) for key in given], list(CombineParameters.model_fields))
    try:
        return CombineParameters.model_validate(given)
    except ValidationError as wrong:
        raise refusal_of(wrong, given) from None


def effective_parameters(parameters: CombineParameters, rules: RuleSet) -> CombineParameters:
    """Return the options with everything that the rule file decides filled in."""
    from_file: dict[str, Any] = {
        "crossmatch_radius_arcsec": rules.crossmatch_radius_arcsec,
        "delta_z_threshold": rules.delta_z_threshold,
        "tiebreaking_priority": list(rules.tiebreaking_priority),
        "instrument_type_priority": dict(rules.instrument_type_priority),
        "crossmatch_n_neighbors": rules.crossmatch_n_neighbors,
        "save_expr_columns": rules.save_expr_columns,
        "expr_column_schema": dict(rules.expr_column_schema),
    }
    missing = {key: value for key, value in from_file.items() if getattr(parameters, key) is None}
    return parameters.model_copy(update=missing)
