"""The form of the Training Set Maker."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, Release
from pzhub.core.forms import PageForm
from pzhub.processes.pages.picker import chosen_catalogs
from pzhub.processes.pipelines import (
    Photometry,
    columns_of_objects,
    columns_offered,
    default_parameters,
    photometry_of,
    pipeline_specs,
)
from pzhub.processes.services import releases_with_objects
from pztables.errors import UserError

PIPELINE: Final = "training_set_maker"
SAME: Final = "same"
_FORMAT_NAMES: Final = {"parquet": "Parquet", "csv": "CSV", "fits": "FITS", "hdf5": "HDF5",
                        "hats": _("HATS collection")}  # fmt: skip
#: Fields of the form that are inside ``crossmatch`` on the wire.
_CROSSMATCH: Final = ("radius_arcsec", "n_neighbors")
#: Parameters that have a field of the same name.
_PLAIN: Final = (
    "flux_type",
    "dereddening",
    "convert_flux_to_mag",
    "selected_cols",
    "unique",
    "train_fraction",
    "random_seed",
    "extinction_coefficients",
    "invalid_value",
)
#: What the page folds away under "Advanced".
ADVANCED: Final = ("extinction_coefficients", "invalid_value", "random_seed")
_CATALOG_CODES: Final = {
    "too_few_inputs",
    "too_many_inputs",
    "input_not_usable",
    "input_not_ready",
}


class ColumnsField(forms.MultipleChoiceField):
    """Names of columns; the pipeline itself refuses those that are not there, with near names."""

    def valid_value(self, value: Any) -> bool:
        """Accept any name."""
        return True


class TrainingForm(PageForm):
    """Which redshifts are matched with which objects, and how."""

    html_id = "tsm"

    display_name = forms.CharField(
        max_length=255,
        label=_("Name of the training set"),
        error_messages={"required": _("Give the training set a name.")},
    )
    description = forms.CharField(
        required=False,
        label=_("Description"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Markdown."),
    )
    release = forms.ChoiceField(
        label=_("Objects catalog"),
        error_messages={
            "required": _("Choose a release."),
            "invalid_choice": _("There is no release “%(value)s”, or you may not see it."),
        },
    )
    flux_type = forms.ChoiceField(required=False, label=_("Flux type"))
    dereddening = forms.ChoiceField(
        required=False,
        label=_("Dereddening"),
        help_text=_("Dust map with which photometry is corrected for the Milky Way."),
    )
    convert_flux_to_mag = forms.BooleanField(
        required=False, label=_("Convert fluxes into magnitudes")
    )
    selected_cols = ColumnsField(required=False, label=_("Columns of the objects"))
    radius_arcsec = forms.FloatField(
        label=_("Threshold distance, arcsec"),
        min_value=0,
        max_value=90,
        help_text=_("More than 0, at most 90"),
    )
    n_neighbors = forms.IntegerField(
        min_value=1,
        max_value=100,
        label=_("Number of neighbours"),
        help_text=_("Nearest first; one row for each"),
    )
    unique = forms.ChoiceField(
        choices=[
            ("none", _("Keep all")),
            ("nearest", _("Nearest")),
            ("best", _("Best redshift")),
        ],
        widget=forms.RadioSelect,
        label=_("Unique galaxies"),
    )
    train_fraction = forms.FloatField(
        min_value=0,
        max_value=1,
        label=_("Share for training"),
        help_text=_("Between 0 and 1; the rest is for testing"),
    )
    output_format = forms.ChoiceField(label=_("Format"))
    extinction_coefficients = forms.ChoiceField(
        choices=[
            ("rail_lsst", "RAIL LSST (4.81, 3.64, 2.70, 2.06, 1.58, 1.31)"),
            ("sf11_lsst", "Schlafly & Finkbeiner 2011 (4.145, 3.237, 2.273, 1.684, 1.323, 1.088)"),
        ],
        label=_("Extinction coefficients"),
        help_text=_("A/E(B−V) of u, g, r, i, z, y, where this job dereddens"),
    )
    invalid_value = forms.FloatField(
        required=False,
        label=_("Value of invalid photometry"),
        help_text=_("Null when empty; some codes want 99"),
    )
    random_seed = forms.IntegerField(
        required=False,
        min_value=-(2**63),
        max_value=2**63 - 1,
        label=_("Random seed"),
        help_text=_("Of the split; drawn and recorded when empty"),
    )

    def __init__(self, *args: Any, actor: User, names: Sequence[str] = (), **kwargs: Any) -> None:
        self.actor = actor
        self.releases = releases_with_objects(actor)
        kwargs["initial"] = {**initial_parameters({}), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        if self.is_bound:
            names = self.data.getlist("catalog")  # type: ignore[attr-defined]  # a QueryDict
        self.catalogs, self.unknown_catalogs = chosen_catalogs(actor, names)
        self.catalog_errors: list[str] = []
        self._offer_releases()
        self._offer_photometry()
        formats = pipeline_specs()[PIPELINE].output_formats
        self._field("output_format").choices = [
            (SAME, _("Same as the redshift catalog")),
            *((name, _FORMAT_NAMES.get(name, name)) for name in formats),
        ]

    def _field(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    def _offer_releases(self) -> None:
        """List the releases; the first is chosen where none is that can be."""
        self._field("release").choices = [
            (release.name, release.display_name) for release in self.releases
        ]
        names = [release.name for release in self.releases]
        if names and self.initial.get("release") not in names:
            self.initial["release"] = names[0]

    @property
    def chosen_release(self) -> Release | None:
        """The release that is chosen, when it can be."""
        name = self["release"].value()
        return next((each for each in self.releases if each.name == name), None)

    @property
    def photometry(self) -> Photometry | None:
        """What the chosen release offers."""
        release = self.chosen_release
        return photometry_of(release) if release is not None else None

    def _offer_photometry(self) -> None:
        """List what the chosen release has; its own choice is made where none is."""
        release, offer = self.chosen_release, self.photometry
        if release is None or offer is None:
            return
        for name, listed, chosen in (
            ("flux_type", offer.flux_types, offer.flux_type),
            ("dereddening", offer.dereddening, offer.dereddening_chosen),
        ):
            field = self._field(name)
            field.choices = [(each.name, each.label) for each in listed if not each.is_disabled]
            field.error_messages["invalid_choice"] = _t(
                "%(release)s does not offer “%%(value)s”; choose one of the list."
            ) % {"release": release.display_name}
            if self.initial.get(name) not in {value for value, _label in field.choices}:
                self.initial[name] = chosen
        if self.initial.get("convert_flux_to_mag") is None:
            self.initial["convert_flux_to_mag"] = offer.converts
        if offer.conversion == "locked_on":
            self.fields["convert_flux_to_mag"].disabled = True
            self.initial["convert_flux_to_mag"] = True

    @property
    def columns(self) -> list[tuple[str, str, bool]]:
        """Name, type on disk and whether it is chosen of each column that can be had."""
        release = self.chosen_release
        if release is None:
            return []
        kinds = dict(columns_of_objects(release))
        chosen = list(self["selected_cols"].value() or ())
        try:
            offered = columns_offered(release, self._choice())
        except UserError:  # pre-flight tells what is wrong with the choice
            offered = list(kinds)
        names = dict.fromkeys([*offered, *chosen])
        return [(name, kinds.get(name, ""), name in chosen) for name in names]

    def _choice(self) -> dict[str, Any]:
        """Return the photometry that is chosen, as far as it is."""
        chosen = {name: self[name].value() for name in ("flux_type", "dereddening")}
        return {
            **{name: value for name, value in chosen.items() if value},
            "convert_flux_to_mag": bool(self["convert_flux_to_mag"].value()),
        }

    def clean_radius_arcsec(self) -> float:
        """Refuse a radius of nothing."""
        radius = float(self.cleaned_data["radius_arcsec"])
        if radius <= 0:
            raise forms.ValidationError(_t("The distance must be more than 0 arcsec."))
        return radius

    def clean_train_fraction(self) -> float:
        """Refuse a split without one of its sides."""
        fraction = float(self.cleaned_data["train_fraction"])
        if not 0 < fraction < 1:
            raise forms.ValidationError(_t("The share must lie between 0 and 1, without them."))
        return fraction

    def clean(self) -> dict[str, Any]:
        """Count the catalogs: their field is a table, not a widget."""
        if self.unknown_catalogs:
            self.catalog_errors.append(
                _t("Not found, or not a published redshift catalog: %(names)s")
                % {"names": ", ".join(self.unknown_catalogs)}
            )
        elif not self.catalogs:
            self.catalog_errors.append(_t("Choose a redshift catalog."))
        elif len(self.catalogs) > 1:
            self.catalog_errors.append(_t("Choose one redshift catalog only."))
        return self.cleaned_data

    def is_valid(self) -> bool:
        """Return whether fields and catalog are acceptable."""
        return super().is_valid() and not self.catalog_errors

    def add_refusal(self, refusal: UserError) -> None:
        """Show a refusal at the option or the catalog that it names."""
        option = str(refusal.data.get("option", "")).rpartition(".")[2]
        if refusal.code in _CATALOG_CODES:
            self.catalog_errors.append(refusal.message)
        elif option in self.fields:
            self.add_error(option, refusal.message)
            self._focus_first_error()
        elif refusal.code.startswith("release"):
            self.add_error("release", refusal.message)
            self._focus_first_error()
        else:
            super().add_refusal(refusal)

    @property
    def product(self) -> Product | None:
        """The redshift catalog that is chosen, when it is one."""
        return self.catalogs[0] if len(self.catalogs) == 1 else None

    @property
    def parameters(self) -> dict[str, Any]:
        """The pipeline's parameters that differ from its defaults, as far as they are valid."""
        defaults = default_parameters(PIPELINE)
        given = self.cleaned_data
        crossmatch = {
            name: given[name]
            for name in _CROSSMATCH
            if given.get(name) not in (None, defaults["crossmatch"][name])
        }
        plain = {
            name: given[name]
            for name in _PLAIN
            if given.get(name) not in (None, "", [], defaults[name])
        }
        return {**({"crossmatch": crossmatch} if crossmatch else {}), **plain}

    @property
    def advanced(self) -> list[forms.BoundField]:
        """The fields under "Advanced"."""
        return [self[name] for name in ADVANCED]

    @property
    def changed_advanced(self) -> list[str]:
        """Labels of the advanced settings that are not at their defaults."""
        defaults = initial_parameters({})
        return [
            str(self.fields[name].label)
            for name in ADVANCED
            if _text(self[name].value()) != _text(defaults.get(name))
        ]

    @property
    def opens_advanced(self) -> bool:
        """Whether something under "Advanced" must be seen."""
        return any(name in self.errors for name in ADVANCED)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def initial_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields' values for a pipeline's parameters.

    Photometry that is not given is left open: it is the release's to preselect.
    """
    values = {**default_parameters(PIPELINE), **given}
    open_ones = ("flux_type", "dereddening", "convert_flux_to_mag")
    return {
        **{name: values[name] for name in _PLAIN if name not in open_ones},
        **{name: given.get(name) for name in open_ones},
        **{name: values["crossmatch"][name] for name in _CROSSMATCH},
        "output_format": SAME,
    }


def initial_of_query(query: QueryDict) -> dict[str, Any]:
    """Return the fields' values that an address prefills; unknown names are ignored."""
    initial: dict[str, Any] = {}
    for name, field in TrainingForm.base_fields.items():
        if name not in query:
            continue
        text = str(query[name])
        if isinstance(field, forms.BooleanField):
            initial[name] = text.lower() in {"1", "true", "on", "yes"}
        elif name == "selected_cols":
            initial[name] = [
                part for value in query.getlist(name) for part in re.split(r"[\s,]+", value) if part
            ]
        else:
            initial[name] = text
    return initial
