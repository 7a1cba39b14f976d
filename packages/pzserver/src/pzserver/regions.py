"""Regions of the sky as the server takes them: a MOC as text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from pzserver._extras import needed
from pzserver.errors import Invalid

#: What stands for the coverage of another product.
_PRODUCT: Final = "product:"
_FITS: Final = b"SIMPLE"
#: Orders and cells of the ASCII of a MOC, or its JSON.
_WRITTEN: Final = re.compile(r"\s*(\{|s?\d+/)")


def moc_text(moc: Any) -> str:
    """Return a region as text that the server takes.

    Parameters
    ----------
    moc
        A MOC of mocpy; its ASCII (``"3/100-102 4/500"``) or JSON; ``"product:<name>"`` for where
        another product has positions; or the path of a file of FITS, ASCII or JSON.

    Raises
    ------
    Invalid
        If it is none of these.
    MissingExtra
        If a file of FITS is to be read and mocpy is not installed.
    """
    if hasattr(moc, "to_string"):
        return str(moc.to_string("ascii"))
    if isinstance(moc, str) and (moc.startswith(_PRODUCT) or _WRITTEN.match(moc)):
        return moc.strip()
    if isinstance(moc, (str, Path)) and str(moc).strip():
        return _text_of_file(Path(moc))
    raise Invalid(
        f"moc={moc!r}: a MOC of mocpy, its ASCII or JSON, product:<name>, or the path of a file "
        "is expected"
    )


def _text_of_file(path: Path) -> str:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Invalid(
            f"moc={str(path)!r} is no text of a MOC, like 3/100-102 4/500, and as a file it cannot "
            f"be read: {reason}"
        ) from error
    if content.startswith(_FITS):
        return _text_of_fits(path)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = ""
    if not _WRITTEN.match(text):
        raise Invalid(f"moc={str(path)!r}: the file holds no MOC of FITS, ASCII or JSON")
    return text.strip()


def _text_of_fits(path: Path) -> str:
    try:
        return str(needed("mocpy").MOC.load(path, format="fits").to_string("ascii"))
    except (OSError, ValueError, TypeError) as error:
        raise Invalid(f"moc={str(path)!r}: the file of FITS holds no MOC of the sky") from error
