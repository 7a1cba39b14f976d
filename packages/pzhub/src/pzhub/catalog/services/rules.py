"""What must hold for the fields of a product, whoever writes them."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.catalog.selectors import releases_visible_to
from pzhub.core.errors import InvalidError


class FieldNotAllowedError(InvalidError):
    """The product type does not have this field."""

    code = "field_not_allowed"


def check_product(product: Product, actor: User, *, is_release_new: bool = True) -> None:
    """Refuse values that are too long, not allowed for the type, or not the actor's to use.

    Parameters
    ----------
    product, actor
        Who writes what.
    is_release_new
        Whether the release is being set: one that the owner may no longer use may stay.

    Raises
    ------
    InvalidError
        With the messages of each field.
    FieldNotAllowedError
        If the type does not go with a release or a photo-z code.
    """
    product.display_name = product.display_name.strip()
    try:
        product.full_clean(
            exclude=["internal_name", "product_type", "release", "user"],
            validate_unique=False,
            validate_constraints=False,
        )
    except ValidationError as error:
        fields = error.message_dict
        sentence = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items())
        raise InvalidError(sentence, fields=fields) from error
    _check_type_rules(product)
    if is_release_new:
        _check_release(product, actor)


def _check_type_rules(product: Product) -> None:
    rules = product.product_type.rules
    if product.release_id is not None and not rules.allows_release:
        text = f"A release must be null for the type {rules.display_name}."
        raise FieldNotAllowedError(text, fields={"release": [text]})
    if product.pz_code and not rules.allows_pz_code:
        text = f"A photo-z code must be null for the type {rules.display_name}."
        raise FieldNotAllowedError(text, fields={"pz_code": [text]})


def _check_release(product: Product, actor: User) -> None:
    release = product.release_id
    if release is not None and not releases_visible_to(actor).filter(pk=release).exists():
        text = "There is no such release, or you may not use it."
        raise InvalidError(text, fields={"release": [text]})
