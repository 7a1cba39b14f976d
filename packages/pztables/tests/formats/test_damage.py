"""A damaged file is read or refused by name; nothing else ever happens."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pztables.errors import UserError
from pztables.formats import read_table, write_table

_TABLE = pa.table({"id": [1, None, 3], "ra": [0.5, 1.5, None], "s": ["a", "é", None]})


@pytest.mark.parametrize("suffix", ["csv", "fits", "hdf5", "parquet", "vot"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_by_name(suffix: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t.{suffix}"
        write_table(_TABLE, path)
        content = bytearray(path.read_bytes())
        places = st.integers(0, min(len(content), 8000) - 1)
        for _ in range(data.draw(st.integers(1, 5))):
            content[data.draw(places)] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.just(len(content)) | places)])
        assert _outcome(path) in ("read", "refused by name")


def _outcome(path: Path) -> str:
    try:
        read_table(path)
    except UserError as error:
        return "refused by name" if path.name in error.message else error.message
    return "read"
