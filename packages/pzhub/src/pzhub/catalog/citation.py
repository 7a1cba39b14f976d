"""How to cite a product: as text, BibTeX and DataCite JSON.

Only what is known is said; no DOI is minted, the address of the product's page stands for it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from pzhub.catalog.models import Product

PUBLISHER: Final = "Photo-z Server"
_SCHEMA: Final = "http://datacite.org/schema/kernel-4"
#: What means something else to LaTeX, and how it is written.
_LATEX: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
} | {letter: f"\\{letter}" for letter in "&%$#_"}


@dataclass(frozen=True, slots=True)
class Citation:
    """One way to cite a product, as a file."""

    style: str
    label: str
    text: str
    suffix: str
    content_type: str


def citations_of(product: Product, address: str) -> list[Citation]:
    """Return every way to cite a published product.

    Parameters
    ----------
    product
        A published product with its owner, type and release.
    address
        Of its page.
    """
    datacite = json.dumps(datacite_of(product, address), indent=2, ensure_ascii=False)
    return [
        Citation("text", "Text", _plain(product, address), "txt", "text/plain"),
        Citation("bibtex", "BibTeX", _bibtex(product, address), "bib", "application/x-bibtex"),
        Citation("datacite", "DataCite JSON", datacite, "json", "application/json"),
    ]


def datacite_of(product: Product, address: str) -> dict[str, Any]:
    """Return the metadata of DataCite's schema 4 that a product has."""
    metadata: dict[str, Any] = {
        "schemaVersion": _SCHEMA,
        "types": {
            "resourceTypeGeneral": "Dataset",
            "resourceType": product.product_type.display_name,
        },
        "titles": [{"title": product.display_name}],
        "creators": [{"name": _author(product), "nameType": "Personal"}],
        "publisher": {"name": PUBLISHER},
        "publicationYear": _year(product),
        "dates": [{"date": f"{product.published_at:%Y-%m-%d}", "dateType": "Issued"}],
        "url": address,
        "alternateIdentifiers": [
            {
                "alternateIdentifier": product.internal_name,
                "alternateIdentifierType": f"{PUBLISHER} internal name",
            }
        ],
    }
    if product.release:
        metadata["subjects"] = [{"subject": product.release.display_name}]
    if product.description:
        metadata["descriptions"] = [
            {"description": product.description, "descriptionType": "Abstract"}
        ]
    return metadata


def _author(product: Product) -> str:
    user = product.user
    return user.display_name or user.get_full_name() or user.username


def _year(product: Product) -> int:
    published = product.published_at
    assert published is not None, "a published product has a date"
    return published.year


def _plain(product: Product, address: str) -> str:
    release = f" {product.release.display_name}." if product.release else ""
    return (
        f"{_author(product)} ({_year(product)}). {product.display_name} [Data set]."
        f"{release} {PUBLISHER}. {address}"
    )


def _latex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in " ".join(text.split()))


def _bibtex(product: Product, address: str) -> str:
    key = re.sub(r"[^A-Za-z0-9_.-]", "-", product.internal_name or str(product.pk))
    note = f"{product.product_type.display_name}, {product.internal_name}"
    if product.release:
        note += f", {product.release.display_name}"
    fields = {
        "author": f"{{{_latex(_author(product))}}}",
        "title": f"{{{_latex(product.display_name)}}}",
        "year": str(_year(product)),
        "publisher": PUBLISHER,
        "url": address,
        "note": _latex(note),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@misc{{pzserver:{key},\n{lines}}}"
