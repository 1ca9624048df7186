"""What type checkers make of calls of the package; `basedpyright` reads it, nothing runs it."""

from __future__ import annotations

from typing import assert_type

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

import strf_fit as sf


def fits(sound: NDArray[np.float64], responses: NDArray[np.int64]) -> None:
    """Every call with its result."""
    data = sf.write_dataset("x.h5", {"a": sound}, [responses], 5, neurons=["n1"], level="db")
    _ = assert_type(data, sf.Dataset)
    _ = assert_type(data.cochleagram("a"), xr.DataArray)
    run = sf.train({"data": data, "model": {"type": "ln"}}, "x", train={"lr": 0.1}, train__seed=1)
    _ = assert_type(run, sf.Run)
    _ = assert_type(run.scores, pd.DataFrame)
    _ = assert_type(run.strfs(linear=True, at="all"), xr.DataArray)
    _ = assert_type(run.measures(), pd.DataFrame)
    _ = assert_type(sf.predict(run, sound), NDArray[np.float32])
    _ = assert_type(sf.predict(run, {"a": sound}), dict[str, NDArray[np.float32]])
    _ = assert_type(sf.predict("x", split="test"), dict[str, NDArray[np.float32]])
    _ = assert_type(sf.evaluate(run, data=data).table, pd.DataFrame)
    _ = assert_type(sf.sweep("sweep.toml", fit={"folds": 3}), sf.Sweep)
    _ = assert_type(sf.zoo(data, "zoo", models=["ln"]).runs, list[sf.Run])
    _ = assert_type(sf.compare(run, "y", scores=["cc"]), pd.DataFrame)
    _ = assert_type(sf.call("report", run), str)
