"""The real samples: flags and types must come out as they are known."""

from __future__ import annotations

import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from pzpipelines.combine.parameters import validate
from pzpipelines.combine.preflight import preflight
from pzpipelines.combine.prepare import Prepared, needed_columns, prepare_catalog
from pzpipelines.combine.rules import load_rules
from pzpipelines.runtime.job import JobInput
from pztables.errors import UserError

from .catalogs import SAMPLES

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"the real samples are not at {SAMPLES.parent.parent.name}/"
)

S = {"s": 1000}
T, Q, U = "translation", "quality", "user"
# file: path of the flag, rows by unified flag, rows by unified type
EXPECTED: dict[str, tuple[str, dict[str, int], dict[str, int]]] = {
    "2dfgrs_final_release": (T, {"0": 18, "1": 31, "3": 110, "4": 841}, S),
    "2mrs_v240": (T, {"3": 9, "4": 991}, S),
    "3dhst_v4.1.5": (T, {"0": 130, "3": 854, "6": 16}, {"p": 880, "g": 95, "s": 25}),
    "6dfgs_dr3": (T, {"0": 58, "1": 46, "3": 59, "4": 788, "6": 49}, S),
    "desi_dr1_in_lsst_dp1_fields": (T, {"0": 1, "1": 270, "3": 7, "4": 622, "6": 100}, S),
    "jades_dr3": (T, {"0": 318, "1": 91, "2": 135, "3": 129, "4": 327}, S),
    "vandels_dr4": (T, {"0": 37, "1": 130, "2": 148, "3": 44, "4": 641}, S),
    "vvds_final_release": (T, {"0": 125, "1": 197, "2": 300, "3": 205, "4": 173}, S),
    "z_cat_NED_clean_sitcomtn-154": (Q, {"3": 1000}, S),
    "pipeline_generated_sample": (
        U,
        {"0": 68, "1": 91, "2": 59, "3": 344, "4": 422, "6": 16},
        {"s": 740, "p": 203, "g": 57},
    ),
}


def source_of(name: str) -> JobInput:
    file = name if name.startswith(("pipeline", "test", "specz")) else f"{name}_random_sample"
    columns = json.loads((SAMPLES / "columns.json").read_text())[f"{file}.parquet"]
    return JobInput(path=SAMPLES / f"{file}.parquet", internal_name=f"001_{name}", columns=columns)


def prepare_sample(name: str, **parameters: Any) -> Prepared:
    source, rules = source_of(name), load_rules()
    options = validate({"z_flag_homogenized_value_to_cut": 0, **parameters})
    file = pq.ParquetFile(source.path)
    names = needed_columns(file.schema_arrow.names, source.columns, rules, options)
    return prepare_catalog(
        file.read(columns=names),
        prefix="001",
        internal_name=source.internal_name,
        columns=source.columns,
        rules=rules,
        parameters=options,
        raw_names=file.schema_arrow.names,
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_flags_and_types_of_the_samples_come_out_as_known(name: str) -> None:
    path, flags, types = EXPECTED[name]
    result = prepare_sample(name)
    assert result.path_used["z_flag_homogenized"] == path
    assert result.counts["flags"] == flags
    assert result.counts["types"] == types
    assert result.counts["rows_out"] == 1000
    assert result.counts["unmapped_flags"] == []


def test_identifiers_of_the_samples_are_as_their_surveys_write_them() -> None:
    desi = prepare_sample("desi_dr1_in_lsst_dp1_fields").table["id"].to_pylist()
    raw = pq.read_table(source_of("desi_dr1_in_lsst_dp1_fields").path, columns=["TARGETID"])
    assert desi == [str(each) for each in raw["TARGETID"].to_pylist()]
    vandels = prepare_sample("vandels_dr4").table["id"].to_pylist()
    assert vandels[:3] == ["CDFS018915", "CDFS001385", "UDS000129"]


def test_the_earlier_product_keeps_its_verdicts_and_origins() -> None:
    result = prepare_sample("pipeline_generated_sample")
    verdicts = result.table["tie_result"].to_pylist()
    assert {verdict: verdicts.count(verdict) for verdict in (0, 1, 2, 3)} == {
        0: 37, 1: 932, 2: 15, 3: 16,
    }  # fmt: skip
    assert result.table["id"].null_count == 113
    assert result.table["source_original"][0].as_py() == "011_ozdes_dr2"
    assert result.counts["rows_without_z"] == 14


def test_the_extra_columns_of_a_sample_follow_its_raw_names() -> None:
    extra = {"targetid": {"source": "TARGETID", "type": "int"}, "PROGRAM": "str"}
    result = prepare_sample("desi_dr1_in_lsst_dp1_fields", extra_columns=extra).table
    assert result["targetid"].null_count == 0
    assert set(result["PROGRAM"].to_pylist()) <= {"dark", "bright", "backup", "other"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("test_survey_not_supported", "unsupported_survey"),
        ("test_homogenized_columns_out_of_range", "invalid_homogenized_values"),
    ],
)
def test_the_samples_that_must_be_refused_are(name: str, code: str) -> None:
    with pytest.raises(UserError) as refused:
        prepare_sample(name)
    assert refused.value.code == code
    report = preflight({}, [source_of(name)])["catalogs"][0]
    assert [problem["code"] for problem in report["problems"]] == [code]
    assert report["rows_kept"] is None


def test_preflight_tells_what_preparation_then_does() -> None:
    report = preflight({}, [source_of(name) for name in EXPECTED])
    assert report["problems"] == []
    kept = 0
    for catalog, (name, (path, flags, types)) in zip(
        report["catalogs"], EXPECTED.items(), strict=True
    ):
        expected = prepare_sample(name, z_flag_homogenized_value_to_cut=3).counts["rows_out"]
        kept += expected
        assert catalog["paths"]["z_flag_homogenized"] == path
        assert (catalog["rows_in"], catalog["rows_kept"]) == (1000, expected)
        assert (catalog["flags"], catalog["types"]) == (flags, types)
        assert (catalog["problems"], catalog["missing_roles"]) == ([], [])
    assert (report["rows_in"], report["rows_kept"]) == (10_000, kept)
