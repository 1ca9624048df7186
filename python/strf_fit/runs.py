"""Run folders: what was fitted, how it went, and what came out."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias, cast

from strf_fit import hdf5, program, tensors
from strf_fit.dataset import Dataset
from strf_fit.errors import InputError
from strf_fit.hdf5 import Array, Reader
from strf_fit.tables import Labelled, Table, labelled, read_csv, table

Split: TypeAlias = Literal["train", "valid", "test", "all"]
"""Which stimuli: those that weights were fitted to, that decided when to stop, that neither saw."""


class Run:
    """A run folder of ``strf train``, or of a fit of a sweep.

    Parameters
    ----------
    folder
        The run folder.

    Attributes
    ----------
    folder
        The run folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder: Path = Path(folder)
        if not (self.folder / "config.toml").is_file():
            raise InputError(f"{self.folder}: found no config.toml, expected the folder of a run")
        self._exports: dict[tuple[bool, Split, float | None, int], _Export] = {}

    def __fspath__(self) -> str:
        return os.fspath(self.folder)

    def __repr__(self) -> str:
        model = cast("dict[str, object]", self.config.get("model", {})).get("type")
        return f"Run({str(self.folder)!r}: {model}, {len(self.neurons)} neurons)"

    @property
    def config(self) -> dict[str, object]:
        """The run file with every default filled in; paths are relative to the folder."""
        return tomllib.loads(self._file("config.toml").read_text(encoding="utf-8"))

    @property
    def metadata(self) -> dict[str, object]:
        """What prediction needs, such as ``dt_ms``, ``frequencies_hz`` and ``neurons``."""
        return _json(self._file("model/metadata.json"))

    @property
    def data(self) -> Dataset:
        """The dataset that was fitted."""
        data = cast("dict[str, object]", self.config["data"])
        return Dataset(os.path.normpath(self.folder / str(data["file"])))

    @property
    def dt_ms(self) -> float:
        """Width of a bin in milliseconds."""
        return float(cast("float", self.metadata["dt_ms"]))

    @property
    def frequencies(self) -> list[float] | None:
        """Centres of the bands ``(F)`` in Hz, where the dataset has them."""
        return cast("list[float] | None", self.metadata.get("frequencies_hz"))

    @property
    def neurons(self) -> list[str]:
        """Ids of the neurons that were fitted."""
        return cast("list[str]", self.metadata["neurons"])

    @property
    def scores(self) -> Table:
        """The scores of each neuron on the test stimuli; a score that is not defined is NaN."""
        return read_csv(self._file("scores.csv"), "neuron")

    @property
    def summary(self) -> Table:
        """Mean and median of each score, and how many neurons enter them."""
        return summary_of(_json(self._file("scores.json")))

    @property
    def history(self) -> Table:
        """Losses, correlations and seconds of each epoch."""
        return read_csv(self._file("history.csv"), "epoch")

    @property
    def weights(self) -> dict[str, Array]:
        """The weights of the best epoch, by name."""
        return tensors.read(self._file("model/model.safetensors"))

    def strfs(
        self,
        *,
        effective: bool = True,
        linear: bool = False,
        at: Split = "test",
        window_ms: float | None = None,
    ) -> Labelled:
        """The spectro-temporal receptive fields.

        Parameters
        ----------
        effective
            Per unit of the cochleagram; otherwise as the model applies them, per unit of its input.
        linear
            The mean linear response of the whole model to the cochleagram, through prefilter,
            hidden units and output nonlinearity, for any model.
        at
            Stimuli at which gradients are averaged, for models without kernels and for ``linear``.
        window_ms
            How far back gradients look, in milliseconds.

        Returns
        -------
        xarray.DataArray
            ``(neuron, channel, frequency, lag)``, of a model with hidden units
            ``(hidden, channel, frequency, lag)``, and ``(neuron, frequency, lag)`` of ``linear``.
            Frequencies are in Hz; lags in ms, 0 is the present bin, larger ones lie further in the
            past. The attribute ``unit`` says what the weights are.
        """
        export = self._export(linear, at, window_ms)
        return export.fields[
            "strfs_linear" if linear else "strfs_effective" if effective else "strfs"
        ]

    def measures(self, *, at: Split = "test", window_ms: float | None = None) -> Table:
        """Best frequency, latency, bandwidth and the like of each receptive field.

        Names end in their unit; docs/receptive-fields.md says what each is. NaN where it is not
        defined. Of a model with hidden units there is a row for each of them.
        """
        return self._export(False, at, window_ms).measures

    def _export(self, linear: bool, at: Split, window_ms: float | None) -> _Export:
        """What the program exports, once for each way to ask and each state of the weights."""
        changed = self._file("model/model.safetensors").stat().st_mtime_ns
        asked = (linear, at, window_ms, changed)
        if asked not in self._exports:
            options = ["--at", at, *(["--linear"] if linear else [])]
            options += [] if window_ms is None else ["--window-ms", str(window_ms)]
            with TemporaryDirectory() as folder:
                file = os.path.join(folder, "strfs.h5")
                arguments = ["export-strfs", str(self.folder), "--out", file, *options]
                # What it says of the run is the same each time.
                _ = program.run(arguments, quiet=bool(self._exports))
                with hdf5.read(file) as opened:
                    self._exports[asked] = _Export.of(opened)
        return self._exports[asked]

    def _file(self, name: str) -> Path:
        file = self.folder / name
        if not file.is_file():
            hint = "it is not there before training has ended; go on with train(..., resume=True)"
            raise InputError(f"{self.folder}: found no {name}; {hint}")
        return file


@dataclass(frozen=True)
class _Export:
    fields: dict[str, Labelled]
    measures: Table

    @classmethod
    def of(cls, file: Reader) -> _Export:
        names = [name for name in ("strfs", "strfs_effective", "strfs_linear") if file.has(name)]
        return cls({name: _field(file, name) for name in names}, _measures(file))


def _field(file: Reader, name: str) -> Labelled:
    attributes = file.attributes(name)
    dims = str(attributes["axes"]).split(",")
    frequencies = file.array("frequencies") if file.has("frequencies") else None
    coords: dict[str, object] = {
        "neuron": file.texts("neurons/id") if "neuron" in dims else None,
        "channel": file.texts("channels") if "channel" in dims else None,
        "frequency": frequencies,
        "lag": file.array("lags_ms"),
    }
    about = {key: value for key, value in attributes.items() if key != "axes"}
    return labelled(file.array(name), dims, coords, {**about, "lag_unit": "ms"})


def _measures(file: Reader) -> Table:
    columns = {name: file.array(f"measures/{name}") for name in file.names("measures")}
    of = str(file.attributes(f"measures/{next(iter(columns))}")["axes"])
    count = len(next(iter(columns.values())))
    ids = file.texts("neurons/id") if of == "neuron" else range(count)
    return table({of: ids, **columns}, of)


def summary_of(scores: dict[str, object]) -> Table:
    """The means of ``scores.json``."""
    found = cast("dict[str, dict[str, object]]", scores["scores"])
    return table(
        {
            "score": list(found),
            "mean": [_number(each["mean"]) for each in found.values()],
            "median": [_number(each["median"]) for each in found.values()],
            "neurons": [each["neurons"] for each in found.values()],
        },
        "score",
    )


def _number(value: object) -> object:
    return float("nan") if value is None else value


def _json(file: Path) -> dict[str, object]:
    return cast("dict[str, object]", json.loads(file.read_text(encoding="utf-8")))
