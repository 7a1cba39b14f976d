"""The permanent name of a product."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: The name is a folder's, and with a suffix of 40 a file's: file systems allow 255 bytes.
MAX_INTERNAL_NAME_BYTES: Final = 200
_DROPPED: Final = re.compile(r"[^\w]")


def internal_name_for(product_id: int, display_name: str) -> str:
    """Return ``<id>_<name>``: blanks to ``_``, lower case, letters and digits only.

    Parameters
    ----------
    product_id
        The product's id.
    display_name
        What its owner called it.

    Returns
    -------
    at most 200 bytes of UTF-8; safe as a folder's name and in an address

    Examples
    --------
    >>> internal_name_for(52, "Zed Ünï  Name! (v2)*")
    '52_zed_ünï__name_v2'
    """
    # Composed letters first, or the dropped combining marks would change the words.
    name = unicodedata.normalize("NFC", display_name).strip()
    words = _DROPPED.sub("", re.sub(r"\s", "_", name).lower())
    return f"{product_id}_{words}".encode()[:MAX_INTERNAL_NAME_BYTES].decode(errors="ignore")
