"""Datasets: arrays as the file that the program reads, and back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike

from strf_fit import hdf5, program
from strf_fit.checks import Level, Recording, array, named
from strf_fit.errors import InputError, problems_of
from strf_fit.hdf5 import Array, Reader, Writer, escape, unescape
from strf_fit.tables import Labelled, Table, labelled, table

if TYPE_CHECKING:
    import pandas

Arrays: TypeAlias = "Mapping[str, ArrayLike] | Sequence[ArrayLike] | Array"
"""Arrays by the id of their stimulus, or in a row."""
Names: TypeAlias = "Sequence[str] | Mapping[str, Sequence[object]] | pandas.DataFrame"
"""Ids, or a table with the column ``id``, or a data frame with the ids as its index."""

SOUND = ("frequency", "time")
RESPONSES = ("neuron", "repeat", "time")


def write_dataset(
    path: str | os.PathLike[str],
    stimuli: Arrays,
    responses: Arrays,
    dt_ms: float,
    *,
    frequencies: ArrayLike | None = None,
    neurons: Names | None = None,
    splits: Mapping[str, Sequence[str]] | None = None,
    attributes: Mapping[str, Mapping[str, object]] | None = None,
    level: Level | None = None,
    level_of: Level | None = None,
    level_base: float | None = None,
    level_offset: float | None = None,
    level_scale: float | None = None,
    force: bool = False,
) -> Dataset:
    """Writes sound and responses as the file that the program reads.

    All arrays are checked first; all that does not fit comes in one exception, and no file is
    written. Stimuli may differ in length, and in their number of repeats.

    Parameters
    ----------
    path
        HDF5 file to write.
    stimuli
        Cochleagrams ``(F, T)`` by the id of the stimulus, or in a row (``s1``, ``s2``, ...): the
        level of sound in ``F`` frequency bands, the lowest first, and ``T`` bins; finite.
    responses
        For each stimulus ``(N, R, T)``: spike counts, rates or any other signal of ``N`` neurons in
        ``R`` repeats, at the bins of its cochleagram; NaN where nothing was recorded.
    dt_ms
        Width of a bin in milliseconds.
    frequencies
        Centres of the bands ``(F)`` in Hz, ascending.
    neurons
        Ids of the neurons, or a table of ids and what else is known of them; ``n1``, ``n2``, ...
        where it is left out.
    splits
        Ids of the stimuli for ``train``, ``valid`` and ``test``.
    attributes
        What is known of stimuli: ``{"song01": {"type": "natural"}}``.
    level
        What the numbers of the cochleagrams are.
    level_of
        What was compressed, ``amplitude`` (as it is taken to be) or ``power``.
    level_base, level_offset, level_scale
        How a value ``v`` becomes a magnitude: ``level_scale * (level_base**v - level_offset)``.
    force
        Replace a file that exists.

    Raises
    ------
    InputError
        With all problems, each with its place, what was found and what was expected.
    """
    path = Path(path)
    recording = Recording(
        dt_ms=float(dt_ms),
        cochleagrams={name: array(each, SOUND) for name, each in named(stimuli, "s").items()},
        responses={name: array(each, RESPONSES) for name, each in named(responses, "s").items()},
        frequencies=None if frequencies is None else array(frequencies, ("frequency",)),
        splits={part: [str(each) for each in ids] for part, ids in (splits or {}).items()},
        attributes={name: dict(each) for name, each in (attributes or {}).items()},
        level={
            "level": level,
            "level_of": level_of,
            "level_base": level_base,
            "level_offset": level_offset,
            "level_scale": level_scale,
        },
    )
    recording.neurons = _columns(neurons, recording)
    _require_pairs(recording)
    write_recording(path, recording, force=force)
    return Dataset(path)


def _columns(neurons: Names | None, recording: Recording) -> dict[str, list[object]]:
    if neurons is None:
        shapes = [each.shape for each in recording.responses.values() if each.ndim == 3]
        count = shapes[0][0] if shapes else 0
        return {"id": [f"n{place + 1}" for place in range(count)]}
    reset = getattr(neurons, "reset_index", None)
    if callable(reset) and "id" not in cast("Mapping[str, object]", neurons):
        neurons = cast("Mapping[str, Sequence[object]]", reset(names="id"))
    if not isinstance(neurons, Sequence) and hasattr(neurons, "keys"):
        found = cast("Mapping[str, Sequence[object]]", neurons)
        columns = {str(name): _plain(found[name]) for name in found}
        if "id" not in columns:
            recording.problem("neurons", f"{', '.join(columns)}", "a table with the column id")
    else:
        columns = {"id": _plain(cast("Sequence[object]", neurons))}
    ids = [str(each) for each in columns.pop("id", [])]
    return {"id": list(ids), **columns}


def _plain(values: Sequence[object]) -> list[object]:
    """A list of Python's own values."""
    tolist = getattr(values, "tolist", None)
    values = cast("Sequence[object]", tolist()) if callable(tolist) else values
    return [each.item() if isinstance(each, np.generic) else each for each in values]


def _require_pairs(recording: Recording) -> None:
    for name in recording.cochleagrams:
        if name not in recording.responses:
            at = f"/stimuli/{escape(name)}/responses"
            recording.problem(at, "nothing", "numbers (N, R, T)")
    for name in recording.responses:
        if name not in recording.cochleagrams:
            at = f"/stimuli/{escape(name)}/cochleagram"
            recording.problem(at, "nothing", "numbers (F, T)")


def write_recording(path: Path, recording: Recording, *, force: bool) -> None:
    """Checks and writes; stimuli without responses become a file to predict."""
    problems = recording.check()
    if problems:
        raise problems_of(os.fspath(path), problems)
    if not force and path.exists():
        raise InputError(f"{path}: the file exists; choose another, or replace it with force=True")
    try:
        hdf5.write(path, lambda file: _fill(file, recording), force=force)
    except FileExistsError:
        raise InputError(f"{path}: another process has written it meanwhile") from None
    except (OSError, TypeError, ValueError) as error:
        raise InputError(f"writing {path}\n  because {error}") from error


def _fill(file: Writer, recording: Recording) -> None:
    head = {"format": "strf-dataset", "version": 1, "dt_ms": recording.dt_ms}
    level = {name: value for name, value in recording.level.items() if value is not None}
    file.attributes("/", {**head, **level})
    if recording.frequencies is not None:
        file.array("frequencies", recording.frequencies.astype(np.float64))
    for name, values in recording.neurons.items() if recording.responses else ():
        _fill_list(file, f"neurons/{escape(name)}", values)
    file.group("stimuli")
    for name, cochleagram in recording.cochleagrams.items():
        at = f"stimuli/{escape(name)}"
        file.group(at)
        file.attributes(at, recording.attributes.get(name, {}))
        file.array(f"{at}/cochleagram", _storable(cochleagram))
        if name in recording.responses:
            file.array(f"{at}/responses", _storable(recording.responses[name]))
    for part, ids in recording.splits.items():
        file.texts(f"splits/{part}", ids)


def _storable(values: Array) -> Array:
    """In a type that HDF5 has on every machine."""
    return values.astype(np.float64) if values.dtype.itemsize > 8 else values


def _fill_list(file: Writer, at: str, values: Sequence[object]) -> None:
    numbers = [
        each for each in values if isinstance(each, (int, float)) and not isinstance(each, bool)
    ]
    if len(numbers) == len(values):
        file.array(at, np.asarray(numbers))
    else:
        file.texts(at, [_text(each) for each in values])


def _text(value: object) -> str:
    """As the program compares it; empty where nothing is known."""
    if value is None or value != value:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class _Axes:
    """What a file has along its axes."""

    dt_ms: float
    about: dict[str, object]
    frequencies: Array | None
    neurons: dict[str, list[object]]
    stimuli: list[str]
    splits: dict[str, list[str]]
    #: All stimuli in one array.
    dense: bool

    @classmethod
    def of(cls, file: Reader, path: Path) -> _Axes:
        about = file.attributes()
        dt_ms = about.get("dt_ms")
        if not isinstance(dt_ms, (int, float)):
            found = "nothing" if dt_ms is None else repr(dt_ms)
            expected = "a bin width in milliseconds above 0"
            raise problems_of(str(path), [f"dt_ms: found {found}, expected {expected}"])
        neurons = {unescape(name): file.values(f"neurons/{name}") for name in file.names("neurons")}
        dense = file.has("cochleagrams")
        if dense and "id" not in neurons and file.has("responses"):
            neurons["id"] = [f"n{n + 1}" for n in range(file.shape("responses")[1])]
        return cls(
            dt_ms=float(dt_ms),
            about=about,
            frequencies=np.ravel(file.array("frequencies")) if file.has("frequencies") else None,
            neurons=neurons,
            stimuli=_stimuli(file, dense),
            splits={part: file.texts(f"splits/{part}") for part in file.names("splits")},
            dense=dense,
        )


def _stimuli(file: Reader, dense: bool) -> list[str]:
    if not dense:
        return [unescape(name) for name in file.names("stimuli")]
    if file.has("stimuli/id"):
        return file.texts("stimuli/id")
    return [f"s{place + 1}" for place in range(file.shape("cochleagrams")[0])]


class Dataset:
    """A dataset file.

    Parameters
    ----------
    path
        HDF5 file, as ``write_dataset`` or ``strf import`` writes it.

    Attributes
    ----------
    path
        The file.
    dt_ms
        Width of a bin in milliseconds.
    about
        What the file says of itself, such as ``level``.
    frequencies
        Centres of the bands ``(F)`` in Hz, or None.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)
        if not self.path.is_file():
            raise InputError(f"{self.path}: there is no such file; check the path")
        try:
            with hdf5.read(self.path) as file:
                axes = _Axes.of(file, self.path)
        except OSError as error:
            raise InputError(f"{self.path}: this is no HDF5 file\n  because {error}") from error
        self._axes: _Axes = axes
        self.dt_ms: float = axes.dt_ms
        self.about: dict[str, object] = axes.about
        self.frequencies: Array | None = axes.frequencies

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __repr__(self) -> str:
        neurons, bands = len(self._axes.neurons.get("id", [])), self.frequencies
        count = "" if bands is None else f", {len(bands)} bands"
        return (
            f"Dataset({str(self.path)!r}: {len(self._axes.stimuli)} stimuli, "
            + f"{neurons} neurons{count}, bins of {self.dt_ms:g} ms)"
        )

    @property
    def stimuli(self) -> list[str]:
        """Ids of the stimuli, in the order of the file."""
        return list(self._axes.stimuli)

    @property
    def splits(self) -> dict[str, list[str]]:
        """Ids of the stimuli of ``train``, ``valid`` and ``test``, where the file has them."""
        return {part: list(ids) for part, ids in self._axes.splits.items()}

    @property
    def attributes(self) -> dict[str, dict[str, object]]:
        """What is known of each stimulus, by its id."""
        with hdf5.read(self.path) as file:
            if not self._axes.dense:
                return {name: file.attributes(f"stimuli/{escape(name)}") for name in self.stimuli}
            names = [name for name in file.names("stimuli") if name != "id"]
            columns = {unescape(name): file.values(f"stimuli/{name}") for name in names}
        return {
            stimulus: {name: values[place] for name, values in columns.items()}
            for place, stimulus in enumerate(self.stimuli)
        }

    @property
    def neurons(self) -> Table:
        """What is known of the neurons, by their ids."""
        return table(self._axes.neurons, "id")

    def cochleagram(self, stimulus: str) -> Labelled:
        """The sound level ``(F, T)`` of a stimulus over frequencies in Hz and time in ms."""
        values = self._array("cochleagram", stimulus)
        return labelled(values, SOUND, self._along(values), {"stimulus": stimulus})

    def responses(self, stimulus: str) -> Labelled:
        """The responses ``(N, R, T)`` to a stimulus over neurons, repeats and time in ms."""
        values = self._array("responses", stimulus)
        if values.ndim == 2:
            values = values[None]
        coords = self._along(values) | {"neuron": self._axes.neurons.get("id")}
        del coords["frequency"]
        return labelled(values, RESPONSES, coords, {"stimulus": stimulus})

    def _along(self, values: Array) -> dict[str, object]:
        bins: int = values.shape[-1]
        time = np.arange(bins) * self.dt_ms
        return {"frequency": self.frequencies, "time": time}

    def _array(self, what: str, stimulus: str) -> Array:
        if stimulus not in self._axes.stimuli:
            known = ", ".join(self._axes.stimuli[:8])
            raise InputError(f"{self.path}: found no stimulus {stimulus!r}; there are: {known}")
        with hdf5.read(self.path) as file:
            if self._axes.dense:
                at = "cochleagrams" if what == "cochleagram" else what
                return file.row(at, self._axes.stimuli.index(stimulus))
            at = f"stimuli/{escape(stimulus)}/{what}"
            if not file.has(at):
                raise InputError(f"{self.path}: /{at}: found nothing")
            return file.array(at)

    def inspect(self) -> Table:
        """How good the recording of each neuron is, best first, as ``strf inspect`` has it.

        Columns are ``repeats``, ``bins``, ``mean``, ``rate_hz``, ``signal_power``, ``noise_power``,
        ``snr``, ``cc_max``, ``cc_max_squared`` and ``reliability``; NaN where it is not defined.
        """
        found = cast(
            "dict[str, object]", json.loads(program.run(["inspect", str(self.path), "--json"]))
        )
        rows = cast("list[dict[str, object]]", found["per_neuron"])
        names = list(rows[0]) if rows else ["id"]
        columns = {name: [_number(row[name]) for row in rows] for name in names}
        return table(columns, "id")


def _number(value: object) -> object:
    return float("nan") if value is None else value
