"""Tags of plots: the first view of N(z) and of the sky on a product's page."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from pzhub.tables.pages.plot_panels import RedshiftPanel, SkyPanel, redshift_panel, sky_panel
from pzhub.tables.profiles import state_of
from pzhub.uploads.profiles import read_profile

register = template.Library()


@register.simple_tag
def redshifts_of(row: Any) -> RedshiftPanel | None:
    """Draw the redshift distribution of a product's page."""
    stored = read_profile(row.profile_path)
    return None if stored is None else redshift_panel(stored, QueryDict())


@register.simple_tag
def sky_of(row: Any) -> SkyPanel | None:
    """Draw the sky of a product's page."""
    stored = read_profile(row.profile_path)
    return None if stored is None else sky_panel(stored, QueryDict())


@register.simple_tag
def plot_state(product: Any) -> str:
    """Return where the profile of a product stands: none, waiting, failed or done."""
    return state_of(product)


@register.simple_tag
def rows_where(product: Any, where: str = "") -> str:
    """Return the address of the rows that fit a condition."""
    address = reverse("tables:data", args=[product.internal_name])
    return f"{address}?{urlencode({'where': where})}" if where else address
