"""The Training Set Maker: a redshift catalog and the objects of a release make a training set."""

import numpy as np
from requests.exceptions import RequestException

from pzserver import TrainingSet
from story.stage import STATE, catalog, client, refused, step


@step
def the_training_set_maker_tells_what_it_takes():
    process = client().training_set_maker("Told")
    assert process.pipeline.name == "training_set_maker"
    assert process.pipeline.output_product_type["name"] == "training_set"
    assert process.available_product_types() == ["redshift_catalog"]
    expected = {
        "crossmatch": {"radius_arcsec": 1.0, "n_neighbors": 1},
        "use_absolute_lsdb_path": False,
        "selected_cols": [],
        "flux_type": "auto",
        "convert_flux_to_mag": True,
        "dereddening": "sfd",
        "split_method": "random",
        "train_fraction": 0.7,
        "random_seed": None,
    }
    config = process.config
    config["crossmatch"] = {name: config["crossmatch"][name] for name in expected["crossmatch"]}
    assert {name: config[name] for name in expected} == expected, config


@step
def a_training_set_is_made_read_and_plotted():
    pz = client()
    process = pz.training_set_maker("Made by the published client")
    process.set_release(name="contract_dr")
    assert process.release["name"] == "contract_dr"
    process.set_redshift(_id=STATE["VVDS sample (CSV)"])  # and another instead:
    name = pz.get_product_metadata(STATE["2dFGRS"])["internal_name"]
    process.set_redshift(internal_name=name)
    assert process.redshift["id"] == STATE["2dFGRS"]
    assert process.inputs == [STATE["2dFGRS"]]
    process.set_config({"flux_type": "cModel", "random_seed": 11, "train_fraction": 0.5})
    process.summary()
    pz.run_and_wait(process)
    shown = pz.api.get("processes", process.process["id"])
    assert process.check_status() == "Successful", shown["comment"]
    assert shown["release_name"] == process.release["display_name"]
    assert shown["used_config"]["param"]["random_seed"] == 11
    metadata = pz.get_product_metadata(process.output["id"])
    assert metadata["product_type_internal_name"] == "training_set"
    assert metadata["product_status"] == "Published"
    assert metadata["release_name"] == process.release["display_name"]
    assert metadata["origin"] == process.pipeline.display_name
    table = pz.get_product(process.output["id"])
    columns = {
        item["alias"]: item["column_name"] for item in metadata["main_file"]["columns_association"]
    }
    frame = catalog(3, "2DFGRS")
    assert sorted(np.asarray(table[columns["z"]])) == sorted(frame["Z"])
    found = pz.transform_df(table.to_pandas(), metadata)
    assert isinstance(found, TrainingSet)
    (magnitude, *_) = [name for name in table.colnames if name.startswith(("mag_i", "i_cModelMag"))]
    found.plot(mag_name=magnitude)
    STATE["training set made"] = process.output["id"]


@step
def a_training_set_is_refused_with_a_sentence():
    pz = client()
    process = pz.training_set_maker("Refused")
    with refused(ValueError, "No release selected"):
        process.set_release()
    with refused(ValueError, "not of the expected type"):
        process.set_redshift(_id=STATE["training"])
    process.set_redshift(_id=STATE["2dFGRS"])
    open_release = next(item for item in pz.get_releases() if item["name"] == "contract_dp")
    process.set_release(release_id=open_release["id"])
    with refused(RequestException, "CONTRACT_DP"):
        process.run()  # nothing was registered for that release
    process.set_release(name="contract_dr")
    with refused(RequestException, "flux_type", "auto", "it has cModel"):
        process.run()
    process.set_config({"flux_type": "cModel", "dereddening": "planck"})
    with refused(RequestException, "dereddening", "planck"):
        process.run()
