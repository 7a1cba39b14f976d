"""The rest of the public methods: lists, objects, catalogs that plot themselves, processes."""

import pandas as pd
from pzserver.communicate import PzRequests
from pzserver.process import Process
from pzserver.upload import UploadData

import pzserver
from pzserver import Catalog, Pipeline, SpeczCatalog, TrainingSet
from story.stage import ADDRESS, FOLDER, STATE, TOKEN, catalog, client, step


@step
def the_collections_of_the_api_are_named():
    api = PzRequests(TOKEN, ADDRESS)
    assert "data" in api.get_entities()  # the keys of the client's own envelope
    assert PzRequests.safe_list_get([1], 3, "none") == "none"
    options = api.options("products")
    names = {item["name"] for item in options["filter_classes"]}
    assert {"product_type_name", "release_name__or", "status__in", "uploaded_by"} <= names
    assert options["search"], options


@step
def lists_are_narrowed_by_every_kind_of_key():
    pz = client()
    whole = {item["id"]: item for item in pz.get_products_list()}
    own = {key for key, item in whole.items() if item["uploaded_by"] == "ana"}
    types = {item["name"]: item["id"] for item in pz.get_product_types()}
    training = {key for key, item in whole.items() if item["product_type"] == types["training_set"]}
    cases = [
        ({"status": 1, "uploaded_by": "ana"}, own),
        ({"product_type__in": [types["training_set"]]}, training),
        ({"display_name__in": ["2dFGRS", "6dFGS"]}, {STATE["2dFGRS"], STATE["6dFGS"]}),
        ({"display_name": "2dfgrs"}, set()),  # exact, and in this case only
        ({"product_type__or": ["training", "redshift"], "uploaded_by__or": ["ana", "nobody"]}, own),
        ({"search": "2dfgrs ana"}, {STATE["2dFGRS"]}),
        ({"official_product": "true", "uploaded_by": "ana"}, set()),
        ({"release__isnull": "true", "uploaded_by": "ana"}, own),
        ({"release": "contract", "uploaded_by": "ana"}, set()),
    ]
    for filters, expected in cases:
        found = {item["id"] for item in pz.get_products_list(filters)}
        assert found == expected, (filters, found, expected)


@step
def a_product_object_knows_itself_and_its_files():
    name = client().get_product_metadata(STATE["6dFGS"])["internal_name"]
    product = client().get_product_object(name)
    assert product.product_id == STATE["6dFGS"]
    assert product.attributes["internal_name"] == name
    assert product.main_file["name"] == "6dfgs.parquet"
    assert product.get_main_file_info()["n_rows"] == 60
    assert product.get_main_file_info()["columns"] == ["OBJ", "RA", "DEC", "Z", "ZF", "SURV"]


@step
def a_redshift_catalog_shows_and_plots_itself():
    pz = client()
    metadata = pz.get_product_metadata(STATE["2dFGRS"])
    found = pz.transform_df(catalog(3, "2DFGRS"), metadata)
    assert isinstance(found, SpeczCatalog)
    assert isinstance(found, Catalog)
    found.display_metadata()
    assert found.plot() is None
    assert found.plot(savefig=True) == "specz_catalog.png"
    assert (FOLDER / "specz_catalog.png").stat().st_size > 1000


@step
def a_training_set_plots_itself():
    pz = client()
    frame = catalog(5, "VVDS").assign(mag_i=20.5)
    found = pz.transform_df(frame, pz.get_product_metadata(STATE["training"]))
    assert isinstance(found, TrainingSet)
    assert found.plot() is None
    assert found.plot(mag_name="mag_i", savefig=True) == "train_set.png"


@step
def an_upload_takes_release_code_description_and_other_files():
    pz = client()
    path, note, late = (FOLDER / name for name in ("all.csv", "first.txt", "late.txt"))
    catalog(8, "VVDS").to_csv(path, index=False)
    note.write_text("first")
    late.write_text("late")
    upload = pz.upload(
        "With everything",
        "photoz_estimates",
        str(path),
        release="contract_dp",
        pz_code="BPZ",
        auxiliary_files=[str(note)],
        description="All of it",
    )
    upload.add_auxiliary_file(str(late))
    assert upload.check_required_columns()["success"]
    assert list(upload.get_product_columns()) == list(upload.columns)
    assert upload.system_columns == UploadData.model_construct().system_columns
    assert str(upload) == "With everything"
    upload.save()
    product = pz.get_product_object(upload.product_id)
    facts = {name: product.attributes[name] for name in ("release_name", "pz_code", "description")}
    assert facts == {
        "release_name": "CONTRACT_DP",
        "pz_code": "BPZ",
        "description": "All of it",
    }, facts
    assert [file["name"] for file in product.get_auxiliary_files()] == ["first.txt", "late.txt"]
    assert pz.get_products_list({"release": "contract"})[0]["id"] == upload.product_id
    STATE["restricted"] = upload.product_id


@step
def a_free_meaning_is_kept_as_it_is():
    path = FOLDER / "free.csv"
    pd.DataFrame({"a": [1.5, 2.5], "b": [3.5, 4.5]}).to_csv(path, index=False)
    upload = client().upload("Free", "other", str(path))
    upload.make_columns_association({"a": "My own word", "b": "Z_ERR"})
    upload.save()
    found = client().get_product_metadata(upload.product_id)["main_file"]["columns_association"]
    assert [(item["column_name"], item["alias"], item["ucd"]) for item in found] == [
        ("a", "My own word", None),
        ("b", "z_err", "stat.error;src.redshift"),
    ], found


@step
def a_pipeline_tells_what_it_takes_and_makes():
    pipeline = Pipeline("combine_redshift_dedup", client().api)
    assert pipeline.name == "combine_redshift_dedup"
    assert pipeline.pipeline_id
    assert pipeline.display_name
    assert pipeline.version
    assert pipeline.description
    assert pipeline.parameters == pipeline.system_config["param"]
    assert pipeline.parameters["combine_type"] == "concatenate"
    assert [item["name"] for item in pipeline.acceptable_product_types] == ["redshift_catalog"]
    assert pipeline.output_product_type["name"] == "redshift_catalog"


@step
def a_process_is_prepared_by_hand_and_submitted():
    process = Process("combine_redshift_dedup", "By hand", client().api)
    assert process.available_product_types() == ["redshift_catalog"]
    assert process.available_product_types_id() == [1]
    assert process.check_status() == "The process has not been started"
    assert process.stop() == "No process is running"
    assert (process.output, process.process) == (None, None)
    process.append_input(STATE["training"])
    process.empty_input()
    for name in ("2dFGRS", "6dFGS"):
        process.append_input(process.get_product(product_id=STATE[name])["id"])
    process.set_config({"output_format": "fits", "z_flag_homogenized_value_to_cut": 0.0})
    assert process.process_config == {"output_format": "fits"}
    assert process.used_config == {"param": process.config, "output_format": "fits"}
    sent = {
        "display_name": process.name,
        "used_config": process.used_config,
        "pipeline": process.pipeline.pipeline_id,
        "inputs": process.inputs,
    }
    answer = process.submit(sent)
    assert answer["status"] in ("Pending", "Running", "Successful"), answer
    assert process.run() == {}  # it was begun already
    assert process.output["display_name"] == "By hand"
    STATE["by hand"] = process


@step
def a_rule_file_is_set_by_its_own_method():
    process = client().combine_redshift_catalogs("Rules by method")
    names = ("2dFGRS", "VVDS sample (CSV)")
    for name in (*names, *names):  # once is enough
        process.append_catalog(_id=STATE[name])
    assert [item["id"] for item in process.input_catalogs] == [STATE[name] for name in names]
    process.set_flags_translation(str(FOLDER / "rules.yaml"))
    client().run_and_wait(process)
    assert process.check_status() == "Successful", process.process
    assert pzserver.__version__ == pzserver.get_version()


@step
def what_was_submitted_by_hand_has_the_format_asked_for():
    process = STATE["by hand"]
    client().run_and_wait(process)  # waits only
    assert process.check_status() == "Successful"
    info = client().get_product_metadata(process.output["id"])["main_file"]
    assert (info["extension"], info["n_rows"]) == (".fits", 120), info
    assert len(client().get_product(process.output["id"])) == 120
