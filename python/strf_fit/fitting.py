"""Training, scoring and predicting by the program."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strf_fit import config as run_files
from strf_fit import hdf5, program
from strf_fit.checks import Recording, array
from strf_fit.config import Config, Value
from strf_fit.dataset import SOUND, Dataset, write_recording
from strf_fit.errors import InputError, StrfError
from strf_fit.runs import Run, Split, summary_of
from strf_fit.tables import Table, read_csv

Prediction: TypeAlias = NDArray[np.float32]
AnyRun: TypeAlias = "Run | str | os.PathLike[str]"
"""A run or its folder."""
AnyData: TypeAlias = "Dataset | str | os.PathLike[str]"
"""A dataset or its file."""


def train(
    config: Config,
    out: str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    force: bool = False,
    take_over: bool = False,
    quiet: bool = False,
    **overrides: Value,
) -> Run:
    """Trains a model, scores it on the test stimuli, and keeps all of it in a run folder.

    >>> run = train({"data": "my_data.h5", "model": "ln"}, "runs/ln")  # doctest: +SKIP
    >>> run = train("ln.toml", "runs/long", model={"window_ms": 100})  # doctest: +SKIP

    Parameters
    ----------
    config
        A run file, or its sections as a dictionary: ``{"data": {"file": "my_data.h5"}, "model":
        {"type": "ln", "window_ms": 100}}``. A text in the place of a section is the file of
        ``data`` and the type of every other one; a list makes several sections of ``prefilter``.
        What is left out has the default of the program; paths of a dictionary start from the
        working folder.
    out
        Run folder. Where it is left out it is that of the config, or ``runs/NAME``: the name of the
        run file, beside it, or of the model.
    resume
        Go on with the run that lies in the folder.
    force
        Replace a run that lies in the folder.
    take_over
        Write into a folder that a process of another machine has locked; only if that has ended.
    quiet
        Show nothing on the way.
    overrides
        Changes of the config: ``model={"window_ms": 100}``, ``train__lr=0.01`` or
        ``**{"train.lr": 0.01}``.

    Returns
    -------
    Run
        With its scores, history, weights and receptive fields.

    Raises
    ------
    InputError
        The config or the dataset does not fit; all problems at once.
    FitError
        Training stopped, and needs other settings.
    Interrupted
        Ctrl-C; ``resume=True`` goes on where it was.
    """
    flags = {"--resume": resume, "--force": force, "--take-over": take_over}
    with described(config, overrides, out) as (file, folder, settings):
        options = [flag for flag, given in flags.items() if given]
        arguments = ["train", str(file), "--out", str(folder), *settings, *options, "--json"]
        _ = program.run(arguments, watcher=_Epochs(folder), quiet=quiet)
    return Run(folder)


@contextmanager
def described(
    config: Config, overrides: Mapping[str, Value], out: str | os.PathLike[str] | None
) -> Generator[tuple[Path, Path, list[str]]]:
    """The run file of a config, its run folder, and the options that change it."""
    if not isinstance(config, Mapping):
        file = Path(config)
        settings = run_files.settings(overrides)
        folder = run_files.folder_of(file, {**run_files.read(file), **_output(overrides)})
        options = [part for each in settings for part in ("--set", each)]
        yield file, Path(out) if out is not None else folder, options
        return
    sections = run_files.sections(config, overrides)
    model = sections.get("model", {})
    name = model.get("type", "run") if isinstance(model, dict) else "run"
    given = cast("dict[str, object]", sections.get("output", {})).get("folder")
    with TemporaryDirectory(prefix="strf_fit_") as place:
        file = Path(place) / f"{name}.toml"
        _ = file.write_text(run_files.toml(sections), encoding="utf-8")
        folder = Path(out if out is not None else str(given or f"runs/{name}"))
        try:
            yield file, folder, []
        except StrfError as error:
            # The lines of a file that nobody has seen say nothing.
            text = error.message.replace(str(file), "config")
            # Places and marks are those of a file that the user has not written.
            text = re.sub(r"(?m)^    +\d* \| .*\n?", "", text).rstrip("\n")
            error.say(re.sub(r"(?m)^  \d+:\d+ ", "  ", text))
            raise


def _output(overrides: Mapping[str, Value]) -> dict[str, Value]:
    output = run_files.sections(overrides).get("output")
    return {} if output is None else {"output": output}


class _Epochs:
    """How far a run is, by its history."""

    def __init__(self, folder: Path) -> None:
        self._history = folder / "history.csv"
        self._before = self._changed()

    def _changed(self) -> int:
        try:
            return self._history.stat().st_mtime_ns
        except OSError:
            return 0

    def hears(self, line: str) -> bool:
        """Nothing: the scores come in the end."""
        return line == ""

    def says(self) -> str:
        """The last epoch."""
        if self._changed() == self._before:
            return ""
        try:
            with self._history.open(encoding="utf-8", newline="") as lines:
                rows = list(csv.DictReader(lines))
        except OSError:
            return ""
        if not rows:
            return ""
        last = rows[-1]
        train_loss, valid_loss = float(last["train_loss"]), float(last["valid_loss"])
        cc = float(last["valid_cc"])
        losses = f"loss {train_loss:.4f}, validation {valid_loss:.4f}, cc {cc:.3f}"
        return f"epoch {last['epoch']}  {last['phase']}  {losses}"


@dataclass(frozen=True)
class Scores:
    """Scores of a trained model.

    Attributes
    ----------
    table
        One row for each neuron; a score that is not defined is NaN.
    summary
        Mean and median of each score, and how many neurons enter them.
    about
        What was scored: stimuli, dataset, and what is said of intervals and tests.
    """

    table: Table
    summary: Table
    about: dict[str, object]


def evaluate(
    run: AnyRun,
    *,
    split: Split | None = None,
    data: AnyData | None = None,
    per_clip: bool = False,
    bootstrap: int = 0,
    permutations: int = 0,
    seed: int = 0,
    quiet: bool = False,
) -> Scores:
    """Scores a trained model on stimuli that were recorded.

    Parameters
    ----------
    run
        A run or its folder.
    split
        Stimuli to score on: ``test``, or ``all`` of another dataset, where it is left out.
    data
        Another dataset than the run's own.
    per_clip
        Score each stimulus by itself and average, instead of all in a row.
    bootstrap
        Draw stimuli so many times for 95 % intervals of correlations: columns ``cc_low``,
        ``cc_high``, ``cc_norm_low``, ``cc_norm_high``.
    permutations
        Shift the responses in a circle so many times for p-values of ``cc``: columns ``p``, ``q``.
    seed
        Of draws and permutations.
    quiet
        Show nothing on the way.

    Returns
    -------
    Scores
        ``scores.table["cc"]`` is the correlation of each neuron; docs/scores.md says what each
        score is.
    """
    with TemporaryDirectory() as folder:
        arguments = ["eval", os.fspath(run), "--out", folder, "--json", "--seed", str(seed)]
        arguments += ["--bootstrap", str(bootstrap)] if bootstrap else []
        arguments += ["--permutations", str(permutations)] if permutations else []
        arguments += ["--per-clip"] if per_clip else []
        text = program.run([*arguments, *_which(split, data)], quiet=quiet)
        found = cast("dict[str, object]", json.loads(text))
        table = read_csv(Path(folder) / "scores.csv", "neuron")
    about = {name: value for name, value in found.items() if name != "scores"}
    return Scores(table, summary_of(found), about)


def _which(split: Split | None, data: AnyData | None) -> list[str]:
    which = [] if split is None else ["--split", split]
    return [*which, *([] if data is None else ["--data", os.fspath(data)])]


@overload
def predict(
    run: AnyRun,
    cochleagram: Mapping[str, ArrayLike] | None = None,
    *,
    split: Split | None = None,
    data: AnyData | None = None,
    block_s: float | None = None,
) -> dict[str, Prediction]: ...


@overload
def predict(run: AnyRun, cochleagram: ArrayLike, *, block_s: float | None = None) -> Prediction: ...


def predict(
    run: AnyRun,
    cochleagram: ArrayLike | Mapping[str, ArrayLike] | None = None,
    *,
    split: Split | None = None,
    data: AnyData | None = None,
    block_s: float | None = None,
) -> Prediction | dict[str, Prediction]:
    """Predicts the responses of all neurons of a trained model.

    Parameters
    ----------
    run
        A run or its folder.
    cochleagram
        Sound ``(F, T)`` in the bands, bins and level of the dataset that was fitted, or several by
        id. Where it is left out, stimuli of a dataset are predicted.
    split
        Stimuli to predict: ``test``, or ``all`` of another dataset, where it is left out.
    data
        Another dataset than the run's own; it needs no responses.
    block_s
        Predict so many seconds at a time, where stimuli are so long that memory does not last; the
        predictions are the same.

    Returns
    -------
    numpy.ndarray or dict
        ``(N, T)`` in the unit of the responses that were fitted, of each stimulus by id where more
        than one array was asked for. ``N`` are ``Run(run).neurons``.
    """
    block = [] if block_s is None else ["--block-s", str(block_s)]
    if cochleagram is None:
        return _predicted(run, [*_which(split, data), *block])
    if split is not None or data is not None:
        raise InputError("predict: found a cochleagram and split or data, expected one of them")
    several = isinstance(cochleagram, Mapping)
    found = cochleagram if isinstance(cochleagram, Mapping) else {"sound": cochleagram}
    sounds = {str(name): array(each, SOUND) for name, each in found.items()}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "sound.h5"
        try:
            write_recording(file, _sound_of(Run(run), sounds), force=False)
            predictions = _predicted(run, ["--data", str(file), *block])
        except InputError as error:
            error.say(error.message.replace(str(file), "cochleagram"))
            raise
    return {name: predictions[name] for name in sounds} if several else predictions["sound"]


def _sound_of(run: Run, sounds: dict[str, NDArray[np.generic]]) -> Recording:
    """Sound as that of the dataset that was fitted."""
    about = run.metadata
    level = cast("dict[str, object]", about.get("level") or {})
    inverse = cast("dict[str, object]", level.get("inverse") or {})
    frequencies = run.frequencies
    return Recording(
        dt_ms=run.dt_ms,
        cochleagrams=sounds,
        bands=cast("int", about["bands"]),
        frequencies=None if frequencies is None else np.asarray(frequencies),
        level={
            "level": level.get("kind"),
            "level_of": "power" if level.get("of_power") else None,
            **{f"level_{name}": inverse.get(name) for name in ("base", "offset", "scale")},
        },
    )


def _predicted(run: AnyRun, options: list[str]) -> dict[str, Prediction]:
    with TemporaryDirectory() as folder:
        out = os.path.join(folder, "predictions.h5")
        _ = program.run(["predict", os.fspath(run), "--out", out, *options], quiet=True)
        return hdf5.predictions(out)
