"""The profile of a product's table, whole or in parts."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pzhub.catalog.selectors import product_for
from pzhub.core.api.views import PzView
from pzhub.core.errors import InvalidError
from pzhub.uploads.profiles import (
    SECTIONS,
    ProfileWaitingError,
    described_profile,
    read_profile,
)

#: When to ask again for a profile that is being made, seconds.
RETRY_SECONDS: Final = 5


class UnknownSectionError(InvalidError):
    """A profile has no section of this name."""

    code = "unknown_section"


class ProfileOut(serializers.Serializer[Any]):
    """What a table looks like; docs/explanation/profiles.md says what the keys mean.

    No key is required: ``section`` asks for some of them.
    """

    version = serializers.IntegerField(help_text="Of the profile's form.", required=False)
    n_rows = serializers.IntegerField(required=False)
    roles = serializers.DictField(
        child=serializers.CharField(), help_text="Column by role.", required=False
    )
    columns = serializers.ListField(child=serializers.DictField(), required=False)
    redshift = serializers.DictField(allow_null=True, required=False)
    flags = serializers.DictField(required=False)
    magnitudes = serializers.ListField(child=serializers.DictField(), required=False)
    densities = serializers.ListField(child=serializers.DictField(), required=False)
    sky = serializers.DictField(allow_null=True, required=False)
    checks = serializers.ListField(child=serializers.DictField(), required=False)


class ProfileWaitingOut(serializers.Serializer[Any]):
    """The profile is being made."""

    state = serializers.CharField()
    detail = serializers.CharField()


class ProfileView(PzView):
    """Statistics, histograms, N(z), sky and checks of a product's table."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "section",
                str,
                many=True,
                enum=SECTIONS,
                description="Only these parts: several, or several in one joined by commas.",
            )
        ],
        responses={
            200: ProfileOut,
            202: ProfileWaitingOut,
            304: OpenApiResponse(description="Nothing changed since the ETag that was sent."),
        },
    )
    def get(self, request: Request, pk: int) -> Response | HttpResponse:
        """Return the profile; while it is being made 202, with Retry-After."""
        product = product_for(self.actor, pk)
        sections = _sections(request)
        try:
            signature, path = described_profile(product)
        except ProfileWaitingError as waiting:
            body = {"state": "waiting", "detail": waiting.message}
            return Response(body, status=202, headers={"Retry-After": str(RETRY_SECONDS)})
        etag = f'"{signature}{"+" if sections else ""}{"+".join(sections)}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if etag in _sent_tags(request):
            return HttpResponse(status=304, headers=headers)
        stored = read_profile(path) or {}
        wanted = {name: stored.get(name) for name in sections or stored}
        return Response(wanted, headers=headers)


def _sections(request: Request) -> list[str]:
    """Return the parts that are asked for, in the order of the whole."""
    asked = {part.strip() for each in request.query_params.getlist("section")
             for part in each.split(",") if part.strip()}  # fmt: skip
    if unknown := sorted(asked - set(SECTIONS)):
        raise UnknownSectionError(
            f"A profile has no section {', '.join(unknown)}; it has {', '.join(SECTIONS)}.",
            fields={"section": [f"Not a section: {', '.join(unknown)}."]},
        )
    return [name for name in SECTIONS if name in asked]


def _sent_tags(request: Request) -> list[str]:
    sent = request.headers.get("If-None-Match", "")
    return [tag.strip().removeprefix("W/") for tag in sent.split(",")]
