"""What the plots of a product can be asked to look like."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pzhub.tables.services.density import MAX_SIDE

BINS: Final = ("10", "20", "40", "80")
_SCALES: Final = (
    ("linear", pgettext_lazy("scale", "Linear")),
    ("log", pgettext_lazy("scale", "Log")),
)
_PARTS: Final = {
    "survey": _("survey"),
    "instrument_type": _("instrument type"),
    "is_training_set": _("training set or not"),
}


class RedshiftForm(forms.Form):
    """How N(z) is drawn."""

    scale = forms.ChoiceField(label=_("Counts"), choices=_SCALES, required=False)
    cumulative = forms.BooleanField(label=_("Cumulative"), required=False)
    bins = forms.ChoiceField(label=_("Bins"), required=False)
    split = forms.ChoiceField(label=_("Split by"), required=False)

    def __init__(self, data: Any, *, n_bins: int, parts: tuple[str, ...]) -> None:
        super().__init__(data, auto_id="nz-%s")
        finer = [number for number in BINS if int(number) < n_bins]
        self.fields["bins"].choices = [  # type: ignore[attr-defined]
            ("", _("automatic")),
            (str(n_bins), str(n_bins)),
            *((number, number) for number in reversed(finer)),
        ]
        self.fields["split"].choices = [  # type: ignore[attr-defined]
            ("", _("nothing")),
            *((name, _PARTS.get(name, name)) for name in parts),
        ]


class SkyForm(forms.Form):
    """How the sky is drawn."""

    projection = forms.ChoiceField(
        label=_("Projection"),
        choices=(("mollweide", "Mollweide"), ("aitoff", "Aitoff")),
        required=False,
    )
    layers = forms.MultipleChoiceField(
        choices=(("none", ""), ("dp1", _("DP1 fields")), ("rubin", _("Rubin's northern limit"))),
        required=False,
    )
    field = forms.ChoiceField(label=_("Zoom to"), required=False)

    def __init__(self, data: Any, *, fields: list[tuple[str, str]], usual: str) -> None:
        super().__init__(data, auto_id="sky-%s", initial={"field": usual})
        self.usual = usual
        self.fields["field"].choices = [("all", _("whole sky")), *fields]  # type: ignore[attr-defined]

    def chosen_field(self) -> int | None:
        """Return the number of the field that is zoomed to; nothing for the whole sky."""
        if not self.is_bound:
            number = self.usual
        else:
            number = self.cleaned_data.get("field") or self.usual if self.is_valid() else "all"
        return None if number == "all" else int(number)

    def shown_layers(self) -> set[str]:
        """Return the overlays: the fields of DP1 until others are chosen."""
        chosen = self.cleaned_data.get("layers") or []
        return set(chosen) if "layers" in self.data else {"dp1"}


class ColumnForm(forms.Form):
    """Which column, or pair of columns, is drawn, and of which rows."""

    x = forms.ChoiceField(label=_("Column"), required=False)
    y = forms.ChoiceField(label=_("against"), required=False)
    where = forms.CharField(label=_("Only rows where"), required=False, max_length=2000)
    n = forms.IntegerField(label=_("Bins"), required=False, min_value=2, max_value=MAX_SIDE)
    log = forms.BooleanField(label=_("Log counts"), required=False)

    def __init__(self, data: Any, *, columns: list[str], numbers: list[str]) -> None:
        super().__init__(data, auto_id="column-%s")
        self.fields["x"].choices = [("", "–"), *((name, name) for name in columns)]  # type: ignore[attr-defined]
        self.fields["y"].choices = [("", "–"), *((name, name) for name in numbers)]  # type: ignore[attr-defined]


class ConeForm(forms.Form):
    """A circle on the sky, for those who know its numbers."""

    ra = forms.FloatField(label="RA [deg]", min_value=0, max_value=360)
    dec = forms.FloatField(label="Dec [deg]", min_value=-90, max_value=90)
    radius = forms.FloatField(label=_("Radius [deg]"), min_value=0, max_value=180)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="cone-%s")
        for field in self.fields.values():
            field.widget.attrs["step"] = "any"
