"""Reference values of the stages in front of models and of the contrast gain, in plain NumPy.

usage: make_stages.py OUT        (pip install numpy safetensors)
Writes OUT/stages/io.safetensors, which tests/stages.rs compares the program with: inputs,
parameters as the program names them, outputs. No code is shared with the program: loops over bins,
as the papers have the equations, in double precision.
"""
import pathlib
import sys

import numpy as np
from safetensors.numpy import save_file

BANDS, BINS, CLIPS, DT_MS = 5, 40, 2, 5.0
rng = np.random.default_rng(14)
out = {}

# Sound with silence in it, and bands of different level.
levels = np.array([0.05, 0.4, 1.0, 2.0, 6.0])
sound = rng.gamma(0.8, 1.0, size=(CLIPS, BANDS, BINS)) * levels[None, :, None]
sound[0, :, 10:14] = 0.0
sound[1, 2, :5] = 0.0
out["sound"] = sound


def plasticity(x, tau_ms, u):
    """d(t+1) = d + (1 - d)/tau - u x d, between 0 and 5; x d comes out."""
    y = np.zeros_like(x)
    for clip in range(x.shape[0]):
        for f in range(x.shape[1]):
            d = 1.0
            for t in range(x.shape[2]):
                y[clip, f, t] = x[clip, f, t] * d
                d = d + (1.0 - d) * DT_MS / tau_ms[f] - u[f] * x[clip, f, t] * d
                d = min(max(d, 0.0), 5.0)
    return y


# Strong depression, depression, none, facilitation, strong facilitation.
tau_ms = np.array([12.0, 60.0, 90.0, 200.0, 400.0])
u_at_mean = np.array([1.4, 0.2, 0.0, -0.1, -1.5])
mean = sound.mean(axis=(0, 2))
out["stp.log_tau"] = np.log(tau_ms - 10.0)
out["stp.usage"] = u_at_mean
out["stp.mean"] = mean
out["stp.output"] = plasticity(sound, tau_ms, u_at_mean / mean)

shift = np.array([-2.0, -1.0, 0.0, 0.5, 1.0])
offset = (10.0 ** shift)[None, :, None]
out["log.shift"] = shift
out["log.output"] = np.log((sound + offset) / offset)

alpha = np.array([0.5, 0.8, 0.96, 1.0, 1.2])
delta = np.array([0.5, 1.0, 2.0, 3.0, 10.0])
root = np.array([0.3, 0.5, 0.5, 0.8, 1.0])
s = np.array([0.01, 0.04, 0.1, 0.3, 0.6])
normalized = np.zeros_like(sound)
for clip in range(CLIPS):
    average = sound[clip, :, 0].copy()
    for t in range(BINS):
        average = (1.0 - s) * average + s * sound[clip, :, t]
        normalized[clip, :, t] = (sound[clip, :, t] / (1e-6 + average) ** alpha + delta) ** root - delta ** root
out["pcen.log_alpha"], out["pcen.log_delta"], out["pcen.log_r"] = np.log(alpha), np.log(delta), np.log(root)
out["pcen.logit_s"] = np.log(s / (1.0 - s))
out["pcen.output"] = normalized


def contrast(amplitude, bins, loudest):
    """sd/(mean + 0.01 loudest) over the last bins; before a clip lies its first value."""
    c = np.zeros_like(amplitude)
    for t in range(amplitude.shape[-1]):
        window = np.stack([amplitude[..., max(t - k, 0)] for k in range(bins)])
        c[..., t] = window.std(axis=0) / (window.mean(axis=0) + 0.01 * loudest)
    return c


# Sound in decibels, divided by one constant, as a model meets it.
constant = 17.0
decibels = rng.uniform(0.0, 60.0, size=(CLIPS, BANDS, BINS))
amplitude = 10.0 ** (decibels / 20.0)
loudest = amplitude.mean(axis=(0, 2)).max()
c = contrast(amplitude, 6, loudest)
largest = c.max()
weights = rng.uniform(-0.2, 0.6, size=BANDS)
modulation = np.einsum("f,bft->bt", weights, c / largest)
drive = rng.normal(size=(CLIPS, 2, BINS))
plain = {"a": [1.0, 2.0], "b": [0.2, 0.5], "k": [-1.5, -0.7], "s": [0.3, -0.4]}
other = {"a": [0.6, 2.5], "b": [0.4, 0.1], "k": [-0.5, -1.9], "s": [-0.2, 0.4]}
own = {}
for name in plain:
    p, p_mod = (np.array(values)[None, :, None] for values in (plain[name], other[name]))
    own[name] = p + (p_mod - p) * modulation[:, None, :]
    out[f"contrast.{name}"], out[f"contrast.{name}_mod"] = np.array(plain[name]), np.array(other[name])
amp, base = np.maximum(own["a"], 0.0), np.maximum(own["b"], 0.0)
out["contrast.sound"] = decibels / constant
out["contrast.constant"] = np.array([constant])
out["contrast.weights"] = weights
out["contrast.loudest"], out["contrast.largest"] = np.array([loudest]), np.array([largest])
out["contrast.modulation"] = modulation
out["contrast.drive"] = drive
out["contrast.output"] = amp * np.exp(-np.exp(own["k"] * drive - own["s"])) + base

folder = pathlib.Path(sys.argv[1]) / "stages"
folder.mkdir(parents=True, exist_ok=True)
save_file({name: np.ascontiguousarray(values) for name, values in out.items()}, folder / "io.safetensors")
