"""Shapes of downloads on the wire."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.reverse import reverse

from pzhub.downloads.models import Archive, ArchiveKind, ArchiveStatus
from pzhub.downloads.services import sign_link

FILE_ROUTES = {
    ArchiveKind.PRODUCT: "api:product-download-file",
    ArchiveKind.MAIN_FILE: "api:product-main-file-download-file",
}


class ArchiveOut(serializers.ModelSerializer[Archive]):
    """A prepared download; its address is there when it is ready."""

    download_url = serializers.SerializerMethodField()
    expired_time = serializers.DateTimeField(source="expires_at", read_only=True)

    class Meta:
        model = Archive
        fields = (
            "id", "task_id", "status", "filename", "size", "checksum", "source_signature",
            "created_at", "updated_at", "download_url", "expired_time", "error_message",
        )  # fmt: skip

    def get_download_url(self, archive: Archive) -> str | None:
        """Return a signed address that works for 15 minutes."""
        if archive.status != ArchiveStatus.READY:
            return None
        request = self.context["request"]
        route = FILE_ROUTES[ArchiveKind(archive.kind)]
        address = reverse(route, args=[archive.product_id], request=request)
        return f"{address}?{urlencode({'token': sign_link(archive, request.user)})}"

    def to_representation(self, archive: Archive) -> dict[str, Any]:
        """Leave out what only ready, or only failed, archives have."""
        shown = super().to_representation(archive)
        if archive.status != ArchiveStatus.READY:
            del shown["download_url"], shown["expired_time"]
        if archive.status != ArchiveStatus.FAILED:
            del shown["error_message"]
        return shown


#: A product of which nobody prepared what it holds now, or no such product.
NOT_THERE: Final = OpenApiResponse(
    {
        "oneOf": [
            {
                "type": "object",
                "required": ["status"],
                "properties": {"status": {"type": "string", "enum": ["not_found"]}},
                "additionalProperties": False,
            },
            {"$ref": "#/components/schemas/Error"},
        ]
    },
    "Nobody prepared a download of what the product holds now, or there is no such product.",
)
