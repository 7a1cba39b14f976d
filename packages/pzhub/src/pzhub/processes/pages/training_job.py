"""A run of the Training Set Maker as its page shows it: stages, parameters, summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pzhub.processes.models import Process
from pzhub.processes.pipelines import default_parameters

#: What each stage is called, and what it does.
STAGES: Final = {
    "prepare": (gettext_lazy("Prepare"), gettext_lazy("reading the redshift catalog")),
    "match": (gettext_lazy("Match"), gettext_lazy("matching redshifts with objects")),
    "photometry": (gettext_lazy("Photometry"), gettext_lazy("photometry and split")),
    "write": (gettext_lazy("Write"), gettext_lazy("writing the training set")),
}
#: Parameters that are shown even at their defaults.
ALWAYS_SHOWN: Final = (
    "crossmatch.radius_arcsec",
    "crossmatch.n_neighbors",
    "flux_type",
    "dereddening",
    "convert_flux_to_mag",
    "unique",
    "train_fraction",
)


def flat_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with those of nested maps under names with dots."""
    flat: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            flat[name] = value
    return flat


def shown_parameters(process: Process) -> dict[str, Any]:
    """Return the parameters that matter or were changed, by field of the form."""
    given = flat_parameters(process.used_config.get("param", {}))
    defaults = flat_parameters(default_parameters(process.pipeline.name))
    shown = {
        name: value
        for name, value in given.items()
        if name in ALWAYS_SHOWN or (name in defaults and value != defaults[name])
    }
    shown.pop("output_format", None)  # shown with those of the run
    return {name.rpartition(".")[2]: value for name, value in shown.items()}


def training_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a finished run did: numbers, choices, invalid values, warnings."""
    matching, split = summary["matching"], summary["split"]
    counts = [
        (_("Redshifts in"), summary.get("rows_in")),
        (_("Redshifts matched"), matching.get("redshifts_matched")),
        (_("Objects matched"), matching.get("objects_matched")),
        (_("Pairs left out as not unique"), matching.get("pairs_removed") or None),
        (_("Redshifts without position"), summary.get("rows_without_position") or None),
        (_("Rows in the result"), summary.get("rows_out")),
        (_("For training"), split.get("train_rows")),
        (_("For testing"), split.get("test_rows")),
        (_("Galaxies"), split.get("groups")),
    ]
    return {
        "counts": [(label, number) for label, number in counts if number is not None],
        "facts": _facts(summary),
        "invalid": _invalid(summary.get("photometry") or {}),
        "warnings": [str(each["message"]) for each in summary.get("warnings") or ()],
        "catalogs": [],
        "unmapped": [],
    }


def _facts(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    matching, split = summary["matching"], summary["split"]
    photometry = summary.get("photometry") or {}
    kind = {"mag": _("AB magnitudes"), "flux": _("fluxes")}.get(str(photometry.get("kind")))
    separation = matching.get("median_separation_arcsec")
    coefficients = photometry.get("extinction_coefficients") or {}
    facts = [
        (
            _("Photometry"),
            _words(photometry.get("flux_type"), kind),
        ),
        (_("Dereddening"), photometry.get("dereddening")),
        (_("How it was made"), photometry.get("how")),
        (_("Zero point"), photometry.get("zero_point")),
        (_("Extinction coefficients"), coefficients.get("set")),
        (_("Median separation"), separation and f"{number_format(round(separation, 3), 3)}″"),
        (_("Seed of the split"), split.get("random_seed")),
    ]
    return [(label, str(value)) for label, value in facts if value not in (None, "")]


def _words(*parts: object) -> str:
    return " ".join(str(part) for part in parts if part)


def _invalid(photometry: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return how many rows of each column have no valid value, as far as any have none."""
    totals = {
        column: int(counts.get("rows", 0))  # the other numbers are its parts, by reason
        for column, counts in (photometry.get("invalid") or {}).items()
    }
    return [(column, total) for column, total in totals.items() if total]
