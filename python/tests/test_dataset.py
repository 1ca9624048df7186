"""Arrays become files that the program reads, and come back."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from conftest import Recording

import strf_fit as sf


def test_arrays_come_back_as_they_were(data: sf.Dataset, recording: Recording) -> None:
    assert data.stimuli == list(recording.stimuli)
    assert data.dt_ms == 5.0
    assert data.frequencies is not None
    assert np.array_equal(data.frequencies, recording.frequencies)
    for name in data.stimuli:
        cochleagram, responses = data.cochleagram(name), data.responses(name)
        assert np.array_equal(cochleagram, recording.stimuli[name])
        assert np.array_equal(responses, recording.responses[name])
    assert cochleagram.dims == ("frequency", "time")
    assert cochleagram.time[-1] == 5.0 * (cochleagram.sizes["time"] - 1)
    assert responses.dims == ("neuron", "repeat", "time")
    assert list(responses.neuron.values) == ["007", "a/b"]


def test_what_is_known_of_neurons_and_splits_comes_back(data: sf.Dataset) -> None:
    assert list(data.neurons.index) == ["007", "a/b"]
    assert list(data.neurons["area"]) == ["A1", "PEG"]
    assert list(data.neurons["depth_um"]) == [120, 350]
    assert data.splits["test"] == ["song11", "song12"]
    assert data.about["level"] == "db"
    assert data.attributes["song01"] == {"type": "natural"}
    assert data.attributes["song02"] == {}


def test_the_program_reads_what_was_written(data: sf.Dataset) -> None:
    found = json.loads(sf.call("inspect", data, "--json"))
    assert found["notes"] == []
    assert found["dt_ms"] == 5.0
    assert found["stimuli"]["count"] == 12
    assert found["neurons"]["count"] == 2
    assert found["repeats"] == {"fewest": 8, "most": 8}
    assert found["splits"] == {"train": 8, "valid": 2, "test": 2}
    assert found["stimuli"]["attributes"] == {"type": {"natural": 1}}
    assert found["bands"]["level"] == "db"


def test_quality_of_recordings_comes_by_neuron(data: sf.Dataset, recording: Recording) -> None:
    quality = data.inspect()
    mean = np.mean([each.mean(axis=(1, 2)) for each in recording.responses.values()], axis=0)
    assert quality.loc["007", "mean"] == pytest.approx(mean[0])
    assert quality.loc["a/b", "mean"] == pytest.approx(mean[1])
    assert (quality["reliability"].to_numpy() > 0).all()


def test_lists_ragged_clips_booleans_and_missing_repeats_are_written() -> None:
    rng = np.random.default_rng(1)
    sounds = [rng.random((3, bins)) for bins in (20, 30)]
    spikes = [rng.random((2, repeats, bins)) < 0.3 for repeats, bins in ((4, 20), (2, 30))]
    missing = spikes[1].astype(float)
    missing[1, 1] = np.nan
    data = sf.write_dataset("lists.h5", sounds, [spikes[0], missing], 2)
    assert data.stimuli == ["s1", "s2"]
    assert list(data.neurons.index) == ["n1", "n2"]
    assert data.responses("s1").dtype == np.uint8
    assert np.array_equal(data.responses("s2"), missing, equal_nan=True)
    assert json.loads(sf.call("inspect", data, "--json"))["repeats"] == {"fewest": 2, "most": 4}


def test_axes_with_names_are_put_in_order() -> None:
    sound = xr.DataArray(np.arange(12.0).reshape(4, 3), dims=("time", "frequency"))
    responses = xr.DataArray(np.arange(8.0).reshape(4, 2, 1), dims=("time", "neuron", "repeat"))
    data = sf.write_dataset("named.h5", {"a": sound}, {"a": responses}, 1)
    assert np.array_equal(data.cochleagram("a"), sound.values.T)
    assert np.array_equal(data.responses("a"), responses.values.transpose(1, 2, 0))


def test_a_data_frame_tells_of_neurons() -> None:
    frame = pd.DataFrame(
        {"area": ["A1", None, "A1"], "depth": [1.5, 2.0, np.nan], "tuned": [True, False, True]},
        index=["x", "y", "z"],
    )
    data = sf.write_dataset("f.h5", [np.ones((2, 9))], [np.zeros((3, 1, 9))], 1, neurons=frame)
    assert list(data.neurons.index) == ["x", "y", "z"]
    with h5py.File(data) as file:
        assert [each.decode() for each in file["neurons/area"]] == ["A1", "", "A1"]
        assert np.array_equal(file["neurons/depth"], [1.5, 2.0, np.nan], equal_nan=True)
        assert [each.decode() for each in file["neurons/tuned"]] == ["true", "false", "true"]
    found = json.loads(sf.call("inspect", data, "--json"))
    assert found["neurons"]["attributes"]["area"] == {"A1": 2}


@pytest.mark.parametrize("name", ["a/b", "100%", ".", "%2F", "ü b", "stim 1"])
def test_ids_of_any_letters_come_back(name: str) -> None:
    sound, responses = np.ones((2, 9)), np.ones((1, 2, 9))
    data = sf.write_dataset(
        "i.h5", {name: sound}, {name: responses}, 1, neurons=[name], splits={"test": [name]}
    )
    assert data.stimuli == [name]
    assert data.splits == {"test": [name]}
    assert np.array_equal(data.cochleagram(name), sound)
    found = json.loads(sf.call("inspect", data, "--json"))
    assert found["per_neuron"][0]["id"] == name


def test_a_file_is_replaced_only_where_that_is_asked_for() -> None:
    arrays = [np.ones((2, 9))], [np.ones((1, 2, 9))]
    _ = sf.write_dataset("once.h5", *arrays, 1)
    before = Path("once.h5").read_bytes()
    with pytest.raises(sf.InputError, match=r"the file exists; .*force=True"):
        _ = sf.write_dataset("once.h5", *arrays, 2)
    assert Path("once.h5").read_bytes() == before
    assert sf.write_dataset("once.h5", *arrays, 2, force=True).dt_ms == 2
    assert sorted(each.name for each in Path().iterdir()) == ["once.h5"]


def test_no_half_file_is_left_behind() -> None:
    sound, odd = {"a": np.ones((2, 9))}, {"a": {"x": object()}}
    with pytest.raises(sf.InputError, match=r"writing half\.h5"):
        _ = sf.write_dataset("half.h5", sound, {"a": np.ones((1, 1, 9))}, 1, attributes=odd)
    with pytest.raises(sf.InputError, match=r"writing nowhere/x\.h5"):
        _ = sf.write_dataset("nowhere/x.h5", sound, {"a": np.ones((1, 1, 9))}, 1)
    assert list(Path().iterdir()) == []


def test_a_dataset_of_one_array_is_read() -> None:
    sounds, responses = np.random.rand(3, 4, 20), np.random.rand(3, 2, 5, 20)
    with h5py.File("dense.h5", "w") as file:
        file.attrs["dt_ms"] = 5.0
        file["cochleagrams"], file["responses"] = sounds, responses
        file["stimuli/type"] = ["song", "call", "song"]
    data = sf.Dataset("dense.h5")
    assert data.stimuli == ["s1", "s2", "s3"]
    assert data.attributes["s2"] == {"type": "call"}
    assert list(data.neurons.index) == ["n1", "n2"]
    assert np.array_equal(data.cochleagram("s2"), sounds[1])
    assert np.array_equal(data.responses("s3"), responses[2])


def test_what_is_no_dataset_is_refused() -> None:
    with pytest.raises(sf.InputError, match="there is no such file"):
        _ = sf.Dataset("nothing.h5")
    Path("text.h5").write_text("words")
    with pytest.raises(sf.InputError, match="this is no HDF5 file"):
        _ = sf.Dataset("text.h5")
    with h5py.File("bare.h5", "w"):
        pass
    with pytest.raises(sf.InputError, match="dt_ms: found nothing"):
        _ = sf.Dataset("bare.h5")
    data = sf.write_dataset("one.h5", [np.ones((2, 9))], [np.ones((1, 1, 9))], 1)
    with pytest.raises(sf.InputError, match="found no stimulus 'x'; there are: s1"):
        _ = data.cochleagram("x")
