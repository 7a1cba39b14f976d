"""Shapes of uploads on the wire."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from pzhub.catalog.api.serializers import ProductOut
from pzhub.catalog.models import FileRole, Product, ProductFile, ProductStatus
from pzhub.catalog.policies import can_update
from pzhub.uploads.models import ResumableUpload
from pzhub.uploads.services.incoming import arrived_bytes


class ProductFileOut(serializers.ModelSerializer[ProductFile]):
    """A file of a product; ``file`` is an address that asks who is there."""

    file = serializers.SerializerMethodField()
    can_delete = serializers.SerializerMethodField()
    # contract: the published client compares with Main, Description and Auxiliary.
    role_name = serializers.CharField(source="get_role_display", read_only=True)

    class Meta:
        model = ProductFile
        fields = (
            "id", "product", "file", "can_delete", "role_name", "role", "name", "type",
            "n_rows", "size", "extension", "is_directory", "created", "updated",
        )  # fmt: skip

    def get_file(self, file: ProductFile) -> str:
        """Return the address of the bytes."""
        request = self.context["request"]
        return reverse("api:product-file-content", args=[file.pk], request=request)

    def get_can_delete(self, file: ProductFile) -> bool:
        """Tell whether the caller may remove the file now."""
        fixed = file.role == FileRole.MAIN and file.product.status != ProductStatus.REGISTERING
        return not fixed and can_update(file.product, self.context["request"].user)


class ProductFileIn(serializers.Serializer[Any]):
    """What is sent with a file; the bytes themselves were staged while they arrived."""

    product = serializers.PrimaryKeyRelatedField(queryset=Product.objects.none())
    role = serializers.ChoiceField(choices=FileRole.choices, default=FileRole.MAIN)
    type = serializers.CharField(
        max_length=128, required=False, allow_null=True, allow_blank=True, default=None
    )
    file = serializers.FileField(
        required=False, write_only=True, allow_empty_file=True, help_text="The bytes."
    )

    def __init__(self, *args: Any, products: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if products is not None:
            self.fields["product"].queryset = products  # type: ignore[attr-defined]


class PreviewOut(serializers.Serializer[Any]):
    """First rows of a main file."""

    count = serializers.IntegerField()
    columns = serializers.ListField(child=serializers.CharField())
    results = serializers.ListField(child=serializers.DictField())


class MessageOut(serializers.Serializer[Any]):
    """A sentence instead of a result."""

    message = serializers.CharField()


class MainFileInfoOut(ProductOut):
    """A product with what a reader of its main file needs."""

    main_file = serializers.DictField()


class ResumableUploadIn(serializers.Serializer[Any]):
    """The metadata of a file that will arrive in pieces."""

    filename = serializers.CharField(max_length=1000)
    filetype = serializers.CharField(max_length=128, required=False, allow_blank=True, default="")
    product = serializers.PrimaryKeyRelatedField(queryset=Product.objects.none())
    role = serializers.ChoiceField(choices=FileRole.choices, default=FileRole.MAIN)
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", required=False, default="")
    replace = serializers.BooleanField(default=False)
    register = serializers.BooleanField(default=False)

    def __init__(self, *args: Any, products: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if products is not None:
            self.fields["product"].queryset = products  # type: ignore[attr-defined]

    def validate_filename(self, value: str) -> str:
        """Return the name without folders."""
        name = re.split(r"[/\\]", value)[-1].strip()
        if not name or any(ord(letter) < 32 for letter in name):
            raise serializers.ValidationError("This is not the name of a file.")
        return name[-255:]

    def arguments(self) -> dict[str, Any]:
        """Return the values by the names that the service gives them."""
        values = dict(self.validated_data)
        name, mime = values.pop("filename"), values.pop("filetype")
        return {**values, "name": name, "mime": mime or None}


class ResumableUploadOut(serializers.ModelSerializer[ResumableUpload]):
    """An upload that goes on where it stopped; with its last byte it becomes ``file``."""

    offset = serializers.SerializerMethodField(help_text="How many bytes have arrived.")
    file = serializers.IntegerField(
        source="file_id", allow_null=True, read_only=True, help_text="Id of the file it became."
    )
    sha256 = serializers.SerializerMethodField(
        help_text="Of the file once it is whole, as the server computed it; else as announced."
    )

    class Meta:
        model = ResumableUpload
        fields = (
            "id", "product", "role", "name", "type", "size", "offset", "sha256", "created_at",
            "expires_at", "finished_at", "file", "error",
        )  # fmt: skip

    def get_offset(self, upload: ResumableUpload) -> int:
        """Return how many bytes have arrived."""
        return upload.size if upload.is_finished else arrived_bytes(upload.pk)

    def get_sha256(self, upload: ResumableUpload) -> str:
        """Return the checksum."""
        return upload.file.sha256 if upload.file else upload.sha256
