"""The command line: what it makes, and how it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from .commands import pzpipelines

COLUMNS = {"id": "ID", "ra": "RA", "dec": "DEC", "z": "Z", "z_flag": "Q", "survey": "SURVEY"}


def pzpipelines_process(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as users do; warnings are errors there too."""
    command = [sys.executable, "-W", "error", "-m", "pzpipelines.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def catalog(survey: str, rows: list[tuple[float, float, float, int]]) -> pa.Table:
    ra, dec, z, q = zip(*rows, strict=True)
    return pa.table(
        {
            "ID": [f"{survey}-{n:03d}" for n in range(len(rows))],
            "RA": ra,
            "DEC": dec,
            "Z": z,
            "Q": q,
            "SURVEY": [survey] * len(rows),
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two catalogs: one object in both, one in each."""
    pq.write_table(
        catalog("VVDS", [(10.0, -5.0, 0.5, 4), (20.0, -5.0, 0.3, 3)]), tmp_path / "a.parquet"
    )
    pacsv.write_csv(
        catalog("2DFGRS", [(10.0, -5.0 + 0.3 / 3600, 0.5, 3), (0.0, 5.0, 0.1, 5)]),
        tmp_path / "b.csv",
    )
    (tmp_path / "columns.json").write_text(json.dumps({"a.parquet": COLUMNS, "b.csv": COLUMNS}))
    return tmp_path


MARK = ("--param", "combine_type=concatenate_and_mark_duplicates")
ASSOCIATED = ("--columns", "columns.json")


def test_combine_marks_duplicates_of_a_parquet_and_a_csv_catalog(folder: Path) -> None:
    done = pzpipelines_process(
        "combine", "a.parquet", "b.csv", *ASSOCIATED, "-o", "out.parquet", *MARK, cwd=folder
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 rows in, 4 rows out" in done.stdout
    table = pq.read_table(folder / "out.parquet")
    chosen = ["CRD_ID", "id", "survey", "source", "tie_result", "compared_to", "group_id"]
    assert table.select(chosen).to_pylist() == [
        dict(zip(chosen, row, strict=True))
        for row in [
            ("CRD001_1", "VVDS-000", "VVDS", "001_a", 1, "CRD002_1", 1),
            ("CRD001_2", "VVDS-001", "VVDS", "001_a", 1, None, 2),
            ("CRD002_1", "2DFGRS-000", "2DFGRS", "002_b", 0, "CRD001_1", 1),
            ("CRD002_2", "2DFGRS-001", "2DFGRS", "002_b", 1, None, 3),
        ]
    ]
    assert sorted(path.name for path in folder.iterdir()) == [
        "a.parquet", "b.csv", "columns.json", "out.parquet",
    ]  # fmt: skip


def test_the_result_has_the_columns_and_types_of_the_manual(folder: Path) -> None:
    dp1 = ("--param", "insert_DP1_footprint_flag=true")
    pzpipelines("combine", "a.parquet", *ASSOCIATED, "-o", "out.parquet", *MARK, *dp1, cwd=folder)
    schema = pq.read_schema(folder / "out.parquet")
    assert [(field.name, str(field.type)) for field in schema] == [
        ("CRD_ID", "string"), ("id", "string"), ("ra", "double"), ("dec", "double"),
        ("z", "double"), ("z_flag", "double"), ("z_err", "double"),
        ("instrument_type", "string"), ("survey", "string"), ("source", "string"),
        ("tie_result", "int8"), ("is_in_DP1_fields", "int64"),
        ("is_in_rubin_footprint", "int64"), ("compared_to", "string"),
        ("z_flag_homogenized", "double"), ("instrument_type_homogenized", "string"),
        ("group_id", "int64"),
    ]  # fmt: skip


def test_a_plain_concatenation_has_no_matching_columns_and_obeys_the_cut(folder: Path) -> None:
    done = pzpipelines(
        "combine", "a.parquet", "b.csv", *ASSOCIATED, "-o", "out.parquet",
        "--param", "z_flag_homogenized_value_to_cut=4", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0
    table = pq.read_table(folder / "out.parquet")
    assert not {"tie_result", "compared_to", "group_id"} & set(table.column_names)
    assert table["CRD_ID"].to_pylist() == ["CRD001_1", "CRD002_2"]


@pytest.mark.parametrize("suffix", ["csv", "fits", "hdf5", "parquet"])
def test_every_format_holds_the_same_rows(folder: Path, suffix: str) -> None:
    from pztables.formats import read_table

    done = pzpipelines(
        "combine", "a.parquet", "b.csv", *ASSOCIATED, "-o", f"out.{suffix}", *MARK, cwd=folder
    )
    assert (done.returncode, done.stderr) == (0, "")
    table = read_table(folder / f"out.{suffix}")
    assert table["CRD_ID"].to_pylist() == ["CRD001_1", "CRD001_2", "CRD002_1", "CRD002_2"]
    assert table["tie_result"].to_pylist() == [1, 1, 0, 1]
    assert table["group_id"].to_pylist() == [1, 2, 1, 3]
    assert table["compared_to"].to_pylist() == ["CRD002_1", None, "CRD001_1", None]


def test_json_tells_the_whole_outcome_and_record_keeps_the_papers(folder: Path) -> None:
    done = pzpipelines(
        "combine", "a.parquet", "b.csv", *ASSOCIATED, "-o", "out.csv", *MARK, "--json",
        "--record", "papers", cwd=folder,
    )  # fmt: skip
    outcome = json.loads(done.stdout)
    assert outcome["status"] == "completed"
    assert outcome["summary"]["matching"]["pairs"] == 1
    assert outcome["summary"]["matching"]["groups"] == {"count": 1, "by_size": {"2": 1}}
    assert outcome["summary"]["rows_out_by_survey"] == {"2DFGRS": 2, "VVDS": 2}
    kept = {path.name for path in (folder / "papers").iterdir()}
    assert kept == {
        "effective_parameters.json", "flags_translation.yaml", "outcome.json", "pipeline.log",
        "progress.jsonl",
    }  # fmt: skip
    parameters = json.loads((folder / "papers/effective_parameters.json").read_text())
    assert parameters["crossmatch_radius_arcsec"] == 0.5
    assert parameters["combine_type"] == "concatenate_and_mark_duplicates"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a.parquet", "absent.csv"], "absent.csv: no such file"),
        (["a.parquet", "./a.parquet"], "given twice"),
        (["a.parquet", "--param", "radius=1"], "unknown option radius"),
        (["a.parquet", "--param", "combine_type=mark"], "combine_type: must be"),
        (["a.parquet", "--param", "combine_type"], "write it as KEY=VALUE"),
        (["a.parquet", "--param", "extra_columns={"], "not YAML"),
        (["a.parquet", "--rules", "absent.yaml"], "absent.yaml"),
        (["a.parquet", "--format", "xlsx"], "'xlsx' is not one of"),
        (["a.parquet", "--executor", "cloud"], "'cloud' is not one of"),
        (["a.parquet", "--nonsense"], "No such option"),
        ([], "Missing argument"),
    ],
)
def test_wrong_arguments_are_refused_with_exit_code_2_and_a_sentence(
    folder: Path, arguments: list[str], sentence: str
) -> None:
    done = pzpipelines("combine", *MARK, *arguments, *ASSOCIATED, "-o", "out.parquet", cwd=folder)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "out.parquet").exists()
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_column_that_the_catalog_lacks_is_refused_by_name(folder: Path) -> None:
    (folder / "columns.json").write_text(json.dumps({"a.parquet": {**COLUMNS, "z": "REDSHIFT"}}))
    done = pzpipelines("combine", "a.parquet", *ASSOCIATED, "-o", "out.parquet", cwd=folder)
    assert done.returncode == 2
    assert "REDSHIFT" in done.stderr
    assert not (folder / "out.parquet").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("{", "is not JSON"), ('["a"]', "write it as"), ('{"a.parquet": {"ra": 1}}', "write it as")],
)
def test_a_columns_file_of_another_form_is_refused(
    folder: Path, content: str, sentence: str
) -> None:
    (folder / "columns.json").write_text(content)
    done = pzpipelines("combine", "a.parquet", *ASSOCIATED, "-o", "out.parquet", cwd=folder)
    assert (done.returncode, sentence in done.stderr) == (2, True)


def test_columns_with_usual_names_need_no_columns_file(folder: Path) -> None:
    table = pq.read_table(folder / "a.parquet")
    pq.write_table(
        table.rename_columns(["id", "ra", "dec", "z", "z_flag", "survey"]), folder / "u.parquet"
    )
    done = pzpipelines("combine", "u.parquet", "-o", "out.parquet", *MARK, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert pq.read_table(folder / "out.parquet")["id"].to_pylist() == ["VVDS-000", "VVDS-001"]


def test_a_pipe_is_refused_at_once(folder: Path) -> None:
    os.mkfifo(folder / "pipe.parquet")
    done = pzpipelines("combine", "pipe.parquet", "-o", "out.csv", cwd=folder)
    assert (done.returncode, "neither a file nor a HATS folder" in done.stderr) == (2, True)


def test_a_misspelt_role_is_refused_but_a_name_that_rules_use_is_not(folder: Path) -> None:
    for role, sentence in (("zflag", "did you mean z_flag?"), ("flag1", ""), ("my_own", "")):
        (folder / "columns.json").write_text(json.dumps({"a.parquet": {**COLUMNS, role: "Q"}}))
        done = pzpipelines("combine", "a.parquet", *ASSOCIATED, "-o", "out.csv", cwd=folder)
        assert (done.returncode, done.stderr == "") == ((2, False) if sentence else (0, True))
        assert sentence in done.stderr


def test_an_earlier_result_needs_no_columns_file(folder: Path) -> None:
    for inputs, output in ((["a.parquet", "b.csv"], "one.parquet"), (["one.parquet"], "two.csv")):
        done = pzpipelines(
            "combine", *inputs, *ASSOCIATED, "-o", output, *MARK,
            "--param", "z_flag_homogenized_value_to_cut=0", cwd=folder,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
    one, two = pq.read_table(folder / "one.parquet"), pacsv.read_csv(folder / "two.csv")
    for kept in ("id", "z", "z_flag", "survey", "z_flag_homogenized", "tie_result"):
        assert two[kept].to_pylist() == one[kept].to_pylist()
    assert two["source_original"].to_pylist() == one["source"].to_pylist()


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["id", "dec", "b", "z", "z_flag", "survey"], "no column is clearly ra"),
        (["id", "ra", "dec", "z", "RAJ2000", "survey"], "ra may be ra or RAJ2000"),
    ],
)
def test_columns_that_leave_a_doubt_must_be_associated(
    folder: Path, names: list[str], sentence: str
) -> None:
    pq.write_table(pq.read_table(folder / "a.parquet").rename_columns(names), folder / "u.parquet")
    done = pzpipelines("combine", "u.parquet", *ASSOCIATED, "-o", "out.parquet", cwd=folder)
    assert done.returncode == 2
    assert f"u.parquet: {sentence}" in done.stderr
    assert "associate its columns in columns.json" in done.stderr


def test_an_output_suffix_that_is_no_format_is_refused(folder: Path) -> None:
    done = pzpipelines("combine", "a.parquet", *ASSOCIATED, "-o", "out.xlsx", cwd=folder)
    assert (done.returncode, "'.xlsx' is no output format" in done.stderr) == (2, True)


def job(folder: Path, **changes: Any) -> Path:
    content = {
        "pipeline": "combine_redshift_dedup",
        "parameters": {"combine_type": "concatenate_and_remove_duplicates"},
        "inputs": [
            {"path": str(folder / "b.csv"), "internal_name": "20_b", "columns": COLUMNS,
             "product_id": 20},
            {"path": str(folder / "a.parquet"), "internal_name": "7_a", "columns": COLUMNS,
             "product_id": 7},
        ],
        "output": {"name": "crd", "format": "csv"},
    }  # fmt: skip
    path = folder / "job.json"
    path.write_text(json.dumps({**content, **changes}))
    return path


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("a.parquet", "which this run reads"),
        ("./columns.json", "columns.json: the suffix '.json' is no output format"),
        ("mine", "mine: is a folder"),
        ("old.parquet", "old.parquet: is a folder"),
        ("file.hats", "file.hats: is a file, and a result in HATS is a folder"),
        (".", "which this run reads"),
        ("/proc/out.parquet", "nothing can be written in /proc"),
    ],
)
def test_a_result_never_replaces_what_is_not_an_earlier_result(
    folder: Path, output: str, sentence: str
) -> None:
    for name in ("mine", "old.parquet"):
        (folder / name).mkdir()
        (folder / name / "thesis.txt").write_text("years of work")
    (folder / "file.hats").write_text("a file")
    before = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    done = pzpipelines("combine", "a.parquet", "b.csv", *ASSOCIATED, "-o", output, cwd=folder)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    after = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    assert after == before


def test_an_earlier_result_is_replaced(folder: Path) -> None:
    for name in ("out.parquet", "out.hats"):
        for _ in range(2):
            done = pzpipelines("combine", "a.parquet", *ASSOCIATED, "-o", name, cwd=folder)
            assert (done.returncode, done.stderr) == (0, "")


def test_run_combines_catalogs_in_the_order_of_their_product_ids(folder: Path) -> None:
    done = pzpipelines(
        "run", "combine_redshift_dedup", job(folder), "--workdir", "work", cwd=folder
    )
    assert (done.returncode, done.stderr) == (0, "")
    outcome = json.loads((folder / "work/outcome.json").read_text())
    assert outcome["outputs"][0] == {
        "path": "crd.csv",
        "role": "main",
        "columns_assoc": {
            "id": "CRD_ID", "ra": "ra", "dec": "dec", "z": "z",
            "z_flag": "z_flag_homogenized", "z_err": "z_err", "survey": "survey",
        },
    }  # fmt: skip
    table = pacsv.read_csv(folder / "work/crd.csv")
    assert table["CRD_ID"].to_pylist() == ["CRD7_1", "CRD7_2", "CRD20_2"]
    stages = [
        json.loads(line)["stage"]
        for line in (folder / "work/progress.jsonl").read_text().splitlines()
    ]
    assert list(dict.fromkeys(stages)) == ["prepare", "match", "resolve", "write"]


@pytest.mark.parametrize(
    ("name", "changes", "code"),
    [
        ("combine_redshift", {}, "unknown_pipeline"),
        ("combine_redshift_dedup", {"pipeline": "training_set_maker"}, "invalid_job"),
        ("combine_redshift_dedup", {"inputs": []}, "invalid_input"),
        ("combine_redshift_dedup", {"output": {"name": "a/b"}}, "invalid_job"),
        ("combine_redshift_dedup", {"output": {"format": "xlsx"}}, "invalid_option"),
        ("combine_redshift_dedup", {"parameters": {"no_option": 1}}, "unknown_option"),
    ],
)
def test_a_refused_run_leaves_an_outcome_with_the_code(
    folder: Path, name: str, changes: dict[str, Any], code: str
) -> None:
    done = pzpipelines("run", name, job(folder, **changes), "--workdir", "work", cwd=folder)
    assert done.returncode == 2
    outcome = json.loads((folder / "work/outcome.json").read_text())
    assert (outcome["status"], outcome["error"]["code"]) == ("refused", code)
    assert done.stderr == outcome["error"]["message"] + "\n"


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("7_a", "7_b"), "duplicate_catalog"),
        (("07_a", "b"), "invalid_internal_name"),
    ],
)
def test_internal_names_that_cannot_give_crd_ids_are_refused(
    folder: Path, names: tuple[str, str], code: str
) -> None:
    inputs = [
        {"path": str(folder / file), "internal_name": name, "columns": COLUMNS}
        for file, name in zip(("a.parquet", "b.csv"), names, strict=True)
    ]
    done = pzpipelines(
        "run", "combine_redshift_dedup", job(folder, inputs=inputs), "--workdir", "work",
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 2
    assert json.loads((folder / "work/outcome.json").read_text())["error"]["code"] == code


def test_a_cut_that_leaves_nothing_is_refused(folder: Path) -> None:
    done = pzpipelines(
        "combine", "a.parquet", "b.csv", *ASSOCIATED, "-o", "out.parquet",
        "--param", "z_flag_homogenized_value_to_cut=6", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no row of any catalog is left after the flag cut" in done.stderr


def test_a_run_that_is_told_to_stop_leaves_no_result(folder: Path) -> None:
    ra = [i * 1e-3 % 360 for i in range(400_000)]
    large = catalog("VVDS", [(each, 0.0, 0.1, 4) for each in ra])
    pq.write_table(large, folder / "a.parquet")
    command = [
        sys.executable, "-m", "pzpipelines.cli", "run", "combine_redshift_dedup",
        str(job(folder)), "--workdir", "work",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    progress = folder / "work/progress.jsonl"
    while not progress.exists():
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "stopped" in told
    assert json.loads((folder / "work/outcome.json").read_text())["status"] == "stopped"
    assert sorted(path.name for path in (folder / "work").iterdir()) == [
        "outcome.json", "pipeline.log", "progress.jsonl",
    ]  # fmt: skip


def test_list_describe_and_version_tell_what_there_is(tmp_path: Path) -> None:
    assert "combine_redshift_dedup" in pzpipelines("list", cwd=tmp_path).stdout
    described = json.loads(pzpipelines("describe", "combine_redshift_dedup", cwd=tmp_path).stdout)
    assert described["default_parameters"]["combine_type"] == "concatenate"
    assert "crossmatch_radius_arcsec" in described["parameters_schema"]["properties"]
    assert pzpipelines("--version", cwd=tmp_path).stdout.startswith("pzpipelines ")
    assert "Did you mean" in pzpipelines("describe", "combine_redshift", cwd=tmp_path).stderr


def test_help_is_quick_because_nothing_heavy_is_imported(tmp_path: Path) -> None:
    script = (
        "import sys, typer.testing, pzpipelines.cli as cli;"
        "typer.testing.CliRunner().invoke(cli.app, ['combine', '--help']);"
        "print(sorted({'numpy', 'scipy', 'pyarrow', 'astropy', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == "[]\n"
