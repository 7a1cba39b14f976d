"""Tags of the product page: its provenance as a graph, and how to fetch it elsewhere."""

from __future__ import annotations

import re
from typing import Final

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from pzhub.catalog.lineage import Lineage
from pzhub.catalog.models import Product
from pzhub.catalog.selectors import main_file_of
from pzhub.tables.drawing.sky import SkyLook, sky_map
from pzhub.web import lineage_graph, selectors
from pzhub.web.hosted_sky import HostedSky

register = template.Library()
_PRODUCT_PATH: Final = re.compile(r"/product/(?P<name>[^/]+)")


@register.simple_tag
def provenance_graph(lineage: Lineage) -> SafeString:
    """Draw the products before and after one, and the runs between them."""
    return lineage_graph.draw(lineage)


@register.simple_tag(takes_context=True)
def near_misses(context: Context) -> list[Product]:
    """Look for products with a name like the one in an address that leads nowhere."""
    request = context.get("request")
    found = _PRODUCT_PATH.match(request.path) if request is not None else None
    return selectors.near_misses(request.user, found["name"]) if request and found else []


@register.simple_tag
def pz_line(product: Product) -> str:
    """Write the command that fetches a product's table, or its files where it has none."""
    main = main_file_of(product)
    act = "get" if main is not None and main.n_rows is not None else "download"
    return f"pz {act} {product.internal_name}"


@register.simple_tag
def curl_line(product: Product, api_address: str) -> str:
    """Write the command that fetches a product where there is nothing but curl."""
    main = main_file_of(product)
    part = "download" if main is None or main.is_directory else "download_main_file"
    address = f"{api_address}products/{product.pk}/{part}/"
    return f'curl -OJ -H "Authorization: Token $PZSERVER_TOKEN" {address}'


@register.inclusion_tag("web/_hosted_map.html")
def hosted_map(hosted: HostedSky) -> dict[str, SafeString]:
    """Draw every redshift that was uploaded, per equal area."""
    title = _("All-sky map of the redshifts hosted here")
    return {"map": mark_safe(sky_map(hosted.sky, SkyLook(title), width=640))}
