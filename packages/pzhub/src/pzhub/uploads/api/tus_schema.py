"""What the API's documentation says of HEAD, which its generator leaves out."""

from __future__ import annotations

from typing import Any, Final

_WHOLE: Final = {"type": "integer"}
_HEADERS: Final[dict[str, Any]] = {
    "Upload-Offset": {"description": "How many bytes have arrived.", "schema": _WHOLE},
    "Upload-Length": {"description": "Size of the whole file, bytes.", "schema": _WHOLE},
}


def add_upload_inquiry(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Describe how a sender asks where to go on: the same address, HEAD."""
    for operations in result.get("paths", {}).values():
        version = _version_of(operations.get("patch", {}))
        if version is not None and "get" in operations:
            operations["head"] = _inquiry(operations["get"], version)
    return result


def _version_of(operation: dict[str, Any]) -> dict[str, Any] | None:
    found = (item for item in operation.get("parameters", ()) if item["name"] == "Tus-Resumable")
    return next(found, None)


def _inquiry(described: dict[str, Any], version: dict[str, Any]) -> dict[str, Any]:
    return {
        **described,
        "operationId": described["operationId"].replace("retrieve", "offset"),
        "description": "Tell how much has arrived: where the next piece begins.",
        "parameters": [*described["parameters"], version],
        "responses": {
            "200": {"description": "It can go on.", "headers": _HEADERS},
            # Answers to HEAD have no body: nothing to say of it.
            "4XX": {"description": "Refused."},
        },
    }
