"""What a Python pickle would do, read from its opcodes: nothing of it is ever loaded.

A pickle is a program. Loading one imports modules and calls what it names, so here its opcodes
are only read, one after another, with what they would put on the stack: that is how the names
of the imports are known.
"""

from __future__ import annotations

import pickletools
import re
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pztables.errors import TableError
from pztables.formats.streams import open_bytes
from pztables.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from pathlib import Path

#: Most imports that are listed.
MOST_IMPORTS: Final = 100
_MOST_NAMES: Final = 10_000
_MOST_OPCODES: Final = 3_000_000
_MOST_SECONDS: Final = 30.0
_MOST_PICKLES: Final = 50
#: Arguments are kept up to this length: names are shorter, data is not needed.
_LONGEST_ARGUMENT: Final = 2_000
_LONGEST_LINE: Final = 1_000_000
_MOST_REMEMBERED: Final = 200_000
_MOST_RAW_BYTES: Final = 50_000_000
_SUFFIXES: Final = (".pkl", ".pickle", ".pck", ".p", ".joblib")
_COMPRESSED: Final = (".gz", ".gzip", ".bz2", ".xz", ".zst", ".z", "")
_PROTOCOLS: Final = tuple(bytes((0x80, number)) for number in range(2, 6))
#: Opcodes that call something, beside importing it.
_CALLS: Final = frozenset({"REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"})

#: Libraries that models of photometric redshifts are made of.
_KNOWN: Final = frozenset(
    {"numpy", "scipy", "sklearn", "joblib", "pandas", "astropy", "rail", "qp", "torch",
     "tensorflow", "keras", "xgboost", "lightgbm", "catboost", "jax", "jaxlib", "flax",
     "flexcode", "pzflow", "minisom", "healpy", "tables_io", "ceci", "dask", "pyarrow", "h5py",
     "collections", "datetime", "decimal", "fractions", "_codecs", "copyreg", "copy_reg",
     "array", "pathlib", "uuid", "enum", "types", "functools", "itertools", "random"}
)  # fmt: skip
#: Of modules that are no library: plain values.
_PLAIN_BUILTINS: Final = frozenset(
    {"set", "frozenset", "dict", "list", "tuple", "object", "complex", "bytearray", "bytes", "int",
     "float", "bool", "str", "slice", "range", "type", "Exception", "ValueError", "TypeError",
     "KeyError", "RuntimeError", "Ellipsis", "NotImplemented", "NoneType", "long", "unicode",
     "xrange", "print", "reversed", "map", "zip", "enumerate"}
)  # fmt: skip
_BUILTINS: Final = frozenset({"builtins", "__builtin__", "__builtins__"})
_DANGEROUS: Final = frozenset(
    {"os", "posix", "nt", "subprocess", "sys", "socket", "shutil", "importlib", "runpy", "code",
     "codeop", "pty", "ctypes", "webbrowser", "urllib", "http", "requests", "httpx", "pickle",
     "_pickle", "marshal", "multiprocessing", "threading", "asyncio", "commands", "popen2",
     "platform", "tempfile", "signal", "pdb", "bdb", "timeit", "cProfile", "profile", "trace",
     "pip", "setuptools", "distutils", "ftplib", "smtplib", "ssl", "paramiko",
     "operator", "_operator", "io", "_io", "pkgutil", "zipimport", "imp", "venv", "ensurepip",
     "dill", "cloudpickle", "_posixsubprocess", "concurrent", "telnetlib"}
)  # fmt: skip
#: Within other modules: what would be reached through them.
_DANGEROUS_PARTS: Final = frozenset(
    {"os", "posix", "nt", "subprocess", "sys", "socket", "shutil", "importlib", "ctypes", "pty",
     "runpy", "builtins", "system", "popen", "eval", "exec", "__import__", "__builtins__"}
)  # fmt: skip
_HARMLESS_NAMES: Final = frozenset(
    {"io.BytesIO", "io.StringIO", "_io.BytesIO", "_io.StringIO", "operator.itemgetter",
     "_operator.itemgetter"}
)  # fmt: skip
_DANGEROUS_NAMES: Final = frozenset(
    {"functools.partial", "functools.reduce", "types.FunctionType", "types.CodeType",
     "torch.load", "torch.hub.load", "numpy.load", "joblib.load", "joblib.numpy_pickle.load",
     "pandas.read_pickle", "numpy.testing._private.utils.runstring",
     "numpy.f2py.crackfortran.myeval", "numpy.f2py.diagnose.run_command",
     "pandas.eval", "scipy.io.loadmat", "uuid._get_command_stdout", "_codecs.lookup"}
)  # fmt: skip


class NotAPickleError(TableError):
    """The file is no Python pickle."""

    code = "not_a_pickle"


@dataclass(frozen=True, slots=True)
class Import:
    """One name that loading would import.

    Attributes
    ----------
    name
        ``module.name``.
    kind
        ``known`` (a scientific library or a plain value), ``other``, or ``suspicious``.
    is_certain
        Whether its opcode was read; else it was only found in what could not be read.
    """

    name: str
    kind: str
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class PickleReport:
    """What the opcodes of a file say; all of it is JSON-safe.

    Attributes
    ----------
    protocol
        The highest protocol that its opcodes need.
    imports
        In order of first use, at most `MOST_IMPORTS`.
    n_imports
        How many different ones there are.
    calls
        Which opcodes that call something occur.
    n_pickles
        How many pickles follow one another in the file.
    is_joblib
        Whether arrays lie between the opcodes, as joblib writes them.
    is_whole
        Whether every opcode was read up to the end.
    problem
        Why not, in a word: ``damaged``, ``long``, ``arrays``; else empty.
    """

    protocol: int
    imports: list[Import] = field(default_factory=list)
    n_imports: int = 0
    calls: list[str] = field(default_factory=list)
    n_pickles: int = 1
    is_joblib: bool = False
    is_whole: bool = True
    problem: str = ""

    @property
    def suspicious(self) -> list[str]:
        """The names that should make a reader stop."""
        return [each.name for each in self.imports if each.kind == "suspicious"]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return asdict(self)


def kind_of(name: str) -> str:
    """Return whether an import is ``known``, ``suspicious`` or ``other``."""
    module, _, attribute = name.partition(".")
    if name in _HARMLESS_NAMES:
        return "known"
    if name in _DANGEROUS_NAMES or module in _DANGEROUS or module == "?":
        return "suspicious"
    if module in _BUILTINS:
        return "known" if attribute in _PLAIN_BUILTINS else "suspicious"
    if any(part in _DANGEROUS_PARTS for part in attribute.split(".")):
        return "suspicious"  # a module reached through another one
    return "known" if module in _KNOWN else "other"


def looks_like_pickle(path: Path) -> bool:
    """Return whether a file's name or its first bytes say that it is a pickle."""
    name = path.name.lower()
    if any(name.endswith(end + packed) for end in _SUFFIXES for packed in _COMPRESSED):
        return True
    with path.open("rb") as raw:
        return raw.read(2) in _PROTOCOLS


def scan_pickle(path: Path, limits: Limits = DEFAULT_LIMITS) -> PickleReport:
    """Read the opcodes of a pickle; nothing is imported, called or built.

    Parameters
    ----------
    path
        A pickle of any protocol, plain or compressed (gzip, bzip2, xz, zstd, zlib), or a file
        of joblib.
    limits
        How far a compressed file may grow.

    Returns
    -------
    what was read; ``is_whole`` is false where a file is damaged, too long, or holds raw arrays

    Raises
    ------
    NotAPickleError
        If not even its first opcode can be read.
    pztables.errors.UserError
        If its compressed content is damaged or grows too large.
    """
    with path.open("rb") as raw:
        head = raw.read(2)
    if head[:1] == b"\x78" and int.from_bytes(head, "big") % 31 == 0:
        with path.open("rb") as raw:
            return scan_stream(_ZlibFile(raw, limits, path), path.name)
    with closing(open_bytes(path, limits)) as stream:
        return scan_stream(stream, path.name)


def scan_stream(stream: BinaryIO | _ZlibFile, name: str = "The file") -> PickleReport:
    """Read the opcodes of the pickles in a stream; see `scan_pickle`."""
    reader = _Reader(stream)
    machine = _Machine()
    problem, n_pickles = "", 0
    while n_pickles < _MOST_PICKLES:
        problem = machine.run(reader)
        if problem:
            break
        n_pickles += 1
        if reader.peek(2) not in _PROTOCOLS:
            break
    if machine.n_opcodes == 0 or (n_pickles == 0 and machine.is_unproven):
        raise NotAPickleError(
            f"{name}: is no Python pickle, or is damaged from its beginning. Write it again.",
            file=name,
        )
    if problem == "damaged":
        machine.note_possible(reader.rest(_MOST_RAW_BYTES))
        if machine.is_joblib:
            problem = "arrays"
    return machine.report(max(n_pickles, 1), problem)


class _Machine:
    """Follows what opcodes would put on the stack, as far as names need it."""

    def __init__(self) -> None:
        self.protocol = self.n_opcodes = 0
        self.imports: dict[str, bool] = {}
        self.calls: dict[str, None] = {}
        self.is_proven = False
        self._until = time.monotonic() + _MOST_SECONDS
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._n_memo = 0

    @property
    def is_joblib(self) -> bool:
        """Whether joblib's wrapper of arrays is imported."""
        return any(name.startswith("joblib.numpy_pickle") for name in self.imports)

    @property
    def is_unproven(self) -> bool:
        """Whether nothing but chance made it look like a pickle."""
        return not self.is_proven and not self.imports

    def run(self, reader: _Reader) -> str:
        """Follow one pickle; return what went wrong, or nothing."""
        self._stack, self._memo, self._n_memo = [], {}, 0
        try:
            for opcode, argument, _ in pickletools.genops(reader):  # type: ignore[arg-type]  # reads alike
                self.n_opcodes += 1
                if self.n_opcodes > _MOST_OPCODES or time.monotonic() > self._until:
                    return "long"
                self._step(opcode, argument)
        except (ValueError, IndexError, OverflowError, UnicodeError):
            return "damaged"
        return ""

    def _step(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        self.protocol = max(self.protocol, opcode.proto)
        name = opcode.name
        if name == "PROTO":
            self.is_proven = argument <= 5
            self.protocol = max(self.protocol, argument)
        elif name in ("GLOBAL", "INST"):
            self._note(str(argument).replace(" ", ".", 1))
        elif name == "STACK_GLOBAL":
            self._note(_joined(self._stack[-2], self._stack[-1]))
        elif name in ("EXT1", "EXT2", "EXT4"):
            self._note(f"?.copyreg extension {argument}")
        if name in _CALLS:
            self.calls[name] = None
        self._move(opcode, argument)

    def _move(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        """Take from the stack and the memo what an opcode takes, and put what it puts."""
        name = opcode.name
        if name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self._remember(self._n_memo if name == "MEMOIZE" else argument)
            return
        if name in ("GET", "BINGET", "LONG_BINGET"):
            self._stack.append(self._memo.get(argument))
            return
        if name == "DUP":
            self._stack.append(self._stack[-1])
            return
        before, after = opcode.stack_before, list(opcode.stack_after)
        if pickletools.markobject in before or name == "POP_MARK":
            while self._stack.pop() is not _MARK:
                pass
            before = before[: before.index(pickletools.markobject)]
        elif name == "POP" and self._stack[-1] is _MARK:
            self._stack.pop()
            return
        for _ in before:
            self._stack.pop()
        for kind in after:
            self._stack.append(_value(kind, argument))

    def _remember(self, place: int) -> None:
        self._n_memo += 1
        value = self._stack[-1]
        if isinstance(value, str) and len(self._memo) < _MOST_REMEMBERED:
            self._memo[place] = value
        else:
            self._memo.pop(place, None)

    def _note(self, name: str) -> None:
        self._add(_printable(name), is_certain=True)

    def note_possible(self, raw: bytes) -> None:
        """Look for imports in what could not be read opcode by opcode."""
        for name in _possible_names(raw):
            self._add(_printable(name), is_certain=False)

    def _add(self, name: str, *, is_certain: bool) -> None:
        """Keep a name; where there are too many already, only if it is one to warn of."""
        if name in self.imports:
            self.imports[name] |= is_certain
        elif len(self.imports) < _MOST_NAMES or (
            len(self.imports) < 2 * _MOST_NAMES and kind_of(name) == "suspicious"
        ):
            self.imports[name] = is_certain

    def report(self, n_pickles: int, problem: str) -> PickleReport:
        """Return what was found: suspicious names are never among those left out."""
        found = [Import(name, kind_of(name), sure) for name, sure in self.imports.items()]
        rank = {"suspicious": 0}
        listed = sorted(found, key=lambda each: rank.get(each.kind, 1))[:MOST_IMPORTS]
        shown = {each.name for each in listed}
        return PickleReport(
            protocol=self.protocol,
            imports=[each for each in found if each.name in shown],
            n_imports=len(found),
            calls=sorted(self.calls),
            n_pickles=n_pickles,
            is_joblib=self.is_joblib,
            is_whole=not problem,
            problem=problem,
        )


_MARK: Final = object()


def _value(kind: pickletools.StackObject, argument: Any) -> Any:
    """Return what stands for a new object on the stack: text as it is, all else as nothing."""
    if kind is pickletools.markobject:
        return _MARK
    is_text = kind in (pickletools.pyunicode, pickletools.pybytes_or_str)
    return argument if is_text and isinstance(argument, str) else None


def _joined(module: Any, attribute: Any) -> str:
    return ".".join(part if isinstance(part, str) else "?" for part in (module, attribute))


def _printable(name: str) -> str:
    shown = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name
    )
    return shown[:200]


def _possible_names(raw: bytes) -> Iterator[str]:
    """Yield names that stand in bytes as opcodes of imports would."""
    for found in re.finditer(rb"[ci]([A-Za-z_][\w.]{0,99})\n([A-Za-z_][\w.]{0,99})\n", raw):
        yield f"{found[1].decode()}.{found[2].decode()}"
    pair = rb"\x8c(.)([\w.]{1,255}?)(?:\x94|q.|r....)?\x8c(.)([\w.]{1,255}?)(?:\x94|q.|r....)?\x93"
    for found in re.finditer(pair, raw, re.DOTALL):
        if found[1][0] == len(found[2]) and found[3][0] == len(found[4]):
            yield f"{found[2].decode('ascii', 'replace')}.{found[4].decode('ascii', 'replace')}"


class _Skipped(bytes):
    """Stands for so many bytes that were passed over."""

    length = 0

    def __len__(self) -> int:
        return self.length


class _Reader:
    """Gives opcodes their arguments; long ones are passed over, not kept."""

    def __init__(self, stream: BinaryIO | _ZlibFile) -> None:
        self._stream = stream
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        """Return the next bytes, which will be read again."""
        self._ahead += self._stream.read(max(size - len(self._ahead), 0))
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Return bytes, or what stands for many."""
        if size <= _LONGEST_ARGUMENT:
            return self._take(size)
        left = size
        while left:
            piece = self._take(min(left, 1 << 20))
            if not piece:
                raise ValueError("the file ends within an argument")
            left -= len(piece)
        skipped = _Skipped()
        skipped.length = size
        return skipped

    def readline(self) -> bytes:
        """Return a line; of a long one what no name is."""
        line = self._take_line(_LONGEST_ARGUMENT)
        if line.endswith(b"\n") or len(line) < _LONGEST_ARGUMENT:
            return line
        while True:
            piece = self._take_line(_LONGEST_LINE)
            if not piece:
                raise ValueError("the file ends within a line")
            if piece.endswith(b"\n"):
                return b"''\n"  # reads as text with and without quotes

    def rest(self, most: int) -> bytes:
        """Return what follows, at most so many bytes."""
        return self._take(most)

    def _take(self, size: int) -> bytes:
        kept, self._ahead = self._ahead[:size], self._ahead[size:]
        return kept + self._stream.read(size - len(kept)) if len(kept) < size else kept

    def _take_line(self, most: int) -> bytes:
        if not self._ahead:
            return self._stream.readline(most)
        place = self._ahead.find(b"\n")
        if place >= 0:
            return self._take(min(place + 1, most))
        return self._take(len(self._ahead)) + self._stream.readline(most)


class _ZlibFile:
    """A zlib stream, as joblib compresses by default, up to the allowance."""

    def __init__(self, raw: BinaryIO, limits: Limits, path: Path) -> None:
        self._raw, self._decoder = raw, zlib.decompressobj()
        self._left, self._name = limits.unpacked_allowance(path.stat().st_size), path.name
        self._buffer = b""

    def _fill(self) -> bool:
        piece = b""
        while not piece:
            packed = self._decoder.unconsumed_tail or self._raw.read(1 << 16)
            if not packed or self._decoder.eof:
                return False
            try:
                piece = self._decoder.decompress(packed, 1 << 20)
            except zlib.error as error:
                raise NotAPickleError(
                    f"{self._name}: its compressed content is damaged. Upload it again.",
                    file=self._name,
                ) from error
        self._left -= len(piece)
        if self._left < 0:
            return False
        self._buffer += piece
        return True

    def read(self, size: int) -> bytes:
        """Return at most so many bytes."""
        while len(self._buffer) < size and self._fill():
            pass
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def readline(self, most: int) -> bytes:
        """Return a line, at most so many bytes of it."""
        while b"\n" not in self._buffer and len(self._buffer) < most and self._fill():
            pass
        place = self._buffer.find(b"\n")
        return self.read(min(place + 1 if place >= 0 else most, most))
