"""Archives with one table or one HATS collection, and hostile ones."""

from __future__ import annotations

import gzip
import io
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pztables.archives import unpack_main
from pztables.errors import ArchiveError, SeveralTablesError, TooCostlyError, TruncatedFileError
from pztables.formats import open_table, read_table
from pztables.limits import Limits

CSV = b"id,ra\n1,2.5\n"


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Return an empty target."""
    (tmp_path / "into").mkdir()
    return tmp_path / "into"


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    """Write a zip of some files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, members: dict[str, bytes], mode: Any = "w") -> Path:
    """Write a tar of some files."""
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    "name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz", "z.csv"]
)
def test_the_one_table_of_any_archive_is_unpacked(name: str, tmp_path: Path, into: Path) -> None:
    members = {"inner/cat.csv": CSV}
    if name in ("a.zip", "z.csv"):
        archive = make_zip(tmp_path / name, members)
    else:
        mode = "w:" + {"tar": "", "tgz": "gz"}.get(name.split(".")[-1], name.split(".")[-1])
        archive = make_tar(tmp_path / name, members, mode)
    found = unpack_main(archive, into)
    assert (found.kind, found.name, found.path) == ("table", "inner/cat.csv", into / "cat.csv")
    assert read_table(found.path).to_pydict() == {"id": [1], "ra": [2.5]}
    assert [item.name for item in into.iterdir()] == ["cat.csv"]


def test_a_compressed_table_loses_its_compression(tmp_path: Path, into: Path) -> None:
    (tmp_path / "cat.csv.gz").write_bytes(gzip.compress(CSV))
    found = unpack_main(tmp_path / "cat.csv.gz", into)
    assert (found.kind, found.name, found.path.read_bytes()) == ("table", "cat.csv", CSV)


def test_a_plain_file_is_left_where_it_is(tmp_path: Path, into: Path) -> None:
    (tmp_path / "cat.csv").write_bytes(CSV)
    found = unpack_main(tmp_path / "cat.csv", into)
    assert (found.kind, found.path, list(into.iterdir())) == ("table", tmp_path / "cat.csv", [])


def test_a_readme_and_what_systems_leave_behind_do_not_count(tmp_path: Path, into: Path) -> None:
    members = {
        "cat.csv": CSV,
        "README.txt": b"hello",
        "__MACOSX/._cat.csv": b"x",
        ".DS_Store": b"x",
        "figure.png": b"x",
    }
    assert unpack_main(make_zip(tmp_path / "a.zip", members), into).name == "cat.csv"


def test_several_tables_are_refused_by_name_or_kept_as_they_are(tmp_path: Path, into: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"one.csv": CSV, "two.FITS": b"x"})
    with pytest.raises(SeveralTablesError, match=r"a\.zip.*'one\.csv', 'two\.FITS'"):
        unpack_main(archive, into)
    found = unpack_main(archive, into, tabular_required=False)
    assert (found.kind, found.path, found.reason is None) == ("opaque", archive, False)
    assert list(into.iterdir()) == []


def test_an_archive_without_a_table_is_refused_or_kept(tmp_path: Path, into: Path) -> None:
    archive = make_tar(tmp_path / "a.tar", {"model.pkl": b"x", "notes.md": b"y"})
    with pytest.raises(ArchiveError, match="no single table: 2 files"):
        unpack_main(archive, into)
    assert unpack_main(archive, into, tabular_required=False).kind == "opaque"


def test_a_model_beside_a_table_stays_an_archive_where_no_table_is_required(
    tmp_path: Path, into: Path
) -> None:
    archive = make_zip(tmp_path / "a.zip", {"model.pkl": b"x", "metrics.csv": CSV})
    assert unpack_main(archive, into, tabular_required=False).kind == "opaque"


@pytest.mark.parametrize("form", ["zip", "gztar"])
def test_a_hats_collection_is_unpacked_as_a_directory(
    form: str, tmp_path: Path, into: Path
) -> None:
    sample = Path(__file__).parents[4] / "shared/data/hats/elaisfbmc_collection"
    if not sample.is_dir():
        pytest.skip("the real samples (../shared/data/hats) are not on this machine")
    base = sample.parent if form == "zip" else sample
    inside = sample.name if form == "zip" else "."
    archive = shutil.make_archive(str(tmp_path / "mini"), form, base, inside)
    found = unpack_main(Path(archive), into)
    assert (found.kind, found.name) == ("hats", sample.name if form == "zip" else "mini_hats")
    with open_table(found.path) as reader:
        assert reader.schema.n_rows == 3762


@pytest.mark.parametrize(
    "name", ["../cat.csv", "/tmp/cat.csv", "a/../../cat.csv", "a\\..\\cat.csv"]
)
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_members_that_lead_out_are_refused(
    make: Any, name: str, tmp_path: Path, into: Path
) -> None:
    archive = make(tmp_path / "a.bin", {name: CSV})
    with pytest.raises(ArchiveError, match="leads out"):
        unpack_main(archive, into)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.bin", "into"]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(kind: bytes, tmp_path: Path, into: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("cat.csv")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(ArchiveError, match="link or a device"):
        unpack_main(tmp_path / "a.tar", into)


def test_a_link_in_a_zip_is_refused(tmp_path: Path, into: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("cat.csv")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveError, match="link or a device"):
        unpack_main(tmp_path / "a.zip", into)


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_too_many_entries_and_bytes_are_refused(make: Any, tmp_path: Path, into: Path) -> None:
    archive = make(tmp_path / "a.bin", {f"{number}.csv": CSV for number in range(50)})
    with pytest.raises(TooCostlyError, match="more than 40 entries"):
        unpack_main(archive, into, Limits(entries=40))
    bomb = make(tmp_path / "b.bin", {"cat.csv": b"1,2\n" * 500_000})
    with pytest.raises(TooCostlyError):
        unpack_main(bomb, into, Limits(free_unpacked_bytes=1_000_000, unpacked_bytes=1_000_000))
    assert list(into.iterdir()) == []


def test_a_compressed_tar_that_grows_too_far_is_refused(tmp_path: Path, into: Path) -> None:
    bomb = make_tar(tmp_path / "b.tar.gz", {"cat.csv": bytes(20_000_000)}, "w:gz")
    with pytest.raises(TooCostlyError):
        unpack_main(bomb, into, Limits(free_unpacked_bytes=1_000_000))


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path: Path, into: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"cat.csv": b"1,2\n" * 1000})
    data = bytearray(archive.read_bytes())
    for start in (data.find(b"PK\x03\x04") + 22, data.find(b"PK\x01\x02") + 24):
        data[start : start + 4] = (4).to_bytes(4, "little")
    archive.write_bytes(data)
    with pytest.raises(ArchiveError):
        unpack_main(archive, into)
    assert list(into.iterdir()) == []


@pytest.mark.parametrize("share", [0.3, 0.7, 0.97])
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_cut_archives_are_refused(make: Any, share: float, tmp_path: Path, into: Path) -> None:
    import random

    noise = random.Random(1).randbytes(50_000)
    archive = make(tmp_path / "a.bin", {"cat.csv": noise})
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(noise) * share)])
    with pytest.raises((ArchiveError, TruncatedFileError), match=r"a\.bin"):
        unpack_main(archive, into)
    assert list(into.iterdir()) == []


def test_a_zip_whose_directory_points_nowhere_is_refused(tmp_path: Path, into: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"cat.csv": CSV})
    data = bytearray(archive.read_bytes())
    end = data.find(b"PK\x05\x06") + 16
    data[end : end + 4] = (2**31).to_bytes(4, "little")
    archive.write_bytes(data)
    with pytest.raises(ArchiveError, match="damaged"):
        unpack_main(archive, into)


def test_a_member_with_an_endless_name_is_refused(tmp_path: Path, into: Path) -> None:
    archive = make_tar(tmp_path / "a.tar", {"x" * 300 + ".csv": CSV})
    with pytest.raises(ArchiveError, match="damaged"):
        unpack_main(archive, into)
    assert list(into.iterdir()) == []


def test_an_encrypted_member_is_refused(tmp_path: Path, into: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"cat.csv": CSV})
    data = bytearray(archive.read_bytes())
    for start in (data.find(b"PK\x03\x04") + 6, data.find(b"PK\x01\x02") + 8):
        data[start] |= 1
    archive.write_bytes(data)
    with pytest.raises(ArchiveError, match="password"):
        unpack_main(archive, into)


def test_two_members_of_one_name_do_not_overwrite_each_other(tmp_path: Path, into: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for text in (b"hats_primary_table_url=catalog\n", b"hats_primary_table_url=other\n"):
            info = tarfile.TarInfo("c/collection.properties")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    with pytest.raises(ArchiveError):
        unpack_main(tmp_path / "a.tar", into)
