"""What is large: a main file beyond the client's limit, many columns, many products."""

import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from story.stage import FOLDER, client, refused, same_values, step

#: A little more than the 200 MiB that the client reads unasked.
LARGE_BYTES = 201 << 20


@step
def a_product_beyond_200_mib_is_read_only_when_it_is_said():
    pz = client()
    n_rows = 210_000
    rows = np.zeros((n_rows, LARGE_BYTES // n_rows), dtype=np.uint8)
    rows[:, :32] = np.random.default_rng(5).integers(0, 256, (n_rows, 32))  # no bomb of zeros
    path = FOLDER / "large.parquet"
    padding = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(rows.shape[1]), n_rows, [None, pa.py_buffer(rows)]
    )
    z = np.linspace(0.01, 2.0, n_rows)
    pq.write_table(
        pa.table({"Z": z, "PAD": padding}), path, compression="none", use_dictionary=False
    )
    packed = FOLDER / "large.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(path, path.name)
    upload = pz.upload("Large", "training_set", str(packed))  # a single table is unpacked
    upload.make_columns_association({"Z": "z"})
    upload.save()
    size = pz.get_product_metadata(upload.product_id)["main_file"]["size"]
    assert size == path.stat().st_size > 200 << 20
    with refused(ValueError, "200 MB", "get_big_products=True"):
        pz.get_product(upload.product_id)
    table = pz.get_product(upload.product_id, get_big_products=True)
    np.testing.assert_array_equal(np.asarray(table["Z"]), z)
    pz.delete_product(upload.product_id)


@step
def a_table_of_more_than_1000_columns_is_described_whole():
    pz = client()
    names = ["Z", *(f"c{number}" for number in range(1100))]
    frame = pd.DataFrame(np.arange(2.0 * len(names)).reshape(2, -1) / 5000, columns=names)
    path = FOLDER / "wide.parquet"
    frame.to_parquet(path, index=False)
    upload = pz.upload("Wide", "training_set", str(path))
    assert len(upload.columns) == 100  # the client reads the first page of columns only
    upload.make_columns_association({"Z": "z"})
    upload.save()
    assert pz.get_product_metadata(upload.product_id)["main_file"]["columns"] == names
    same_values(pz.get_product(upload.product_id), frame, names)


@step
def of_many_products_a_list_shows_the_newest_hundred_and_filters_find_the_others():
    pz = client()
    for number in range(105):
        created = pz.api.upload_basic_info(f"Draft {number}", "other")
    assert len(pz.api.get_products({"product_name": "Draft"}, status=0)) == 100
    found = pz.api.get_products({"display_name": "Draft 2"}, status=0)
    assert [item["display_name"] for item in found] == ["Draft 2"]
    assert created["status"] == 0
