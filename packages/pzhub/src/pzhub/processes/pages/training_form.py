"""The form of the Training Set Maker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from pzhub.catalog.models import Product, Release
from pzhub.processes.models import Process
from pzhub.processes.pages.pipeline_form import PipelineForm
from pzhub.processes.pipelines import (
    Photometry,
    columns_of_objects,
    columns_offered,
    default_parameters,
    photometry_of,
)
from pzhub.processes.services import releases_with_objects
from pztables.errors import UserError

PIPELINE: Final = "training_set_maker"
SAME: Final = "same"
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


class ColumnsField(forms.MultipleChoiceField):
    """Names of columns; the pipeline itself refuses those that are not there, with near names."""

    def valid_value(self, value: Any) -> bool:
        """Accept any name."""
        return True


class TrainingForm(PipelineForm):
    """Which redshifts are matched with which objects, and how."""

    html_id = "tsm"
    pipeline = PIPELINE
    advanced_names = ADVANCED
    name_label = _("Name of the training set")
    name_missing = _("Give the training set a name.")

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.releases = releases_with_objects(self.actor)
        self._offer_releases()
        self._offer_photometry()
        same = (SAME, _("Same as the redshift catalog"))
        self.choice_field("output_format").choices = [same, *self.format_choices()]

    @classmethod
    def initial_of_parameters(cls, given: Mapping[str, Any]) -> dict[str, Any]:
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

    @classmethod
    def initial_of_job(cls, process: Process) -> dict[str, Any]:
        """Return the fields' values of an earlier job, with its release."""
        release = process.release.name if process.release else None
        return {**super().initial_of_job(process), "release": release}

    def _offer_releases(self) -> None:
        """List the releases; the first is chosen where none is that can be."""
        self.choice_field("release").choices = [
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
            field = self.choice_field(name)
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

    def count_catalogs(self) -> None:
        """Add to ``catalog_errors`` unless there is just one."""
        if self.unknown_catalogs:
            return
        if not self.catalogs:
            self.catalog_errors.append(_t("Choose a redshift catalog."))
        elif len(self.catalogs) > 1:
            self.catalog_errors.append(_t("Choose one redshift catalog only."))

    def field_refused(self, refusal: UserError) -> str | None:
        """Return the field that a refusal is about; the release's are at the release."""
        about_release = "release" if refusal.code.startswith("release") else None
        return super().field_refused(refusal) or about_release

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
