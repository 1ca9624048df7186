"""Dictionaries become the run files that say the same."""

from __future__ import annotations

import json
import math
import random
import tomllib
from pathlib import Path

import numpy as np
import pytest

import strf_fit as sf
from strf_fit import config


def test_sections_are_written_in_three_ways() -> None:
    wanted = {"data": {"file": str(Path("x.h5").absolute())}, "train": {"lr": 0.1, "seed": 2}}
    ways = [
        ({"data": {"file": "x.h5"}, "train": {"lr": 0.1}}, {"train": {"seed": 2}}),
        ({"data": Path("x.h5"), "train.lr": 0.1}, {"train__seed": 2}),
        ({"data.file": "x.h5", "train": {"lr": 3, "seed": 2}}, {"train.lr": 0.1}),
    ]
    for way in ways:
        assert config.sections(*way) == wanted


def test_texts_stand_for_types_and_lists_for_several_sections() -> None:
    found = config.sections({"model": "ln", "prefilter": ["stp", {"type": "log"}]})
    assert found == {"model": {"type": "ln"}, "prefilter": [{"type": "stp"}, {"type": "log"}]}
    assert tomllib.loads(config.toml(found)) == found
    assert config.sections(found, {"prefilter": "stp"})["prefilter"] == {"type": "stp"}


def test_paths_of_a_grid_start_from_the_working_folder() -> None:
    found = config.sections({"grid": {"data.file": ["a.h5", "b.h5"], "model.type": ["ln"]}})
    here = Path.cwd()
    files = [str(here / "a.h5"), str(here / "b.h5")]
    assert found == {"grid": {"data.file": files, "model.type": ["ln"]}}


def value(rng: random.Random, depth: int = 2) -> object:
    """Any value."""
    letters = 'aZ ü"\\\n\t\x7f\x00😀=[]{}.#'
    simple = [
        lambda: rng.randint(-(2**60), 2**60),
        lambda: rng.choice([True, False]),
        lambda: rng.choice([1e300, 1.5, -0.0, 5e-324, math.inf, 12.0]),
        lambda: "".join(rng.choices(letters, k=rng.randint(0, 8))),
        lambda: [value(rng, depth - 1) for _ in range(rng.randint(0, 3))] if depth else 1,
        lambda: (
            {f"k{letter}": value(rng, depth - 1) for letter in rng.choices(letters, k=2)}
            if depth
            else 2
        ),
    ]
    return rng.choice(simple)()


@pytest.mark.parametrize("seed", range(200))
def test_values_come_back_from_a_run_file(seed: int) -> None:
    rng = random.Random(seed)
    table = {"one": {f"key {n}": value(rng) for n in range(4)}, "two": [{"a": value(rng)}] * 2}
    assert tomllib.loads(config.toml(table)) == table  # type: ignore[arg-type]


def test_values_of_numpy_are_written_as_numbers() -> None:
    for given, wanted in [
        (np.float32(0.5), "0.5"),
        (np.int64(3), "3"),
        (np.array([1, 2]), "[1, 2]"),
        (np.bool_(True), "true"),
        (float("nan"), "nan"),
    ]:
        assert config.literal(given) == wanted
    with pytest.raises(sf.InputError, match="found None of type NoneType, expected a number"):
        _ = config.literal(None)


def test_paths_are_those_of_the_program() -> None:
    schema = json.loads(sf.call("schema"))
    found: set[tuple[str, str]] = set()

    def search(section: str, node: object) -> None:
        if isinstance(node, list):
            for each in node:
                search(section, each)
        elif isinstance(node, dict):
            for key, each in node.get("properties", {}).items():
                if "a path, relative to the run file" in str(each.get("description")):
                    found.add((section, key))
            for each in node.values():
                search(section, each)

    for section, node in schema["properties"].items():
        search(section, node)
    assert found == config.PATHS


def test_sections_of_keys_are_those_of_the_program() -> None:
    sections = json.loads(sf.call("schema"))["properties"]
    assert set(config._OF_KEYS) <= set(sections)
    assert not {"out", "resume", "force", "take_over", "quiet"} & set(sections)


def test_lists_of_sections_do_not_change_a_run_file() -> None:
    with pytest.raises(sf.InputError, match="prefilter: found a list of sections"):
        _ = sf.train("run.toml", prefilter=["stp", "log"])
