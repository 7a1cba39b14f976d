"""What a pickle would import is listed without loading it, whatever its bytes are."""

from __future__ import annotations

import bz2
import collections
import contextlib
import datetime
import decimal
import fractions
import gzip
import io
import lzma
import pathlib
import pickle
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pztables.errors import UserError
from pztables.limits import Limits
from pztables.pickles import (
    MOST_IMPORTS,
    NotAPickleError,
    kind_of,
    looks_like_pickle,
    scan_pickle,
    scan_stream,
)

PROTOCOLS = st.integers(0, pickle.HIGHEST_PROTOCOL)


class Twin(pickle.Unpickler):
    """Loads our own objects and writes down what it imports."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self.names: dict[str, None] = {}

    def find_class(self, module: str, name: str) -> Any:
        self.names[f"{module}.{name}"] = None
        return super().find_class(module, name)


class Point(collections.namedtuple("Point", "x y")):
    """An object of a class of its own."""

    class Inner:
        """Reached by a dotted name."""


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(max_size=3000),
    st.dates(), st.decimals(), st.fractions(), st.complex_numbers(), st.timedeltas(),
    st.builds(Point, st.integers(), st.text()), st.builds(Point.Inner),
    st.sampled_from([Point, Point.Inner, len, datetime.date, collections.Counter]),
    st.builds(np.arange, st.integers(0, 2000)), st.builds(np.float32, st.integers(0, 9)),
    st.builds(pathlib.PurePosixPath, st.just("a/b")), st.text(min_size=1990, max_size=2010),
)  # fmt: skip
OBJECTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
        st.builds(collections.OrderedDict, st.dictionaries(st.text(max_size=5), inner, max_size=3)),
        st.lists(st.integers(), max_size=3).map(frozenset),
    ),
    max_leaves=8,
)  # fmt: skip


@given(OBJECTS, PROTOCOLS)
@settings(max_examples=150, deadline=None)
def test_the_imports_are_those_that_loading_makes(value: object, protocol: int) -> None:
    content = pickle.dumps(value, protocol)
    twin = Twin(content)
    twin.load()

    report = scan_stream(io.BytesIO(content))

    assert report.is_whole
    assert [each.name for each in report.imports] == list(twin.names)
    assert report.protocol <= protocol
    assert protocol < 2 or report.protocol == protocol


@given(st.one_of(
    st.binary(max_size=400),
    st.binary(max_size=400).map(lambda rest: b"\x80\x04\x95" + rest),
    st.tuples(OBJECTS, PROTOCOLS, st.integers(0, 400), st.binary(max_size=9)).map(
        lambda parts: pickle.dumps(parts[0], parts[1])[: parts[2]] + parts[3]
    ),
))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_report_or_a_refusal(content: bytes) -> None:
    try:
        report = scan_stream(io.BytesIO(content))
    except NotAPickleError:
        return
    assert len(report.imports) <= MOST_IMPORTS
    assert report.as_dict()["is_whole"] is (report.problem == "")


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_file_named_as_a_pickle_gives_a_report_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "model.pkl"
    path.write_bytes(content)
    with contextlib.suppress(UserError):
        assert scan_pickle(path).n_pickles >= 1


PACKED = {
    "plain": lambda content: content,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zlib": zlib.compress,
}


@pytest.mark.parametrize("packing", PACKED)
def test_a_compressed_pickle_is_read_as_a_plain_one(tmp_path: pathlib.Path, packing: str) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(PACKED[packing](pickle.dumps(decimal.Decimal(1), 4)))

    assert [each.name for each in scan_pickle(path).imports] == ["decimal.Decimal"]


def test_a_compressed_bomb_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "model.pkl.gz"
    path.write_bytes(gzip.compress(b"\x80\x04" + b"0" * 3_000_000))

    with pytest.raises(UserError, match="grows beyond"):
        scan_pickle(path, Limits(free_unpacked_bytes=1000, ratio=2))


def test_a_file_of_joblib_lists_what_comes_before_and_between_its_arrays() -> None:
    wrapper = (
        b"\x80\x04\x8c\x13joblib.numpy_pickle\x94\x8c\x11NumpyArrayWrapper\x94\x93\x94)\x81\x94"
    )
    array = b"\xff" * 100
    behind = b"\x8c\x16sklearn.neighbors._knn\x94\x8c\x03KNN\x94\x93\x94cos\nsystem\n."

    report = scan_stream(io.BytesIO(wrapper + array + behind))

    assert (report.is_whole, report.is_joblib, report.problem) == (False, True, "arrays")
    assert [(each.name, each.kind, each.is_certain) for each in report.imports] == [
        ("joblib.numpy_pickle.NumpyArrayWrapper", "known", True),
        ("os.system", "suspicious", False),
        ("sklearn.neighbors._knn.KNN", "known", False),
    ]


def test_several_pickles_one_after_another_are_all_read() -> None:
    content = b"".join(pickle.dumps(value, 2) for value in (1, fractions.Fraction(1, 2), set()))

    report = scan_stream(io.BytesIO(content))

    assert (report.n_pickles, report.is_whole) == (3, True)
    assert [each.name for each in report.imports] == ["fractions.Fraction", "__builtin__.set"]


def test_a_huge_array_is_passed_over_without_being_kept() -> None:
    content = (
        b"\x80\x05\x8e" + struct.pack("<Q", 30_000_000) + bytes(30_000_000) + b"0cos\nsystem\n."
    )

    report = scan_stream(io.BytesIO(content))

    assert (report.is_whole, report.suspicious) == (True, ["os.system"])


def test_an_argument_longer_than_the_file_is_damage() -> None:
    content = b"\x80\x05cos\nsystem\n\x8e" + struct.pack("<Q", 2**62) + b"short"

    report = scan_stream(io.BytesIO(content))

    assert (report.problem, report.suspicious) == ("damaged", ["os.system"])


def test_names_to_warn_of_are_listed_first_among_too_many() -> None:
    many = b"".join(b"cmodule\nname%d\n0" % number for number in range(300))

    report = scan_stream(io.BytesIO(b"\x80\x02" + many + b"cos\nsystem\n."))

    assert (len(report.imports), report.n_imports) == (MOST_IMPORTS, 301)
    assert report.suspicious == ["os.system"]


def test_names_that_are_computed_are_suspicious() -> None:
    content = b"\x80\x04N\x8c\x06system\x93\x82\x07\x85R."

    report = scan_stream(io.BytesIO(content))

    assert report.suspicious == ["?.system", "?.copyreg extension 7"]
    assert report.calls == ["REDUCE"]


@pytest.mark.parametrize(("name", "kind"), [
    ("numpy.ndarray", "known"), ("sklearn.neighbors._knn.KNeighborsRegressor", "known"),
    ("rail.estimation.algos.knnpz.Model", "known"), ("torch._utils._rebuild_tensor_v2", "known"),
    ("numpy.random._pickle.__generator_ctor", "known"), ("builtins.set", "known"),
    ("my_lab.models.Net", "other"), ("os.system", "suspicious"), ("posix.system", "suspicious"),
    ("subprocess.Popen", "suspicious"), ("builtins.eval", "suspicious"),
    ("__builtin__.exec", "suspicious"), ("socket.socket", "suspicious"),
    ("torch.serialization.os.system", "suspicious"), ("operator.attrgetter", "suspicious"),
    ("functools.partial", "suspicious"), ("builtins.getattr", "suspicious"),
])  # fmt: skip
def test_imports_are_told_apart(name: str, kind: str) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize("name", ["model.pkl", "MODEL.PICKLE", "m.joblib.gz", "m.pkl.bz2"])
def test_a_name_announces_a_pickle(tmp_path: pathlib.Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"anything")
    assert looks_like_pickle(path)


def test_first_bytes_announce_a_pickle_whatever_its_name(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "model.dat"
    path.write_bytes(pickle.dumps(1))
    assert looks_like_pickle(path)
    path.write_bytes(b"a,b\n1,2\n")
    assert not looks_like_pickle(path)


def test_what_is_no_pickle_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "notes.pkl"
    path.write_bytes(b"These are my notes.\n")
    with pytest.raises(NotAPickleError, match=r"notes\.pkl: is no Python pickle"):
        scan_pickle(path)
