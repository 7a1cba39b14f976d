"""The main job: connect, upload, associate, publish, find, read, download, change, combine, delete."""

import zipfile

import numpy as np
import requests
import tables_io
import yaml
from astropy.table import Table

import pzserver
from pzserver import PzServer
from story.stage import (
    ADDRESS,
    FOLDER,
    OTHER_TOKEN,
    STATE,
    TOKEN,
    catalog,
    same_values,
    step,
    upload,
)


@step
def a_wrong_token_is_told_with_its_status():
    try:
        PzServer(token="0" * 40, host=ADDRESS)
    except requests.exceptions.RequestException as error:
        assert "401" in str(error), error
    else:
        raise AssertionError("a wrong token was accepted")


@step
def a_token_connects():
    assert pzserver.get_version() == "0.3.7"
    STATE["pz"] = PzServer(token=TOKEN, host=ADDRESS)


@step
def the_general_lists_are_read_and_shown():
    pz = STATE["pz"]
    names = [item["name"] for item in pz.get_product_types()]
    assert names == [
        "redshift_catalog",
        "training_set",
        "training_results",
        "validation_results",
        "photoz_estimates",
        "object_catalog",
        "other",
    ], names
    assert {"ana", "bob"} <= {user["username"] for user in pz.get_users()}
    assert pz.get_releases()
    for show in (pz.display_product_types, pz.display_users, pz.display_releases):
        show()


@step
def a_csv_catalog_is_uploaded_associated_and_published():
    frame = catalog(2, "VVDS")
    path = FOLDER / "vvds sample.csv"
    frame.to_csv(path, index=False)
    metadata = upload("VVDS sample (CSV)", frame, path)
    assert metadata["internal_name"].endswith("_vvds_sample_csv")
    assert metadata["main_file"]["delimiter"] == ","
    assert metadata["main_file"]["has_header"] is True


@step
def a_fits_catalog_is_uploaded_associated_and_published():
    frame = catalog(3, "2DFGRS")
    path = FOLDER / "2dfgrs.fits"
    Table.from_pandas(frame).write(path)
    upload("2dFGRS", frame, path)


@step
def a_parquet_catalog_is_uploaded_associated_and_published():
    frame = catalog(4, "6DFGS")
    path = FOLDER / "6dfgs.parquet"
    frame.to_parquet(path, index=False)
    upload("6dFGS", frame, path)


@step
def an_hdf5_training_set_needs_only_z():
    frame = catalog(5, "VVDS")[["OBJ", "Z", "RA", "DEC"]]
    path = FOLDER / "train.hdf5"
    tables_io.write(tables_io.convert(frame, tables_io.types.NUMPY_DICT), str(path))
    product = STATE["pz"].upload("Training", "training_set", str(path))
    assert sorted(product.columns) == sorted(frame.columns)
    product.make_columns_association({"Z": "z"})
    product.save()
    STATE["training"] = product.product_id


@step
def a_headerless_csv_keeps_its_columns_in_place():
    frame = catalog(6, "VVDS")[["OBJ", "RA", "DEC", "Z"]]
    path = FOLDER / "bare.csv"
    frame.to_csv(path, index=False, header=False)
    product = STATE["pz"].upload("bare", "redshift_catalog", str(path))
    assert list(product.columns) == ["0", "1", "2", "3"]
    product.make_columns_association({"1": "ra", "2": "dec", "3": "z"})
    product.save()
    table = STATE["pz"].get_product(product.product_id)
    np.testing.assert_allclose(np.asarray(table["1"], dtype=float), frame["RA"].to_numpy())
    np.testing.assert_allclose(np.asarray(table["3"], dtype=float), frame["Z"].to_numpy())


@step
def missing_meanings_are_refused_by_client_and_server():
    path = FOLDER / "again.csv"
    catalog(7, "VVDS").to_csv(path, index=False)
    product = STATE["pz"].upload("incomplete", "redshift_catalog", str(path))
    product.make_columns_association({"RA": "RA"})
    for publish in (product.save, lambda: STATE["pz"].api.finish_upload(product.product_id)):
        try:
            publish()
        except Exception as error:
            assert "z" in str(error), error
            assert "Dec" in str(error), error
        else:
            raise AssertionError("an incomplete catalog was published")
    product.reset_columns_association()
    product.make_columns_association({"RA": "RA", "DEC": "dec", "Z": "Z"})
    product.save()


@step
def an_unreadable_file_is_refused_with_a_sentence():
    path = FOLDER / "broken.fits"
    path.write_bytes(b"SIMPLE  =                    T" + b"\0" * 100)
    try:
        STATE["pz"].upload("broken", "redshift_catalog", str(path))
    except requests.exceptions.RequestException as error:
        assert "broken.fits" in str(error), error
    else:
        raise AssertionError("a broken file was registered")


@step
def lists_are_filtered():
    pz = STATE["pz"]
    name = pz.get_product_metadata(STATE["2dFGRS"])["internal_name"]
    cases = [
        ({"internal_name": name}, {STATE["2dFGRS"]}),
        ({"product_type": "training", "uploaded_by": "ana"}, {STATE["training"]}),
        (
            {"product_name__or": ["2dfgrs", "6dfgs"], "uploaded_by": "ana"},
            {STATE["2dFGRS"], STATE["6dFGS"]},
        ),
        ({"product_name": ["2dfgrs", "6dfgs"]}, set()),
    ]
    for filters, expected in cases:
        found = {row["id"] for row in pz.get_products_list(filters)}
        assert found == expected, (filters, found, expected)
    pz.display_products_list({"uploaded_by": "ana"})


@step
def an_unknown_filter_is_refused_before_any_request():
    try:
        STATE["pz"].get_products_list({"colour": "red"})
    except ValueError as error:
        assert "product_type" in str(error), error
    else:
        raise AssertionError("an unknown filter was accepted")


@step
def metadata_are_found_by_id_digits_and_internal_name():
    pz, product_id = STATE["pz"], STATE["2dFGRS"]
    by_id = pz.get_product_metadata(product_id)
    assert by_id == pz.get_product_metadata(str(product_id))
    assert by_id == pz.get_product_metadata(by_id["internal_name"])
    frame = pz.display_product_metadata(product_id, show=False)
    assert {"n_rows", "columns", "columns_association"} <= set(frame["key"])
    pz.display_product_metadata(product_id)


@step
def products_are_read_into_tables():
    same_values(STATE["pz"].get_product(STATE["VVDS sample (CSV)"]), catalog(2, "VVDS"))
    same_values(STATE["pz"].get_product(STATE["2dFGRS"]), catalog(3, "2DFGRS"))
    same_values(STATE["pz"].get_product(STATE["6dFGS"]), catalog(4, "6DFGS"))
    same_values(STATE["pz"].get_product(STATE["training"]), catalog(5, "VVDS"))


@step
def a_product_is_downloaded_as_zip():
    target = FOLDER / "downloads"
    STATE["pz"].download_product(STATE["2dFGRS"], save_in=str(target))
    (archive,) = target.glob("*.zip")
    with zipfile.ZipFile(archive) as file:
        names = file.namelist()
        assert names == ["product_metadata.yaml", "2dfgrs.fits"], names
        metadata = yaml.safe_load(file.read("product_metadata.yaml"))
        assert file.read("2dfgrs.fits") == (FOLDER / "2dfgrs.fits").read_bytes()
    assert metadata["id"] == STATE["2dFGRS"]
    assert metadata["main_file"]["n_rows"] == 60
    assert {"column_name": "Z", "ucd": "src.redshift", "alias": "z"} in metadata[
        "associated_columns"
    ]


@step
def files_and_description_of_a_product_are_changed():
    product = STATE["pz"].get_product_object(STATE["2dFGRS"])
    note = FOLDER / "note.txt"
    note.write_text("selection")
    page = FOLDER / "readme.html"
    page.write_text("<h1>2dFGRS</h1>")
    product.attach_auxiliary_file(str(note))
    product.attach_description_file(str(page))
    product.update_description("The *final* release")
    product = STATE["pz"].get_product_object(STATE["2dFGRS"])
    assert [file["name"] for file in product.get_auxiliary_files()] == ["note.txt"]
    assert [file["name"] for file in product.get_description_files()] == ["readme.html"]
    assert product.attributes["description"] == "The *final* release"
    product.remove_file(product.get_auxiliary_files()[0]["id"])
    product = STATE["pz"].get_product_object(STATE["2dFGRS"])
    assert product.get_auxiliary_files() == []


@step
def others_can_read_but_not_change():
    other = PzServer(token=OTHER_TOKEN, host=ADDRESS)
    assert len(other.get_product(STATE["2dFGRS"])) == 60
    for act in (
        lambda: other.api.update_product_description(STATE["2dFGRS"], "mine"),
        lambda: other.delete_product(STATE["2dFGRS"]),
        lambda: other.api.delete_product(STATE["2dFGRS"]),
    ):
        try:
            act()
        except (ValueError, requests.exceptions.RequestException):
            pass
        else:
            raise AssertionError("another user changed a product")
    assert STATE["pz"].get_product_metadata(STATE["2dFGRS"])["description"] == "The *final* release"


@step
def catalogs_are_combined_and_the_result_is_read():
    pz = STATE["pz"]
    process = pz.combine_redshift_catalogs("Combined by the published client")
    process.append_catalog(_id=STATE["VVDS sample (CSV)"])
    process.append_catalog(internal_name=pz.get_product_metadata(STATE["2dFGRS"])["internal_name"])
    process.append_catalog(_id=STATE["6dFGS"])
    process.set_config(
        {"combine_type": "concatenate_and_mark_duplicates", "z_flag_homogenized_value_to_cut": 0.0}
    )
    process.summary()
    pz.run_and_wait(process)
    assert process.check_status() == "Successful", process.process
    metadata = pz.get_product_metadata(process.output["id"])
    assert metadata["product_status"] == "Published"
    assert metadata["process_status"] == "Successful"
    assert metadata["main_file"]["n_rows"] == 180
    aliases = {
        item["alias"]: item["column_name"] for item in metadata["main_file"]["columns_association"]
    }
    assert aliases == {
        "ID": "CRD_ID",
        "RA": "ra",
        "Dec": "dec",
        "z": "z",
        "z_flag": "z_flag_homogenized",
        "z_err": "z_err",
        "survey": "survey",
    }, aliases
    table = pz.get_product(process.output["id"])
    assert {0, 1} <= set(np.asarray(table["tie_result"]).tolist())
    assert len(set(np.asarray(table["group_id"]).tolist())) < 180
    STATE["combined"] = process.output["id"]


@step
def a_rule_file_and_an_output_format_are_sent_with_a_run():
    rules = FOLDER / "rules.yaml"
    surveys = ("VVDS", "2DFGRS")
    document = {
        "tiebreaking_priority": ["z_flag_homogenized", "instrument_type_homogenized"],
        "instrument_type_priority": {"s": 3, "g": 2, "p": 1},
        "delta_z_threshold": 0.001,
        "crossmatch_radius_arcsec": 0.5,
        "translation_rules": {
            survey: {
                "z_flag_translation": {"default": 4},
                "instrument_type_translation": {"default": "s"},
            }
            for survey in surveys
        },
    }
    rules.write_text(yaml.safe_dump(document))
    process = STATE["pz"].combine_redshift_catalogs("Own rules")
    process.append_catalog(_id=STATE["VVDS sample (CSV)"])
    process.append_catalog(_id=STATE["2dFGRS"])
    process.set_config({"flags_translation_file": str(rules), "output_format": "csv"})
    STATE["pz"].run_and_wait(process)
    assert process.check_status() == "Successful", process.process
    metadata = STATE["pz"].get_product_metadata(process.output["id"])
    assert metadata["main_file"]["extension"] == ".csv"
    table = STATE["pz"].get_product(process.output["id"])
    assert set(np.asarray(table["z_flag_homogenized"]).tolist()) == {4.0}


@step
def a_run_on_one_catalog_is_refused():
    process = STATE["pz"].combine_redshift_catalogs("Alone")
    process.append_catalog(_id=STATE["2dFGRS"])
    try:
        process.run()
    except requests.exceptions.RequestException as error:
        assert "two" in str(error).lower() or "2" in str(error), error
    else:
        raise AssertionError("one catalog was combined")


@step
def a_run_is_stopped():
    process = STATE["pz"].combine_redshift_catalogs("To be stopped")
    process.append_catalog(_id=STATE["2dFGRS"])
    process.append_catalog(_id=STATE["6dFGS"])
    process.run()
    answer = process.stop()
    assert answer["status"] in ("Stopping", "Stopped", "Successful"), answer


@step
def a_product_is_deleted():
    path = FOLDER / "short.csv"
    catalog(9, "VVDS").to_csv(path, index=False)
    product = STATE["pz"].upload("short lived", "redshift_catalog", str(path))
    product.make_columns_association({"RA": "RA", "DEC": "dec", "Z": "Z"})
    product.save()
    STATE["pz"].delete_product(product.product_id)
    assert STATE["pz"].get_products_list({"product_name": "short lived"}) == []
