"""Fill the database of PZHUB_DATA_DIR: `python fill_products.py PRODUCTS FILES_PER_PRODUCT`.

Rows only: the files that they name do not exist. For measuring lists, never for real use.
"""

from __future__ import annotations

import os
import random
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pzhub.settings.development")
django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from pzhub.accounts.models import User  # noqa: E402
from pzhub.catalog.models import (  # noqa: E402
    Column,
    Product,
    ProductFile,
    ProductStatus,
    ProductType,
    Release,
)

WORDS = ("deep", "wide", "field", "survey", "spec", "grism", "cosmos", "stripe", "south", "north")


@transaction.atomic
def fill(products: int, files_per_product: int) -> None:
    """Make so many published products with so many files each, and three columns."""
    rng = random.Random(1)
    users = list(User.objects.all())
    types = list(ProductType.objects.all())
    releases = [None, *Release.objects.all()]
    rows = [
        Product(
            internal_name=f"{number}_{rng.choice(WORDS)}_{rng.choice(WORDS)}",
            display_name=f"{rng.choice(WORDS)} {rng.choice(WORDS)} {number}",
            description=" ".join(rng.choices(WORDS, k=30)),
            product_type=rng.choice(types),
            release=rng.choice(releases),
            user=rng.choice(users),
            status=ProductStatus.PUBLISHED,
            published_at=timezone.now(),
        )
        for number in range(1, products + 1)
    ]
    Product.objects.bulk_create(rows, batch_size=500)
    ProductFile.objects.bulk_create(
        [
            ProductFile(
                product=product,
                role=0 if number == 0 else 2,
                name=f"file{number}.parquet",
                path=f"products/benchmark/{product.internal_name}/file{number}.parquet",
                extension=".parquet",
                size=rng.randrange(10**8),
                sha256="0" * 64,
                n_rows=rng.randrange(10**6) if number == 0 else None,
            )
            for product in rows
            for number in range(files_per_product)
        ],
        batch_size=500,
    )
    Column.objects.bulk_create(
        [
            Column(product=product, column_name=name, alias=name, order=order)
            for product in rows
            for order, name in enumerate(("RA", "Dec", "z"))
        ],
        batch_size=500,
    )


if __name__ == "__main__":
    fill(int(sys.argv[1]), int(sys.argv[2]))
