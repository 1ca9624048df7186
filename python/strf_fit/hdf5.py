"""HDF5 files by h5py, with the types that it does not tell."""
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import h5py
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


def escape(name: str) -> str:
    """The name of a group: ``/`` separates groups, and ``.`` is the group itself."""
    return "%2E" if name == "." else name.replace("%", "%25").replace("/", "%2F")


def unescape(name: str) -> str:
    """The id that `escape` made this name of; other percent signs stay as they are."""
    parts = name.split("%")
    codes = {"25": "%", "2F": "/", "2E": "."}
    text = parts[0]
    for part in parts[1:]:
        code = codes.get(part[:2].upper())
        text += code + part[2:] if code else f"%{part}"
    return text


class Reader:
    """A file that is being read."""

    def __init__(self, file: h5py.File) -> None:
        self._file = file

    def has(self, at: str) -> bool:
        """Whether something lies there."""
        return at in self._file

    def names(self, at: str) -> list[str]:
        """Members of a group; none where there is no group."""
        return list(cast("h5py.Group", self._file[at])) if at in self._file else []

    def shape(self, at: str) -> tuple[int, ...]:
        """The shape of an array."""
        return cast("tuple[int, ...]", cast("h5py.Dataset", self._file[at]).shape)

    def array(self, at: str) -> Array:
        """Numbers as they are stored."""
        return cast("Array", cast("h5py.Dataset", self._file[at])[()])

    def row(self, at: str, place: int) -> Array:
        """One entry along the first axis."""
        return cast("Array", cast("h5py.Dataset", self._file[at])[place])

    def texts(self, at: str) -> list[str]:
        """A list of texts, or of numbers as texts."""
        values = self.values(at)
        return [value if isinstance(value, str) else str(value) for value in values]

    def values(self, at: str) -> list[object]:
        """A list of texts or numbers."""
        values = cast("list[object]", np.ravel(self.array(at)).tolist())
        return [value.decode() if isinstance(value, bytes) else value for value in values]

    def attributes(self, at: str = "/") -> dict[str, object]:
        """The attributes of a group or array; texts as ``str``, numbers as Python's."""
        found: dict[str, object] = {}
        attributes = cast("Mapping[str, Array]", self._file[at].attrs)
        for name, stored in attributes.items():
            value = cast("object", np.asarray(stored).tolist())
            found[name] = value.decode() if isinstance(value, bytes) else value
        return found


def read(path: str | os.PathLike[str]) -> _Open:
    """Opens a file for reading, as a context."""
    return _Open(Path(path))


class _Open:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: h5py.File | None = None

    def __enter__(self) -> Reader:
        self._file = h5py.File(self._path, "r")
        return Reader(self._file)

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()


def predictions(file: str | os.PathLike[str]) -> dict[str, NDArray[np.float32]]:
    """What ``strf predict`` wrote: ``(N, T)`` of each stimulus by id."""
    with read(file) as opened:
        return {
            unescape(name): opened.array(f"stimuli/{name}/prediction").astype(np.float32)
            for name in opened.names("stimuli")
        }


class Writer:
    """A file that is being written."""

    def __init__(self, file: h5py.File) -> None:
        self._file = file

    def group(self, at: str) -> None:
        """A group that remembers the order of its members."""
        _ = self._file.create_group(at, track_order=True)

    def array(self, at: str, values: Array) -> None:
        """Numbers, compressed where there are many."""
        packed = "gzip" if values.size > 1000 else None
        _ = self._file.create_dataset(at, data=values, compression=packed, track_times=False)

    def texts(self, at: str, values: Sequence[str]) -> None:
        """A list of texts of any length."""
        kind = cast("np.dtype[np.object_]", h5py.string_dtype())
        _ = self._file.create_dataset(at, data=list(values), dtype=kind, track_times=False)

    def attributes(self, at: str, values: Mapping[str, object]) -> None:
        """Attributes of a group or of the file (``/``)."""
        for name, value in values.items():
            self._file[at].attrs[name] = value


def write(path: Path, fill: Callable[[Writer], None], *, force: bool) -> None:
    """Writes a file beside `path` and renames it, so that no half file is left behind."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with h5py.File(part, "w") as file:
            fill(Writer(file))
        if force:
            os.replace(part, path)
        else:
            _place(part, path)
    finally:
        part.unlink(missing_ok=True)


def _place(part: Path, path: Path) -> None:
    """Renames, but never over a file that came meanwhile."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:
        # No hard links on this file system.
        if path.exists():
            raise FileExistsError(path) from None
        os.replace(part, path)
