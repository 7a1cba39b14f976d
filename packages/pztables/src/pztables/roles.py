"""Column roles: the one vocabulary of what a column of a photo-z table means.

The aliases and UCDs are on the wire since the first Photo-z Server: published
clients and stored products know them, so they never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ColumnKind = Literal["number", "text", "any"]


@dataclass(frozen=True, slots=True)
class Role:
    """A standard meaning that a column can be associated with.

    Attributes
    ----------
    name
        Key in pipelines and ``columns.json`` (``"ra"``).
    alias
        Stored with the column and shown to users (``"RA"``).
    ucd
        IVOA Unified Content Descriptor, or ``""`` where none is standard.
    label
        A sentence-case name for people.
    unit
        Expected unit in VO notation, or ``""``.
    kind
        Which values the column may hold.
    """

    name: str
    alias: str
    ucd: str
    label: str
    unit: str = ""
    kind: ColumnKind = "any"


ROLES: Final[tuple[Role, ...]] = (
    Role("id", "ID", "meta.id;meta.main", "Identifier"),
    Role("ra", "RA", "pos.eq.ra;meta.main", "Right ascension", "deg", "number"),
    Role("dec", "Dec", "pos.eq.dec;meta.main", "Declination", "deg", "number"),
    Role("z", "z", "src.redshift", "Redshift", "", "number"),
    Role("z_err", "z_err", "stat.error;src.redshift", "Redshift error", "", "number"),
    Role("z_flag", "z_flag", "stat.rank", "Quality flag"),
    Role("survey", "survey", "meta.curation", "Survey name", "", "text"),
)

# Meanings that pipelines understand and that have no standard UCD: stored as a free alias.
PIPELINE_ROLES: Final[tuple[Role, ...]] = (
    Role("instrument_type", "instrument_type", "", "Instrument type (s, g, p)", "", "text"),
)

_BY_NAME: Final = {role.name: role for role in (*ROLES, *PIPELINE_ROLES)}
_BY_UCD: Final = {role.ucd: role for role in ROLES}


def role_named(name: str) -> Role | None:
    """Return the role of a name or alias, in any case (``"Dec"``, ``"DEC"``), or ``None``."""
    return _BY_NAME.get(name.strip().lower())


def role_with_ucd(ucd: str) -> Role | None:
    """Return the role that a UCD stands for, or ``None``."""
    return _BY_UCD.get(ucd.strip())
