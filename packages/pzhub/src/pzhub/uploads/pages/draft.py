"""A draft as the wizard sees it: what is there, what is missing, where to go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, FileRole, Product, ProductFile, ProductStatus
from pzhub.catalog.policies import require_update
from pzhub.catalog.selectors import product_for
from pzhub.core.errors import ConflictError
from pzhub.core.evidence import Evidence, evidence_of
from pzhub.uploads.models import Inspection, InspectionState
from pzhub.uploads.services import expires_soon, expiry_of
from pztables.roles import Role, role_named


class NotADraftError(ConflictError):
    """The product is published, deleted or made by a pipeline: the wizard is not for it."""

    code = "not_a_draft"


class Step(StrEnum):
    """The steps of the wizard, in order; the values are names of addresses."""

    BASICS = "basics"
    FILES = "files"
    COLUMNS = "columns"
    CONFIRM = "confirm"


_LABELS = {
    Step.BASICS: gettext_lazy("Basic information"),
    Step.FILES: gettext_lazy("Files"),
    Step.COLUMNS: gettext_lazy("Columns"),
    Step.CONFIRM: gettext_lazy("Review and publish"),
}

#: Roles that are worth associating, beyond the required ones, and what they are good for.
_RECOMMENDED: dict[str, dict[str, Any]] = {
    "redshift_catalog": {
        "z_flag": gettext_lazy("Needed to compare the quality of redshifts"),
        "survey": gettext_lazy("Needed to translate flags of surveys"),
        "z_err": gettext_lazy("Redshift errors"),
        "id": gettext_lazy("Keeps rows traceable to their source"),
    },
    "training_set": {
        "ra": gettext_lazy("Puts the objects on the sky map"),
        "dec": gettext_lazy("Puts the objects on the sky map"),
        "z_err": gettext_lazy("Redshift errors"),
        "id": gettext_lazy("Keeps rows traceable to their source"),
    },
    "object_catalog": {"id": gettext_lazy("Keeps rows traceable to their source")},
}


class StepLink(NamedTuple):
    """One entry of the list of steps: ``state`` is done, now or todo."""

    number: int
    label: str
    state: str
    url: str | None


class Blocker(NamedTuple):
    """Why a draft cannot be published yet, and where to mend it."""

    message: str
    step: Step
    url: str


class RoleState(NamedTuple):
    """A meaning in the checklist: the column that has it, or one that could."""

    role: Role
    column: Column | None
    suggested: Column | None
    hint: str


def role_of(column: Column) -> Role | None:
    """Return the standard meaning that a column was given, or ``None``."""
    return role_named(column.alias) if column.alias else None


@dataclass
class Draft:
    """An unpublished product with its files, its inspection and its columns."""

    product: Product
    files: Sequence[ProductFile] = ()
    columns: Sequence[Column] = ()
    inspection: Inspection | None = None
    blockers: list[Blocker] = field(default_factory=list)

    @cached_property
    def main_file(self) -> ProductFile | None:
        """The main file, when it was uploaded."""
        return next((file for file in self.files if file.role == FileRole.MAIN), None)

    @cached_property
    def other_files(self) -> list[ProductFile]:
        """Description and auxiliary files."""
        return [file for file in self.files if file.role != FileRole.MAIN]

    @property
    def state(self) -> str:
        """State of the inspection: ``""`` before there is any."""
        return self.inspection.state if self.inspection and self.main_file else ""

    @property
    def is_inspecting(self) -> bool:
        """Whether the server is still reading the main file."""
        return self.state in {InspectionState.WAITING, InspectionState.RUNNING}

    @property
    def is_refused(self) -> bool:
        """Whether the main file cannot be used."""
        return self.state == InspectionState.REFUSED

    @property
    def is_inspected(self) -> bool:
        """Whether the main file was read."""
        return self.state == InspectionState.DONE

    @cached_property
    def by_role(self) -> dict[str, Column]:
        """Columns by the name of the role that they were given."""
        return {role.name: column for column in self.columns if (role := role_of(column))}

    @cached_property
    def suggestions(self) -> dict[int, dict[str, Any]]:
        """Open suggestions by column id: role, confidence, reason."""
        return dict(self._open_suggestions())

    def _open_suggestions(self) -> Iterable[tuple[int, dict[str, Any]]]:
        for column in self.columns:
            suggestion = column.facts.get("suggestion")
            if suggestion and not column.alias and suggestion["role"] not in self.by_role:
                yield column.pk, {**suggestion, "alias": _alias(suggestion["role"])}

    def _suggested_for(self, role: str) -> Column | None:
        return next(
            (c for c in self.columns if self.suggestions.get(c.pk, {}).get("role") == role), None
        )

    @cached_property
    def required(self) -> list[RoleState]:
        """The meanings that this type of product must have."""
        return [self._role_state(name) for name in self.product.product_type.rules.required_roles]

    @cached_property
    def recommended(self) -> list[RoleState]:
        """The meanings that make the product more useful."""
        hints = _RECOMMENDED.get(self.product.product_type.name, {})
        return [self._role_state(name, str(hint)) for name, hint in hints.items()]

    @property
    def expires_at(self) -> datetime | None:
        """When the draft is discarded unless somebody changes it; ``None`` when that is far."""
        return expiry_of(self.product) if expires_soon(self.product) else None

    def _role_state(self, name: str, hint: str = "") -> RoleState:
        role = role_named(name)
        assert role is not None, name
        return RoleState(role, self.by_role.get(name), self._suggested_for(name), hint)

    @property
    def missing(self) -> list[RoleState]:
        """Required meanings that no column has yet."""
        return [state for state in self.required if state.column is None]

    @property
    def needs_columns(self) -> bool:
        """Whether there is anything to associate."""
        return bool(self.columns) or self.product.product_type.rules.is_tabular

    @property
    def evidence(self) -> Evidence | None:
        """The rows that a refused file names as wrong, as far as it does."""
        error = (self.inspection.error if self.inspection else None) or {}
        return evidence_of(error.get("data"))

    @property
    def basics_url(self) -> str:
        """The address of the first step."""
        return self.url(Step.BASICS)

    def url(self, step: Step) -> str:
        """Return the address of a step."""
        return reverse(f"uploads:{step}", args=[self.product.pk])

    def block(self, step: Step, message: str) -> None:
        """Add a reason why the draft cannot be published."""
        self.blockers.append(Blocker(message, step, self.url(step)))

    def blockers_of(self, *steps: Step) -> list[Blocker]:
        """Return the reasons that belong to some steps."""
        return [blocker for blocker in self.blockers if blocker.step in steps]

    @property
    def resume_step(self) -> Step:
        """The step where the draft stopped."""
        if self.main_file is None:
            return Step.FILES if self.blockers or not self.product.access_url else Step.CONFIRM
        if not self.is_inspected:
            return Step.FILES
        return Step.COLUMNS if self.missing or self.suggestions else Step.CONFIRM

    def steps(self, now: Step) -> list[StepLink]:
        """Return the list of steps for the top of a page."""
        return _step_links(self, now)


def _alias(role_name: str) -> str:
    role = role_named(role_name)
    return role.alias if role else role_name


def draft_for(actor: User, pk: int) -> Draft:
    """Return a draft that an actor may change.

    Raises
    ------
    NotFoundError, ForbiddenError
        If there is no such product for the actor, or somebody else's.
    NotADraftError
        If the product is no draft any more.
    """
    product = product_for(actor, pk)
    require_update(product, actor)
    if not is_draft(product):
        raise NotADraftError(
            _("%(name)s is not a draft any more.") % {"name": product.display_name},
            internal_name=product.internal_name,
        )
    draft = Draft(
        product,
        files=list(product.files.order_by("role", "id")),
        columns=list(product.columns.order_by("order")),
        inspection=Inspection.objects.filter(product=product).first(),
    )
    _find_blockers(draft)
    return draft


def is_draft(product: Product) -> bool:
    """Return whether the wizard is for this product: uploaded, and not published yet."""
    return product.status == ProductStatus.REGISTERING and not hasattr(product, "process")


def _find_blockers(draft: Draft) -> None:
    rules = draft.product.product_type.rules
    if draft.main_file is None:
        if not rules.allows_metadata_only:
            draft.block(Step.FILES, _("There is no main file yet."))
        elif not (draft.product.access_url or draft.product.description):
            draft.block(
                Step.BASICS,
                _("Without a main file, give the address of the data or describe how to get them."),
            )
    elif draft.is_inspecting:
        draft.block(Step.FILES, _("The main file is still being read."))
    elif not draft.is_inspected:
        draft.block(Step.FILES, _("The main file cannot be used: replace it."))
    elif missing := [state.role.alias for state in draft.missing]:
        draft.block(
            Step.COLUMNS, _("No column means %(roles)s yet.") % {"roles": ", ".join(missing)}
        )


def _step_links(draft: Draft | None, now: Step) -> list[StepLink]:
    order = list(Step)
    return [
        StepLink(
            number,
            str(_LABELS[step]),
            _step_state(draft, step, now),
            draft.url(step) if draft and step != now and _is_reachable(draft, step) else None,
        )
        for number, step in enumerate(order, start=1)
    ]


def _step_state(draft: Draft | None, step: Step, now: Step) -> str:
    if step == now:
        return "now"
    if draft is None or step == Step.CONFIRM:
        return "todo"
    done = {
        Step.BASICS: True,
        Step.FILES: not draft.blockers_of(Step.FILES),
        Step.COLUMNS: draft.is_inspected and not draft.missing,
    }
    return "done" if done[step] else "todo"


def _is_reachable(draft: Draft, step: Step) -> bool:
    return step in {Step.BASICS, Step.FILES} or not draft.blockers_of(Step.FILES)


def steps_of_new_product() -> list[StepLink]:
    """Return the list of steps before there is a draft."""
    return _step_links(None, Step.BASICS)
