"""Every format of a main file: registered, previewed, and read back by the client or downloaded."""

import io
import tarfile
import zipfile

import numpy as np
import requests
import tables_io
from astropy.table import Table

from story.stage import (
    ADDRESS,
    FOLDER,
    PARSED,
    TOKEN,
    catalog,
    client,
    refused,
    same_values,
    step,
)

COLUMNS = ["OBJ", "RA", "DEC", "Z", "ZF"]


def frame_of():
    return catalog(12, "VVDS")[COLUMNS]


def write(path):
    """Write the table as the name of the file says, in the way of the client's own reader."""
    frame, suffix = frame_of(), path.suffix.lower()
    if suffix in (".fits", ".fit", ".hf5"):
        kind = "hdf5" if suffix == ".hf5" else "fits"
        Table.from_pandas(frame).write(path, format=kind, overwrite=True)
    elif suffix == ".hdf5":
        tables_io.write(tables_io.convert(frame, tables_io.types.NUMPY_DICT), str(path))
    elif suffix in (".h5", ".pq"):
        tables_io.write(frame, str(path))
    elif suffix == ".vot":
        Table.from_pandas(frame).write(path, format="votable")
    elif suffix == ".txt":
        frame.to_csv(path, index=False, sep=" ")
    else:
        frame.to_csv(path, index=False, sep=";" if "semicolon" in path.name else ",")


def preview(product_id):
    """Return what the site shows of a product; the client has no method for it."""
    answer = requests.get(
        f"{ADDRESS}products/{product_id}/read_data/?page=1&page_size=3",
        headers={"Authorization": f"Token {TOKEN}"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def registered(path):
    """Upload a file, check what is known of it before it is published; return the product's id."""
    upload = client().upload(f"Format {path.name}", "redshift_catalog", str(path))
    assert sorted(upload.columns) == sorted(COLUMNS), list(upload.columns)
    info = client().get_product_metadata(upload.product_id)["main_file"]
    assert info["n_rows"] == 60
    assert sorted(info["columns"]) == sorted(COLUMNS)
    shown = preview(upload.product_id)
    assert (shown["count"], len(shown["results"])) == (10, 3)
    np.testing.assert_allclose(
        [row["Z"] for row in shown["results"]], frame_of()["Z"][:3], rtol=PARSED
    )
    return upload.product_id


def loaded(name):
    """Return the step of a format that the client loads."""

    def tell():
        path = FOLDER / name
        write(path)
        same_values(client().get_product(registered(path)), frame_of())

    tell.__name__ = "a_table_is_read_back_from_" + name.replace(".", "_")
    return tell


def kept(name):
    """Return the step of a format that the client cannot load, but keep and fetch."""

    def tell():
        path = FOLDER / name
        write(path)
        product_id = registered(path)
        answer = client().api.download_main_file(product_id, str(FOLDER / "kept"))
        assert (FOLDER / "kept" / name).read_bytes() == path.read_bytes(), answer

    tell.__name__ = "a_table_is_kept_and_fetched_as_" + name.replace(".", "_")
    return tell


#: .csv, .fits, .hdf5 and .parquet are told in the main job.
for file_name in ("semicolon.csv", "table.h5", "table.hf5", "table.pq"):
    step(loaded(file_name))
for file_name in ("table.fit", "table.FITS", "table.vot", "table.txt"):
    step(kept(file_name))


@step
def an_archive_of_one_table_is_read_as_that_table():
    path, packed = FOLDER / "inner.csv", FOLDER / "packed.zip"
    write(path)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "deep/inner.csv")
    product_id = registered(packed)
    info = client().get_product_metadata(product_id)["main_file"]
    assert (info["name"], info["extension"]) == ("deep/inner.csv", ".csv"), info
    same_values(client().get_product(product_id), frame_of())
    packed = FOLDER / "packed.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(path, "inner.csv")
    same_values(client().get_product(registered(packed)), frame_of())


@step
def an_archive_of_several_files_is_refused_where_a_table_is_needed():
    packed = FOLDER / "several.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(name, frame_of().to_csv(index=False))
    with refused(requests.exceptions.RequestException, "several.zip"):
        client().upload("Several", "training_set", str(packed))
    packed.write_bytes(io.BytesIO(b"PK\x03\x04 and nothing more").getvalue())
    with refused(requests.exceptions.RequestException, "several.zip"):
        client().upload("Broken archive", "redshift_catalog", str(packed))
