"""Product types: what each kind of photo-z product must and may have.

Ids, names and order are on the wire since the first Photo-z Server and never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Largest main or auxiliary file that a user may upload, decimal bytes.
MAX_UPLOAD_BYTES: Final = 200_000_000

#: Suffixes of files that are read as tables (lower case, with the dot).
TABLE_SUFFIXES: Final = frozenset(
    {".csv", ".tsv", ".txt", ".dat", ".fits", ".fit", ".h5", ".hf5", ".hdf5", ".hdf",
     ".parquet", ".pq", ".vot", ".vo", ".xml"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProductType:
    """A category of products: its fields, its main file, its mandatory columns.

    Attributes
    ----------
    id, name, display_name, order
        As on the wire.
    description
        One sentence for people.
    required_roles
        Names of the roles (`pztables.roles`) that must be associated before
        a product of this type is published.
    is_tabular
        Whether the main file must be one table (or one HATS collection).
    allows_release, allows_pz_code
        Whether the fields may be filled.
    allows_metadata_only
        Whether a product may be published without a main file.
    """

    id: int
    name: str
    display_name: str
    order: int
    description: str
    required_roles: tuple[str, ...] = ()
    is_tabular: bool = False
    allows_release: bool = True
    allows_pz_code: bool = False
    allows_metadata_only: bool = False


PRODUCT_TYPES: Final[tuple[ProductType, ...]] = (
    ProductType(
        1, "redshift_catalog", "Reference Redshift Catalog", 1,
        "Table of positions with reference redshifts (spectroscopic, or true in simulations).",
        ("ra", "dec", "z"), is_tabular=True, allows_release=False,
    ),
    ProductType(
        2, "training_set", "Training Set", 2,
        "Match of a redshift catalog with photometry, ready to train photo-z algorithms.",
        ("z",), is_tabular=True,
    ),
    ProductType(
        5, "training_results", "Training Results", 3,
        "Outcome of a training procedure, in free format; usually a trained model.",
        allows_metadata_only=True,
    ),
    ProductType(
        3, "validation_results", "Validation Results", 4,
        "Outcome of a validation procedure: estimates, metrics, plots, in free format.",
        allows_pz_code=True, allows_metadata_only=True,
    ),
    ProductType(
        4, "photoz_estimates", "Photo-z Estimates", 5,
        "Output of a photo-z algorithm: point estimates or probability densities.",
        allows_pz_code=True, allows_metadata_only=True,
    ),
    ProductType(
        6, "object_catalog", "Objects Catalog", 6,
        "Table of objects with positions.",
        ("ra", "dec"), is_tabular=True, allows_pz_code=True,
    ),
    ProductType(
        7, "other", "Other", 7,
        "Anything else that is useful for photo-z, described in its text.",
        allows_pz_code=True, allows_metadata_only=True,
    ),
)  # fmt: skip

_BY_NAME: Final = {product_type.name: product_type for product_type in PRODUCT_TYPES}


def product_type_named(name: str) -> ProductType:
    """Return the product type of a wire name.

    Raises
    ------
    KeyError
        If there is no such type.
    """
    return _BY_NAME[name]
