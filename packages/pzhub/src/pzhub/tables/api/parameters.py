"""The parameters of a question, from the address to `pzhub.tables.query.Question`."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Final

from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from pzhub.tables.errors import OptionValueError
from pzhub.tables.moc import text_of_file
from pzhub.tables.query import Question
from pzhub.tables.services import SUBSET_FORMATS
from pzhub.uploads.receive import staged_upload

JSON: Final = "json"
_MOST: Final = 2**63 - 1
_TRUE: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
#: What the numbers of a region are.
CONE: Final = ("ra", "dec", "radius")
BOX: Final = ("ra_min", "ra_max", "dec_min", "dec_max")


def asked(request: Request) -> QueryDict:
    """Return the parameters: of the address, or those that a POST sends in its body.

    Raises
    ------
    OptionValueError
        If the file of a MOC holds none.
    """
    if request.method != "POST":
        return request.query_params
    given: QueryDict = request.POST.copy()
    if "moc" in request.FILES:
        given["moc"] = text_of_file(staged_upload(request, "moc").path)
    return given


def question_of(given: QueryDict, known: Collection[str]) -> Question:
    """Return what an address asks for.

    Parameters
    ----------
    given
        The parameters of the address.
    known
        The columns of the table: a value that is one of them is not split at its commas.

    Raises
    ------
    OptionValueError
        Naming the parameter, and what it must be.
    """
    limit, offset = _part(given)
    columns = _names(given, "columns", known)
    return Question(
        columns=columns or None,
        where=given.get("where", ""),
        moc=given.get("moc", "").strip(),
        cone=numbers_of(given, "cone", CONE),  # type: ignore[arg-type]  # as many as named
        box=numbers_of(given, "box", BOX),  # type: ignore[arg-type]  # as many as named
        sort=_names(given, "sort", known),
        limit=limit,
        offset=offset,
    )


def _names(given: QueryDict, option: str, known: Collection[str]) -> tuple[str, ...]:
    names: list[str] = []
    for value in given.getlist(option):
        whole = value in known or (option == "sort" and value.removeprefix("-") in known)
        names += [value] if whole else [part.strip() for part in value.split(",") if part.strip()]
    return tuple(names)


def numbers_of(
    given: QueryDict | Mapping[str, str], option: str, names: tuple[str, ...]
) -> tuple[float, ...] | None:
    """Return a parameter that is as many finite numbers as there are names, with commas."""
    text = given.get(option, "")
    if not text.strip():
        return None
    unit = " in degrees" if option in ("cone", "box") else ""
    expected = f"must be {len(names)} numbers{unit}: {option}={','.join(names)}"
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise OptionValueError(option, expected) from None
    if len(values) != len(names) or not all(map(math.isfinite, values)):
        raise OptionValueError(option, expected)
    return values


def _part(given: QueryDict) -> tuple[int | None, int]:
    """Return limit and offset, from themselves or from a page."""
    limit = whole_of(given, "limit", 0)
    size = whole_of(given, "page_size", 1)
    page = whole_of(given, "page", 1)
    offset = whole_of(given, "offset", 0)
    if limit is not None and size is not None:
        raise OptionValueError("page_size", "is another word for limit: give one of them")
    limit = size if limit is None else limit
    if page is None:
        return limit, offset or 0
    if offset is not None:
        raise OptionValueError("page", "cannot stand beside offset: give one of them")
    limit = 100 if limit is None else limit
    if (page - 1) * limit > _MOST:
        raise OptionValueError("page", "is beyond any table")
    return limit, (page - 1) * limit


def whole_of(given: QueryDict, option: str, least: int) -> int | None:
    """Return a parameter that is a whole number."""
    text = given.get(option, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:20]) <= _MOST:
        raise OptionValueError(option, f"must be a whole number, at least {least}")
    return int(text)


def is_asked(given: QueryDict, option: str) -> bool:
    """Return a parameter that is true or false; false when it is absent."""
    text = given.get(option, "").strip().lower()
    if text and text not in _TRUE:
        raise OptionValueError(option, "must be true or false")
    return _TRUE.get(text, False)


def format_of(given: QueryDict, headers: Mapping[str, str]) -> str:
    """Return the format that is asked for: by word, else by ``Accept``, else JSON."""
    word = given.get("format", "").strip().lower()
    known = (JSON, *SUBSET_FORMATS)
    if word and word not in known:
        raise OptionValueError("format", f"must be one of {', '.join(known)}")
    return word or _accepted(headers.get("Accept", ""))


def _accepted(header: str) -> str:
    by_type = {item.media_type: item.name for item in SUBSET_FORMATS.values()}
    by_type |= {"application/json": JSON, "application/x-votable": "votable"}
    wanted = [_media_type(part) for part in header.split(",")]
    for media_type, weight in sorted(wanted, key=lambda each: -each[1]):
        if weight > 0 and media_type in by_type:
            return by_type[media_type]
    return JSON


def _media_type(part: str) -> tuple[str, float]:
    media_type, *options = (piece.strip().lower() for piece in part.split(";"))
    for option in options:
        if option.startswith("q="):
            try:
                return media_type, float(option[2:])
            except ValueError:
                return media_type, 0.0
    return media_type, 1.0


def _parameter(name: str, kind: object, text: str, **more: object) -> OpenApiParameter:
    return OpenApiParameter(name, kind, description=text, **more)  # type: ignore[arg-type]


FILTERS: Final = [
    _parameter(
        "where",
        str,
        "A condition on the columns, such as `z > 0.5 and z_flag >= 3 and survey == 'DESI'`; "
        "`cone(ra, dec, radius)` and `box(ra_min, ra_max, dec_min, dec_max)` in degrees are part "
        "of the language.",
    ),
    _parameter("cone", str, "`ra,dec,radius` in degrees, on the columns associated with RA, Dec."),
    _parameter(
        "moc",
        str,
        "A region as the ASCII (`3/100-102 4/500`) or JSON of a MOC, or `product:<name>` for where "
        "another product has positions.",
    ),
    _parameter("box", str, "`ra_min,ra_max,dec_min,dec_max` in degrees; across RA 0 too."),
]
PARAMETERS: Final = [
    _parameter("columns", str, "Names, with commas between them, or repeated; all by default."),
    *FILTERS,
    _parameter("sort", str, "Names, `-` before one for descending; file order by default."),
    _parameter("limit", OpenApiTypes.INT64, "Most rows: 100 for JSON, all for files by default."),
    _parameter("offset", OpenApiTypes.INT64, "Rows to leave out first."),
    _parameter("page", OpenApiTypes.INT64, "In place of `offset`: pages of `page_size`, from 1."),
    _parameter("page_size", OpenApiTypes.INT64, "Another word for `limit`."),
    _parameter(
        "format", str, "Of the answer; by the header `Accept` otherwise.",
        enum=[JSON, *SUBSET_FORMATS],
    ),
    _parameter("count", bool, "Whether JSON says how many rows fit altogether."),
]  # fmt: skip
