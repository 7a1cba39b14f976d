"""What a product's table looks like: statistics that the server has computed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pzserver.api import PzRequests
from pzserver.errors import Invalid, ServerFault

#: How long a profile that is being made is waited for, seconds.
WAIT_SECONDS: Final = 300.0
_PAUSE_SECONDS: Final = 2.0


def fetch_profile(
    api: PzRequests,
    product_id: int,
    sections: Sequence[str] | None,
    *,
    wait_seconds: float = WAIT_SECONDS,
) -> dict[str, Any]:
    """Return a product's profile, or parts of it, once the server has made it.

    Parameters
    ----------
    api, product_id
        Where from, and which.
    sections
        Names of the parts wanted; None means all.
    wait_seconds
        How long the server may take.

    Raises
    ------
    Invalid
        If the sections are no list of names.
    ServerFault
        If the profile is still being made.
    PzServerError
        If there is no table, or its statistics cannot be computed.
    """
    if isinstance(sections, str):
        raise Invalid(f"sections={sections!r}: a list of names is expected")
    wanted = {} if sections is None else {"section": list(sections)}
    deadline = time.monotonic() + wait_seconds
    while True:
        answer = dict(api.connection.get(f"products/{product_id}/profile/", **wanted))
        if answer.get("state") != "waiting":
            return answer
        if time.monotonic() >= deadline:
            raise ServerFault(
                "the statistics are still being computed; try again later", code="profile_waiting"
            )
        time.sleep(_PAUSE_SECONDS)


def column_rows(profile: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row for each column of a profile: its name, kind, share of values and numbers."""
    return [_row(column, profile["n_rows"]) for column in profile["columns"]]


def _row(column: Mapping[str, Any], n_rows: int) -> dict[str, Any]:
    missing = column["n_null"] + column["n_nan"]
    quantiles = column["quantiles"] or {}
    top = column["top"] or []
    return {
        "name": column["name"],
        "type": column["type"],
        "unit": column["unit"],
        "meaning": column["role"],
        "filled": f"{100 * (1 - missing / n_rows):.4g} %" if n_rows else None,
        "min": _short(column["min"]),
        "median": _short(quantiles.get("0.5")),
        "max": _short(column["max"]),
        "mean": _short(column["mean"]),
        "distinct": column["n_distinct"],
        "most": _short(top[0]["value"]) if top and top[0]["count"] > 1 else None,
    }


def _short(value: Any) -> Any:
    """Return a number with the digits that people read; large ones may be identifiers."""
    if not isinstance(value, float):
        return value
    return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.12g}"
