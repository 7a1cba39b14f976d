"""The form of Combine Redshift Catalogs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from pzhub.catalog.models import Product
from pzhub.processes.pages.pipeline_form import PipelineForm, names_in
from pzhub.processes.pipelines import default_parameters, min_inputs

PIPELINE = "combine_redshift_dedup"
_EXTRA_LINE = re.compile(
    r"^(?P<name>[^\s:,]+)\s*[:\s]\s*(?P<type>[a-z0-9]+)(?:\s+from\s+(?P<source>.+))?$", re.I
)

#: Fields that are no parameters of the pipeline.
_NOT_PARAMETERS = ("display_name", "description", "catalog", "output_format", "rules")
#: What the page folds away under "Advanced".
ADVANCED = (
    "crossmatch_radius_arcsec",
    "delta_z_threshold",
    "tie_treatment_option",
    "random_seed",
    "null_z",
    "collapse_priority",
    "invalid_rows",
    "insert_rubin_footprint_flag",
    "insert_DP1_footprint_flag",
    "keep_stars",
    "reset_previous_results",
    "explain",
    "extra_columns",
    "rules",
)


def read_extra_columns(text: str) -> dict[str, Any]:
    """Read lines like ``mag_i: float`` or ``err: float from e_z`` as the pipeline wants them.

    Raises
    ------
    django.core.exceptions.ValidationError
        Naming the line that cannot be read.
    """
    columns: dict[str, Any] = {}
    for line in (part.strip() for part in re.split(r"[\n;]", text)):
        if not line:
            continue
        match = _EXTRA_LINE.match(line)
        if match is None:
            raise forms.ValidationError(
                _t("“%(line)s”: write one column per line, as name: type, for example mag_i: float")
                % {"line": line[:60]}
            )
        kind, source = match["type"].lower(), match["source"]
        columns[match["name"]] = {"source": source.strip(), "type": kind} if source else kind
    return columns


def write_extra_columns(columns: Mapping[str, Any]) -> str:
    """Write the pipeline's extra columns as the lines of the form."""
    return "\n".join(
        f"{name}: {kind['type']} from {kind['source']}"
        if isinstance(kind, Mapping)
        else f"{name}: {kind}"
        for name, kind in columns.items()
    )


class CombineForm(PipelineForm):
    """What to combine, and how."""

    html_id = "crc"
    pipeline = PIPELINE
    advanced_names = ADVANCED
    name_label = _("Name of the combined catalog")
    name_missing = _("Give the combined catalog a name.")

    z_flag_homogenized_value_to_cut = forms.TypedChoiceField(
        coerce=int,
        choices=[(0, _("no cut")), (1, "< 70 %"), (2, "70–90 %"), (3, "90–99 %"), (4, "> 99 %")],
        widget=forms.RadioSelect,
        label=_("Keep rows whose unified flag is at least"),
    )
    combine_type = forms.ChoiceField(
        choices=[
            ("concatenate", _("No")),
            ("concatenate_and_mark_duplicates", _("Yes, but keep all")),
            ("concatenate_and_remove_duplicates", _("Yes, and remove duplicates")),
        ],
        widget=forms.RadioSelect,
        label=_("Resolve duplicates"),
    )
    output_format = forms.ChoiceField(label=_("Format"))
    crossmatch_radius_arcsec = forms.FloatField(
        required=False,
        min_value=0,
        max_value=60,
        label=_("Match radius, arcsec"),
        help_text=_("0.5 when empty"),
    )
    delta_z_threshold = forms.FloatField(
        required=False,
        min_value=0,
        label=_("Redshifts agree within"),
        help_text=_("0.001 when empty; 0 never merges"),
    )
    tie_treatment_option = forms.ChoiceField(
        choices=[
            ("remove_all", _("Remove all")),
            ("keep_all", _("Keep all")),
            ("draw_one", _("Draw one")),
        ],
        label=_("Unresolved ties"),
        help_text=_("When duplicates are removed"),
    )
    random_seed = forms.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        label=_("Random seed"),
        help_text=_("Of “Draw one”; the same seed draws the same rows"),
    )
    null_z = forms.ChoiceField(
        choices=[("keep", _("Stay as a tie")), ("lose", _("Lose"))],
        label=_("Rows without redshift"),
        help_text=_("Beside an equally good row that has one"),
    )
    collapse_priority = forms.CharField(
        required=False,
        label=_("Prefer the smallest"),
        help_text=_("Among rows that agree, for example z_err"),
    )
    invalid_rows = forms.ChoiceField(
        choices=[("refuse", _("Stop the run")), ("drop", _("Leave out and count"))],
        label=_("Rows with invalid positions"),
    )
    insert_rubin_footprint_flag = forms.BooleanField(
        required=False, label=_("Flag rows in the Rubin footprint")
    )
    insert_DP1_footprint_flag = forms.BooleanField(  # noqa: N815  # the name is on the wire
        required=False, label=_("Flag rows in the DP1 fields")
    )
    keep_stars = forms.BooleanField(required=False, label=_("Keep stars when removing duplicates"))
    reset_previous_results = forms.BooleanField(
        required=False, label=_("Decide afresh about earlier combinations")
    )
    explain = forms.BooleanField(required=False, label=_("Add columns that explain each decision"))
    extra_columns = forms.CharField(
        required=False,
        label=_("Extra columns"),
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "mag_i: float"}),
        help_text=_("One per line: name: type, or name: type from column (str, int, float, bool)"),
    )
    rules = forms.FileField(
        required=False,
        label=_("Rule file"),
        help_text=_("YAML with your own rules for quality flags, in place of the default ones"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choice_field("output_format").choices = self.format_choices()

    @classmethod
    def initial_of_parameters(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields' values for a pipeline's parameters, complete with defaults."""
        values = {**default_parameters(PIPELINE), **given}
        cut = values["z_flag_homogenized_value_to_cut"]
        return {
            **{name: values[name] for name in cls.base_fields if name in values},
            "z_flag_homogenized_value_to_cut": int(cut or 0),
            "extra_columns": write_extra_columns(values["extra_columns"]),
            "collapse_priority": ", ".join(values["collapse_priority"]),
        }

    def clean_extra_columns(self) -> dict[str, Any]:
        """Read the lines."""
        return read_extra_columns(self.cleaned_data["extra_columns"])

    def clean_collapse_priority(self) -> list[str]:
        """Read the names."""
        return names_in(self.cleaned_data["collapse_priority"])

    def count_catalogs(self) -> None:
        """Add to ``catalog_errors`` if there is nothing to combine."""
        needed = min_inputs(PIPELINE)
        if len(self.catalogs) < needed:
            self.catalog_errors.append(
                _t("Choose at least %(needed)d catalogs; %(chosen)d chosen.")
                % {"needed": needed, "chosen": len(self.catalogs)}
            )

    @property
    def parameters(self) -> dict[str, Any]:
        """The pipeline's parameters that differ from its defaults, as far as they are valid."""
        defaults = default_parameters(PIPELINE)
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in _NOT_PARAMETERS and value not in (None, "") and value != defaults[name]
        }


def products_of(form: CombineForm) -> list[Product]:
    """Return the chosen catalogs in the order that counts: by id."""
    return sorted(form.catalogs, key=lambda product: product.pk)
