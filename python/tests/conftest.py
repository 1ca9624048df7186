"""Made-up neurons, and a run of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import strf_fit as sf

BANDS, BINS, LAGS, REPEATS = 12, 300, 6, 8
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Recording:
    """Arrays of two neurons whose receptive fields are known."""

    stimuli: dict[str, NDArray[np.float64]]
    responses: dict[str, NDArray[np.int64]]
    fields: NDArray[np.float64]
    frequencies: NDArray[np.float64]


def make_recording(seed: int = 0) -> Recording:
    """Poisson spikes of an exponential of a drive that two separable fields give."""
    rng = np.random.default_rng(seed)
    band = np.arange(BANDS)
    tuning = np.exp(-((band - np.array([[4], [8]])) ** 2) / 3.0)
    course = np.array([0.0, 0.5, 0.3, -0.2, -0.1, 0.0])
    fields = tuning[:, :, None] * course
    stimuli = {f"song{place:02}": rng.normal(size=(BANDS, BINS)) for place in range(1, 13)}
    responses = {name: rng.poisson(rates(fields, each)) for name, each in stimuli.items()}
    return Recording(stimuli, responses, fields, np.geomspace(500, 8000, BANDS))


def rates(fields: NDArray[np.float64], sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected spikes ``(N, R, T)``."""
    padded = np.pad(sound, ((0, 0), (LAGS - 1, 0)))
    drive = sum(
        fields[:, :, lag] @ padded[:, LAGS - 1 - lag : padded.shape[1] - lag] for lag in range(LAGS)
    )
    return np.repeat(np.exp(drive - 1.0)[:, None], REPEATS, axis=1)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test works in a folder of its own."""
    if not os.path.isabs(os.environ.get("STRF", "/")):
        monkeypatch.setenv("STRF", str(ROOT / os.environ["STRF"]))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def recording() -> Recording:
    """Arrays."""
    return make_recording()


@pytest.fixture(scope="session")
def data(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> sf.Dataset:
    """Their dataset."""
    ids = list(recording.stimuli)
    return sf.write_dataset(
        tmp_path_factory.mktemp("data") / "made_up.h5",
        recording.stimuli,
        recording.responses,
        5.0,
        frequencies=recording.frequencies,
        neurons={"id": ["007", "a/b"], "area": ["A1", "PEG"], "depth_um": [120, 350]},
        splits={"train": ids[:8], "valid": ids[8:10], "test": ids[10:]},
        attributes={"song01": {"type": "natural"}},
        level="db",
    )


@pytest.fixture(scope="session")
def run(data: sf.Dataset, tmp_path_factory: pytest.TempPathFactory) -> sf.Run:
    """An LN model of it."""
    folder = tmp_path_factory.mktemp("runs") / "ln"
    config = {"data": {"file": data, "smooth_ms": 0}, "model": {"type": "ln", "window_ms": 30}}
    return sf.train(config, folder, quiet=True)
