"""HDF5 files that stay within themselves: no links, data or sources in other files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import h5py

from pztables.errors import ForeignReferenceError, TooCostlyError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_OBJECTS: Final = 100_000
_LARGEST_CHUNK_BYTES: Final = 256_000_000


def ordered_names(group: h5py.Group) -> list[str]:
    """Return the names in a group in the order in which they were made, where it is known.

    Groups that track creation order say it. In the others the address of an object grows
    with each one made, which is the best that is known.
    """
    if group.id.get_create_plist().get_link_creation_order() & h5py.h5p.CRT_ORDER_TRACKED:
        found: list[bytes] = []
        group.id.links.iterate(found.append, idx_type=h5py.h5.INDEX_CRT_ORDER)
        return [name.decode("utf-8", "surrogateescape") for name in found]

    def address(name: str | bytes) -> int:
        raw = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
        link = group.id.links.get_info(raw)
        return int(link.u) if link.type == h5py.h5l.TYPE_HARD else -1

    return sorted(group.keys(), key=address)


def require_self_contained(file: h5py.File, name: str) -> list[tuple[str, Any]]:
    """Return every object of a file, outer ones first, or refuse the file.

    Parameters
    ----------
    file
        Open for reading; nothing of it has been read yet.
    name
        To show.

    Returns
    -------
    ``(path, group or dataset)``, reached by hard links only

    Raises
    ------
    ForeignReferenceError
        If any link leaves the file or is soft, or any dataset has its values elsewhere.
    TooCostlyError
        If there are too many objects, or chunks too large to read.
    """
    objects: list[tuple[str, Any]] = []
    seen: set[int] = set()
    waiting: list[tuple[str, h5py.Group]] = [("", file)]
    while waiting:
        path, group = waiting.pop(0)
        for child_path, item in _children(path, group, name):
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                continue
            seen.add(address)
            objects.append((child_path, item))
            if len(objects) > _MOST_OBJECTS:
                raise TooCostlyError(
                    f"{name}: holds more than {_MOST_OBJECTS:,} groups and datasets. Give a file "
                    "with one table.",
                    file=name,
                )
            if isinstance(item, h5py.Group):
                waiting.append((child_path, item))
            elif isinstance(item, h5py.Dataset):
                _require_own_values(item, child_path, name)
    return objects


def _children(path: str, group: h5py.Group, name: str) -> Iterator[tuple[str, Any]]:
    for child in ordered_names(group):
        child_path = f"{path}/{child}"
        link = group.get(child, getlink=True)
        if isinstance(link, h5py.HardLink):
            yield child_path, group[child]
        elif isinstance(link, h5py.SoftLink) and _stays_inside(group, link.path):
            continue  # its target is found where it is
        else:
            raise ForeignReferenceError(
                f"{name}: '{child_path}' is a link to another file, which is never followed. "
                "Copy the data into one file.",
                file=name, path=child_path,
            )  # fmt: skip


def _stays_inside(group: h5py.Group, path: str) -> bool:
    """Return whether a soft link's path meets hard links only, component by component."""
    place = group.file if path.startswith("/") else group
    for component in filter(None, path.split("/")):
        if component == ".":
            continue
        if not isinstance(place, h5py.Group) or component not in place.keys():  # noqa: SIM118
            return True  # dangling: leads nowhere
        if not isinstance(place.get(component, getlink=True), h5py.HardLink):
            return False
        place = place[component]
    return True


def _require_own_values(dataset: h5py.Dataset, path: str, name: str) -> None:
    if dataset.is_virtual or dataset.external:
        kind = "virtual" if dataset.is_virtual else "stored in another file"
        raise ForeignReferenceError(
            f"{name}: dataset '{path}' is {kind}, which is never followed. Copy the data into "
            "one file.",
            file=name, path=path,
        )  # fmt: skip
    if dataset.chunks is not None:
        size = dataset.dtype.itemsize
        for length in dataset.chunks:
            size *= length
        if size > _LARGEST_CHUNK_BYTES:
            raise TooCostlyError(
                f"{name}: dataset '{path}' has chunks of {size:,} bytes; at most "
                f"{_LARGEST_CHUNK_BYTES:,} are read at once. Write it with smaller chunks.",
                file=name, path=path,
            )  # fmt: skip
