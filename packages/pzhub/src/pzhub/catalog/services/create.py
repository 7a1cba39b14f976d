"""Products begin: by an upload, or as the output of a process."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus, ProductType, Release
from pzhub.catalog.policies import require_official
from pzhub.catalog.services.naming import internal_name_for
from pzhub.catalog.services.rules import check_product
from pzhub.core import audit
from pzhub.core.errors import InvalidError
from pzhub.core.storage import product_dir

_FIRST_STATUSES: Final = (ProductStatus.REGISTERING, ProductStatus.PROCESSING)


@transaction.atomic
def create_product(
    *,
    actor: User,
    display_name: str,
    product_type: ProductType,
    release: Release | None = None,
    pz_code: str | None = None,
    description: str | None = None,
    official_product: bool = False,
    release_year: int | None = None,
    access_url: str = "",
    status: int = ProductStatus.REGISTERING,
) -> Product:
    """Make a product that its owner can fill, with its folder.

    Parameters
    ----------
    actor
        Becomes the owner.
    display_name
        1 to 255 characters.
    product_type, release, pz_code, description, official_product, release_year, access_url
        Its metadata; the type decides which may be given.
    status
        Registering, or Processing for the output of a run.

    Raises
    ------
    InvalidError
        If a field is not acceptable.
    OfficialRequiresAdminError
        If somebody else than an administrator makes it official.
    """
    if official_product:
        require_official(actor)
    if status not in _FIRST_STATUSES:
        text = "A product begins as Registering (0): publish it when its columns are associated."
        raise InvalidError(text, fields={"status": [text]})
    product = Product(
        user=actor,
        display_name=display_name,
        product_type=product_type,
        release=release,
        pz_code=pz_code or None,
        description=description,
        official_product=official_product,
        release_year=release_year,
        access_url=access_url,
        status=status,
    )
    check_product(product, actor)
    product.save()
    product.internal_name = internal_name_for(product.pk, product.display_name)
    product.save(update_fields=["internal_name"])
    audit.record(actor=actor, action="product-created", target=product, type=product_type.name)
    product_dir(product).mkdir(parents=True, exist_ok=True)
    return product
