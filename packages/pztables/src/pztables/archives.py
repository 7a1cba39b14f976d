"""Archives as main files: the one table, or the one HATS collection, unpacked safely.

Zip, tar of any compression and single compressed files are recognised by content. Nothing is
written outside of the target, links and devices are never made, and nothing half-written
stays.
"""

from __future__ import annotations

import errno
import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final, Literal

from pztables.errors import ArchiveError, SeveralTablesError, TooCostlyError
from pztables.formats.hats import CATALOG_FILES, COLLECTION_FILE, catalog_folder
from pztables.formats.sniff import COMPRESSED_SUFFIXES, compression_of, suffix_format
from pztables.formats.streams import open_bytes
from pztables.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["table", "hats", "opaque"]

_TAR_BLOCK: Final = 512
_WORDS_NOT_TABLES: Final = ("readme", "license", "licence", "copying", "changelog")
_BROKEN: Final = (
    zipfile.BadZipFile, tarfile.TarError, EOFError, RuntimeError, NotImplementedError,
    ValueError, LookupError, ArithmeticError, struct.error, zlib.error, lzma.LZMAError,
    FileExistsError, NotADirectoryError, IsADirectoryError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a main file turned out to be.

    Attributes
    ----------
    kind
        ``table`` (a file that may be one), ``hats`` (a directory) or ``opaque`` (an archive
        that stays as it is).
    path
        Where it is: the file itself, or what was unpacked.
    name
        For people and for the wire: the path inside the archive.
    reason
        Why an archive stays as it is.
    """

    kind: Kind
    path: Path
    name: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Member:
    """A regular file of an archive."""

    name: str
    size: int

    @property
    def is_table(self) -> bool:
        stem = PurePosixPath(self.name).name.lower()
        return suffix_format(stem) is not None and not stem.startswith(_WORDS_NOT_TABLES)


def unpack_main(
    path: Path, into: Path, limits: Limits = DEFAULT_LIMITS, *, tabular_required: bool = True
) -> Unpacked:
    """Find the table in a main file, unpacking it if the file is an archive.

    Parameters
    ----------
    path
        Any file, or a HATS directory.
    into
        An existing directory; what is unpacked appears in it, whole or not at all.
    limits
        Most entries and bytes.
    tabular_required
        Whether an archive without exactly one table or HATS collection is refused; else it
        stays as it is.

    Raises
    ------
    ArchiveError
        If the archive is damaged, encrypted, or has members that lead out of it.
    SeveralTablesError
        If it holds several tables: naming them.
    TooCostlyError
        If it has too many entries or grows too large.
    """
    if path.is_dir():
        return Unpacked("hats", path, path.name)
    kind = archive_kind(path, limits)
    if kind is None:
        return Unpacked("table", path, path.name)
    if kind == "single":
        return _unpack_single(path, into, limits)
    members = _zip_members if kind == "zip" else _tar_members
    try:
        return _unpack_members(path, into, limits, members, tabular_required)
    except _BROKEN as error:
        raise _damaged(path.name, error) from error
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENAMETOOLONG):
            raise  # a full disk is not the archive's fault
        raise _damaged(path.name, error) from error


def archive_kind(path: Path, limits: Limits = DEFAULT_LIMITS) -> str | None:
    """Return ``zip``, ``tar`` or ``single`` (one compressed file), or ``None``, by content."""
    with path.open("rb") as raw:
        head = raw.read(_TAR_BLOCK)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return "zip"
    if compression_of(head) is None:
        return "tar" if _is_tar(head) else None
    with open_bytes(path, limits) as stream:
        return "tar" if _is_tar(stream.read(_TAR_BLOCK)) else "single"


def _is_tar(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _damaged(name: str, error: BaseException) -> ArchiveError:
    return ArchiveError(
        f"{name}: the archive is damaged, cut off or encrypted ({error}). Pack it again without "
        "a password.",
        file=name,
    )


def _unpack_single(path: Path, into: Path, limits: Limits) -> Unpacked:
    name = path.name
    for suffix in (*COMPRESSED_SUFFIXES, ".tgz"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            name = name[: -len(suffix)]
            break
    with _workshop(into) as workshop:
        with open_bytes(path, limits) as stream:
            _copy(stream, workshop / name, limits.unpacked_bytes, path.name)
        target = into / name
        (workshop / name).replace(target)
    return Unpacked("table", target, name)


_Members = Iterator[tuple[_Member, IO[bytes]]]


def _unpack_members(
    path: Path,
    into: Path,
    limits: Limits,
    members: Callable[[Path, Limits], _Members],
    tabular_required: bool,
) -> Unpacked:
    names = [member for member, _ in members(path, limits)]
    root = _hats_root([member.name for member in names])
    with _workshop(into) as workshop:
        if root is not None:
            found = _unpack_hats(path, into, workshop, members(path, limits), root)
            if found is not None:
                return found
        chosen = _only_table(path.name, names, tabular_required)
        if isinstance(chosen, str):
            return Unpacked("opaque", path, path.name, chosen)
        for member, stream in members(path, limits):
            if member.name == chosen.name:
                inner = PurePosixPath(member.name).name
                _copy(stream, workshop / inner, limits.unpacked_bytes, path.name)
                target = into / inner
                (workshop / inner).replace(target)
                return Unpacked("table", target, member.name)
    raise ArchiveError(f"{path.name}: changed while it was read.", file=path.name)


def _only_table(name: str, members: list[_Member], required: bool) -> _Member | str:
    """Return the one table, or the reason why there is none."""
    tables = [member for member in members if member.is_table]
    if len(members) == 1 and (tables or required):
        return members[0]
    if len(tables) == 1 and required:
        return tables[0]
    shown = ", ".join(f"'{member.name}'" for member in tables[:10])
    if len(tables) > 1:
        sentence = (
            f"{name}: holds {len(tables)} tables ({shown}). Give exactly one table or one HATS "
            "collection."
        )
        if required:
            raise SeveralTablesError(sentence, file=name, tables=[m.name for m in tables])
        return sentence
    sentence = (
        f"{name}: holds no single table: {len(members)} files, {len(tables)} of them tables. "
        "Give an archive with exactly one table or one HATS collection."
    )
    if required:
        raise ArchiveError(sentence, file=name, members=[m.name for m in members[:20]])
    return sentence


def _hats_root(names: list[str]) -> PurePosixPath | None:
    """Return the folder of the outermost collection, or else catalog, of an archive."""
    for wanted in ((COLLECTION_FILE,), CATALOG_FILES):
        roots = [PurePosixPath(name).parent for name in names if PurePosixPath(name).name in wanted]
        if roots:
            return min(roots, key=lambda root: (len(root.parts), str(root)))
    return None


def _unpack_hats(
    path: Path, into: Path, workshop: Path, members: _Members, root: PurePosixPath
) -> Unpacked | None:
    stem = path.name.split(".")[0] or "catalog"
    name = root.name or f"{stem}_hats"
    folder = workshop / name
    for member, stream in members:
        inner = PurePosixPath(member.name)
        if inner.is_relative_to(root):
            _copy(stream, folder.joinpath(*inner.relative_to(root).parts), member.size, path.name)
    if catalog_folder(folder) is None:
        shutil.rmtree(folder)
        return None
    target = into / name
    folder.replace(target)
    return Unpacked("hats", target, name)


def _zip_members(path: Path, limits: Limits) -> _Members:
    """Yield the regular files of a zip, checked, each with its bytes."""
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        packed = sum(info.compress_size for info in infos)
        if packed > size:
            raise ArchiveError(
                f"{path.name}: its members overlap ({packed:,} packed bytes in a file of "
                f"{size:,}). Pack it again.",
                file=path.name,
            )
        budget = _Budget(path.name, limits, size)
        for info in infos:
            mode = info.external_attr >> 16
            is_plain = stat.S_IFMT(mode) in (0, stat.S_IFREG)
            budget.take(info.filename, info.file_size, is_plain or info.is_dir())
            if info.is_dir() or _is_junk(info.filename):
                continue
            if info.flag_bits & 1:
                raise _damaged(path.name, RuntimeError(f"'{info.filename}' is encrypted"))
            with archive.open(info) as stream:
                yield _Member(str(PurePosixPath(info.filename)), info.file_size), stream


def _tar_members(path: Path, limits: Limits) -> _Members:
    """Yield the regular files of a tar of any compression, checked, each with its bytes."""
    budget = _Budget(path.name, limits, path.stat().st_size)
    with (
        open_bytes(path, limits) as raw,
        tarfile.open(None, "r|", raw) as archive,
    ):
        for info in archive:
            budget.take(info.name, info.size, info.isreg() or info.isdir())
            if info.isdir() or _is_junk(info.name):
                continue
            stream = archive.extractfile(info)
            assert stream is not None  # a regular file
            yield _Member(str(PurePosixPath(info.name)), info.size), stream


class _Budget:
    """Count entries and bytes, and refuse members that lead out of the archive."""

    def __init__(self, file: str, limits: Limits, size: int) -> None:
        self._file, self._limits = file, limits
        self._allowed = limits.unpacked_allowance(size)
        self._entries = self._bytes = 0

    def take(self, name: str, size: int, is_plain: bool) -> None:
        self._entries += 1
        self._bytes += size
        if self._entries > self._limits.entries or self._bytes > self._allowed:
            raise TooCostlyError(
                f"{self._file}: unpacks to more than {self._limits.entries:,} entries or "
                f"{self._allowed:,} bytes. Give the table itself.",
                file=self._file, allowed=self._allowed,
            )  # fmt: skip
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
            raise ArchiveError(
                f"{self._file}: the member '{name}' has a path that leads out of the archive. "
                "Pack it again with plain relative names.",
                file=self._file, member=name,
            )  # fmt: skip
        if not is_plain:
            raise ArchiveError(
                f"{self._file}: the member '{name}' is a link or a device, which is never "
                "unpacked. Pack plain files only.",
                file=self._file, member=name,
            )  # fmt: skip


def _is_junk(name: str) -> bool:
    """Return whether an operating system left a member behind (Finder, Explorer)."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith("._") or path.name in _JUNK


_JUNK: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "pax_global_header"})


def _copy(stream: IO[bytes], target: Path, most: int, file: str) -> None:
    """Write a member, refusing bytes beyond what it declared."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with target.open("xb") as out:
        while piece := stream.read(1 << 20):
            written += len(piece)
            if written > most:
                raise TooCostlyError(
                    f"{file}: a member is larger than the {most:,} bytes it may have. "
                    "Pack it again.",
                    file=file,
                )
            out.write(piece)


@contextmanager
def _workshop(into: Path) -> Iterator[Path]:
    """Yield a directory beside the result that is gone afterwards."""
    folder = into / ".unpacking"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
