"""Fits models of auditory neurons to sound: arrays in, scores and receptive fields out.

>>> import strf_fit as sf
>>> data = sf.write_dataset("my.h5", stimuli, responses, dt_ms=5)  # doctest: +SKIP
>>> run = sf.train({"data": data, "model": "ln"}, "runs/ln")  # doctest: +SKIP
>>> run.scores["cc"]  # doctest: +SKIP
>>> run.strfs()  # doctest: +SKIP

It runs the program ``strf``, which is part of the wheel. Axes are ``F`` frequency bands, ``T`` bins
of time, ``N`` neurons, ``R`` repeats, ``C`` channels and ``K`` lags.
"""

from __future__ import annotations

from strf_fit.dataset import Dataset, write_dataset
from strf_fit.errors import (
    FitError,
    InputError,
    Interrupted,
    ProgramError,
    StrfError,
    StrfWarning,
)
from strf_fit.fitting import Scores, evaluate, predict, train
from strf_fit.program import call
from strf_fit.runs import Run
from strf_fit.sweeps import Sweep, compare, models, sweep, zoo
from strf_fit.version import __version__

__all__ = [
    "Dataset",
    "FitError",
    "InputError",
    "Interrupted",
    "ProgramError",
    "Run",
    "Scores",
    "StrfError",
    "StrfWarning",
    "Sweep",
    "__version__",
    "call",
    "compare",
    "evaluate",
    "models",
    "predict",
    "sweep",
    "train",
    "write_dataset",
    "zoo",
]
