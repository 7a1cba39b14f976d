"""Read the few literals that PyTables and pandas store as pickles, without unpickling.

The opcodes are listed by `pickletools.genops` and only those that build plain values are
followed. What names a class or a function becomes an inert `Symbol`; a call becomes an inert
`Call` that is never made.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass, field
from typing import Any, Final

_CONSTANTS: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES: Final = frozenset(
    {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
     "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
     "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
)  # fmt: skip
_IGNORED: Final = frozenset({"PROTO", "FRAME", "STOP"})
_EMPTY: Final = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}
_MARK: Final = object()


class PickleRefusedError(Exception):
    """The bytes are not a pickle of plain values."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A class or function that a pickle names; never looked up."""

    name: str


@dataclass(slots=True)
class Call:
    """A call that a pickle asks for; never made."""

    function: Any
    arguments: Any
    state: Any = field(default=None)


def read_literals(data: bytes) -> Any:
    """Return the value of a pickle of plain values.

    Parameters
    ----------
    data
        A pickle of any protocol.

    Returns
    -------
    numbers, text, lists, tuples, dicts; `Call` and `Symbol` in the place of objects

    Raises
    ------
    PickleRefusedError
        If the pickle is broken or does more than build such values.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            machine.step(opcode.name, argument)
        return machine.stack[-1]
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise PickleRefusedError(str(error)) from error


class _Machine:
    """A stack and a memo: what building plain values needs."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in _IGNORED:
            return
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _VALUES:
            self.stack.append(argument)
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name == "MARK":
            self.stack.append(_MARK)
        elif "PUT" in name or "GET" in name or name == "MEMOIZE":
            self._remember(name, argument)
        else:
            getattr(self, f"_do_{name.lower()}")(argument)  # KeyError's sibling refuses the rest

    def _remember(self, name: str, argument: Any) -> None:
        if "GET" in name:
            self.stack.append(self._memo[int(argument)])
        else:
            self._memo[len(self._memo) if argument is None else int(argument)] = self.stack[-1]

    def _from_mark(self) -> list[Any]:
        at = len(self.stack) - 1 - self.stack[::-1].index(_MARK)
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items

    def _do_list(self, _: Any) -> None:
        self.stack.append(self._from_mark())

    def _do_tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._from_mark()))

    def _do_dict(self, _: Any) -> None:
        items = self._from_mark()
        self.stack.append(dict(zip(items[::2], items[1::2], strict=True)))

    def _do_tuple1(self, _: Any) -> None:
        self._tuple_of(1)

    def _do_tuple2(self, _: Any) -> None:
        self._tuple_of(2)

    def _do_tuple3(self, _: Any) -> None:
        self._tuple_of(3)

    def _tuple_of(self, size: int) -> None:
        items = tuple(self.stack[-size:])
        del self.stack[-size:]
        self.stack.append(items)

    def _do_append(self, _: Any) -> None:
        item = self.stack.pop()
        self.stack[-1].append(item)

    def _do_appends(self, _: Any) -> None:
        items = self._from_mark()
        self.stack[-1].extend(items)

    def _do_setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.stack[-1][key] = value

    def _do_setitems(self, _: Any) -> None:
        items = self._from_mark()
        self.stack[-1].update(zip(items[::2], items[1::2], strict=True))

    def _do_global(self, argument: Any) -> None:
        self.stack.append(Symbol(str(argument)))

    def _do_stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(Symbol(f"{module} {name}"))

    def _do_reduce(self, _: Any) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        self.stack.append(Call(function, arguments))

    def _do_newobj(self, argument: Any) -> None:
        self._do_reduce(argument)

    def _do_build(self, _: Any) -> None:
        state = self.stack.pop()
        self.stack[-1].state = state
