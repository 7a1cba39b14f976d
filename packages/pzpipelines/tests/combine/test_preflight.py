"""What is told before a run: for each catalog, and for all together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pzpipelines.combine.parameters import validate
from pzpipelines.combine.preflight import preflight
from pzpipelines.combine.rules import load_rules
from pzpipelines.combine.schema_check import CatalogSchema, refuse_schemas
from pzpipelines.runtime.job import JobInput
from pztables.errors import UserError

from .catalogs import catalog


@pytest.fixture
def report_on(tmp_path: Path) -> Any:
    """Return a function: tables and options in, report out."""

    def report(*tables: pa.Table, columns: Any = None, **parameters: Any) -> dict[str, Any]:
        inputs = []
        for number, table in enumerate(tables, start=1):
            path = tmp_path / f"{number}.parquet"
            pq.write_table(table, path)
            name = f"{number}_x"
            inputs.append(
                JobInput(path=path, internal_name=name, columns=columns or {}, product_id=number)
            )
        return preflight(parameters, inputs)

    return report


def test_a_good_catalog_is_reported_with_its_way_and_what_stays(report_on: Any) -> None:
    table = catalog(4, survey=["OZDES"] * 4, z_flag=[4, 3, 1, 9], z=[0.1] * 4, type=["s"] * 4)
    assert report_on(table) == {
        "catalogs": [
            {
                "internal_name": "1_x", "product_id": 1, "path": "C",
                "paths": {"z_flag_homogenized": "translation",
                          "instrument_type_homogenized": "type"},
                "rows_in": 4, "rows_kept": 2, "unsupported_surveys": [],
                "unmapped_flags": [{"survey": "OZDES", "value": 9.0, "count": 1}],
                "missing_roles": [], "flags": {"0": 1, "3": 1, "4": 1}, "types": {"s": 4},
                "rows_by_survey": {"OZDES": 4}, "problems": [],
                "warnings": [{"code": "unmapped_flags", "message": "1_x: 1 rows have flag values "
                              "without a rule and get none: 9.0 of OZDES (1 rows)"}],
            }
        ],
        "rows_in": 4, "rows_kept": 2, "problems": [],
    }  # fmt: skip


def test_what_is_wrong_with_one_catalog_does_not_hide_the_others(report_on: Any) -> None:
    good = catalog(1, z_flag_homogenized=[4], instrument_type_homogenized=["s"], z=[0.5])
    unsupported = catalog(3, survey=["DEZI", "DEZI", "x"], z_flag=[1, 2, 3], z=[0.1] * 3)
    nowhere = pa.table({"ra": [400.0], "dec": [0.0], "survey": ["VVDS"], "z_flag": [4]})
    silent = catalog(1, z_flag=[3], z=[0.1])
    report = report_on(good, unsupported, nowhere, silent)
    codes = [[problem["code"] for problem in each["problems"]] for each in report["catalogs"]]
    assert codes == [
        [], ["unsupported_survey"], ["invalid_positions"], ["all_homogenized_null"],
    ]  # fmt: skip
    assert [each["path"] for each in report["catalogs"]] == ["A", "C", "C", "C"]
    assert [each["missing_roles"] for each in report["catalogs"]] == [[], [], ["z"], ["survey"]]
    assert [each["rows_kept"] for each in report["catalogs"]] == [1, None, 0, None]
    assert report["catalogs"][1]["unsupported_surveys"][0]["nearest"] == ["DESI"]
    assert (report["rows_in"], report["rows_kept"], report["problems"]) == (6, None, [])


def test_dropped_positions_are_a_warning(report_on: Any) -> None:
    table = pa.table(
        {"ra": [400.0, 1.0], "dec": [0.0, 0.0], "survey": ["VVDS"] * 2, "z_flag": [4, 4]}
    )
    report = report_on(table, invalid_rows="drop")["catalogs"][0]
    assert ([each["code"] for each in report["warnings"]], report["rows_kept"]) == (
        ["invalid_positions"], 1,
    )  # fmt: skip


def test_a_cut_that_leaves_nothing_is_a_problem_of_the_option(report_on: Any) -> None:
    table = catalog(1, survey=["VVDS"], z_flag=[1], z=[0.1])
    report = report_on(table)
    assert [(each["code"], each["field"]) for each in report["problems"]] == [
        ("all_catalogs_empty", "z_flag_homogenized_value_to_cut")
    ]
    assert [each["code"] for each in report["catalogs"][0]["warnings"]] == [
        "catalog_empty_after_cut"
    ]
    assert report_on(table, z_flag_homogenized_value_to_cut=0)["problems"] == []


def test_columns_that_do_not_exist_are_told_once(report_on: Any) -> None:
    table = catalog(1, survey=["VVDS"], z_flag=[4], SNR=[1.0])
    report = report_on(table, extra_columns={"x": {"source": "snr", "type": "float"}})
    assert [(each["code"], each["field"], each["data"]["near"]) for each in report["problems"]] == [
        ("invalid_extra_column", "extra_columns", ["SNR"])
    ]
    mapped = report_on(table, columns={"z": "zz"})
    assert [each["code"] for each in mapped["catalogs"][0]["problems"]] == [
        "missing_mapped_columns"
    ]
    assert mapped["problems"] == []


def test_other_formats_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("RA,DEC,q,survey\n1,2,4,VVDS\n3,4,1,VVDS\n")
    source = JobInput(
        path=path, internal_name="1_a", columns={"z_flag": "q", "ra": "RA", "dec": "DEC"}
    )
    report = preflight({}, [source])["catalogs"][0]
    assert (report["rows_in"], report["rows_kept"], report["problems"]) == (2, 1, [])


def test_wrong_options_and_rule_files_are_refused_at_once(tmp_path: Path) -> None:
    for parameters, code in (
        ({"combine_type": "x"}, "invalid_option"),
        ({"flags_translation_file": str(tmp_path / "none.yaml")}, "rule_file_missing"),
    ):
        with pytest.raises(UserError) as refused:
            preflight(parameters, [])
        assert refused.value.code == code


SCHEMA = pa.schema(
    [("ra", pa.float64()), ("dec", pa.float64()), ("snr", pa.int64()), ("t", pa.string())]
)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"tiebreaking_priority": ["t"]}, "invalid_priority_column"),
        ({"tiebreaking_priority": ["snrr"]}, "invalid_priority_column"),
        ({"collapse_priority": ["source"]}, "invalid_priority_column"),
        ({"extra_columns": {"nowhere": "int"}}, "invalid_extra_column"),
    ],
)
def test_schemas_alone_show_what_cannot_work(parameters: dict[str, Any], code: str) -> None:
    schemas = [CatalogSchema("1_a", SCHEMA, {}), CatalogSchema("2_b", SCHEMA, {})]
    with pytest.raises(UserError) as refused:
        refuse_schemas(schemas, load_rules(), validate(parameters))
    assert refused.value.code == code


def test_schemas_that_can_work_are_not_refused() -> None:
    less = pa.schema([("ra", pa.float64()), ("dec", pa.float64()), ("snr", pa.float32())])
    schemas = [CatalogSchema("1_a", SCHEMA, {}), CatalogSchema("2_b", less, {})]
    options = validate({"tiebreaking_priority": ["snr", "z_err"], "extra_columns": {"t": "str"}})
    refuse_schemas(schemas, load_rules(), options)
