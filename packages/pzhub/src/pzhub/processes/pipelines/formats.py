"""In which format a run writes its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pzhub.catalog.models import FileRole, Product
from pzhub.core.errors import InvalidError
from pzpipelines.registry import pipeline_named
from pztables.formats import suffix_format

#: Words for "the format of the input"; ``specz`` is that of the site of old.
SAME_AS_INPUT: Final = ("same", "specz")
#: Pipelines that write in the format of their input where none is asked for.
FOLLOW_INPUT: Final = frozenset({"training_set_maker"})


class OutputFormatError(InvalidError):
    """The pipeline cannot write that format."""

    code = "output_format"


def output_format_of(name: str, asked: str | None, inputs: Sequence[Product]) -> str:
    """Return the format that a run writes.

    Parameters
    ----------
    name
        Of the pipeline.
    asked
        What its user asks for: a format, ``same`` or ``specz`` for that of the first
        input, or nothing for what the pipeline does then.
    inputs
        In the order given.

    Raises
    ------
    OutputFormatError
        If the pipeline cannot write it.
    """
    formats = pipeline_named(name).output_formats
    if asked in SAME_AS_INPUT or (not asked and name in FOLLOW_INPUT):
        found = format_of(inputs[0]) if inputs else ""
        return found if found in formats else "parquet"
    if not asked:
        return formats[0]
    known = suffix_format(f"x.{asked}") if asked not in formats else None
    wanted = str(known) if known is not None else asked
    if wanted not in formats:
        text = f"Output format {asked!r} is not one of {', '.join(formats)}."
        raise OutputFormatError(text, fields={"output_format": [text]})
    return wanted


def format_of(product: Product) -> str:
    """Return the format of a product's main file; empty where its name does not tell."""
    main = product.files.filter(role=FileRole.MAIN).first()
    if main is None:
        return ""
    return "hats" if main.is_directory else str(suffix_format(main.name) or "")
