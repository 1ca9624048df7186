"""Tables as data frames and arrays with named axes, where pandas and xarray are there."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas
    import xarray


#: Columns that are names, even where all of them look like numbers.
_NAMES = frozenset(
    {"neuron", "id", "model", "combination", "stimuli", "comparison", "score", "phase"}
)


@dataclass(frozen=True)
class PlainArray:
    """An array with named axes, where xarray is not installed.

    Attributes
    ----------
    values
        The numbers.
    dims
        The names of the axes.
    coords
        Names or numbers along them.
    attrs
        What else is known, such as ``unit``.
    """

    values: NDArray[np.generic]
    dims: tuple[str, ...]
    coords: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    attrs: dict[str, object] = field(default_factory=dict)

    def __array__(self, dtype: object = None, copy: bool | None = None) -> NDArray[np.generic]:
        """The numbers."""
        return np.array(self.values, dtype=cast("np.dtype[np.generic]", dtype), copy=copy)


if TYPE_CHECKING:
    Table: TypeAlias = pandas.DataFrame
    Labelled: TypeAlias = xarray.DataArray
else:
    Table: TypeAlias = dict[str, np.ndarray]
    Labelled: TypeAlias = PlainArray


def labelled(
    values: NDArray[np.generic],
    dims: Sequence[str],
    coords: Mapping[str, object],
    attrs: Mapping[str, object],
) -> Labelled:
    """An ``xarray.DataArray``, or a `PlainArray` that has the same attributes."""
    axes = {
        name: np.asarray(cast("Sequence[object]", along))
        for name, along in coords.items()
        if along is not None
    }
    if importlib.util.find_spec("xarray") is None:
        return cast("Labelled", cast("object", PlainArray(values, tuple(dims), axes, dict(attrs))))
    import xarray

    return xarray.DataArray(values, dims=tuple(dims), coords=axes, attrs=dict(attrs))


def table(columns: Mapping[str, Sequence[object] | NDArray[np.generic]], index: str = "") -> Table:
    """A ``pandas.DataFrame``, or a dictionary of arrays, of which `index` is one, without it."""
    if importlib.util.find_spec("pandas") is None:
        arrays = {name: np.asarray(values) for name, values in columns.items()}
        return cast("Table", cast("object", arrays))
    import pandas

    frame = pandas.DataFrame(dict(columns))
    return frame.set_index(index) if index else frame


def read_csv(file: Path, index: str = "") -> Table:
    """A table that the program wrote; whole numbers stay whole, names stay texts."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    heads, rows = rows[0], rows[1:]
    columns = {head: [row[at] for row in rows] for at, head in enumerate(heads)}
    return table({head: _column(head, texts) for head, texts in columns.items()}, index)


def _column(head: str, texts: list[str]) -> Sequence[object]:
    if head in _NAMES:
        return texts
    for kind in (int, float):
        try:
            # An empty cell is a number that is not there.
            return [kind(text if text or kind is int else "nan") for text in texts]
        except ValueError:
            continue
    return texts
