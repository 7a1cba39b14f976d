"""Make a published product of a Parquet: `python fill_table.py PARQUET` in PZHUB_DATA_DIR.

The file becomes main file and canonical copy at once, without being read. For measuring only.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pzhub.settings.development")
django.setup()

import pyarrow.parquet as pq  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from pzhub.accounts.models import User  # noqa: E402
from pzhub.catalog.models import Column, Product, ProductFile, ProductStatus, ProductType  # noqa: E402
from pzhub.core import storage  # noqa: E402
from pzhub.uploads.models import (  # noqa: E402
    Inspection,
    InspectionState,
    ProfileState,
    TableProfile,
)
from pztables.profile import PROFILE_VERSION  # noqa: E402

ROLES = {"ra": "RA", "dec": "Dec", "z": "z", "z_flag": "z_flag", "survey": "survey"}


@transaction.atomic
def fill(source: Path) -> int:
    """Make the product and return its id."""
    product = Product.objects.create(
        internal_name="ten_million",
        display_name="Ten million",
        product_type=ProductType.objects.get(name="redshift_catalog"),
        user=User.objects.earliest("pk"),
        status=ProductStatus.PUBLISHED,
        published_at=timezone.now(),
    )
    target = storage.derived_dir(product, "0" * 64) / "canonical.parquet"
    target.parent.mkdir(parents=True)
    shutil.copyfile(source, target)
    schema, n_rows = pq.read_schema(source), pq.read_metadata(source).num_rows
    file = ProductFile.objects.create(
        product=product,
        name="ten.parquet",
        path=storage.relative_path(target),
        extension=".parquet",
        size=target.stat().st_size,
        sha256="0" * 64,
        n_rows=n_rows,
    )
    Inspection.objects.create(
        product=product,
        file=file,
        sha256=file.sha256,
        state=InspectionState.DONE,
        is_table=True,
        canonical_path=file.path,
    )
    # Said to be hopeless: or the server would describe the table while it is measured.
    TableProfile.objects.create(
        product=product,
        state=ProfileState.FAILED,
        wanted=f"{PROFILE_VERSION}-not-wanted",
        error={"code": "not_wanted", "message": "Not made for measurements."},
    )
    for order, name in enumerate(schema.names):
        Column.objects.create(product=product, column_name=name, alias=ROLES.get(name), order=order)
    return product.pk


if __name__ == "__main__":
    print(fill(Path(sys.argv[1])))
