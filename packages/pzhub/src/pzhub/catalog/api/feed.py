"""The product list as an Atom feed, for readers that look by themselves."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from pzhub.catalog.models import Product
from pzhub.catalog.pages.address import ListQuery
from pzhub.catalog.product_list import products_list
from pzhub.core.api.files import AnyAcceptNegotiation
from pzhub.core.api.views import PzView

#: Entries of a feed: the newest ones.
MOST_ENTRIES: Final = 50
_SAME_AS_LIST: Final = "As in the address of the list of products on the site."


class ProductFeed(PzView):
    """The newest products of a list, with its filters, as Atom."""

    content_negotiation_class = AnyAcceptNegotiation
    required_scope = "read"

    def get_authenticate_header(self, request: Request) -> str:
        """Return a challenge that feed readers know too."""
        return 'Basic realm="api", Bearer realm="api"'

    @extend_schema(
        parameters=[
            OpenApiParameter(name, str, description=_SAME_AS_LIST)
            for name in (
                "tab",
                "q",
                "type",
                "release",
                "owner",
                "origin",
                "has",
                "survey",
                "z",
                "cone",
            )
        ],
        responses={(200, "application/atom+xml"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponse:
        """Return the newest products that the caller may see; unknown filters are ignored."""
        query = ListQuery.of(request._request.GET).narrowed(sort="-created")
        products = products_list(self.actor, query.wanted)[:MOST_ENTRIES]
        feed = _feed(request, query)
        for product in products:
            feed.add_item(**_entry(request, product))
        answer = HttpResponse(content_type="application/atom+xml; charset=utf-8")
        feed.write(answer, "utf-8")
        return answer


def _feed(request: Request, query: ListQuery) -> Atom1Feed:
    return Atom1Feed(
        title=_("Data products") + " · Photo-z Server",
        link=request.build_absolute_uri(query.address),
        description=_("The newest products of a list."),
        feed_url=request.build_absolute_uri(query.feed),
    )


def _entry(request: Request, product: Product) -> dict[str, Any]:
    address = request.build_absolute_uri(f"/product/{product.internal_name}")
    kind, release = product.product_type.display_name, product.release
    return {
        "title": product.display_name,
        "link": address,
        "unique_id": address,
        "description": _text(product),
        "author_name": product.user.username,
        "pubdate": product.published_at or product.created_at,
        "updateddate": product.updated_at,
        "categories": (kind, release.display_name) if release else (kind,),
    }


def _text(product: Product) -> str:
    """Return the description without the characters that XML has no place for."""
    text = (product.description or "")[:2000]
    return "".join(letter for letter in text if letter >= " " or letter in "\t\n\r")
