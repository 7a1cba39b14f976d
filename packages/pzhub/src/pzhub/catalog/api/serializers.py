"""The catalog on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from rest_framework import serializers

from pzhub.accounts.policies import Actor
from pzhub.catalog.models import Column, Product, ProductStatus, ProductType, Release
from pzhub.catalog.policies import can_delete, can_update, is_owner
from pzhub.catalog.selectors import products_visible_to, releases_visible_to
from pzhub.catalog.services.metadata import describe_product

TIME_FORMAT: Final[str] = settings.REST_FRAMEWORK["DATETIME_FORMAT"]


class ReleaseOut(serializers.ModelSerializer[Release]):
    """A release."""

    class Meta:
        model = Release
        fields = (
            "id", "name", "display_name", "description", "created_at", "indexing_column",
            "has_mag_hats", "has_flux_hats", "dereddening", "fluxes", "is_public", "access_groups",
        )  # fmt: skip


class ProductTypeOut(serializers.ModelSerializer[ProductType]):
    """A product type."""

    class Meta:
        model = ProductType
        fields = ("id", "name", "display_name", "order", "description", "created_at")


class ProductOut(serializers.Serializer[Product]):
    """A product as the caller sees it: all 23 keys, always."""

    id = serializers.IntegerField()
    release = serializers.IntegerField(allow_null=True)
    release_name = serializers.CharField(allow_null=True)
    product_type = serializers.IntegerField()
    product_type_name = serializers.CharField()
    product_type_internal_name = serializers.CharField()
    uploaded_by = serializers.CharField(help_text="Login of the owner.")
    is_owner = serializers.BooleanField()
    origin = serializers.CharField(
        help_text='"Upload", "Saved view", or the pipeline that made it.'
    )
    process_status = serializers.CharField(allow_null=True)
    process_id = serializers.IntegerField(allow_null=True)
    product_status = serializers.CharField()
    can_delete = serializers.BooleanField()
    can_update = serializers.BooleanField()
    internal_name = serializers.CharField()
    display_name = serializers.CharField()
    official_product = serializers.BooleanField()
    pz_code = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=ProductStatus.choices)
    release_year = serializers.IntegerField(allow_null=True)

    def to_representation(self, instance: Product) -> dict[str, Any]:
        """Return the object; written out, because lists hold up to 1000 of them."""
        reader = self.context["request"].user
        facts = describe_product(instance)
        facts["created_at"] = wire_time(instance.created_at)
        facts["updated_at"] = wire_time(instance.updated_at)
        facts["is_owner"] = is_owner(instance, reader)
        facts["can_delete"] = can_delete(instance, reader)
        facts["can_update"] = can_update(instance, reader)
        return {name: facts[name] for name in PRODUCT_KEYS}


PRODUCT_KEYS: Final = tuple(ProductOut().fields)


def wire_time(moment: datetime) -> str:
    """Return a time as on the wire: UTC, microseconds, ``Z``."""
    return moment.strftime(TIME_FORMAT)


class PendingOut(serializers.Serializer[None]):
    """The product that the caller began last and did not publish."""

    product = ProductOut(allow_null=True)


class ProductIn(serializers.ModelSerializer[Product]):
    """What callers send of a product; unknown keys are ignored."""

    class Meta:
        model = Product
        fields = (
            "display_name", "product_type", "release", "pz_code", "description",
            "official_product", "release_year", "access_url", "status",
        )  # fmt: skip

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields; a release that the caller may not use does not exist."""
        fields = super().get_fields()
        fields["release"] = serializers.PrimaryKeyRelatedField(
            queryset=releases_visible_to(reader_of(self)), allow_null=True, required=False
        )
        return fields


class ProductFieldsOut(ProductIn):
    """The fields of a product that OPTIONS names."""

    class Meta(ProductIn.Meta):
        # contract: these eight; the address of data elsewhere came later.
        fields = tuple(name for name in ProductIn.Meta.fields if name != "access_url")  # type: ignore[assignment]  # one shorter


class ColumnOut(serializers.ModelSerializer[Column]):
    """A column."""

    class Meta:
        model = Column
        fields = ("id", "product", "column_name", "ucd", "order", "alias")


class ColumnIn(serializers.ModelSerializer[Column]):
    """What callers send of a column; it stays with its product."""

    class Meta:
        model = Column
        fields = ("column_name", "ucd", "order", "alias")
        extra_kwargs: ClassVar = {"order": {"required": False}}


class NewColumnIn(ColumnIn):
    """What callers send of a new column."""

    class Meta(ColumnIn.Meta):
        fields = ("product", *ColumnIn.Meta.fields)  # type: ignore[assignment]  # one longer
        validators = ()  # the service says it, with a code

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields; a product that the caller may not see does not exist."""
        fields = super().get_fields()
        fields["product"] = serializers.PrimaryKeyRelatedField(
            queryset=products_visible_to(reader_of(self))
        )
        return fields


def reader_of(serializer: serializers.BaseSerializer[Any]) -> Actor:
    """Return who asks; nobody when the documentation is generated."""
    request = serializer.context.get("request")
    return AnonymousUser() if request is None else request.user
