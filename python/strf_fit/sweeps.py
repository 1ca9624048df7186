"""Many fits of one dataset, and which of them predicts best."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from strf_fit import hdf5, program
from strf_fit.config import Config, Value
from strf_fit.errors import InputError
from strf_fit.fitting import AnyData, AnyRun, Prediction, described
from strf_fit.runs import Run
from strf_fit.tables import Table, read_csv, table


class Sweep:
    """The folder of a sweep or of a zoo.

    Parameters
    ----------
    folder
        The folder.

    Attributes
    ----------
    folder
        The folder; ``report.html`` in it shows all that came out.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder: Path = Path(folder)
        if not (self.folder / "plan.json").is_file():
            raise InputError(f"{self.folder}: found no plan.json, expected the folder of a sweep")

    def __fspath__(self) -> str:
        return os.fspath(self.folder)

    def __repr__(self) -> str:
        return f"Sweep({str(self.folder)!r}: {len(self.runs)} fits)"

    @property
    def scores(self) -> Table:
        """Scores of each neuron in each fit: combination, fold, seed, every score."""
        return read_csv(self._file("scores.csv"))

    @property
    def summary(self) -> Table:
        """Means of each combination over folds and seeds; values of keys as TOML writes them."""
        return read_csv(self._file("summary.csv"), "combination")

    @property
    def held_out(self) -> Table:
        """Each model on stimuli that its fits did not see: means, intervals, differences, p, q.

        docs/sweeps.md says what the columns are.
        """
        return read_csv(self._file("held_out.csv"))

    @property
    def runs(self) -> list[Run]:
        """The runs of the fits that are done, in the order of their numbers."""
        folders = sorted(self.folder.glob("jobs/*/scores.csv"))
        return [Run(scores.parent) for scores in folders]

    @property
    def status(self) -> dict[str, object]:
        """How far it is: ``fits``, ``done``, ``open``, ``running``, ``failed`` ..."""
        text = program.run(["sweep", "status", str(self.folder), "--json"], quiet=True)
        return cast("dict[str, object]", json.loads(text))

    def resume(self, *, retry_unknown: bool = False, quiet: bool = False) -> Sweep:
        """Goes on with what is left, and runs again what died or failed.

        Parameters
        ----------
        retry_unknown
            Run again what processes of other machines began, of which nothing is known.
        quiet
            Show nothing on the way.
        """
        unknown = ["--retry-unknown"] if retry_unknown else []
        arguments = ["sweep", "resume", str(self.folder), "--json", *unknown]
        _ = program.run(arguments, watcher=_Fits(self.folder), quiet=quiet)
        return self

    def predictions(self) -> dict[str, dict[str, Prediction]]:
        """By model, every stimulus ``(N, T)`` as predicted by the fits that did not see it."""
        folder = self.folder / "predictions"
        if not folder.is_dir():
            arguments = ["sweep", "collect", str(self.folder), "--predictions"]
            _ = program.run(arguments, quiet=True)
        return {file.stem: hdf5.predictions(file) for file in sorted(folder.glob("*.h5"))}

    def _file(self, name: str) -> Path:
        file = self.folder / name
        if not file.is_file():
            raise InputError(f"{self.folder}: found no {name}; go on with Sweep(...).resume()")
        return file


class _Fits:
    """How far a sweep is, by its events."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._done = 0
        self._failed = 0
        self._last = ""

    def hears(self, line: str) -> bool:
        """Takes an event."""
        if not line.startswith('{"event"'):
            return False
        event = cast("dict[str, object]", json.loads(line))
        self._done += event["event"] == "done"
        self._failed += event["event"] == "failed"
        self._last = str(event["name"])
        return True

    def says(self) -> str:
        """Fits that are done, and the last of them."""
        if not self._last:
            return ""
        failed = f", {self._failed} failed" if self._failed else ""
        return f"{self._done} fits done{failed}  {self._last}"


def sweep(
    config: Config,
    out: str | os.PathLike[str] | None = None,
    *,
    force: bool = False,
    quiet: bool = False,
    **overrides: Value,
) -> Sweep:
    """Fits every combination of settings, fold and seed.

    >>> found = sweep(
    ...     {"data": "my_data.h5", "model": "ln", "fit": {"folds": 5},
    ...      "grid": {"model.type": ["ln", "nrf"]}},
    ...     "sweep",
    ... )  # doctest: +SKIP
    >>> found.held_out  # doctest: +SKIP

    Parameters
    ----------
    config
        A sweep file, or its sections as a dictionary: a run file with ``fit``, ``grid``, ``search``
        and ``launch``.
    out
        Folder of the sweep.
    force
        Replace a sweep that lies in the folder.
    quiet
        Show nothing on the way.
    overrides
        Changes of the config, as for `train`.

    Returns
    -------
    Sweep
        Its tables, and a run for each fit.

    Raises
    ------
    Interrupted
        Ctrl-C; ``Sweep(out).resume()`` goes on where it was.
    """
    with described(config, overrides, out) as (file, folder, settings):
        flags = ["--force"] if force else []
        arguments = ["sweep", str(file), "--out", str(folder), *settings, *flags, "--json"]
        _ = program.run(arguments, watcher=_Fits(folder), quiet=quiet)
    return Sweep(folder)


def zoo(
    data: AnyData,
    out: str | os.PathLike[str],
    *,
    models: Sequence[str] = (),
    folds: int | None = None,
    seeds: int = 1,
    against: str = "ln",
    force: bool = False,
    quiet: bool = False,
) -> Sweep:
    """Fits every family of models with its defaults, cross-validated.

    Parameters
    ----------
    data
        The dataset.
    out
        Folder for all fits and what came out.
    models
        Names of the models; all of them where it is empty.
    folds
        Parts that the stimuli are cut into, each of which is predicted by fits that did not see it;
        5 where it is left out.
    seeds
        Fits of each fold from other starts.
    against
        Model that the others are compared with.
    force
        Replace a sweep that lies in the folder.
    quiet
        Show nothing on the way.
    """
    arguments = ["zoo", os.fspath(data), "--out", os.fspath(out), "--json", "--against", against]
    arguments += ["--seeds", str(seeds), *(["--force"] if force else [])]
    arguments += ["--models", ",".join(models)] if models else []
    arguments += [] if folds is None else ["--folds", str(folds)]
    _ = program.run(arguments, watcher=_Fits(Path(out)), quiet=quiet)
    return Sweep(out)


def compare(*runs: AnyRun, scores: Sequence[str] = ("cc", "cc_norm"), seed: int = 0) -> Table:
    """Says how the scores of runs differ, neuron by neuron.

    Parameters
    ----------
    runs
        Two runs or more, scored on the same responses.
    scores
        Scores to compare by.
    seed
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        A row for each pair and score: the means of both, their difference with a 95 % interval, and
        the p-value of Wilcoxon's signed-rank test; docs/scores.md.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "comparison.csv"
        names = [part for score in scores for part in ("--score", score)]
        folders = [os.fspath(run) for run in runs]
        arguments = ["compare", *folders, "--seed", str(seed), "--csv", str(file), *names]
        _ = program.run(arguments, quiet=True)
        return read_csv(file)


def models() -> Table:
    """The models of the program: names, what each is, and its source."""
    found = cast(
        "dict[str, list[dict[str, object]]]", json.loads(program.run(["list", "models", "--json"]))
    )
    rows = found["models"]
    columns = {name: [row[name] for row in rows] for name in ("name", "summary", "source")}
    return table(columns, "name")
