"""The form of a release: who may use it, and what of its objects can be chosen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from pzhub.accounts.models import ADMIN_GROUP
from pzhub.catalog.models import Release
from pzhub.core.forms import PageForm
from pzhub.processes.services import Choices, ReleaseWishes, disabled_names, selected_name

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


class ReleaseForm(PageForm):
    """What people read of a release, who may use it, and what it offers.

    Parameters
    ----------
    release
        The one that is changed; ``None`` for a new one.
    described
        What its object catalog holds; ``None`` where it has none.
    folder
        Where that is, for the name of a new release.
    """

    name = forms.SlugField(
        max_length=64,
        label=_("Short name"),
        help_text=_("Letters, digits, hyphens and underscores, such as dp1. It stays as it is."),
        error_messages={"required": _("Give the release a short name.")},
    )
    display_name = forms.CharField(
        max_length=128,
        label=_("Name"),
        error_messages={"required": _("Give the release a name.")},
    )
    description = forms.CharField(
        required=False, label=_("Description"), widget=forms.Textarea(attrs={"rows": 3})
    )
    is_public = forms.BooleanField(required=False, label=_("Open to everybody signed in"))
    groups = forms.MultipleChoiceField(
        required=False,
        label=_("Groups"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Only their members use the release and see its products. Without any group it is"
            " open to everybody signed in."
        ),
    )
    indexing_column = forms.ChoiceField(
        label=_("Identifier of an object"),
        help_text=_("The column that no two objects share."),
    )
    flux_types = forms.MultipleChoiceField(
        required=False, label=_("Flux types"), widget=forms.CheckboxSelectMultiple
    )
    flux_type = forms.ChoiceField(required=False, label=_("Preselected flux type"))
    dereddenings = forms.MultipleChoiceField(
        required=False, label=_("Dereddening"), widget=forms.CheckboxSelectMultiple
    )
    dereddening = forms.ChoiceField(required=False, label=_("Preselected dereddening"))

    def __init__(
        self,
        *args: Any,
        release: Release | None,
        described: Mapping[str, Any] | None,
        folder: str = "",
        **kwargs: Any,
    ) -> None:
        initial = _initial(release, described, folder)
        super().__init__(*args, **{"initial": initial, **kwargs})
        if release is not None:
            del self.fields["name"]
        groups = Group.objects.exclude(name=ADMIN_GROUP).order_by("name")  # they see all anyway
        self._offer("groups", groups.values_list("name", flat=True))
        if described is None:
            for name in ("indexing_column", "flux_types", "flux_type", "dereddenings"):
                del self.fields[name]
            del self.fields["dereddening"]
            return
        self._offer("indexing_column", [column["name"] for column in described["columns"]])
        for one, several, names in (
            ("flux_type", "flux_types", described["flux_types"]),
            ("dereddening", "dereddenings", described["dereddening"]),
        ):
            self._offer(one, names)
            self._offer(several, names)

    def _offer(self, field: str, names: Any) -> None:
        self.fields[field].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    @property
    def wishes(self) -> ReleaseWishes:
        """Return what a valid form asks for; of the object catalog, nothing but choices."""
        cleaned = self.cleaned_data
        return ReleaseWishes(
            display_name=cleaned["display_name"],
            description=cleaned["description"],
            groups=cleaned["groups"],
            is_public=cleaned["is_public"],
            indexing_column=cleaned.get("indexing_column") or None,
            choices=Choices(
                disabled=[
                    name
                    for field in ("flux_types", "dereddenings")
                    if field in self.fields
                    for name, _label in self.fields[field].choices  # type: ignore[attr-defined]
                    if name not in cleaned[field]
                ],
                flux_type=cleaned.get("flux_type") or None,
                dereddening=cleaned.get("dereddening") or None,
            ),
        )


def _initial(
    release: Release | None, described: Mapping[str, Any] | None, folder: str
) -> dict[str, Any]:
    """Return what the form begins with: the release as it is, or names taken from the folder."""
    name = _NOT_IN_NAMES.sub("-", folder.rsplit("/", 1)[-1])[:64]
    shown = release or Release(name=name, display_name=name.upper())
    initial = {
        "name": shown.name,
        "display_name": shown.display_name,
        "description": shown.description,
        "is_public": shown.is_public,
        "groups": [] if release is None else [group.name for group in release.access_groups.all()],
    }
    if described is None:
        return initial
    off = disabled_names(shown.fluxes, shown.dereddening)
    return {
        **initial,
        "indexing_column": shown.indexing_column,
        "flux_types": [each for each in described["flux_types"] if each not in off],
        "dereddenings": [each for each in described["dereddening"] if each not in off],
        "flux_type": selected_name(shown.fluxes),
        "dereddening": selected_name(shown.dereddening),
    }
