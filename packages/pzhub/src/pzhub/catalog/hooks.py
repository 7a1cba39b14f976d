"""Where the apps above tell the catalog what it may not import: checks, and where runs stand.

An app registers from its ``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pzhub.catalog.models import Product

PublicationCheck = Callable[[Product], None]
PublicationEffect = Callable[[Product], None]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a product comes from.

    Attributes
    ----------
    name
        ``"Upload"``, ``"Saved view"``, or what people call the pipeline that made it.
    process_id, process_status
        The run that made it and its word on the wire; ``None`` for uploads.
    made
        How the run made it, as far as every reader of the product may know: groups of facts
        by name, for ``product_metadata.yaml``.
    """

    name: str = "Upload"
    process_id: int | None = None
    process_status: str | None = None
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_view(self) -> bool:
        """Whether it is a view of another product's table that somebody saved."""
        return "view" in self.made


OriginReader = Callable[[Any], Origin]
ViewReader = Callable[[Any], Origin]

UPLOAD = Origin()
_publication_checks: list[PublicationCheck] = []
_restoration_checks: list[PublicationCheck] = []
_publication_effects: list[PublicationEffect] = []
_meaning_effects: list[PublicationEffect] = []
_origin_readers: list[OriginReader] = []
_view_readers: list[ViewReader] = []
_origin_labels: list[Callable[[], Mapping[str, str]]] = []


def register_publication_check(check: PublicationCheck) -> None:
    """Have a check run before any product is published; it refuses by raising a `UserError`."""
    if check not in _publication_checks:
        _publication_checks.append(check)


def publication_checks() -> tuple[PublicationCheck, ...]:
    """Return the checks of the apps above, in the order of registration."""
    return tuple(_publication_checks)


def register_restoration_check(check: PublicationCheck) -> None:
    """Have a check run before a deleted product comes back; it refuses as others do."""
    if check not in _restoration_checks:
        _restoration_checks.append(check)


def restoration_checks() -> tuple[PublicationCheck, ...]:
    """Return the checks before a restoration, in the order of registration."""
    return tuple(_restoration_checks)


def register_publication_effect(effect: PublicationEffect) -> None:
    """Have a function called in the transaction in which a product becomes published."""
    if effect not in _publication_effects:
        _publication_effects.append(effect)


def publication_effects() -> tuple[PublicationEffect, ...]:
    """Return what follows a publication, in the order of registration."""
    return tuple(_publication_effects)


def register_meaning_effect(effect: PublicationEffect) -> None:
    """Have a function called when what columns of a published product mean may have changed."""
    if effect not in _meaning_effects:
        _meaning_effects.append(effect)


def meaning_effects() -> tuple[PublicationEffect, ...]:
    """Return what follows such a change, in its transaction, in the order of registration."""
    return tuple(_meaning_effects)


def register_origin_reader(reader: OriginReader) -> None:
    """Have a function describe the process that made a product; the last one counts."""
    _origin_readers[:] = [reader]


def register_view_reader(reader: ViewReader) -> None:
    """Have a function describe the view of a table that became a product; the last counts."""
    _view_readers[:] = [reader]


def origin_of(product: Product) -> Origin:
    """Return where a product comes from; costs no query after ``select_related``."""
    process = getattr(product, "process", None)
    if process is None:
        view = getattr(product, "saved_view", None)
        return UPLOAD if view is None or not _view_readers else _view_readers[0](view)
    if _origin_readers:
        return _origin_readers[0](process)
    return Origin(process.pipeline.name, process.pk, process.get_phase_display())


def register_origin_labels(reader: Callable[[], Mapping[str, str]]) -> None:
    """Have a function tell the names for people of what makes products; the last one counts."""
    _origin_labels[:] = [reader]


def origin_labels() -> Mapping[str, str]:
    """Return the names for people of the pipelines that make products, by name."""
    return _origin_labels[0]() if _origin_labels else {}
