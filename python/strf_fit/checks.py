"""What must hold for arrays that become a dataset file, as data/README.md says it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strf_fit.hdf5 import Array, escape

Level: TypeAlias = Literal["amplitude", "power", "db", "log", "cube_root"]
LEVELS: tuple[Level, ...] = ("amplitude", "power", "db", "log", "cube_root")
PARTS = ("train", "valid", "test")
_REVERSED = "the axes look reversed: transpose the array"
_LISTED = 8
_NUMBERS: dict[str, tuple[Callable[[float], bool], str]] = {
    "level_base": (lambda value: value > 1, "a number above 1"),
    "level_offset": (lambda value: value >= 0, "a number of at least 0"),
    "level_scale": (lambda value: value > 0, "a number above 0"),
}


@dataclass
class Recording:
    """Arrays of a dataset, and what does not fit of them."""

    dt_ms: float
    cochleagrams: dict[str, Array]
    responses: dict[str, Array] = field(default_factory=dict)
    frequencies: Array | None = None
    neurons: dict[str, list[object]] = field(default_factory=dict)
    splits: dict[str, list[str]] = field(default_factory=dict)
    attributes: dict[str, dict[str, object]] = field(default_factory=dict)
    level: dict[str, object] = field(default_factory=dict)
    #: How many bands there must be; as many as the first stimulus has, where it is None.
    bands: int | None = None
    problems: list[str] = field(default_factory=list)

    def problem(self, at: str, found: str, expected: str, hint: str = "") -> None:
        """Notes a problem in the form of the program."""
        hint = f" ({hint})" if hint else ""
        self.problems.append(f"{at}: found {found}, expected {expected}{hint}")

    def check(self) -> list[str]:
        """All that the program would refuse to read, in the order of the file."""
        _bin_width(self)
        _level(self)
        _frequencies(self)
        _neurons(self)
        _ids(self, "/stimuli", "stimulus", list(self.cochleagrams))
        for name, cochleagram in self.cochleagrams.items():
            _sound(self, name, cochleagram)
            if name in self.responses:
                _responses(self, name, self.responses[name])
        for name in self.attributes:
            if name not in self.cochleagrams:
                known = list(self.cochleagrams)
                self.problem("attributes", repr(name), "the id of a stimulus", hint(name, known))
        _splits(self)
        return self.problems


def named(values: object, prefix: str) -> dict[str, ArrayLike]:
    """Arrays by id: those of a dictionary, or of a list as ``s1``, ``s2``, ..."""
    if isinstance(values, Mapping):
        return {str(key): each for key, each in cast("Mapping[object, ArrayLike]", values).items()}
    each = cast("Sequence[ArrayLike]", values)
    return {f"{prefix}{place + 1}": each[place] for place in range(len(each))}


def array(values: object, dims: Sequence[str]) -> Array:
    """An array with its axes in order: those of an ``xarray.DataArray`` are known by name."""
    names = getattr(values, "dims", None)
    if isinstance(names, tuple) and set(cast("tuple[object, ...]", names)) == set(dims):
        values = cast("_Named", values).transpose(*dims)
    found = cast("Array", np.asarray(values))
    if found.dtype == np.bool_:
        return found.astype(np.uint8)
    return found.astype(np.float32) if found.dtype == np.float16 else found


class _Named:
    def transpose(self, *_dims: str) -> object:
        raise NotImplementedError


def shape(values: Array) -> str:
    """A shape as messages have it: ``(34, 999)``."""
    return f"({', '.join(str(length) for length in values.shape)})"


def hint(word: str, known: Sequence[str]) -> str:
    """The known word that may have been meant, or all of them."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.75)
    if near:
        return f'did you mean "{near[0]}"?'
    more = f", ... ({len(known)} in all)" if len(known) > _LISTED else ""
    return "there are: " + (", ".join(f'"{each}"' for each in known[:_LISTED]) or "none") + more


def _bin_width(recording: Recording) -> None:
    dt_ms = recording.dt_ms
    if not (dt_ms > 0 and math.isfinite(dt_ms)):
        recording.problem("dt_ms", f"{dt_ms}", "a bin width in milliseconds above 0")


def _level(recording: Recording) -> None:
    given = {name: value for name, value in recording.level.items() if value is not None}
    words: dict[str, Sequence[str]] = {"level": LEVELS, "level_of": LEVELS[:2]}
    for name, known in words.items():
        if name in given and given[name] not in known:
            expected = " or ".join(f'"{word}"' for word in known)
            recording.problem(name, repr(given[name]), expected)
    numbers = {name: value for name, value in given.items() if name not in words}
    if given and "level" not in given:
        beside = next(iter(given))
        recording.problem("level", "nothing", f"one of {', '.join(LEVELS)} beside {beside}")
    for name, (fits, expected) in _NUMBERS.items() if numbers else ():
        value = numbers.get(name)
        if value is None:
            recording.problem(name, "nothing", "a number, beside the others of level_*")
        elif not (isinstance(value, (int, float)) and math.isfinite(value) and fits(value)):
            recording.problem(name, repr(value), expected)


def _bands(recording: Recording) -> int | None:
    if recording.bands is not None:
        return recording.bands
    first = next(iter(recording.cochleagrams.values()), None)
    return first.shape[0] if first is not None and first.ndim == 2 else None


def _frequencies(recording: Recording) -> None:
    hz, bands = recording.frequencies, _bands(recording)
    if hz is None:
        return
    at = "/frequencies"
    if hz.ndim != 1 or not _is_real(hz):
        recording.problem(at, _described(hz), "a list (F) of band centres in Hz")
        return
    numbers = hz.astype(np.float64)
    if bands is not None and len(numbers) != bands:
        found = f"{len(numbers)} values"
        recording.problem(at, found, f"{bands}, one for each band of the cochleagrams")
    bad = numbers[~(np.isfinite(numbers) & (numbers > 0))]
    falls = np.flatnonzero(np.diff(numbers) <= 0)
    if len(bad):
        recording.problem(at, str(bad[0]), "positive frequencies in Hz")
    elif len(falls):
        band = int(falls[0])
        found = f"{numbers[band + 1]} Hz after {numbers[band]} Hz (band {band + 1})"
        turn = "turn the frequency axis of the cochleagrams over as well"
        recording.problem(at, found, "band centres in ascending order", turn)


def _neurons(recording: Recording) -> None:
    ids = [str(each) for each in recording.neurons.get("id", [])]
    if not recording.responses:
        return
    _ids(recording, "/neurons/id", "neuron", ids)
    for name, values in recording.neurons.items():
        if len(values) != len(ids):
            expected = f"{len(ids)}, as many as /neurons/id"
            recording.problem(f"/neurons/{name}", f"{len(values)} values", expected)


def _ids(recording: Recording, at: str, what: str, ids: Sequence[str]) -> None:
    if not ids:
        recording.problem(at, f"no {what}", f"1 {what} or more")
    for each in _repeated(ids):
        recording.problem(at, f'"{each}" twice', f"one {what} for each id")
    if "" in ids:
        recording.problem(at, "an empty id", f"a name for each {what}")
    for each in ids:
        if "\0" in each:
            recording.problem(at, repr(each), "ids without the character 0")


def _sound(recording: Recording, name: str, values: Array) -> None:
    at = f"/stimuli/{escape(name)}/cochleagram"
    if not _is_real(values):
        recording.problem(at, _described(values), "numbers (F, T)")
        return
    if values.ndim != 2:
        recording.problem(at, f"shape {shape(values)}", "shape (F, T)")
        return
    bands, bins = values.shape
    expected = _bands(recording) or bands
    if bands != expected or not values.size:
        turned = _REVERSED if bins == expected else ""
        wanted = f"(F, T) with {max(expected, 1)} bands and 1 bin or more"
        recording.problem(at, f"shape {shape(values)}", wanted, turned)
    _finite(recording, at, ~np.isfinite(_stored(values)), values, ("band", "bin"))


def _responses(recording: Recording, name: str, values: Array) -> None:
    at = f"/stimuli/{escape(name)}/responses"
    if not _is_real(values):
        recording.problem(at, _described(values), "numbers (N, R, T)")
        return
    if values.ndim != 3:
        way = "responses[:, None, :] for means over repeats, responses[None] for one neuron"
        way = way if values.ndim == 2 else ""
        recording.problem(at, f"shape {shape(values)}", "shape (N, R, T)", way)
        return
    neurons = len(recording.neurons.get("id", []))
    cochleagram = recording.cochleagrams[name]
    bins = cochleagram.shape[-1] if cochleagram.ndim else 0
    n, repeats, t = values.shape
    if n != neurons or t != bins or repeats == 0:
        turned = _REVERSED if t != bins and n in (bins, len(cochleagram)) else ""
        wanted = f"(N, R, T) = ({neurons}, R, {bins}), as many bins as its cochleagram"
        wanted += " and 1 repeat or more" if repeats == 0 else ""
        recording.problem(at, f"shape {shape(values)}", wanted, turned)
    _finite(recording, at, np.isinf(_stored(values)), values, ("neuron", "repeat", "bin"))


def _stored(values: Array) -> NDArray[np.float32]:
    """As the program takes them: numbers beyond its range become infinite."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32, copy=False)


def _finite(
    recording: Recording,
    at: str,
    bad: NDArray[np.bool_],
    values: Array,
    axes: Sequence[str],
) -> None:
    count = int(np.count_nonzero(bad))
    if not count:
        return
    place = tuple(int(along) for along in np.unravel_index(int(np.argmax(bad)), bad.shape))
    where = ", ".join(f"{axis} {along}" for axis, along in zip(axes, place, strict=True))
    more = f" and in {count - 1} more places" if count > 1 else ""
    nan = len(axes) == 3
    expected = "finite numbers, or NaN where nothing was recorded" if nan else "finite numbers"
    advice = "" if nan else "cut clips to the bins that have sound; they may differ in length"
    recording.problem(at, f"{values[place]} at {where} (counted from 0){more}", expected, advice)


def _splits(recording: Recording) -> None:
    known = list(recording.cochleagrams)
    for part, ids in recording.splits.items():
        at = f"/splits/{part}"
        if part not in PARTS:
            recording.problem(at, repr(part), "train, valid or test", hint(part, PARTS))
            continue
        for each in ids:
            if each not in recording.cochleagrams:
                recording.problem(at, f'"{each}"', "the id of a stimulus", hint(each, known))
        for each in _repeated(ids):
            recording.problem(at, f'"{each}" twice', "every id once")
        for other in PARTS[: PARTS.index(part)]:
            shared = [each for each in ids if each in recording.splits.get(other, [])]
            if shared:
                listed = ", ".join(f'"{each}"' for each in shared[:_LISTED])
                found = f"{listed}, which {other} has too"
                leave = "leave each stimulus in one part"
                recording.problem(at, found, "parts that share no stimulus", leave)


def _repeated(ids: Sequence[str]) -> list[str]:
    seen: set[str] = set()
    again = [each for each in ids if each in seen or seen.add(each)]
    return list(dict.fromkeys(again))


def _is_real(values: Array) -> bool:
    return np.issubdtype(values.dtype, np.integer) or np.issubdtype(values.dtype, np.floating)


def _described(values: Array) -> str:
    return f"values of type {values.dtype} and shape {shape(values)}"
