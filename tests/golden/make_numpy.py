"""Reference values of models that deepSTRF does not have, out of NumPy alone and in double precision.

    python make_numpy.py OUT        # one folder a case: case.toml, weights.safetensors, io.safetensors

Written from the formulas in the docs of `cnn1d`, `gaussian` and `double_exponential`, bin by bin, without
a look at how the program computes them.
"""
import json
import pathlib
import struct
import sys

import numpy as np

BANDS, NEURONS, DT_MS, CLIPS, BINS = 16, 3, 5.0, 2, 40
rng = np.random.default_rng(7)
sigmoid = lambda x: 1 / (1 + np.exp(-x))
softplus = lambda x: np.log1p(np.exp(x))


def save(path, tensors, kind="F64"):
    header, blob = {}, b""
    for name, values in sorted(tensors.items()):
        values = np.ascontiguousarray(values, dtype={"F64": "<f8", "F32": "<f4"}[kind])
        header[name] = {
            "dtype": kind,
            "shape": list(values.shape),
            "data_offsets": [len(blob), len(blob) + values.nbytes],
        }
        blob += values.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + blob)


def draw(*shape, scale=1.0):
    return scale * rng.standard_normal(shape)


def bells(raw_mu, raw_sigma):
    """Weights over bands along a last axis."""
    mu = -0.1 + 1.2 * sigmoid(raw_mu)[..., None]
    sigma = 0.05 + np.exp(raw_sigma)[..., None]
    g = np.exp(-0.5 * ((np.arange(BANDS) / (BANDS - 1) - mu) / sigma) ** 2)
    return g / g.sum(-1, keepdims=True)


def over_time(x, weight, bias):
    """A kernel for each row, the last weight at the present bin, zeros before the clip."""
    y = np.empty_like(x)
    lags = weight.shape[1]
    for h in range(x.shape[0]):
        for t in range(x.shape[1]):
            total = bias[h]
            for k in range(lags):
                if t - k >= 0:
                    total += weight[h, lags - 1 - k] * x[h, t - k]
            y[h, t] = total
    return y


def double_exponential(x, w):
    p = lambda name: w["readout.activation." + name][:, None]
    a, b = softplus(p("_raw_a")), softplus(p("_raw_b"))
    return a * np.exp(-np.exp(p("k") * x - p("s"))) + b


relu = lambda x: np.maximum(x, 0)


def dense(x, w, name):
    return w[name + ".weight"] @ x + w[name + ".bias"][:, None]


def output_weights():
    names = ("_raw_a", "_raw_b", "k", "s")
    return {f"readout.activation.{name}": draw(NEURONS) for name in names}


def layer(name, outputs, inputs):
    return {f"{name}.weight": draw(outputs, inputs, scale=inputs**-0.5), f"{name}.bias": draw(outputs)}


def cnn1d(x, w):
    if "core.0.weight" in w:
        first = w["core.0.weight"][:, 0]
    else:
        first = bells(w["core.0.raw_mu"][:, 0], w["core.0.raw_sigma"][:, 0])
    x = over_time(first @ x, w["core.1.weight"], w["core.1.bias"])
    if "core.2.weight" in w:
        x = dense(relu(x), w, "core.2")
        if "core.3.weight" in w:
            x = over_time(x, w["core.3.weight"], w["core.3.bias"])
        x = relu(x)
    if "core.4.weight" in w:
        x = relu(dense(x, w, "core.4"))
    return double_exponential(dense(x, w, "readout.fc"), w)


def gaussian_ln(x, w):
    kernel = "readout.strf.kernel."
    g = bells(w[kernel + "raw_mu"], w[kernel + "raw_sigma"])[:, :, 0]  # (R, N, F)
    y = np.repeat(w[kernel + "bias"][:, None], BINS, axis=1)
    for r, of_rank in enumerate(g):
        own = w[kernel + "weight_t"][:, 0, r]
        y += over_time(of_rank @ x, own, np.zeros(NEURONS))
    return double_exponential(y, w)


gaussians = lambda units: {"core.0.raw_mu": draw(units, 1), "core.0.raw_sigma": draw(units, 1) - 1.5}
KERNEL = "readout.strf.kernel."
CASES = {
    "numpy_cnn1d": (
        cnn1d,
        'type = "cnn1d"\nchannels = 4\nlag_ms = 20.0\ndense = 5',
        "",
        lambda: gaussians(4) | layer("core.1", 4, 4) | layer("core.2", 5, 4) | layer("readout.fc", NEURONS, 5),
    ),
    "numpy_cnn1d_twice": (
        cnn1d,
        'type = "cnn1d"\npreset = "1dx2"\nchannels = 4\nlag_ms = 15.0\ndense = 5\nsecond_lag_ms = 10.0\n'
        'second_dense = 3\nchannel_weights = "free"',
        "",
        lambda: {"core.0.weight": draw(4, 1, BANDS)}
        | layer("core.1", 4, 3)
        | layer("core.2", 5, 4)
        | layer("core.3", 5, 2)
        | layer("core.4", 3, 5)
        | layer("readout.fc", NEURONS, 3),
    ),
    "numpy_pop_ln": (
        cnn1d,
        'type = "cnn1d"\npreset = "pop_ln"\nchannels = 4\nlag_ms = 25.0',
        "",
        lambda: gaussians(4) | layer("core.1", 4, 5) | layer("readout.fc", NEURONS, 4),
    ),
    "numpy_gaussian": (
        gaussian_ln,
        'type = "ln"\nwindow_ms = 20.0\nnorm = "none"\noutput = "double_exponential"',
        '\n[parameterization]\ntype = "gaussian"\nrank = 2\n',
        lambda: {
            KERNEL + "raw_mu": draw(2, NEURONS, 1),
            KERNEL + "raw_sigma": draw(2, NEURONS, 1) - 1.5,
            KERNEL + "weight_t": draw(NEURONS, 1, 2, 4),
            KERNEL + "bias": draw(NEURONS),
        },
    ),
}

out = pathlib.Path(sys.argv[1])
for name, (model, keys, more, weights) in CASES.items():
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    # Weights are those of a file in single precision.
    w = {key: value.astype("f4").astype("f8") for key, value in (weights() | output_weights()).items()}
    stimulus = draw(CLIPS, 1, BANDS, BINS)
    prediction = np.stack([model(clip[0], w) for clip in stimulus])
    head = f"# computed by make_numpy.py\ndt_ms = {DT_MS}\nbands = {BANDS}\nneurons = {NEURONS}\n"
    (folder / "case.toml").write_text(f"{head}\n[model]\n{keys}\n{more}")
    save(folder / "weights.safetensors", w, "F32")
    save(folder / "io.safetensors", {"stimulus": stimulus, "prediction": prediction})
