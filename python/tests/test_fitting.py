"""Training, scores, receptive fields and predictions, held against what the program writes."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Literal

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from conftest import Recording, rates

import strf_fit as sf
from strf_fit import program


def test_fields_are_those_that_the_neurons_were_made_of(run: sf.Run, recording: Recording) -> None:
    found = run.strfs()
    assert found.dims == ("neuron", "channel", "frequency", "lag")
    assert found.attrs["unit"] == "drive per unit of cochleagram"
    assert list(found.neuron.values) == ["007", "a/b"]
    assert np.allclose(found.frequency, recording.frequencies)
    assert list(found.lag.values) == [0, 5, 10, 15, 20, 25]
    for made, fitted in zip(recording.fields, found.values[:, 0], strict=True):
        assert np.corrcoef(made.ravel(), fitted.ravel())[0, 1] > 0.95


def test_measures_are_of_those_fields(run: sf.Run, recording: Recording) -> None:
    measures = run.measures()
    best = recording.frequencies[[4, 8]]
    assert np.allclose(np.log2(measures["best_frequency_hz"] / best), 0, atol=0.2)
    assert np.allclose(measures["best_latency_ms"], 6.5, atol=2.5)


def test_fields_of_a_whole_model_and_of_its_input(run: sf.Run) -> None:
    linear = run.strfs(linear=True)
    assert linear.dims == ("neuron", "frequency", "lag")
    assert linear.attrs["unit"] == "response per unit of cochleagram"
    own = run.strfs(effective=False)
    ratio = own.values / run.strfs().values
    # Weights of a neuron differ by one factor: the deviations of sound and of its drive.
    assert np.allclose(ratio, ratio[:, :, :1, :1], rtol=1e-4)
    assert not np.allclose(ratio, 1, rtol=1e-2)


def test_tables_are_those_of_the_run_folder(run: sf.Run) -> None:
    texts = pd.read_csv(run.folder / "scores.csv", dtype=str).set_index("neuron")
    assert list(run.scores.index) == ["007", "a/b"]
    assert list(run.scores.columns) == list(texts.columns)
    assert np.array_equal(run.scores.to_numpy(), texts.to_numpy(float), equal_nan=True)
    summary = json.loads((run.folder / "scores.json").read_text())["scores"]
    assert run.summary.loc["cc", "mean"] == summary["cc"]["mean"]
    assert run.summary.loc["cc", "neurons"] == 2
    assert list(run.history.index) == list(range(1, len(run.history) + 1))
    phases = pd.read_csv(run.folder / "history.csv", dtype=str)["phase"]
    assert list(run.history["phase"]) == list(phases)
    assert run.history["phase"].iloc[0] == "penalties: 0 of 2 neurons done"


def test_a_run_tells_what_it_is(run: sf.Run, data: sf.Dataset) -> None:
    assert run.config["model"]["type"] == "ln"  # type: ignore[index]
    assert run.data.path.samefile(data)
    assert run.neurons == ["007", "a/b"]
    assert run.dt_ms == 5.0
    assert "ln, 2 neurons" in repr(run)
    assert "12 stimuli, 2 neurons, 12 bands, bins of 5 ms" in repr(run.data)


def test_weights_are_those_of_the_file(run: sf.Run) -> None:
    weights = run.weights
    kernel = next(each for each in weights.values() if each.shape == (2, 1, 12, 6))
    assert kernel.dtype == np.float32
    # Kernels have the oldest bin first; batch normalization scales each of them.
    for stored, applied in zip(kernel[..., ::-1], run.strfs(effective=False).values, strict=True):
        assert np.corrcoef(stored.ravel(), applied.ravel())[0, 1] > 0.99999


def test_predictions_are_those_of_the_program(run: sf.Run, recording: Recording) -> None:
    _ = sf.call("predict", run, "--split", "all", "--out", "own.h5")
    stored = sf.predict(run, split="all")
    given = sf.predict(run, recording.stimuli)
    assert list(given) == list(recording.stimuli)
    with h5py.File("own.h5") as file:
        for name, sound in recording.stimuli.items():
            wanted = file[f"stimuli/{name}/prediction"][()]
            assert wanted.shape == (2, sound.shape[1])
            assert np.array_equal(stored[name], wanted)
            # The dataset keeps the numbers as they were given: both are the same sound.
            assert np.array_equal(given[name], wanted)
    assert np.array_equal(sf.predict(run, recording.stimuli["song03"]), stored["song03"])
    assert np.array_equal(sf.predict(run)["song11"], stored["song11"])
    assert list(sf.predict(run)) == ["song11", "song12"]


def test_predictions_are_near_the_true_rates(run: sf.Run, recording: Recording) -> None:
    sound = np.random.default_rng(99).normal(size=(12, 400))
    predicted, true = sf.predict(run, sound), rates(recording.fields, sound)[:, 0]
    assert predicted.shape == true.shape
    for one, other in zip(predicted, true, strict=True):
        assert np.corrcoef(one, other)[0, 1] > 0.9


def test_sound_that_does_not_fit_is_refused(run: sf.Run) -> None:
    with pytest.raises(sf.InputError, match=r"found shape \(11, 40\), expected .* 12 bands"):
        _ = sf.predict(run, np.ones((11, 40)))
    with pytest.raises(sf.InputError, match=r"^cochleagram: .*\n.*found nan at band 2, bin 0"):
        _ = sf.predict(run, np.where(np.arange(12)[:, None] == 2, np.nan, np.ones((12, 40))))
    with pytest.raises(sf.InputError, match="expected one of them"):
        _ = sf.predict(run, np.ones((12, 40)), split="all")  # type: ignore[call-overload]


def test_scores_of_other_stimuli_are_those_of_the_program(run: sf.Run, data: sf.Dataset) -> None:
    found = sf.evaluate(run, split="valid")
    wanted = json.loads(sf.call("eval", run, "--split", "valid", "--json"))
    assert found.summary.loc["cc", "mean"] == wanted["scores"]["cc"]["mean"]
    assert found.about["run"]["stimuli"] == ["song09", "song10"]  # type: ignore[index]
    assert found.table["cc"].mean() == pytest.approx(wanted["scores"]["cc"]["mean"])
    same = sf.evaluate(run, data=data)
    assert same.about["run"]["split"] == "all"  # type: ignore[index]
    assert np.array_equal(sf.evaluate(run).table["cc"], run.scores["cc"])


def test_scores_come_with_intervals_and_chance(run: sf.Run) -> None:
    with pytest.warns(sf.StrfWarning, match="fewer than 10") as caught:
        few = sf.evaluate(run, split="train", bootstrap=20)
    found = sf.evaluate(run, split="all", bootstrap=200, permutations=99).table
    assert (found["cc_low"] < found["cc"]).all()
    assert (found["cc"] < found["cc_high"]).all()
    assert (found["p"] == 0.01).all()
    assert {each.filename for each in caught} == {__file__}
    assert "warning" in json.dumps(few.about)


def test_a_file_and_a_dictionary_give_the_same_run(data: sf.Dataset) -> None:
    text = f'[data]\nfile = "{data.path}"\nsmooth_ms = 0\n[model]\ntype = "linear"\n'
    Path("one").mkdir()
    Path("one/linear.toml").write_text(text)
    from_file = sf.train("one/linear.toml", quiet=True, model={"window_ms": 30}, train__seed=3)
    config = {"data": {"file": data, "smooth_ms": 0}, "model": {"type": "linear", "window_ms": 30}}
    from_dict = sf.train(config, "one/two", quiet=True, **{"train.seed": 3})
    assert from_file.folder == Path("one/runs/linear")
    assert from_dict.folder == Path("one/two")
    for part in ("model", "parameterization", "train"):
        assert from_file.config.get(part) == from_dict.config.get(part)
    assert from_file.data.path.samefile(from_dict.data)
    for name in ("model/model.safetensors", "scores.csv"):
        one, other = (each.folder.joinpath(name).read_bytes() for each in (from_file, from_dict))
        assert one == other


def test_run_folders_are_found_where_the_program_puts_them(data: sf.Dataset) -> None:
    text = f'[data]\nfile = "{data.path}"\n[model]\ntype = "linear"\n[output]\nfolder = "here"\n'
    Path("files").mkdir()
    Path("files/x.toml").write_text(text)
    assert sf.train("files/x.toml", quiet=True).folder == Path("files/here")
    config = {"data": data, "model": "linear"}
    assert sf.train(config, quiet=True).folder == Path("runs/linear")
    there = sf.train(config, quiet=True, output={"folder": "there"})
    assert there.folder == Path("there").absolute()


def test_problems_of_a_config_come_in_the_words_of_the_program(data: sf.Dataset) -> None:
    with pytest.raises(sf.InputError) as error:
        _ = sf.train({"data": data, "model": {"type": "ln", "windw_ms": 3}}, train={"lr": -1})
    assert error.value.message.startswith("config: 2 problems\n  model.windw_ms: found an unknown")
    assert "window_ms" in error.value.problems[0]
    assert error.value.problems[1] == "train.lr: found -1, expected a number in (0, 1]"
    assert len(error.value.message.splitlines()) == 3, "no marks in a file that nobody wrote"
    Path("x.toml").write_text(f'[data]\nfile = "{data.path}"\n[model]\ntype = "lnn"\n')
    found = r"^x\.toml: 1 problem\n  4:8 model\.type: found"
    with pytest.raises(sf.InputError, match=found) as said:
        _ = sf.train("x.toml")
    assert '\n    4 | type = "lnn"\n      |        ^^^^^' in said.value.message
    assert len(said.value.problems) == 1
    with pytest.raises(sf.InputError, match=r"^reading nothing\.toml\n  because No such file"):
        _ = sf.train("nothing.toml")
    assert not Path("runs").exists()


def test_a_run_is_replaced_only_where_that_is_asked_for(data: sf.Dataset) -> None:
    config = {"data": data, "model": "linear"}
    _ = sf.train(config, "twice", quiet=True)
    with pytest.raises(sf.InputError, match="twice holds a finished run") as error:
        _ = sf.train(config, "twice")
    assert "force=True" in error.value.__notes__[0]
    _ = sf.train(config, "twice", quiet=True, force=True)


def test_hidden_units_have_fields_of_their_own(data: sf.Dataset) -> None:
    config = {"data": data, "model": {"type": "nrf", "hidden": 3}, "prefilter": ["adaptrans"]}
    run = sf.train(config, "nrf", quiet=True, train={"epochs": 2, "starts": 1})
    assert run.strfs().dims == ("hidden", "channel", "frequency", "lag")
    assert run.strfs().sizes["hidden"] == 3
    assert list(run.strfs().channel.values) == ["ON", "OFF"]
    assert len(run.measures()) == 3
    assert run.strfs(linear=True).sizes["neuron"] == 2
    stored = sf.predict(run, split="all")["song01"]
    assert np.array_equal(sf.predict(run, data.cochleagram("song01")), stored)


@pytest.mark.parametrize("prefilter", ["log", "pcen", "stp", "willmore"])
def test_sound_of_any_level_is_predicted(prefilter: str, recording: Recording) -> None:
    sounds = {name: np.exp(each) for name, each in recording.stimuli.items()}
    data = sf.write_dataset(
        *("p.h5", sounds, recording.responses, 5),
        level="amplitude",
        frequencies=recording.frequencies,
    )
    config = {"data": data, "model": "ln", "prefilter": prefilter}
    run = sf.train(config, "p", quiet=True, train={"epochs": 1, "starts": 1})
    stored = sf.predict(run, split="all")["song01"]
    assert np.array_equal(sf.predict(run, sounds["song01"]), stored)


def test_what_is_no_run_is_refused(run: sf.Run) -> None:
    with pytest.raises(sf.InputError, match=r"found no config\.toml"):
        _ = sf.Run("nowhere")
    Path("begun").mkdir()
    Path("begun/config.toml").write_bytes((run.folder / "config.toml").read_bytes())
    with pytest.raises(sf.InputError, match=r"found no scores\.csv.*resume=True"):
        _ = sf.Run("begun").scores


@pytest.mark.filterwarnings("ignore::strf_fit.StrfWarning")
def test_sweeps_and_comparisons_come_as_tables(data: sf.Dataset) -> None:
    config = {"data": data, "model": "ln", "fit": {"folds": 2}}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = sf.sweep(config, "sweep", grid={"model.type": ["linear", "ln"]}, quiet=True)
    assert found.status["done"] == 4
    assert len(found.runs) == 4
    assert found.runs[0].neurons == ["007", "a/b"]
    assert set(found.scores["neuron"]) == {"007", "a/b"}
    assert set(found.held_out["model"]) >= {"linear", "ln"}
    assert list(found.summary.index) == ["linear", "ln"]
    assert any("intervals over them are too narrow" in str(each.message) for each in told)
    predicted = found.predictions()
    assert {len(each) for each in predicted.values()} == {10}
    assert predicted[next(iter(predicted))]["song01"].shape == (2, 300)
    assert found.resume(quiet=True).status["open"] == 0
    compared = sf.compare(found.runs[0], found.runs[0])
    assert list(compared["score"]) == ["cc", "cc_norm"]
    assert (compared["difference"] == 0).all()


def test_a_zoo_fits_the_models_that_are_named(data: sf.Dataset) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = sf.zoo(data, "zoo", models=["linear", "ln"], folds=2, quiet=True)
    assert set(found.held_out["model"]) >= {"linear", "ln"}
    assert (found.folder / "report.html").exists()
    with pytest.raises(sf.InputError, match="the folder of a sweep"):
        _ = sf.Sweep("nowhere")


def test_the_models_are_those_of_the_program() -> None:
    models = sf.models()
    assert {"linear", "ln", "nrf"} <= set(models.index)
    assert "Chichilnisky" in models.loc["ln", "source"]


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_netcdf_opens_with_named_axes(run: sf.Run, engine: Literal["h5netcdf", "netcdf4"]) -> None:
    """The NetCDF export read by xarray holds what the HDF5 export does."""
    program.run(["export-strfs", str(run.folder), "--format", "netcdf", "--out", "fields.nc"])
    with xr.open_dataset("fields.nc", engine=engine) as opened:
        own = run.strfs()
        found = opened["strfs_effective"]
        assert found.dims == own.dims
        np.testing.assert_array_equal(found.values, own.values)
        for dim in own.dims:
            np.testing.assert_array_equal(opened[dim].values, own[dim].values)
        assert opened["lag"].attrs["units"] == "ms"
        assert opened["frequency"].attrs["units"] == "Hz"
        measured = opened["measures_best_frequency_hz"]
        assert measured.dims == ("neuron",)
        np.testing.assert_array_equal(measured.values, run.measures()["best_frequency_hz"])
        assert "ln" in str(opened["config"].values)
