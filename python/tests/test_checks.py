"""What write_dataset refuses is what the program would refuse, all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import strf_fit as sf
import strf_fit.checks
import strf_fit.dataset

Arguments = dict[str, Any]


def fitting() -> Arguments:
    """Arguments without a problem."""
    return {
        "stimuli": {"a": np.ones((3, 20)), "b": np.ones((3, 30))},
        "responses": {"a": np.ones((2, 4, 20)), "b": np.ones((2, 1, 30))},
        "dt_ms": 5.0,
        "frequencies": np.array([100.0, 200.0, 400.0]),
        "neurons": {"id": ["x", "y"], "area": ["A1", "A1"]},
        "splits": {"train": ["a"], "test": ["b"]},
    }


def changed(path: str, change: Callable[[Any], Any]) -> Arguments:
    """The same with one thing changed."""
    arguments = fitting()
    *outer, last = path.split("/")
    inner = arguments
    for each in outer:
        inner = inner[each]
    inner[last] = change(inner[last])
    return arguments


def put(value: float, *place: int) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        array[place] = value
        return array

    return change


BAD: dict[str, tuple[Arguments, str]] = {
    "dt 0": (changed("dt_ms", lambda _: 0), "dt_ms: found 0.0, expected a bin width"),
    "dt NaN": (changed("dt_ms", lambda _: np.nan), "dt_ms: found nan"),
    "NaN": (
        changed("stimuli/a", put(np.nan, 2, 7)),
        "/stimuli/a/cochleagram: found nan at band 2, bin 7 (counted from 0), expected finite",
    ),
    "infinity": (changed("stimuli/b", put(-np.inf, 0, 0)), "/stimuli/b/cochleagram: found -inf at"),
    "beyond": (changed("stimuli/b", put(1e39, 1, 0)), "/stimuli/b/cochleagram: found 1e+39 at"),
    "infinite": (
        changed("responses/b", put(np.inf, 1, 0, 3)),
        "/stimuli/b/responses: found inf at neuron 1, repeat 0, bin 3 (counted from 0), expected",
    ),
    "bands": (
        changed("stimuli/b", lambda _: np.ones((4, 30))),
        "/stimuli/b/cochleagram: found shape (4, 30), expected (F, T) with 3 bands and 1 bin",
    ),
    "reversed": (
        changed("stimuli/b", lambda each: each.T),
        "/stimuli/b/cochleagram: found shape (30, 3), expected (F, T) with 3 bands and 1 bin or "
        "more (the axes look reversed",
    ),
    "one axis": (
        changed("stimuli/b", lambda _: np.ones(30)),
        "/stimuli/b/cochleagram: found shape (30), expected shape (F, T)",
    ),
    "no bins": (changed("stimuli/b", lambda _: np.ones((3, 0))), "/stimuli/b/cochleagram: found"),
    "bins": (
        changed("responses/a", lambda _: np.ones((2, 4, 19))),
        "/stimuli/a/responses: found shape (2, 4, 19), expected (N, R, T) = (2, R, 20), as many",
    ),
    "neurons": (
        changed("responses/b", lambda _: np.ones((3, 1, 30))),
        "/stimuli/b/responses: found shape (3, 1, 30), expected (N, R, T) = (2, R, 30)",
    ),
    "two axes": (
        changed("responses/b", lambda _: np.ones((2, 30))),
        "/stimuli/b/responses: found shape (2, 30), expected shape (N, R, T) (responses[:, None",
    ),
    "no responses": (
        changed("responses", lambda each: {"a": each["a"]}),
        "/stimuli/b/responses: found nothing, expected numbers (N, R, T)",
    ),
    "frequencies fall": (
        changed("frequencies", lambda each: each[::-1]),
        "/frequencies: found 200.0 Hz after 400.0 Hz (band 1), expected band centres in ascending",
    ),
    "frequency 0": (
        changed("frequencies", put(0, 0)),
        "/frequencies: found 0.0, expected positive",
    ),
    "too few frequencies": (
        changed("frequencies", lambda each: each[:2]),
        "/frequencies: found 2 values, expected 3, one for each band",
    ),
    "ids twice": (
        changed("neurons/id", lambda _: ["x", "x"]),
        '/neurons/id: found "x" twice, expected one neuron for each id',
    ),
    "an empty id": (changed("neurons/id", lambda _: ["x", ""]), "/neurons/id: found an empty id"),
    "attribute": (
        changed("neurons/area", lambda _: ["A1"]),
        "/neurons/area: found 1 values, expected 2, as many as /neurons/id",
    ),
    "unknown id": (
        changed("splits/train", lambda _: ["a", "c"]),
        '/splits/train: found "c", expected the id of a stimulus (there are: "a", "b")',
    ),
    "id twice": (changed("splits/train", lambda _: ["a", "a"]), '/splits/train: found "a" twice'),
    "shared": (
        changed("splits/test", lambda _: ["a", "b"]),
        '/splits/test: found "a", which train has too, expected parts that share no stimulus',
    ),
    "no stimuli": (fitting() | {"stimuli": {}, "responses": {}}, "/stimuli: found no stim"),
    "level_of": (
        fitting() | {"level": "db", "level_of": "sound"},
        'level_of: found \'sound\', expected "amplitude" or "power"',
    ),
    "one number": (
        fitting() | {"level": "db", "level_base": 1.1, "level_scale": 1},
        "level_offset: found nothing, expected a number, beside the others of level_*",
    ),
    "base 1": (
        fitting() | {"level": "db", "level_base": 1, "level_scale": 1, "level_offset": 0},
        "level_base: found 1, expected a number above 1",
    ),
}
#: The program takes these, by what is there or with a note; or HDF5 cannot hold them.
OWN: dict[str, tuple[Arguments, str]] = {
    "texts": (
        changed("stimuli/b", lambda _: np.array([["x"]])),
        "/stimuli/b/cochleagram: found values of type <U1",
    ),
    "complex": (
        changed("responses/a", lambda each: each * 1j),
        "/stimuli/a/responses: found values of type complex128",
    ),
    "no repeats": (
        changed("responses/b", lambda _: np.ones((2, 0, 30))),
        "/stimuli/b/responses: found shape (2, 0, 30), expected (N, R, T) = (2, R, 30), as many "
        "bins as its cochleagram and 1 repeat or more",
    ),
    "unknown level": (fitting() | {"level": "dB"}, "level: found 'dB', expected \"amplitude\""),
    "no level": (fitting() | {"level_of": "power"}, "level: found nothing, expected one of"),
    "unknown part": (
        fitting() | {"splits": {"training": ["a"]}},
        "/splits/training: found 'training', expected train, valid or test",
    ),
    "no sound": (
        changed("responses", lambda each: {**each, "c": each["a"]}),
        "/stimuli/c/cochleagram: found nothing, expected numbers (F, T)",
    ),
    "unknown stimulus": (
        fitting() | {"attributes": {"c": {}}},
        "attributes: found 'c', expected the id of a stimulus",
    ),
    "no ids": (
        fitting() | {"neurons": {"area": ["A1", "A1"]}},
        "neurons: found area, expected a table with the column id",
    ),
}


def problems(arguments: Arguments) -> list[str]:
    """What is refused."""
    with pytest.raises(sf.InputError) as error:
        _ = sf.write_dataset("bad.h5", **arguments)
    assert not Path("bad.h5").exists()
    return error.value.problems


def test_what_fits_is_written() -> None:
    assert sf.write_dataset("good.h5", **fitting()).stimuli == ["a", "b"]


@pytest.mark.parametrize("case", [*BAD, *OWN])
def test_each_problem_has_its_message(case: str) -> None:
    arguments, expected = (BAD | OWN)[case]
    found = problems(arguments)
    assert any(each.startswith(expected) for each in found), found


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays are written whatever they hold."""
    monkeypatch.setattr(strf_fit.checks.Recording, "check", lambda _: [])
    monkeypatch.setattr(strf_fit.dataset, "_require_pairs", lambda _: None)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("case", list(BAD))
def test_the_program_refuses_the_same(case: str) -> None:
    arguments, expected = BAD[case]
    _ = sf.write_dataset("bad.h5", **arguments)
    with pytest.raises(sf.InputError) as error:
        _ = sf.call("inspect", "bad.h5")
    place = expected.split(":")[0]
    assert any(each.startswith(place) for each in error.value.problems), error.value


def test_all_problems_come_at_once() -> None:
    arguments = fitting()
    arguments["dt_ms"] = -1
    arguments["stimuli"]["a"][0, 0] = np.nan
    arguments["stimuli"]["a"][1, 0] = np.nan
    arguments["responses"]["b"] = np.ones((2, 1, 31))
    arguments["splits"]["valid"] = ["c"]
    with pytest.raises(ValueError, match=r"^bad\.h5: 4 problems\n  ") as error:
        _ = sf.write_dataset("bad.h5", **arguments)
    places = [each.split(":")[0] for each in error.value.problems]  # type: ignore[attr-defined]
    sound = "/stimuli/a/cochleagram"
    assert places == ["dt_ms", sound, "/stimuli/b/responses", "/splits/valid"]
    assert "bin 0 (counted from 0) and in 1 more places" in str(error.value)


def test_the_nearest_id_is_offered() -> None:
    arguments = fitting()
    for each in ("stimuli", "responses"):
        arguments[each] = {f"song{key}": value for key, value in arguments[each].items()}
    arguments["splits"] = {"train": ["songa"], "test": ["sonb"]}
    assert problems(arguments) == [
        '/splits/test: found "sonb", expected the id of a stimulus (did you mean "songb"?)'
    ]
