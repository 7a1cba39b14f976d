"""Views of a product's table: counted, drawn, saved as a product, side by side."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pzserver.api import PzRequests
from pzserver.errors import Invalid, NotFound, ServerFault
from pzserver.profiles import fetch_profile
from pzserver.subsets import Selection, ask

#: How many products can be looked at side by side.
FEWEST, MOST = 2, 6
#: How long a product that is being made of a view is waited for, seconds.
WAIT_SECONDS: Final = 1800.0
_PAUSE_SECONDS: Final = 1.0
#: What a profile knows of a product, by the names of the comparison.
_SECTIONS: Final = ("n_rows", "columns", "redshift", "sky")


def fetch_count(api: PzRequests, product_id: int, selection: Selection) -> int:
    """Return how many rows of a table fit a selection."""
    path = f"products/{product_id}/data/count/"
    return int(ask(api.connection, path, selection.as_query())["count"])


def fetch_density(
    api: PzRequests, product_id: int, selection: Selection, axes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return how values are spread.

    Parameters
    ----------
    api, product_id, selection
        Where from, which, and which of its rows.
    axes
        ``x``, ``y``, ``bins``, ``ybins``, ``range`` and ``yrange``; None means not given.
    """
    query = {**selection.as_query()}
    for name, value in axes.items():
        if value is not None:
            query[name] = _span(name, value) if name.endswith("range") else str(value)
    return dict(ask(api.connection, f"products/{product_id}/density/", query))


def _span(name: str, span: Sequence[float]) -> str:
    if isinstance(span, str) or len(span) != 2:
        raise Invalid(f"{name}={span!r}: (lowest, highest) is expected")
    return ",".join(repr(float(edge)) for edge in span)


def start_view(
    api: PzRequests, product_id: int, selection: Selection, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Have the server begin a product of a selection; return its id, name and number of rows.

    Parameters
    ----------
    api, product_id, selection
        Where from, which, and which of its rows and columns.
    facts
        ``display_name``, ``product_type``, ``description`` and ``sort``; None means not given.
    """
    body: dict[str, Any] = {key: value for key, value in facts.items() if value is not None}
    body |= selection.as_query()
    return dict(api.connection.request("POST", f"products/{product_id}/data/save/", json=body))


def wait_for_view(
    api: PzRequests, product_id: int, *, wait_seconds: float = WAIT_SECONDS
) -> dict[str, Any]:
    """Return a product once it is made of its view.

    Raises
    ------
    Invalid
        If it could not be made.
    ServerFault
        If it is still being made after that time.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        product = api.get("products", product_id)
        if product["product_status"] == "Failed":
            raise Invalid(
                f"{product['internal_name']} could not be made; its page on the site says why",
                code="view_failed",
            )
        if product["product_status"] != "Processing":
            return product
        if time.monotonic() >= deadline:
            raise ServerFault(
                f"{product['internal_name']} is still being made; it is published when it is ready",
                code="view_waiting",
            )
        time.sleep(_PAUSE_SECONDS)


def side_by_side(api: PzRequests, products: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the facts of products, and their columns by meaning; see `PzServer.get_comparison`."""
    profiles = [_profile(api, product["id"]) for product in products]
    pairs = list(zip(products, profiles, strict=True))
    return {
        "products": [_facts(product, profile) for product, profile in pairs],
        "columns": _columns([profile.get("columns") or () for profile in profiles]),
    }


def require_comparable(names: Sequence[Any]) -> None:
    """Refuse too few or too many products to compare, or one twice.

    Raises
    ------
    Invalid
        With how many they may be.
    """
    if isinstance(names, str) or not FEWEST <= len(names) <= MOST:
        n_given = 1 if isinstance(names, str) else len(names)
        raise Invalid(f"{n_given} products: name {FEWEST} to {MOST} to compare")


def _profile(api: PzRequests, product_id: int) -> dict[str, Any]:
    """Return what is known of a product's table; nothing when it has none."""
    try:
        return fetch_profile(api, product_id, _SECTIONS)
    except NotFound:
        return {}


def _facts(product: Mapping[str, Any], profile: Mapping[str, Any]) -> dict[str, Any]:
    redshift, sky = profile.get("redshift") or {}, profile.get("sky") or {}
    return {
        "internal_name": product["internal_name"],
        "display_name": product["display_name"],
        "type": product["product_type_name"],
        "official": product["official_product"],
        "release": product["release_name"],
        "owner": product["uploaded_by"],
        "origin": product["origin"],
        "created_at": product["created_at"],
        "rows": profile.get("n_rows"),
        "n_columns": len(profile["columns"]) if "columns" in profile else None,
        "z_min": redshift.get("min"),
        "z_median": redshift.get("median"),
        "z_max": redshift.get("max"),
        "area_deg2": sky.get("area_deg2"),
    }


def _columns(tables: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return the columns that mean the same, or are called the same, of all tables in one line."""
    lines: dict[tuple[bool, str], list[str | None]] = {}
    for place, columns in enumerate(tables):
        for column in columns:
            role = column["role"]
            key = (role is None, str(role or column["name"]).lower())
            cells = lines.setdefault(key, [None] * len(tables))
            cells[place] = cells[place] or column["name"]
    in_order = sorted(
        lines.items(), key=lambda item: (item[0][0], -sum(cell is not None for cell in item[1]))
    )
    return [{"meaning": meaning, "names": cells} for (_, meaning), cells in in_order]
