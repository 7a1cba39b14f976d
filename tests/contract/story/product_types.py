"""Every product type: uploaded, published, found, described, downloaded, deleted."""

import zipfile

from pzserver.upload import RequiredColumnsException

from story.stage import FOLDER, catalog, client, refused, step

TABULAR = ("redshift_catalog", "training_set", "object_catalog")
#: What a save needs; the client itself asks it of two types, the server of three.
REQUIRED = {
    "redshift_catalog": {"RA": "RA", "DEC": "dec", "Z": "z"},
    "training_set": {"Z": "z"},
    "object_catalog": {"RA": "ra", "DEC": "Dec"},
}


def main_file_of(name):
    """Write a table where one is needed, and an archive of results where any file is good."""
    if name in (*TABULAR, "photoz_estimates"):
        path = FOLDER / f"{name}.parquet"
        catalog(2, "VVDS").to_parquet(path, index=False)
        return path
    path = FOLDER / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.pkl", b"\x80\x04N.")
        archive.writestr("metrics/pit.txt", "0.1 0.2\n")
    return path


def published(name):
    path = main_file_of(name)
    upload = client().upload(f"Type {name}", name, str(path))
    if name in ("redshift_catalog", "training_set"):
        with refused(RequiredColumnsException, "z"):
            upload.save()
    upload.make_columns_association(REQUIRED.get(name, {}))
    upload.save()
    return upload.product_id, path


def told(name):
    """Return the step of one product type."""

    def tell():
        pz = client()
        product_id, path = published(name)
        metadata = pz.get_product_metadata(product_id)
        assert metadata["product_type_internal_name"] == name
        assert metadata["main_file"]["name"] == path.name
        assert metadata["main_file"]["size"] == path.stat().st_size
        assert product_id in {item["id"] for item in pz.get_products_list({"product_type": name})}
        target = FOLDER / f"of {name}"
        pz.download_product(metadata["internal_name"], save_in=str(target))
        (archive,) = target.glob(f"{metadata['internal_name']}_*.zip")
        with zipfile.ZipFile(archive) as file:
            assert file.namelist() == ["product_metadata.yaml", path.name], file.namelist()
            assert file.read(path.name) == path.read_bytes()
        if name in (*TABULAR, "photoz_estimates"):
            assert len(pz.get_product(product_id)) == 60
        elif name != "other":
            with refused(ValueError, "non-tabular", "download_product"):
                pz.get_product(product_id)
        pz.delete_product(product_id)
        assert not pz.get_products_list({"internal_name": metadata["internal_name"]})
        assert pz.get_product_metadata(product_id, mainfile_info=False)["status"] == 2

    tell.__name__ = f"a_product_is_served_whose_type_is_{name}"
    return tell


for type_name in (
    "redshift_catalog",
    "training_set",
    "training_results",
    "validation_results",
    "photoz_estimates",
    "object_catalog",
    "other",
):
    step(told(type_name))
