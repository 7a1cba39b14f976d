"""Job files: what is read, what is refused and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pzpipelines.runtime.job import Job, JobError, read_job

MINIMAL: dict[str, Any] = {
    "pipeline": "combine_redshift_dedup",
    "inputs": [{"path": "/data/a.parquet", "internal_name": "12_a"}],
}


def test_a_job_says_everything_that_the_sheet_allows(tmp_path: Path) -> None:
    job_file = tmp_path / "job.json"
    content = {
        "pipeline": "combine_redshift_dedup",
        "version": None,
        "parameters": {"combine_type": "concatenate"},
        "inputs": [
            {"path": "/data/a.parquet", "internal_name": "12_a", "columns": {"ra": "RA"},
             "product_id": 12, "sha256": "00", "format": None}
        ],
        "objects": {"path": "/data/dr2", "name": "dr2", "indexing_column": "objectId",
                    "dust_maps": "/data/dust"},
        "output": {"name": "crd", "format": "csv"},
        "resources": {"workers": 3, "memory_bytes": 1_000_000_000},
        "flags_translation": "/data/rules.yaml",
    }  # fmt: skip
    job_file.write_text(json.dumps(content))
    assert read_job(job_file) == Job.model_validate(content)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"inputs": "a.parquet"}, "inputs"),
        ({"surprise": 1}, "surprise"),
        ({"output": {"name": "../up"}}, "output.name"),
        ({"resources": {"workers": 0}}, "resources.workers"),
        ({"objects": {"name": "dr2"}}, "objects.path"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    job_file = tmp_path / "job.json"
    job_file.write_text(json.dumps({**MINIMAL, **change}))
    with pytest.raises(JobError, match=named) as refusal:
        read_job(job_file)
    assert refusal.value.code == "invalid_job"


def test_text_that_is_no_json_and_files_that_are_absent_are_refused(tmp_path: Path) -> None:
    job_file = tmp_path / "job.json"
    with pytest.raises(JobError, match="no such job file"):
        read_job(job_file)
    job_file.write_text("{")
    with pytest.raises(JobError, match="Invalid JSON"):
        read_job(job_file)
