"""``pzpipelines train``: what it makes, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pztables.formats import read_table

from ..commands import Done, pzpipelines
from .releases import ROLES, redshift_table


def train(*arguments: object, cwd: Path) -> Done:
    return pzpipelines("train", *arguments, cwd=cwd)


@pytest.fixture
def folder(tmp_path: Path, mag_release: Path) -> Path:
    """A folder with redshifts, their association and a release."""
    pq.write_table(redshift_table(), tmp_path / "redshifts.parquet")
    (tmp_path / "columns.json").write_text(json.dumps(ROLES))
    (tmp_path / "release").symlink_to(mag_release)
    return tmp_path


GIVEN = ("--objects", "release", "--redshifts", "redshifts.parquet")
ASSOCIATED = ("--columns", "columns.json")
SEED = ("--param", "random_seed=5")


def test_a_training_set_is_made_and_told_in_sentences(folder: Path) -> None:
    done = train(*GIVEN, *ASSOCIATED, *SEED, "-o", "out.parquet", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    table = pq.read_table(folder / "out.parquet")
    n_train = sum(table["is_training_set"].to_pylist())
    assert lines[0] == f"1,200 redshifts in, {table.num_rows:,} rows out"
    assert lines[2] == "  photometry: auto magnitudes, dereddening sfd, prepared"
    assert lines[-1].startswith(
        f"  {n_train:,} rows for training, {table.num_rows - n_train:,} for testing ("
    )
    assert lines[-1].endswith("galaxies; seed 5)")
    assert sorted(path.name for path in folder.iterdir()) == [
        "columns.json", "out.parquet", "redshifts.parquet", "release",
    ]  # fmt: skip


def test_options_nest_and_the_suffix_chooses_the_format(folder: Path) -> None:
    options = ("crossmatch.radius_arcsec=2.5", "crossmatch.n_neighbors=2", "unique=nearest",
               "selected_cols=[mag_g]")  # fmt: skip
    done = train(
        *GIVEN, *ASSOCIATED, *SEED, "-o", "out.csv", "--record", "record", "--json",
        *(part for option in options for part in ("--param", option)), cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_table(folder / "out.csv").column_names == [
        *redshift_table().column_names, "mag_g", "_dist_arcsec", "is_training_set",
    ]  # fmt: skip
    outcome = json.loads(done.stdout)
    matching = outcome["summary"]["matching"]
    assert (matching["radius_arcsec"], matching["n_neighbors"]) == (2.5, 2)
    effective = json.loads((folder / "record" / "effective_parameters.json").read_text())
    assert (effective["unique"], effective["random_seed"]) == ("nearest", 5)


def test_the_association_may_be_one_of_many_files_or_in_the_names(folder: Path) -> None:
    (folder / "many.json").write_text(json.dumps({"redshifts.parquet": ROLES, "other.csv": {}}))
    one = train(*GIVEN, "--columns", "many.json", *SEED, "-o", "one.parquet", cwd=folder)
    assert one.returncode == 0, one.stderr
    table = redshift_table().select(["RA", "DEC", "z"]).rename_columns(["ra", "dec", "z"])
    pq.write_table(table, folder / "plain.parquet")
    two = train(
        "--objects", "release", "--redshifts", "plain.parquet", "-o", "two.hats", cwd=folder
    )
    assert two.returncode == 0, two.stderr
    assert (folder / "two.hats" / "collection.properties").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--objects", "nowhere", "--redshifts", "redshifts.parquet", "-o", "o.csv"),
         "nowhere: no such file"),
        (("--objects", "redshifts.parquet", "--redshifts", "redshifts.parquet", "-o", "o.csv"),
         "is a file; --objects needs the folder of a HATS catalog"),
        (("--objects", "empty", "--redshifts", "redshifts.parquet", *ASSOCIATED, "-o", "o.csv"),
         "release empty has no object catalog on disk"),
        ((*GIVEN, "-o", "o.csv"), "id may be ID or objectId: associate its columns with --columns"),
        ((*GIVEN, *ASSOCIATED, "-o", "o.csv", "--param", "train_fraction=2"),
         "train_fraction: must be less than 1"),
        ((*GIVEN, *ASSOCIATED, "-o", "o.csv", "--param", "crossmatch.radius=2"),
         "Did you mean crossmatch.radius_arcsec?"),
        ((*GIVEN, *ASSOCIATED, "-o", "o.xlsx"), "the suffix '.xlsx' is no output format"),
        ((*GIVEN, *ASSOCIATED, "-o", "release/o.csv"), "the result would replace, or lie in"),
        ((*GIVEN, "--columns", "wrong.json", "-o", "o.csv"), "wrong.json: cannot be read"),
        ((*GIVEN, "--columns", "list.json", "-o", "o.csv"), "list.json: write it as"),
        ((*GIVEN, "--columns", "slip.json", "-o", "o.csv"),
         "no role 'z_flg'; did you mean z_flag?"),
        ((*GIVEN, "-o", "o.csv", "--dust-maps", "nowhere"), "no such folder of dust maps"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(
    folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    (folder / "empty").mkdir()
    (folder / "list.json").write_text("[]")
    (folder / "slip.json").write_text(json.dumps({**ROLES, "z_flg": "Q"}))
    done = train(*arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (folder / "o.csv").exists()
