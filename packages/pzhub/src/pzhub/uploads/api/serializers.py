"""Shapes of uploads on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from pzhub.catalog.api.serializers import ProductOut
from pzhub.catalog.models import FileRole, Product, ProductFile, ProductStatus
from pzhub.catalog.policies import can_update


class ProductFileOut(serializers.ModelSerializer[ProductFile]):
    """A file of a product; ``file`` is an address that asks who is there."""

    file = serializers.SerializerMethodField()
    can_delete = serializers.SerializerMethodField()
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
