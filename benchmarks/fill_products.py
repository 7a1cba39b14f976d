"""Fill the database of PZHUB_DATA_DIR: `python fill_products.py PRODUCTS FILES_PER_PRODUCT`.

Rows only: the files that they name do not exist. For measuring pages and lists, never for real
use. What a site has with so many products is all there: people in groups, releases for groups,
columns with meanings, readings and summaries with thumbnails, versions, jobs with inputs, drafts,
notices and the audit log. Indexes of words keep themselves.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pzhub.settings.development")
django.setup()

import numpy as np  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.db import transaction  # noqa: E402
from django.db.models import Model  # noqa: E402
from django.utils import timezone  # noqa: E402

from pzhub.accounts.models import User  # noqa: E402
from pzhub.catalog.coverage import ancestors, normalised  # noqa: E402
from pzhub.catalog.models import (  # noqa: E402
    Column,
    Product,
    ProductFile,
    ProductStatus,
    ProductSummary,
    ProductType,
    Release,
    SkyCell,
)
from pzhub.core.models import AuditEntry  # noqa: E402
from pzhub.notices.models import Notice, NoticeKind  # noqa: E402
from pzhub.processes.models import Phase, Pipeline, Process, ProcessInput  # noqa: E402
from pzhub.uploads.models import Inspection, InspectionState, TableProfile  # noqa: E402

WORDS = ("deep", "wide", "field", "survey", "spec", "grism", "cosmos", "stripe", "south", "north")
SURVEYS = ("DESI", "VVDS", "VIPERS", "2dFGRS", "zCOSMOS", "DEEP2", "PRIMUS", "GAMA", "SDSS")
EXTENSIONS = (".parquet", ".csv", ".fits", ".hdf5", ".pq", ".fits.gz")
#: Name, alias and type of columns; not every product has the later ones.
COLUMNS = (
    ("id", "ID", "int64"),
    ("ra", "RA", "double"),
    ("dec", "Dec", "double"),
    ("z_best", "z", "double"),
    ("z_quality", "z_flag", "int64"),
    ("z_error", "z_err", "double"),
    ("survey_name", "survey", "string"),
    ("instrument", "instrument_type", "string"),
    *((f"mag_{band}_cmodel", None, "float") for band in "ugrizy"),
)
PEOPLE, GROUPS, RELEASES, JOBS, DRAFTS = 60, 8, 12, 400, 60
START = timezone.now() - timedelta(days=900)
RNG = random.Random(1)


def saved(rows: Iterable[Model]) -> list[Any]:
    """Write rows of one model."""
    listed = list(rows)
    type(listed[0])._default_manager.bulk_create(listed, batch_size=500)
    return listed


def people_and_releases() -> tuple[list[User], list[Release]]:
    """Make people, groups with some of them, and releases: public, open, of groups."""
    people = saved(
        User(username=f"person{number:03}", email=f"person{number:03}@example.org", password="!")
        for number in range(PEOPLE)
    )
    everybody = list(User.objects.order_by("-pk"))  # who was there before comes last
    groups = saved(Group(name=f"working group {number}") for number in range(GROUPS))
    for group in groups:
        group.user_set.set(RNG.sample(everybody, len(everybody) // 2))
    releases = saved(
        Release(name=f"dp{number:02}", display_name=f"DP {number}", is_public=number % 4 == 0)
        for number in range(10, 10 + RELEASES)
    )
    for release in releases[::2]:
        release.access_groups.set(RNG.sample(groups, 2))
    return [*people, *everybody], list(Release.objects.all())


def products_of(number: int, users: list[User], releases: list[Release]) -> list[Product]:
    """Make published products, one in twenty official, one in thirty a newer version."""
    types = list(ProductType.objects.all())
    rows: list[Product] = []
    for n in range(1, number + 1):
        at = START + timedelta(minutes=n * 1_250_000 / number)
        rows.append(
            Product(
                internal_name=f"{n}_{RNG.choice(WORDS)}_{RNG.choice(WORDS)}",
                display_name=f"{RNG.choice(WORDS)} {RNG.choice(WORDS)} {n}",
                description=" ".join(RNG.choices(WORDS, k=30)),
                product_type=RNG.choice(types),
                release=RNG.choice([None, *releases]),
                user=RNG.choice(users),
                official_product=n % 20 == 0,
                status=ProductStatus.PUBLISHED,
                published_at=at,
            )
        )
    saved(rows)
    for row in rows:
        row.created_at = row.published_at or START
    for older, newer in zip(rows[::30], rows[1::30], strict=False):
        newer.user, newer.product_type, newer.replaces = older.user, older.product_type, older
    fields = ("created_at", "user", "product_type", "replaces")
    Product.objects.bulk_update(rows, fields, batch_size=300)
    return rows


def files_and_columns(products: list[Product], files_per_product: int) -> list[ProductFile]:
    """Make files of all sizes and columns, half of which mean something; return main files."""
    files = saved(
        ProductFile(
            product=product,
            role=0 if number == 0 else 2,
            name=f"file{number}{EXTENSIONS[product.pk % 6]}",
            path=f"products/benchmark/{product.internal_name}/file{number}",
            extension=EXTENSIONS[product.pk % 6],
            size=int(10 ** RNG.uniform(4, 9)),
            sha256=hashlib.sha256(f"{product.pk} {number}".encode()).hexdigest(),
            n_rows=int(10 ** RNG.uniform(2, 6)) if number == 0 else None,
        )
        for product in products
        for number in range(files_per_product)
    )
    saved(
        Column(product=product, column_name=name, alias=alias, order=order, dtype=dtype)
        for product in products
        for order, (name, alias, dtype) in enumerate(COLUMNS)
        if order < 4 or RNG.random() < 0.6
    )
    return files[::files_per_product]


def readings(mains: list[ProductFile]) -> None:
    """Make the readings of main files, their profiles as wanted, and their summaries."""
    saved(
        Inspection(
            product=file.product,
            file=file,
            sha256=file.sha256,
            state=InspectionState.DONE,
            ended_at=START,
            is_table=True,
            canonical_path=f"derived/benchmark/{file.pk}.parquet",
            profile_path=f"derived/benchmark/{file.pk}.json",
            first_rows=[{name: 0.5 for name, _alias, _type in COLUMNS}] * 5,
            checks=[{"code": "positions", "ok": True, "message": "All positions are on the sky."}],
        )
        for file in mains
    )
    saved(
        TableProfile(
            product=file.product,
            state="done",
            wanted=file.sha256,
            signature=file.sha256,
            path=f"derived/benchmark/{file.pk}.json",
        )
        for file in mains
    )
    summaries = saved(summary_of(file) for file in mains if file.pk % 10)
    saved(
        SkyCell(summary=summary, uniq=int(uniq), is_whole=is_whole)
        for summary in summaries
        if summary.has_positions
        for uniq, is_whole in coverage_of(summary)
    )


def summary_of(file: ProductFile) -> ProductSummary:
    """Return what a profile would have told of a table: every one is another."""
    rng = np.random.default_rng(file.pk)
    edges = np.round(np.exp2(np.linspace(0, 3, 47)) - 1, 4)
    values = rng.gamma(2, rng.uniform(0.1, 0.7), 5000)
    counts = np.histogram(values, edges)[0] * (1 + (file.n_rows or 0) // 5000)
    first = int(rng.integers(0, 700))
    cells = np.unique((first + rng.integers(0, rng.integers(2, 120), 60)) % 768)
    has_positions = bool(rng.random() < 0.9)
    sky = {"order": 3, "cells": cells.tolist(), "counts": rng.integers(1, 999, len(cells)).tolist()}
    return ProductSummary(
        product=file.product,
        n_rows=file.n_rows or 0,
        n_columns=12,
        z_min=round(float(values.min()), 4),
        z_max=round(float(values.max()), 4),
        z_median=round(float(np.median(values)), 4),
        surveys=list(rng.choice(SURVEYS, rng.integers(0, 5), replace=False)),
        has_positions=has_positions,
        area_deg2=len(cells) * 53.7 if has_positions else None,
        thumbnail={
            "redshift": {"edges": edges.tolist(), "counts": counts.tolist()},
            "sky": sky if has_positions else None,
        },
        signature=file.sha256,
    )


def coverage_of(summary: ProductSummary) -> list[tuple[int, bool]]:
    """Return the cells of a summary's sky and those around them."""
    whole = normalised(3, np.array(summary.thumbnail["sky"]["cells"], np.int64))
    return [(n, True) for n in whole] + [(n, False) for n in ancestors(whole)]


def jobs(products: list[Product], mains: list[ProductFile]) -> None:
    """Make runs that have made some of the products from others, most of them completed."""
    pipelines = list(Pipeline.objects.all())
    runs = saved(
        Process(
            pipeline=pipelines[n % len(pipelines)],
            pipeline_version="1.0",
            user=product.user,
            display_name=product.display_name,
            upload=product,
            phase=Phase.ERROR if n % 9 == 0 else Phase.COMPLETED,
            used_config={"param": {"radius": 1.0}, "output_name": product.display_name},
            error={"code": "failed", "message": "No rows."} if n % 9 == 0 else None,
            started_at=product.created_at,
            ended_at=product.created_at + timedelta(minutes=2),
        )
        for n, product in enumerate(RNG.sample(products[len(products) // 2 :], JOBS))
    )
    saved(
        ProcessInput(process=run, product=file.product, position=position, sha256=file.sha256)
        for run in runs
        for position, file in enumerate(RNG.sample(mains[: len(mains) // 2], 3))
    )


def what_people_left(products: list[Product], users: list[User]) -> None:
    """Make drafts, notices (a few of them unread) and the audit log."""
    kind = ProductType.objects.get(name="redshift_catalog")
    saved(
        Product(display_name=f"draft {n}", product_type=kind, user=users[-1 - n % 10])
        for n in range(DRAFTS)
    )
    saved(
        Notice(
            user=user,
            kind=NoticeKind.JOB_DONE,
            key=f"benchmark-{user.pk}-{n}",
            subject=f"job {n}",
            url="/jobs",
            read_at=None if n % 10 == 0 else START,
        )
        for user in dict.fromkeys(users)
        for n in range(40)
    )
    saved(
        AuditEntry(
            actor=product.user,
            actor_name=product.user.username,
            action=action,
            object_type="catalog.product",
            object_id=product.pk,
            object_name=product.internal_name or "",
        )
        for product in products
        for action in ("product-created", "file-added", "product-published")
    )


@transaction.atomic
def fill(products: int, files_per_product: int) -> None:
    """Make so many published products with so many files each, and all that goes with them."""
    users, releases = people_and_releases()
    made = products_of(products, users, releases)
    mains = files_and_columns(made, files_per_product)
    readings(mains)
    jobs(made, mains)
    what_people_left(made, users)


if __name__ == "__main__":
    fill(int(sys.argv[1]), int(sys.argv[2]))
