"""What the forms of all pipelines share: a name, catalogs, a format, and settings folded away."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from pzhub.accounts.models import User
from pzhub.core.forms import PageForm
from pzhub.processes.models import Process
from pzhub.processes.pages.picker import chosen_catalogs
from pzhub.processes.pipelines import pipeline_specs
from pztables.errors import UserError

if TYPE_CHECKING:  # known to the stubs only
    from django.utils.functional import _StrPromise

_FORMAT_NAMES: Final = {"parquet": "Parquet", "csv": "CSV", "fits": "FITS", "hdf5": "HDF5",
                        "hats": _("HATS collection")}  # fmt: skip
_TRUE: Final = {"1", "true", "on", "yes"}
#: Refusals that are about the chosen catalogs, whatever the pipeline.
_CATALOG_CODES: Final = {
    "too_few_inputs",
    "too_many_inputs",
    "input_twice",
    "input_not_usable",
    "input_not_ready",
}


class PipelineForm(PageForm):
    """What to run a pipeline on, and how.

    Attributes
    ----------
    pipeline
        Its name.
    advanced_names
        Fields that the page folds away under "Advanced".
    name_label, name_missing
        What the field of the result's name is called, and says when it is empty.
    """

    pipeline: ClassVar[str]
    advanced_names: ClassVar[Sequence[str]]
    name_label: ClassVar[_StrPromise]
    name_missing: ClassVar[_StrPromise]

    display_name = forms.CharField(max_length=255)
    description = forms.CharField(
        required=False,
        label=_("Description"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Markdown."),
    )

    def __init__(self, *args: Any, actor: User, names: Sequence[str] = (), **kwargs: Any) -> None:
        self.actor = actor
        kwargs["initial"] = {**self.initial_of_parameters({}), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        name = self.fields["display_name"]
        name.label = self.name_label
        name.error_messages["required"] = self.name_missing
        if self.is_bound:
            names = self.data.getlist("catalog")  # type: ignore[attr-defined]  # a QueryDict
        self.catalogs, self.unknown_catalogs = chosen_catalogs(actor, names)
        self.catalog_errors: list[str] = []

    @classmethod
    def initial_of_parameters(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields' values for a pipeline's parameters, complete with defaults."""
        raise NotImplementedError

    @classmethod
    def initial_of_job(cls, process: Process) -> dict[str, Any]:
        """Return the fields' values of an earlier job, to be run anew."""
        return {
            **cls.initial_of_parameters(process.used_config.get("param", {})),
            "display_name": process.display_name,
            "description": process.upload.description,
            "output_format": process.used_config.get("output_format"),
        }

    @classmethod
    def initial_of_query(cls, query: QueryDict) -> dict[str, Any]:
        """Return the fields' values that an address prefills; unknown names are ignored."""
        return {
            name: _value_of(field, query.getlist(name))
            for name, field in cls.base_fields.items()
            if name in query
        }

    def choice_field(self, name: str) -> forms.ChoiceField:
        """Return a field whose choices depend on what there is."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    @classmethod
    def format_choices(cls) -> list[tuple[str, Any]]:
        """Return the formats that the pipeline writes, with their names."""
        formats = pipeline_specs()[cls.pipeline].output_formats
        return [(name, _FORMAT_NAMES.get(name, name)) for name in formats]

    def clean(self) -> dict[str, Any]:
        """Check the catalogs: their field is a table, not a widget."""
        if self.unknown_catalogs:
            self.catalog_errors.append(
                _t("Not found, or not a published redshift catalog: %(names)s")
                % {"names": ", ".join(self.unknown_catalogs)}
            )
        self.count_catalogs()
        return self.cleaned_data

    def count_catalogs(self) -> None:
        """Add to ``catalog_errors`` if too few or too many are chosen."""
        raise NotImplementedError

    def is_valid(self) -> bool:
        """Return whether fields and catalogs are acceptable."""
        return super().is_valid() and not self.catalog_errors

    def add_refusal(self, refusal: UserError) -> None:
        """Show a refusal at the option or the catalogs that it names."""
        if refusal.code in _CATALOG_CODES:
            self.catalog_errors.append(refusal.message)
        elif (field := self.field_refused(refusal)) is not None:
            self.add_error(field, refusal.message)
            self._focus_first_error()
        else:
            super().add_refusal(refusal)

    def field_refused(self, refusal: UserError) -> str | None:
        """Return the field of the option that a refusal names: ``a.b`` may be that of b or of a."""
        parts = str(refusal.data.get("option", "")).split(".")
        return next((part for part in reversed(parts) if part in self.fields), None)

    @property
    def advanced(self) -> list[forms.BoundField]:
        """The fields under "Advanced", without the switches."""
        return [self[name] for name in self.advanced_names if not _is_switch(self.fields[name])]

    @property
    def switches(self) -> list[forms.BoundField]:
        """The switches under "Advanced"."""
        return [self[name] for name in self.advanced_names if _is_switch(self.fields[name])]

    @property
    def changed_advanced(self) -> list[str]:
        """Labels of the advanced settings that are not at their defaults."""
        defaults = self.initial_of_parameters({})
        return [
            str(field.label)
            for name in self.advanced_names
            if not isinstance(field := self.fields[name], forms.FileField)
            and _text(self[name].value()) != _text(defaults.get(name))
        ]

    @property
    def opens_advanced(self) -> bool:
        """Whether something under "Advanced" must be seen."""
        return any(name in self.errors for name in self.advanced_names)


def query_as_sent(request: HttpRequest) -> QueryDict:
    """Return what a form sent as the query of an address that shows it again."""
    query = request.POST.copy()
    for name in ("csrfmiddlewaretoken", "action"):
        query.pop(name, None)
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    return query


def names_in(text: str) -> list[str]:
    """Return the names in a text that spaces or commas part."""
    return [name for name in re.split(r"[\s,]+", text) if name]


def _value_of(field: forms.Field, texts: Sequence[str]) -> Any:
    if _is_switch(field):
        return texts[-1].lower() in _TRUE
    if isinstance(field, forms.MultipleChoiceField):
        return [name for text in texts for name in names_in(text)]
    return texts[-1]


def _is_switch(field: forms.Field) -> bool:
    return isinstance(field, forms.BooleanField)


def _text(value: Any) -> str:
    return "" if value is None or value is False else str(value)
