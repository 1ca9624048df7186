"""Reference vectors computed with deepSTRF 0.1.0 (PyTorch): one folder a case.

usage: make_golden.py OUT [--seed N]   (torch 2.11 and deepSTRF 0.1.0: see README.md)
Each case of a model: case.toml (architecture as sections of a run file), weights.safetensors (the
reference's own parameter names), io.safetensors (stimulus, responses, prediction in eval and train
mode, losses, gradients, receptive fields). Then metrics/ and frontends/.
"""
import argparse, json, math, pathlib, numpy as np, torch
from safetensors.torch import load_file, save_file
from deepSTRF.models.audio import (Linear, LinearNonlinear, NetworkReceptiveField, DNet,
                                   ConvNet2D, StateNet, Transformer)
from deepSTRF.models.prefiltering import make_prefiltering
from deepSTRF.models.wav2spec import CausalGammatone, CausalMelSpectrogram
from deepSTRF.models.layers import ParametricSTRF, SeparableSTRF, LearnableExponentialDecay
from deepSTRF.models.activations import (ParametricSigmoid, ParametricSoftplus,
                                         ParametricDoubleExponential)
from deepSTRF.metrics import (mse_loss, poisson_loss, corrcoef, normalized_corrcoef, fve,
                              signal_power, noise_power, snr, coherence)
from deepSTRF.metrics.performance import compute_CCmax, compute_TTRC, _ccmax_per_neuron

ap = argparse.ArgumentParser()
ap.add_argument("out"); ap.add_argument("--seed", type=int, default=1)
a = ap.parse_args()
out = pathlib.Path(a.out); out.mkdir(parents=True, exist_ok=True)
torch.manual_seed(a.seed); np.random.seed(a.seed)

ACT = {"identity": lambda n: torch.nn.Identity(), "sigmoid": lambda n: torch.nn.Sigmoid(),
       "relu": lambda n: torch.nn.ReLU(),
       "parametric_sigmoid": ParametricSigmoid, "parametric_softplus": ParametricSoftplus,
       "double_exponential": ParametricDoubleExponential}


class WithOutputDecay(torch.nn.Module):
    """DNet whose output units decay too: base model, then one exponential decay a neuron."""
    def __init__(self, base, n, tau, decay_input=True):
        super().__init__()
        self.base = base
        self.output_decay = LearnableExponentialDecay(n, round(tau * 7), tau, decay_input)
    def forward(self, x):
        y = self.base(x)                       # (B, N, 1, T)
        return self.output_decay(y)


def build(c):
    F, N = c["n_frequency_bands"], c["out_neurons"]
    kw = dict(n_frequency_bands=F, out_neurons=N)
    p = c.get("prefiltering"); cin = 1
    if p:
        kw["prefiltering"] = make_prefiltering(p["type"], F, p["dt_ms"], p["min_freq"], p["max_freq"], p["scale"])
        cin = kw["prefiltering"].out_channels; p["kernel_size"] = kw["prefiltering"].K
    m = c["model"]
    if m in ("linear", "ln", "nrf", "dnet"):
        W = c["temporal_window"]; kw["temporal_window_size"] = W
        cout = c.get("hidden", N) if m in ("nrf", "dnet") else N
        q = c.get("parameterization")
        if q:
            kw["kernel"] = (ParametricSTRF(F, W, cin, cout, q["num_gauss"]) if q["type"] == "dcls"
                            else SeparableSTRF(F, W, cin, cout))
    if "output_activation" in c:
        kw["output_activation"] = ACT[c["output_activation"]](N)
    if m == "linear": return Linear(**kw)
    if m == "ln": return LinearNonlinear(**kw)
    if m == "nrf": return NetworkReceptiveField(n_hidden=c["hidden"], **kw)
    if m == "dnet":
        net = DNet(n_hidden=c["hidden"], init_tau=c["init_tau"], decay_input=c.get("decay_input", True), **kw)
        return WithOutputDecay(net, N, c["init_tau"]) if c.get("output_decay") else net
    if m == "cnn2d": return ConvNet2D(kernel_size=tuple(c["kernel_size"]), c_hidden=c["channels"], n_hidden=c["hidden"], **kw)
    if m == "statenet": return StateNet(kernel_size=c["kernel_size"], stride=c["stride"], hidden_channels=c["channels"],
                                        connectivity=c["connectivity"].upper(), rnn_type=c["rnn"], **kw)
    if m == "transformer": return Transformer(freq_patch_size=c.get("freq_patch"), time_patch_size=c["time_patch"],
                              context_window=c.get("context_window"), embedding_dim=c["embedding_dim"],
                              n_heads=c["heads"], n_layers=c["layers"], **kw)
    raise ValueError(m)

def sections(c):
    """[model], [prefilter], [parameterization] as a run file would say it; every default of the reference spelled out."""
    dt = (c.get("prefiltering") or {}).get("dt_ms", 5.0); m = c["model"]; L = [f"dt_ms = {dt}", f"bands = {c['n_frequency_bands']}", f"neurons = {c['out_neurons']}", "", "[model]", f'type = "{m}"']
    if m in ("linear", "ln", "nrf", "dnet"): L.append(f"window_ms = {c['temporal_window'] * dt}")
    if "hidden" in c: L.append(f"hidden = {c['hidden']}")
    if m == "dnet": L += [f"init_tau_ms = {c['init_tau'] * dt}", f"output_decay = {str(bool(c.get('output_decay'))).lower()}", f"decay_input = {str(c.get('decay_input', True)).lower()}", f"decay_bins = {round(c['init_tau'] * 7)}"]
    if m == "cnn2d": L += [f"kernel_bands = {c['kernel_size'][0]}", f"kernel_ms = {c['kernel_size'][1] * dt}", f"channels = {c['channels']}"]
    if m in ("linear", "ln"): L.append('norm = "batch"')
    if m in ("ln", "nrf", "dnet", "cnn2d"):
        L.append(f'output = "{c.get("output_activation", "identity" if m == "dnet" else "parametric_softplus")}"')
    if m == "statenet": L += [f'rnn = "{c["rnn"].lower()}"', f'connectivity = "{c["connectivity"]}"', f"kernel_bands = {c['kernel_size']}", f"stride = {c['stride']}", f"channels = {c['channels']}", 'output = "parametric_softplus"']
    if m == "transformer" and "context_window" not in c: L.append("context_ms = 0.0")
    if m == "transformer": L.append("dropout = 0.0")  # evaluation mode, the only one of which there are values
    if m == "transformer": L += [f"{k} = {c[k]}" for k in ("time_patch", "freq_patch", "context_window", "embedding_dim", "heads", "layers") if k in c] + ['output = "identity"']
    q = c.get("prefiltering")
    if q: L += ["", "[prefilter]", f'type = "{q["type"]}"', f"min_freq_hz = {q['min_freq']}", f"max_freq_hz = {q['max_freq']}", f'scale = "{q["scale"]}"', f"kernel_bins = {q['kernel_size']}"]
    q = c.get("parameterization")
    if q: L += ["", "[parameterization]", f'type = "{q["type"]}"', f"gaussians = {q['num_gauss']}" if q["type"] == "dcls" else f"rank = {q.get('rank', 1)}"]
    return "\n".join(L) + "\n"

PF = lambda t, dt=5.0: dict(type=t, dt_ms=dt, min_freq=500.0, max_freq=20000.0, scale="mel")
B0 = dict(n_frequency_bands=16, out_neurons=3)
cases = {
 "linear": dict(B0, model="linear", temporal_window=7),
 "ln": dict(B0, model="ln", temporal_window=7),
 "ln_sigmoid": dict(B0, model="ln", temporal_window=6, output_activation="sigmoid"),
 "ln_parametric_sigmoid": dict(B0, model="ln", temporal_window=7, output_activation="parametric_sigmoid"),
 "ln_double_exponential": dict(B0, model="ln", temporal_window=7, output_activation="double_exponential"),
 "ln_dcls": dict(B0, model="ln", temporal_window=9, parameterization=dict(type="dcls", num_gauss=4)),
 "ln_separable": dict(B0, model="ln", temporal_window=9, parameterization=dict(type="separable", rank=1)),
 "ln_adaptrans": dict(B0, model="ln", temporal_window=7, prefiltering=PF("adaptrans")),
 "ln_willmore": dict(B0, model="ln", temporal_window=7, prefiltering=PF("willmore")),
 "nrf": dict(B0, model="nrf", temporal_window=7, hidden=5),
 "nrf_dcls_adaptrans": dict(B0, model="nrf", temporal_window=8, hidden=5, prefiltering=PF("adaptrans"),
                            parameterization=dict(type="dcls", num_gauss=3)),
 "dnet": dict(B0, model="dnet", temporal_window=7, hidden=5, init_tau=3.0),
 "dnet_adaptrans": dict(B0, model="dnet", temporal_window=5, hidden=6, init_tau=2.5, prefiltering=PF("adaptrans")),
 "dnet_output_decay": dict(B0, model="dnet", temporal_window=5, hidden=6, init_tau=3.0, output_decay=True, output_activation="sigmoid"),
 "cnn2d": dict(B0, model="cnn2d", kernel_size=[3, 5], channels=4, hidden=6),
 "cnn2d_adaptrans": dict(B0, model="cnn2d", kernel_size=[3, 5], channels=4, hidden=6, prefiltering=PF("adaptrans")),
 "statenet_gru": dict(B0, model="statenet", kernel_size=5, stride=3, channels=4, connectivity="lc", rnn="GRU"),
 "statenet_lstm": dict(B0, model="statenet", kernel_size=5, stride=3, channels=4, connectivity="conv", rnn="LSTM"),
 "statenet_rnn": dict(B0, model="statenet", kernel_size=5, stride=3, channels=4, connectivity="fc", rnn="RNN"),
 "transformer": dict(B0, model="transformer", time_patch=3, embedding_dim=12, heads=2, layers=1),
 "transformer_windowed": dict(B0, model="transformer", time_patch=1, freq_patch=8, embedding_dim=8, heads=1, layers=2, context_window=12),
 "statenet_mamba": dict(B0, model="statenet", kernel_size=5, stride=3, channels=4, connectivity="lc", rnn="Mamba"),
 "statenet_lmu": dict(B0, model="statenet", kernel_size=5, stride=3, channels=4, connectivity="lc", rnn="LMU"),
 "statenet_gru_adaptrans": dict(B0, model="statenet", kernel_size=6, stride=3, channels=3, connectivity="conv", rnn="GRU", prefiltering=PF("adaptrans")),
 "transformer_adaptrans": dict(B0, model="transformer", time_patch=2, freq_patch=8, embedding_dim=8, heads=2, layers=1, context_window=16, prefiltering=PF("adaptrans")),
}

Bn, T, R = 3, 90, 4
for name, c in cases.items():
    d = out / name; d.mkdir(exist_ok=True)
    m = build(c)
    F, N = c["n_frequency_bands"], c["out_neurons"]
    # make normalisation layers non-trivial
    for mod in m.modules():
        if isinstance(mod, torch.nn.BatchNorm1d):
            mod.running_mean.uniform_(-.3, .3); mod.running_var.uniform_(.5, 1.5)
            torch.nn.init.uniform_(mod.weight, .5, 1.5); torch.nn.init.uniform_(mod.bias, -.3, .3)
        if isinstance(mod, torch.nn.LayerNorm):
            torch.nn.init.uniform_(mod.weight, .5, 1.5); torch.nn.init.uniform_(mod.bias, -.3, .3)
    x = torch.randn(Bn, 1, F, T).cumsum(-1) * .2 + torch.randn(Bn, 1, F, T) * .5
    y = torch.poisson(torch.rand(Bn, N, R, T) * 1.5)
    y[0, 1, 3] = float("nan"); y[2, 0] = float("nan"); y[1, :, :, T - 17:] = float("nan")
    state = {k: v.clone().contiguous() for k, v in m.state_dict().items() if v.dim() > 0}
    io = {"stimulus": x, "responses": y}
    m.eval()
    with torch.no_grad():
        io["prediction"] = m(x)
        io["mse"] = mse_loss(io["prediction"], y, reduction="none")
        io["poisson"] = poisson_loss(io["prediction"], y, reduction="none")
        io["corrcoef"] = corrcoef(io["prediction"], y, reduction="none")
        io["ccnorm_schoppe"] = normalized_corrcoef(io["prediction"], y, method="schoppe", reduction="none")
        io["ccnorm_hsu"] = normalized_corrcoef(io["prediction"], y, method="hsu", reduction="none")
        io["fve"] = fve(io["prediction"], y, reduction="none")
    m.zero_grad(); mse_loss(m(x), y).backward()
    for k, p in m.named_parameters():
        if p.grad is not None: io["grad_eval." + k] = p.grad.clone()
    has_dropout = c["model"] == "transformer"
    if not has_dropout:
        m.train(); m.zero_grad()
        pred = m(x); io["prediction_train"] = pred.detach()
        mse_loss(pred, y).backward()
        for k, p in m.named_parameters():
            if p.grad is not None: io["grad_train." + k] = p.grad.clone()
        m.load_state_dict(state, strict=False); m.eval()
    base = getattr(m, "base", m)
    try:
        if c["model"] in ("linear", "ln"): io["strf"] = base.readout.STRF_weight().detach()
        elif c["model"] in ("nrf", "dnet"): io["strf"] = base.core[0].STRF_weight().detach()
    except Exception as e: print(name, "no strf", e)
    # receptive field at a real stimulus: gradient of each neuron's last output with respect to the first 24 bins of clip 0
    rows = []
    for n in range(N):
        z = x[:1, :, :, :24].clone().requires_grad_(True)
        rows.append(torch.autograd.grad(m(z)[0, n, 0, -1], z)[0][0])
    io["jacobian"] = torch.stack(rows).detach()
    io = {k.replace(".base.", "."): v.detach().contiguous().float() for k, v in io.items()}
    save_file(state, d / "weights.safetensors"); save_file(io, d / "io.safetensors")
    c["reference"] = "deepSTRF 0.1.0, PyTorch " + torch.__version__
    state = {k.removeprefix("base."): v for k, v in state.items()}
    save_file(state, d / "weights.safetensors")
    (d / "case.toml").write_text("# computed with " + c["reference"] + "\n" + sections(c))
    print(name, sum(p.numel() for p in m.parameters()), float(io["prediction"].std()))

# metrics on their own
d = out / "metrics"; d.mkdir(exist_ok=True)
B, N, R, T = 4, 6, 7, 120
rate = torch.nn.functional.softplus(torch.randn(B, N, 1, T).cumsum(-1) * .3)
y = torch.poisson(rate.expand(B, N, R, T))
y[0, 2] = float("nan"); y[1, 3, 4:] = float("nan"); y[2, :, :, 100:] = float("nan"); y[:, 4, 1:] = float("nan"); y[:, 5] = 0.
pred = rate * .7 + torch.rand(B, N, 1, T) * .6
io = {"responses": y, "prediction": pred,
      "corrcoef": corrcoef(pred, y, reduction="none"), "fve": fve(pred, y, reduction="none"),
      "ccnorm_schoppe": normalized_corrcoef(pred, y, method="schoppe", reduction="none"),
      "ccnorm_hsu": normalized_corrcoef(pred, y, method="hsu", reduction="none"),
      "ccmax": _ccmax_per_neuron(y, ~y.isnan(), 126),
      "signal_power": signal_power(y, reduction="none"), "noise_power": noise_power(y, reduction="none"),
      "snr": snr(y, reduction="none"), "ttrc_stimulus0": compute_TTRC(y[0]), "ccmax_stimulus0": compute_CCmax(y[0]),
      "mse": mse_loss(pred, y, reduction="none"), "poisson": poisson_loss(pred, y, reduction="none"),
      }
rate = torch.nn.functional.softplus(torch.randn(2, 3, 1, 1500).cumsum(-1) * .15); yl = torch.poisson(rate.expand(2, 3, 5, 1500)); pl = rate + .4 * torch.randn(2, 3, 1, 1500)
io.update(long_psth=yl.mean(2, keepdim=True), long_prediction=pl, coherence_long=coherence(pl, yl.mean(2, keepdim=True), dt_ms=5.0, reduction="none"))
save_file({k: v.contiguous().float() for k, v in io.items()}, d / "io.safetensors")
for k, v in io.items():
    if v.dim() == 1: print(k, v)

# front ends: from the waveform and the settings that lie beside this script
here = pathlib.Path(__file__).parent / "frontends"
d = out / "frontends"; d.mkdir(exist_ok=True)
settings = json.loads((here / "case.json").read_text())
waveform = load_file(here / "io.safetensors")["waveform"]  # 32 kHz
io = {"waveform": waveform.clone()}
for name, keys in settings.items():
    front_end = CausalMelSpectrogram if name.startswith("mel") else CausalGammatone
    with torch.no_grad():
        io[name] = front_end(**keys)(waveform[None, None])[0, 0]  # (B, 1, F, T) -> (F, T)
    print(name, tuple(io[name].shape))
save_file({k: v.contiguous().float() for k, v in io.items()}, d / "io.safetensors")
(d / "case.json").write_text(json.dumps(settings, indent=1) + "\n")
