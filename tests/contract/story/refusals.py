"""What goes wrong: the sentences that the client shows."""

import json

import pandas as pd
import requests
from requests.exceptions import RequestException

from pzserver import PzServer
from story.stage import ADDRESS, FOLDER, OTHER_TOKEN, STATE, catalog, client, refused, step


def table(name="refused.csv"):
    path = FOLDER / name
    catalog(30, "VVDS").to_csv(path, index=False)
    return str(path)


@step
def a_server_that_is_not_there_is_named():
    with refused(RequestException, "Connection Error"):
        PzServer(token="t", host="http://127.0.0.1:9/api/")
    with refused(ValueError, "token"):
        PzServer()


@step
def what_the_client_refuses_is_refused_before_anything_is_made():
    pz = client()
    before = pz.api.get_by_attribute("products", "user", 1)["count"]
    with refused(ValueError, "Product type not found"):
        pz.upload("x", "redshift", table())
    with refused(ValueError, "Release not found"):
        pz.upload("x", "training_set", table(), release="no_such")
    with refused(FileNotFoundError, "nowhere.csv"):
        pz.upload("x", "training_set", str(FOLDER / "nowhere.csv"))
    assert pz.api.get_by_attribute("products", "user", 1)["count"] == before


@step
def what_the_server_refuses_of_a_new_product_says_which_field():
    pz = client()
    with refused(RequestException, "release", "null"):
        pz.upload("x", "redshift_catalog", table(), release="contract_dp")
    with refused(RequestException, "pz_code"):
        pz.upload("x", "training_set", table(), pz_code="BPZ")
    with refused(RequestException, "display_name", "255"):
        pz.upload("x" * 256, "training_set", table())
    with refused(RequestException, "display_name", "blank"):
        pz.upload(" ", "training_set", table())


@step
def every_refusal_of_the_server_is_json_with_a_sentence_and_a_code():
    try:
        client().api.get("products", 10**9)
    except RequestException as error:
        body = json.loads(str(error))
    assert {"error", "code", "fields", "detail"} <= set(body), body
    assert body["code"] == "not_found", body


@step
def an_empty_file_is_refused():
    path = FOLDER / "empty.csv"
    path.write_bytes(b"")
    with refused(RequestException, "empty"):
        client().upload("Empty", "training_set", str(path))


@step
def what_is_no_table_is_refused_with_the_name_of_the_file():
    for name, content in (("not.fits", b"hello"), ("not.hdf5", b"hello"), ("not.parquet", b"PAR1")):
        path = FOLDER / name
        path.write_bytes(content)
        with refused(RequestException, name):
            client().upload("No table", "redshift_catalog", str(path))


@step
def positions_off_the_sky_are_refused_with_the_row():
    path = FOLDER / "off.csv"
    pd.DataFrame({"RA": [10.0, 10.0], "DEC": [10.0, 95.0], "Z": [1.0, 1.1]}).to_csv(
        path, index=False
    )
    upload = client().upload("Off the sky", "redshift_catalog", str(path))
    upload.make_columns_association({"RA": "RA", "DEC": "Dec", "Z": "z"})
    with refused(RequestException, "DEC", "95"):
        upload.save()


@step
def a_column_that_is_not_there_is_not_found():
    upload = client().upload("Columns", "training_set", table())
    with refused(RequestException, "product-contents/None/", "not_found"):
        upload.make_columns_association({"Redshift": "z"})
    with refused(RequestException, "z"):
        client().api.finish_upload(upload.product_id)


@step
def a_product_that_is_not_there_is_not_found():
    pz = client()
    for missing in (10**9, str(10**9), "no_such_name"):
        with refused(ValueError, "product not found"):
            pz.get_product_metadata(missing)
        with refused(ValueError, "product not found"):
            pz.get_product_object(missing)
    draft = pz.api.upload_basic_info("No file", "other")["id"]
    with refused(RequestException, "main file"):
        pz.get_product_metadata(draft)


@step
def a_deleted_product_keeps_its_row_and_nothing_else():
    pz = client()
    upload = pz.upload("To go", "other", table())
    upload.save()
    pz.delete_product(upload.product_id)
    assert pz.get_product_metadata(upload.product_id, mainfile_info=False)["status"] == 2
    for act in (pz.get_product_metadata, pz.get_product, pz.delete_product):
        with refused(RequestException, "not_found"):
            act(upload.product_id)
    with refused(RequestException, "not_found"):
        pz.download_product(upload.product_id, save_in=str(FOLDER))
    assert pz.get_product_object(upload.product_id).main_file == {}


@step
def the_main_file_of_a_published_product_stays():
    product = client().get_product_object(STATE["6dFGS"])
    with refused(ValueError, "main file"):
        product.remove_file(product.main_file["id"])
    with refused(RequestException, "main"):
        client().api.delete_product_file(product.main_file["id"])
    with refused(RequestException, "main_file_fixed", "main"):
        client().api.upload_file(STATE["6dFGS"], table(), "main")


@step
def others_get_a_403_with_a_sentence():
    other = PzServer(token=OTHER_TOKEN, host=ADDRESS)
    product = other.get_product_object(STATE["6dFGS"])
    for act in (
        lambda: product.update_description("mine"),
        lambda: product.attach_auxiliary_file(table()),
        lambda: product.attach_description_file(table()),
        lambda: product.remove_file(1),
        lambda: other.delete_product(STATE["6dFGS"]),
    ):
        with refused(ValueError, "not the owner"):
            act()
    column = client().api.get_by_attribute("product-contents", "product", STATE["6dFGS"])
    for act in (
        lambda: other.api.upload_file(STATE["6dFGS"], table(), "auxiliary"),
        lambda: other.api.registry_upload(STATE["6dFGS"]),
        lambda: other.api.update_upload_column(column["results"][0]["id"], {"alias": "mine"}),
        lambda: other.api.finish_upload(STATE["6dFGS"]),
        lambda: other.api.delete_product(STATE["6dFGS"]),
        lambda: other.api.delete_product_file(product.main_file["id"]),
    ):
        with refused(RequestException, "forbidden", "6dfgs", "ana"):
            act()


@step
def a_restricted_product_is_not_there_for_others():
    other = PzServer(token=OTHER_TOKEN, host=ADDRESS)
    product_id = STATE["restricted"]
    assert "contract_dp" not in {item["name"] for item in other.get_releases()}
    assert other.get_products_list({"product_name": "With everything"}) == []
    with refused(ValueError, "product not found"):
        other.get_product_metadata(product_id)
    for act in (other.api.get_main_file_info, other.api.registry_upload):
        with refused(RequestException, "not_found"):
            act(product_id)
    for act in (other.api.download_product, other.api.download_main_file):
        with refused(RequestException, "not_found"):
            act(product_id, str(FOLDER))
    assert other.api.get_product_files(product_id) == []
    with refused(ValueError, "Release not found"):
        other.upload("x", "training_set", table(), release="contract_dp")


@step
def a_run_is_refused_with_the_name_of_what_is_wrong():
    pz = client()
    with refused(ValueError, "not of the expected type"):
        pz.combine_redshift_catalogs("x").append_catalog(_id=STATE["training"])
    with refused(ValueError, "No product selected"):
        pz.combine_redshift_catalogs("x").append_catalog()
    for config, words in (
        ({"combine_typo": 1}, ("combine_typo",)),
        ({"combine_type": "mix"}, ("combine_type", "concatenate")),
        ({"output_format": "xls"}, ("xls",)),
    ):
        process = pz.combine_redshift_catalogs("x")
        process.append_catalog(_id=STATE["2dFGRS"])
        process.append_catalog(_id=STATE["6dFGS"])
        process.set_config(config)
        with refused(RequestException, *words):
            process.run()


@step
def runs_of_others_are_not_there():
    other = PzServer(token=OTHER_TOKEN, host=ADDRESS)
    key = STATE["by hand"].process["id"]
    for act in (lambda: other.api.get("processes", key), lambda: other.api.stop_process(key)):
        with refused(RequestException, "not_found"):
            act()
    process = other.combine_redshift_catalogs("With what one may not see")
    process.append_input(STATE["2dFGRS"])
    process.append_input(STATE["restricted"])
    with refused(RequestException, "inputs"):
        process.run()


@step
def an_interrupted_download_goes_on_where_it_broke_off():
    pz = client()
    target = FOLDER / "resumed"
    target.mkdir()
    whole = (FOLDER / "6dfgs.parquet").read_bytes()
    (target / "6dfgs.parquet.part").write_bytes(whole[:1000])
    answer = pz.api.download_main_file(STATE["6dFGS"], str(target))
    assert (target / "6dfgs.parquet").read_bytes() == whole, answer
    assert not list(target.glob("*.part"))
    archive = pz.api._prepare_product_main_file_download(STATE["6dFGS"])
    asked = {"Authorization": f"Token {OTHER_TOKEN}", "Range": f"bytes={len(whole)}-"}
    assert requests.get(archive["download_url"], headers=asked, timeout=60).status_code == 416
