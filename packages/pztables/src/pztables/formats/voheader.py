"""FIELD elements of VOTable: reading the meaning of columns, writing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa

from pztables.errors import ForeignReferenceError
from pztables.formats.model import ColumnInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATATYPES: Final = {
    pa.bool_(): "boolean", pa.uint8(): "unsignedByte", pa.int8(): "short", pa.int16(): "short",
    pa.uint16(): "int", pa.int32(): "int", pa.uint32(): "long", pa.int64(): "long",
    pa.uint64(): "long", pa.float32(): "float", pa.float64(): "double",
}  # fmt: skip


def local_name(tag: str) -> str:
    """Return an element's name without its prefix or namespace."""
    return tag.rsplit(":", 1)[-1].rsplit("}", 1)[-1]


def refuse_doctype(file: str) -> Any:
    """Return an expat handler that refuses document types (and with them all entities)."""

    def refuse(*_: object) -> None:
        raise ForeignReferenceError(
            f"{file}: its XML declares a document type (DTD), which is never processed. "
            "Remove the <!DOCTYPE …> line.",
            file=file,
        )

    return refuse


def field_meanings(content: bytes, file: str) -> Mapping[str, ColumnInfo]:
    """Read unit, UCD and description of the columns from a data-less VOTable.

    Parameters
    ----------
    content
        XML; anything that is not well-formed means nothing.
    file
        Name to show.

    Raises
    ------
    ForeignReferenceError
        If the XML declares a document type.
    """
    found: dict[str, ColumnInfo] = {}
    stack: list[dict[str, str]] = []
    text: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        text.clear()
        if local_name(tag) == "FIELD":
            stack.append(attributes)

    def end(tag: str) -> None:
        if local_name(tag) == "DESCRIPTION" and stack:
            stack[-1]["__description"] = "".join(text).strip()
        elif local_name(tag) == "FIELD":
            info = _info(stack.pop())
            found[info.name] = info

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse_doctype(file)
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text.append
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        return found
    return found


def _info(attributes: Mapping[str, str]) -> ColumnInfo:
    return ColumnInfo(
        attributes.get("name") or attributes.get("ID") or "",
        pa.null(),
        attributes.get("unit") or None,
        attributes.get("ucd") or None,
        attributes.get("__description") or None,
    )


def field_element(column: ColumnInfo, *, null: int | None = None, **attributes: str) -> str:
    """Return one ``<FIELD>`` of a column.

    Parameters
    ----------
    column
        Its name, unit, UCD and description.
    null
        The integer that means null, if any.
    **attributes
        ``datatype`` and ``arraysize``; by default those of the column's type.
    """
    shape = attributes or _shape(column.type)
    values = {"name": column.name, **shape, "unit": column.unit, "ucd": column.ucd}
    shown = " ".join(f"{key}={quoteattr(text)}" for key, text in values.items() if text)
    inner = f"<DESCRIPTION>{escape(column.description)}</DESCRIPTION>" if column.description else ""
    if null is not None:
        inner += f'<VALUES null="{null}"/>'
    return f"<FIELD {shown}>{inner}</FIELD>" if inner else f"<FIELD {shown}/>"


def info_element(name: str, value: str) -> str:
    """Return one ``<INFO>``: a remark on the whole table."""
    return f"<INFO name={quoteattr(name)} value={quoteattr(value)}/>"


def _shape(data_type: pa.DataType) -> dict[str, str]:
    if data_type in _DATATYPES:
        return {"datatype": _DATATYPES[data_type]}
    if pa.types.is_fixed_size_list(data_type) and data_type.value_type in _DATATYPES:
        return {
            "datatype": _DATATYPES[data_type.value_type],
            "arraysize": str(data_type.list_size),
        }
    return {"datatype": "unicodeChar", "arraysize": "*"}
