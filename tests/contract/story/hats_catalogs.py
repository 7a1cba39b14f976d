"""HATS catalogs: written by lsdb, uploaded in archives, opened again with lsdb by the client."""

import shutil
import tarfile

import lsdb
import numpy as np

from story.stage import FOLDER, ROLES, STATE, catalog, client, refused, same_values, step


def ordered(table, frame):
    """Compare in the order of the numbers: HATS keeps rows by place."""
    order = np.argsort(np.asarray(table["OBJ"]))
    same_values(table[order], frame)


@step
def a_hats_collection_in_a_zip_is_read_back():
    pz = client()
    frame = catalog(20, "VVDS")
    written = lsdb.from_dataframe(
        frame, ra_column="RA", dec_column="DEC", catalog_name="mini", margin_threshold=10
    )
    folder = FOLDER / "hats" / "mini"
    written.write_catalog(str(folder), catalog_name="mini", progress_bar=False)
    path = shutil.make_archive(str(FOLDER / "mini"), "zip", folder.parent)
    upload = pz.upload("HATS in a zip", "redshift_catalog", path)
    assert list(upload.columns) == list(frame.columns), list(upload.columns)
    upload.make_columns_association(ROLES)
    upload.save()
    info = pz.get_product_metadata(upload.product_id)["main_file"]
    facts = {name: info[name] for name in ("is_directory", "extension", "n_rows", "name")}
    assert facts == {"is_directory": True, "extension": "", "n_rows": 60, "name": "mini"}, facts
    ordered(pz.get_product(upload.product_id), frame)
    STATE["hats"] = upload.product_id


@step
def a_plain_hats_catalog_in_a_tar_is_read_back():
    pz = client()
    packed = FOLDER / "plain.tar"
    with tarfile.open(packed, "w") as archive:
        archive.add(FOLDER / "hats" / "mini" / "mini", "plain")
    upload = pz.upload("HATS in a tar", "object_catalog", str(packed))
    upload.make_columns_association({"RA": "RA", "DEC": "Dec"})
    upload.save()
    ordered(pz.get_product(upload.product_id), catalog(20, "VVDS"))


@step
def a_hats_catalog_is_combined_like_any_other_and_the_result_is_hats_when_asked():
    pz = client()
    process = pz.combine_redshift_catalogs("From HATS to HATS")
    process.append_catalog(_id=STATE["hats"])
    process.append_catalog(_id=STATE["2dFGRS"])
    process.set_config({"output_format": "hats", "z_flag_homogenized_value_to_cut": 0.0})
    pz.run_and_wait(process)
    if process.check_status() == "Failed":
        raise AssertionError(pz.api.get("processes", process.process["id"])["comment"])
    assert pz.get_product_metadata(process.output["id"])["main_file"]["is_directory"]
    assert len(pz.get_product(process.output["id"])) == 120


@step
def an_archive_that_only_looks_like_hats_is_refused():
    folder = FOLDER / "half"
    shutil.copytree(FOLDER / "hats" / "mini" / "mini", folder / "half")
    for path in folder.rglob("Npix=*.parquet"):
        path.unlink()
    path = shutil.make_archive(str(FOLDER / "half"), "zip", folder)
    with refused(Exception, "half"):
        client().upload("Half a catalog", "redshift_catalog", path)
