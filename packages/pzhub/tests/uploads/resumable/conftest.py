"""A sender of resumable uploads that speaks the protocol word by word."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponseBase
from rest_framework.test import APIClient

from pzhub.accounts.models import User
from pzhub.catalog.models import ProductStatus

VERSION = {"Tus-Resumable": "1.0.0"}
STREAM = "application/offset+octet-stream"


class Sender:
    """Sends one file; each method is one request and returns its answer."""

    def __init__(self, client: APIClient, product: int) -> None:
        self.client, self.product, self.address = client, product, ""

    @staticmethod
    def metadata(**pairs: object) -> str:
        """Return the header ``Upload-Metadata`` of names and values."""
        return ",".join(
            f"{name} {base64.b64encode(str(value).encode()).decode()}"
            for name, value in pairs.items()
        )

    @staticmethod
    def checksum(content: bytes, algorithm: str = "sha256") -> str:
        """Return the header ``Upload-Checksum`` of bytes."""
        digest = hashlib.new(algorithm, content).digest()
        return f"{algorithm} {base64.b64encode(digest).decode()}"

    @staticmethod
    def told(answer: HttpResponseBase) -> tuple[int, str | None]:
        """Return status and offset of an answer."""
        return answer.status_code, answer.headers.get("Upload-Offset")

    def create(
        self,
        size: object,
        name: str = "cat.csv",
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        **pairs: Any,
    ) -> Any:
        pairs = {"filename": name, "product": self.product, **pairs}
        named = {"Upload-Length": str(size), "Upload-Metadata": self.metadata(**pairs)}
        answer = self.client.generic(
            "POST",
            "/api/uploads/",
            body,
            content_type=STREAM if body else "",
            headers={**VERSION, **named, **(headers or {})},
        )
        self.address = answer.headers.get("Location", self.address)
        return answer

    def patch(self, offset: object, body: bytes, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            "PATCH",
            self.address,
            body,
            content_type=STREAM,
            headers={
                **VERSION,
                "Upload-Offset": str(offset),
                "Content-Length": str(len(body)),
                **named,
            },
        )

    def head(self) -> Any:
        return self.client.head(self.address, headers=VERSION)

    def get(self) -> Any:
        return self.client.get(self.address)

    def delete(self) -> Any:
        return self.client.delete(self.address, headers=VERSION)


@pytest.fixture
def sender(ana: User, api: Any, product_factory: Any) -> Callable[..., Sender]:
    """Return a maker of senders to ana's drafts."""

    def make(type_name: str = "other", user: User = ana, product: int | None = None) -> Sender:
        if product is None:
            status = ProductStatus.REGISTERING
            product = product_factory(ana, type_name=type_name, status=status).pk
        return Sender(api(user), product)

    return make
