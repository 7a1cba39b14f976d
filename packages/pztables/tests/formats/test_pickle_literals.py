"""Plain values are read from pickles; nothing else happens."""

from __future__ import annotations

import os
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pztables.formats.pickle_literals import Call, PickleRefusedError, Symbol, read_literals

_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=10,
)


@given(value=_PLAIN, protocol=st.integers(2, 5))
def test_plain_values_come_back_from_every_protocol(value: Any, protocol: int) -> None:
    if protocol == 2 and _has_bytes(value):
        return  # protocol 2 makes bytes by a call
    assert read_literals(pickle.dumps(value, protocol)) == value


def _has_bytes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_bytes, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_bytes, value))
    return isinstance(value, bytes)


def test_lists_of_names_come_back_from_protocol_zero() -> None:
    value = [(1, ["ra", "dec"]), {"index": None}]
    assert read_literals(pickle.dumps(value, 0)) == value


class _Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("pwned",)


@pytest.mark.parametrize("protocol", range(6))
def test_calls_are_named_and_never_made(protocol: int, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    found = read_literals(pickle.dumps(_Evil(), protocol))
    assert found == Call(Symbol("posix mkdir"), ("pwned",))
    assert list(tmp_path.iterdir()) == []


def test_the_items_of_an_array_of_objects_are_found_in_its_state() -> None:
    array = np.array([["a", None], ["b", 1]], dtype=object)
    found = read_literals(pickle.dumps(array, 4))
    assert (found.state[1], found.state[4]) == ((2, 2), ["a", None, "b", 1])


@pytest.mark.parametrize("data", [b"", b"garbage", b"\x80\x04", b"(lp0\nI1\n", b"Pid\n."])
def test_what_is_no_pickle_of_plain_values_is_refused(data: bytes) -> None:
    with pytest.raises(PickleRefusedError):
        read_literals(data)
