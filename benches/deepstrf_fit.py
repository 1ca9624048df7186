#!/usr/bin/env python3
"""A fit by deepSTRF 0.1.0's own Fitter with its defaults, on a dataset in strf's HDF5 format.

    .tools/deepstrf/bin/python deepstrf_fit.py DATA.h5 RUN/model/metadata.json --model statenet --rnn gru --out FOLDER

Which stimuli are for training and validation, and how their sound is standardized, is read from a run of
strf, so that both programs see the same. Responses are smoothed with strf's window. FOLDER is written by
save_pretrained, so that `strf adopt` can score it. One line of JSON: seconds and epochs of training.
"""
import argparse, contextlib, json, pathlib, tempfile, time
p = argparse.ArgumentParser()
p.add_argument("data"); p.add_argument("metadata"); p.add_argument("--out", required=True)
p.add_argument("--model", required=True); p.add_argument("--rnn", default="gru")
p.add_argument("--window-ms", type=float, default=45.0, help="how far back an STRF looks")
p.add_argument("--smooth-ms", type=float, default=21.0); p.add_argument("--seed", type=int, default=0)
a = p.parse_args()
import h5py, numpy as np, torch
from torch.utils.data import DataLoader, Dataset
import deepSTRF.models.audio as audio
from deepSTRF.training import Fitter
from deepSTRF.utils.data import neural_collate

torch.manual_seed(a.seed)
told = json.loads(pathlib.Path(a.metadata).read_text())
mean, scale = (np.array(told[key], "f4").reshape(-1, 1) for key in ("mean", "scale"))
window = dict(temporal_window_size=round(a.window_ms / told["dt_ms"]))
hann = np.hanning((int(a.smooth_ms / told["dt_ms"]) | 1) + 2)[1:-1]


def smooth(responses):
    """Along the last axis; at the edges, the weights that fall on bins sum to 1."""
    over = lambda series: np.convolve(series, hann, mode="same")
    return np.apply_along_axis(over, -1, responses) / over(np.ones(responses.shape[-1]))


class Clips(Dataset):
    def __init__(self, ids):
        with h5py.File(a.data) as f:
            clips = [f["stimuli"][name] for name in ids]
            self.items = [dict(stim_meta={}, stims=torch.from_numpy((clip["cochleagram"][()].astype("f4") - mean) / scale)[None],
                               responses=torch.from_numpy(smooth(clip["responses"][()]).astype("f4"))) for clip in clips]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, place):
        return self.items[place]


bands = dict(n_frequency_bands=told["bands"], out_neurons=len(told["neurons"]))
rnn = dict(rnn_type={"mamba": "Mamba"}.get(a.rnn, a.rnn.upper()))
own = dict(linear=("Linear", window), ln=("LinearNonlinear", window), nrf=("NetworkReceptiveField", window),
           dnet=("DNet", window), cnn2d=("ConvNet2D", {}), statenet=("StateNet", rnn), transformer=("Transformer", {}))
name, sizes = own[a.model]
model = getattr(audio, name)(**bands, **sizes)
train, valid = (DataLoader(Clips(told["stimuli"][part]), batch_size=1, shuffle=part == "train", collate_fn=neural_collate)
                for part in ("train", "valid"))
with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(None):
    start = time.perf_counter()
    fitter = Fitter(model, train, valid, ckpt_path=pathlib.Path(folder) / "best.pt", log_fn=lambda epoch: None)
    epochs = len(fitter.fit())
seconds = time.perf_counter() - start
model.save_pretrained(a.out)
print(json.dumps(dict(seconds=seconds, epochs=epochs)))
