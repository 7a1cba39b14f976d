"""Forms of the upload wizard."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from pzhub.accounts.models import User
from pzhub.accounts.policies import is_administrator
from pzhub.catalog.models import FileRole, Product, ProductType, Release
from pzhub.catalog.selectors import own_published, releases_visible_to, replaceable_by
from pzhub.core.forms import PageForm
from pztables.product_types import PRODUCT_TYPES

#: So many earlier versions can be chosen from, the newest ones.
MOST_VERSIONS: Final = 200


_EMPTY_IS_NONE: Final = frozenset({"release", "pz_code", "description", "replaces"})


class ProductTypeField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """The product types in their order, chosen by name so that addresses can prefill them."""

    def __init__(self) -> None:
        super().__init__(
            queryset=ProductType.objects.order_by("order"),
            to_field_name="name",
            label=_("What is it?"),
            empty_label=None,
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose what kind of product this is.")},
        )


class VersionSelect(forms.Select):
    """A list of products that says of each which type it has, for scripts."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return an option with the type of its product."""
        option = super().create_option(name, value, *args, **kwargs)
        product = getattr(value, "instance", None)  # the empty choice has none
        if product is not None:
            option["attrs"]["data-type"] = product.product_type.name
        return option


class ReplacedField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """The earlier products of a user that a new one may replace."""

    def __init__(self) -> None:
        super().__init__(
            queryset=Product.objects.none(),
            to_field_name="internal_name",
            required=False,
            label=_("This replaces"),
            empty_label=_("no earlier product"),
            widget=VersionSelect,
            help_text=_("An earlier version of yours, of the same type. Both pages say so."),
        )

    def label_from_instance(self, obj: Product) -> str:
        """Name a product, its type and its internal name."""
        return f"{obj.display_name} ({obj.product_type.display_name}, {obj.internal_name})"


class BasicsForm(PageForm):
    """Step 1: what the product is called and what it is.

    The type is locked once the product exists: what follows depends on it.
    """

    display_name = forms.CharField(
        max_length=255,
        label=_("Product name"),
        help_text=_("Short and mnemonic; it becomes part of the internal name for ever."),
        error_messages={"required": _("Give the product a name.")},
    )
    product_type = ProductTypeField()
    release = forms.ModelChoiceField(
        queryset=Release.objects.none(),
        required=False,
        label=_("Release"),
        empty_label=_("No release"),
        help_text=_("Decides who may see the product. Not for reference redshift catalogs."),
    )
    pz_code = forms.CharField(
        max_length=55,
        required=False,
        label=_("Photo-z code"),
        help_text=_("Which code made the estimates, for example FlexZBoost."),
    )
    official_product = forms.BooleanField(
        required=False,
        label=_("Official product"),
        help_text=_("Only the PZ Coordination Group may set this."),
    )
    replaces = ReplacedField()
    access_url = forms.URLField(
        max_length=500,
        required=False,
        assume_scheme="https",
        label=_("Where the data are"),
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        error_messages={"invalid": _("Give a whole address, such as https://example.org/data.")},
        help_text=_(
            "Only for products without a main file: a link to the data. Instructions can stand in"
            " the description instead."
        ),
    )
    description = forms.CharField(
        required=False,
        label=_("Description"),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_(
            "Where the data come from and how they were selected. Markdown. You can write it later."
        ),
    )

    def __init__(self, *args: Any, actor: User, product: Product | None = None, **kwargs: Any):
        self.product = product
        if product is not None:
            kwargs.setdefault("initial", _initial(product))
        super().__init__(*args, **kwargs)
        release = self.fields["release"]
        assert isinstance(release, forms.ModelChoiceField)
        release.queryset = releases_visible_to(actor)
        self._offer_versions(actor, product)
        if product is not None:
            del self.fields["product_type"]
            self._drop_fields_of_other_types(product.product_type.name)
        if not is_administrator(actor):
            del self.fields["official_product"]

    def _offer_versions(self, actor: User, product: Product | None) -> None:
        replaces = self.fields["replaces"]
        assert isinstance(replaces, ReplacedField)
        earlier = own_published(actor) if product is None else replaceable_by(product)
        if not earlier.exists():
            del self.fields["replaces"]
            return
        newest = list(earlier.order_by("-pk").values_list("pk", flat=True)[:MOST_VERSIONS])
        products = Product.objects.filter(pk__in=newest)
        replaces.queryset = products.select_related("product_type").order_by("-pk")

    def _drop_fields_of_other_types(self, type_name: str) -> None:
        for name, types in TYPES_OF_FIELD.items():
            if type_name not in types:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Refuse a field that the chosen type does not have."""
        cleaned = super().clean() or self.cleaned_data
        product_type = cleaned.get("product_type")
        for name, types in TYPES_OF_FIELD.items():
            if product_type and cleaned.get(name) and product_type.name not in types:
                self.add_error(
                    name,
                    _("%(type)s has no such field: leave it empty.")
                    % {"type": product_type.display_name},
                )
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        """Return the cleaned values as arguments of the services; empty text becomes ``None``."""
        return {
            name: value or None if name in _EMPTY_IS_NONE else value
            for name, value in self.cleaned_data.items()
        }


#: Which types have a field that not all have.
TYPES_OF_FIELD: dict[str, tuple[str, ...]] = {
    "release": tuple(kind.name for kind in PRODUCT_TYPES if kind.allows_release),
    "pz_code": tuple(kind.name for kind in PRODUCT_TYPES if kind.allows_pz_code),
    "access_url": tuple(kind.name for kind in PRODUCT_TYPES if kind.allows_metadata_only),
}


def _initial(product: Product) -> dict[str, Any]:
    return {
        "display_name": product.display_name,
        "release": product.release_id,
        "pz_code": product.pz_code,
        "official_product": product.official_product,
        "access_url": product.access_url,
        "replaces": product.replaces.internal_name if product.replaces else None,
        "description": product.description,
    }


class FileForm(PageForm):
    """What a file is to the product; the file itself is a staged upload."""

    role = forms.TypedChoiceField(
        choices=[
            (FileRole.MAIN.value, _("Main file: the data")),
            (FileRole.DESCRIPTION.value, _("Description: shown on the product's page")),
            (FileRole.AUXILIARY.value, _("Auxiliary: anything else")),
        ],
        coerce=lambda value: FileRole(int(value)),
        label=_("What the file is"),
    )
