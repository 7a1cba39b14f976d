"""Small tables in every format, and the way of an upload through the API."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus

N_ROWS = 12
#: The table of these tests: 12 rows, an id beyond 2**53, and a null at the end of z_err.
TABLE = pa.table(
    {
        "objectId": pa.array([2**60 + number for number in range(N_ROWS)], pa.int64()),
        "RA_deg": np.linspace(10.0, 10.0 + 1e-3, N_ROWS),
        "DEC_deg": np.linspace(-5.0, -4.0, N_ROWS),
        "zspec": np.linspace(0.1, 1.2, N_ROWS),
        "zerr": np.linspace(0.001, 0.012, N_ROWS),
        "origin": ["VVDS" if number % 2 else "DEEP2" for number in range(N_ROWS)],
    }
)
COLUMNS = TABLE.column_names
ASSOCIATION = {"RA_deg": "RA", "DEC_deg": "Dec", "zspec": "z"}


def csv_bytes(table: pa.Table = TABLE, *, header: bool = True, delimiter: str = ",") -> bytes:
    rows = [delimiter.join(table.column_names)] if header else []
    rows += [delimiter.join(str(value) for value in row.values()) for row in table.to_pylist()]
    return ("\n".join(rows) + "\n").encode()


def parquet_bytes(table: pa.Table = TABLE) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _astropy_bytes(kind: str, table: pa.Table = TABLE) -> bytes:
    from astropy.table import Table

    buffer = io.BytesIO()
    columns = {name: table[name].to_numpy() for name in table.column_names}
    columns["origin"] = columns["origin"].astype(str)
    Table(columns).write(buffer, format=kind)
    return buffer.getvalue()


def fits_bytes() -> bytes:
    return _astropy_bytes("fits")


def votable_bytes() -> bytes:
    return _astropy_bytes("votable")


def hdf5_bytes() -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=True) as file:
        for name in COLUMNS:
            values = TABLE[name].to_numpy()
            file[name] = values.astype("S") if name == "origin" else values
    return buffer.getvalue()


def zip_bytes(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar_bytes(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def hats_members() -> dict[str, bytes]:
    """Return the files of a small HATS catalog of one partition."""
    properties = (
        "obs_collection=mini\ndataproduct_type=object\nhats_nrows=12\nhats_col_ra=RA_deg\n"
        "hats_col_dec=DEC_deg\nhats_max_rows=100\nhats_order=0\nhats_version=v0.1\n"
        "moc_sky_fraction=0.08333\n"
    )
    partitions = "Norder,Npix\n0,4\n"
    return {
        "mini_hats/hats.properties": properties.encode(),
        "mini_hats/partition_info.csv": partitions.encode(),
        "mini_hats/dataset/Norder=0/Dir=0/Npix=4.parquet": parquet_bytes(),
    }


FORMATS: dict[str, Callable[[], bytes]] = {
    "cat.csv": csv_bytes,
    "cat.CSV.gz": lambda: gzip.compress(csv_bytes()),
    "cat.FITS": fits_bytes,
    "cat.hdf5": hdf5_bytes,
    "cat.parquet": parquet_bytes,
    "cat.vot": votable_bytes,
}


@pytest.fixture
def make() -> SimpleNamespace:
    """Return makers of file contents."""
    return SimpleNamespace(
        csv=csv_bytes,
        parquet=parquet_bytes,
        fits=fits_bytes,
        hdf5=hdf5_bytes,
        votable=votable_bytes,
        zip=zip_bytes,
        tar=tar_bytes,
        hats=hats_members,
        formats=FORMATS,
        table=TABLE,
    )


class Uploader:
    """A user's program that speaks the API as the published client does."""

    def __init__(self, client: APIClient, product: Product) -> None:
        self.client, self.product = client, product
        self.base = f"/api/products/{product.pk}/"

    def send(self, name: str, content: bytes, role: int = 0, **fields: Any) -> Any:
        form = {
            "product": self.product.pk,
            "role": role,
            "file": SimpleUploadedFile(name, content),
            **fields,
        }
        return self.client.post("/api/product-files/", form, format="multipart")

    def register(self) -> Any:
        return self.client.get(f"{self.base}registry/")

    def columns(self) -> dict[str, int]:
        found = self.client.get(f"/api/product-contents/?product={self.product.pk}").json()
        return {row["column_name"]: row["id"] for row in found["results"]}

    def associate(self, association: dict[str, str] = ASSOCIATION) -> None:
        ids = self.columns()
        for column, alias in association.items():
            answer = self.client.patch(
                f"/api/product-contents/{ids[column]}/", {"alias": alias}, format="multipart"
            )
            assert answer.status_code == 200, answer.content

    def publish(self) -> Any:
        return self.client.patch(self.base, {"status": 1}, format="multipart")


@pytest.fixture
def uploader(ana: User, api: Any, product_factory: Any) -> Callable[..., Uploader]:
    """Return a maker of uploaders of ana's drafts."""

    def make(type_name: str = "redshift_catalog", user: User = ana) -> Uploader:
        draft = product_factory(
            user, name="Zed set", type_name=type_name, status=ProductStatus.REGISTERING
        )
        return Uploader(api(user), draft)

    return make
