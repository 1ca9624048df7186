"""Models that deepSTRF 0.1.0 saved, adopted by strf; and models that strf trained, loaded by deepSTRF.

usage: both_ways.py STRF   (`make test-deepstrf` calls it with the Python that has deepSTRF)
Each model, prefilter, kernel and output nonlinearity that both have goes both ways; predictions of both
programs are compared. What deepSTRF has no part for must be said by name, and its loader must stop.
"""
import itertools, json, pathlib, subprocess, sys, tempfile, warnings
import h5py, numpy as np, torch
import deepSTRF.models.activations, deepSTRF.models.layers, deepSTRF.models.prefiltering
import deepSTRF.models.audio as audio

STRF = pathlib.Path(sys.argv[1]).resolve()
F, N, T, CLIPS, DT = 20, 3, 160, 6, 5.0
#: Largest difference between the two programs, of the largest prediction: both compute in single precision.
TOLERANCE = 1e-5
CLASSES = dict(linear="Linear", ln="LinearNonlinear", nrf="NetworkReceptiveField", dnet="DNet", cnn2d="ConvNet2D",
               statenet="StateNet", transformer="Transformer")
STRF_MODELS = ("linear", "ln", "nrf", "dnet")
PREFILTERS = ("none", "adaptrans", "willmore")


def strf(place, *words, fails=False):
    done = subprocess.run([STRF, *map(str, words)], cwd=place, capture_output=True, text=True)
    assert (done.returncode != 0) == fails, f"strf {' '.join(map(str, words))}\n{done.stdout}{done.stderr}"
    return done.stderr


def dataset(file, rng):
    """A recording of random sound with the bands that deepSTRF's prefilters expect."""
    mel = lambda hz: 2595 * np.log10(1 + hz / 700)
    centres = 700 * (10 ** (np.linspace(mel(500), mel(20000), F) / 2595) - 1)
    with h5py.File(file, "w") as f:
        f.attrs["dt_ms"] = DT
        f["frequencies"] = centres
        f["neurons/id"] = [f"n{n}" for n in range(N)]
        for clip in range(CLIPS):
            sound = rng.normal(size=(F, T)).cumsum(-1) * .2 + rng.normal(size=(F, T)) * .5 + 1
            drive = sound[3 * clip % F] + np.roll(sound[7], 2)
            f[f"stimuli/s{clip}/cochleagram"] = sound.astype("f4")
            f[f"stimuli/s{clip}/responses"] = rng.poisson(.7 / (1 + np.exp(-drive)), (N, 4, T)).astype("f4")
        ids = [f"s{clip}" for clip in range(CLIPS)]
        for name, clips in dict(train=ids[:4], valid=ids[4:5], test=ids[5:]).items():
            f[f"splits/{name}"] = clips


def sounds(file):
    with h5py.File(file) as f:
        return torch.from_numpy(np.stack([f[f"stimuli/s{c}/cochleagram"][()] for c in range(CLIPS)]))[:, None]


def predicted(place, run):
    strf(place, "predict", run, "--split", "all", "--out", "p.h5", "--force")
    with h5py.File(place / "p.h5") as f:
        return np.stack([f[f"stimuli/s{c}/prediction"][()] for c in range(CLIPS)])


def compare(name, ours, theirs):
    theirs = theirs.detach().numpy().reshape(ours.shape)
    error = np.abs(ours - theirs).max() / np.abs(theirs).max()
    assert np.isfinite(ours).all() and np.ptp(theirs) > 0, f"{name}: nothing to compare"
    assert error <= TOLERANCE, f"{name}: off by {error:.1e} of the largest prediction"
    return error


def outputs(n):
    """By name: the object, and whether names of weights tell it."""
    act = deepSTRF.models.activations
    return dict(identity=(torch.nn.Identity(), False), relu=(torch.nn.ReLU(), False), sigmoid=(torch.nn.Sigmoid(), False),
                softplus=(torch.nn.Softplus(), False), parametric_sigmoid=(act.ParametricSigmoid(n), True),
                parametric_softplus=(act.ParametricSoftplus(n), True),
                double_exponential=(act.ParametricDoubleExponential(n), True))


def made_there():
    """Their models: name, object, what `strf adopt` must be told."""
    bands = dict(n_frequency_bands=F, out_neurons=N)
    layers, make = deepSTRF.models.layers, deepSTRF.models.prefiltering.make_prefiltering

    def model(kind, prefilter="none", kernel="full", output=None, **own):
        given, told, channels = dict(bands, **own), [], 1
        if prefilter != "none":
            given["prefiltering"] = make(prefilter, F, DT)
            channels = given["prefiltering"].out_channels
        if kind in STRF_MODELS:
            lags = given.setdefault("temporal_window_size", 7)
            units = given["n_hidden"] if "n_hidden" in given else N
            if kernel == "separable":
                given["kernel"] = layers.SeparableSTRF(F, lags, channels, units)
            if kernel == "dcls":
                given["kernel"] = layers.ParametricSTRF(F, lags, channels, units, 3)
        if output:
            given["output_activation"], is_told = outputs(N)[output]
            told = [] if is_told else ["--set", f"model.output={output}"]
        sizes = ", ".join(f"{key} = {value}" for key, value in own.items())
        name = " ".join(word for word in (kind, prefilter, kernel, output or "", sizes) if word not in ("none", "full", ""))
        return name, getattr(audio, CLASSES[kind])(**given), told

    hidden = dict(linear={}, ln={}, nrf=dict(n_hidden=5), dnet=dict(n_hidden=5, init_tau=2.5))
    for kind, prefilter, kernel in itertools.product(STRF_MODELS, PREFILTERS, ("full", "separable", "dcls")):
        yield model(kind, prefilter, kernel, **hidden[kind])
    for kind, output in itertools.product(("ln", "nrf", "statenet"), outputs(N)):
        yield model(kind, output=output, **hidden.get(kind, {}))
    yield model("dnet", output="sigmoid", n_hidden=4, init_tau=1.5, decay_input=False)
    for prefilter in PREFILTERS:
        yield model("cnn2d", prefilter, kernel_size=(3, 4), c_hidden=4, n_hidden=6)
        yield model("transformer", prefilter, time_patch_size=3, embedding_dim=12, n_heads=2)
        yield model("transformer", prefilter, freq_patch_size=10, context_window=12, embedding_dim=8, n_layers=2)
        for rnn, connectivity in itertools.product(("GRU", "LSTM", "RNN", "LMU", "Mamba"), ("LC", "CONV", "FC")):
            yield model("statenet", prefilter, rnn_type=rnn, connectivity=connectivity, kernel_size=5, hidden_channels=4)


def shake(model):
    """Normalizations whose numbers do something."""
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm1d):
            part.running_mean.uniform_(-.3, .3); part.running_var.uniform_(.5, 1.5)
        if isinstance(part, (torch.nn.BatchNorm1d, torch.nn.LayerNorm)):
            torch.nn.init.uniform_(part.weight, .5, 1.5); torch.nn.init.uniform_(part.bias, -.3, .3)


def theirs_here(place, x):
    for case, (name, model, told) in enumerate(made_there()):
        shake(model); model.eval()
        model.save_pretrained(place / f"saved{case}")
        strf(place, "adopt", f"saved{case}", "--data", "data.h5", "--out", f"adopted{case}", *told)
        with torch.no_grad():
            yield f"there, then here: {name}", predicted(place, f"adopted{case}"), model(x)


def made_here():
    """Our models: the sections of a run file."""
    def text(model, prefilter="none", parameterization=""):
        front = "" if prefilter == "none" else f'[prefilter]\ntype = "{prefilter}"\n'
        return f"[model]\n{model}\n{front}{parameterization}"
    own = dict(linear="window_ms = 35.0", ln="window_ms = 35.0", nrf="window_ms = 35.0\nhidden = 5",
               dnet="window_ms = 35.0\nhidden = 5\noutput_decay = false\ndecay_bins = 14")
    kernels = ["", '[parameterization]\ntype = "separable"\n', '[parameterization]\ntype = "dcls"\ngaussians = 3\n']
    for kind, prefilter, kernel in itertools.product(STRF_MODELS, PREFILTERS, kernels):
        yield text(f'type = "{kind}"\n{own[kind]}', prefilter, kernel)
    for output in outputs(N):
        yield text(f'type = "ln"\noutput = "{output}"')
        yield text(f'type = "transformer"\noutput = "{output}"\ntime_patch = 2\nheads = 2\nlayers = 2')
    for prefilter in PREFILTERS:
        yield text('type = "cnn2d"\nkernel_ms = 20.0\nchannels = 4\nhidden = 6', prefilter)
        yield text('type = "transformer"\nfreq_patch = 5\ntime_patch = 3\ncontext_ms = 0.0\nembedding_dim = 4', prefilter)
        yield text('type = "transformer"', prefilter)
        for rnn, connectivity in itertools.product(("gru", "lstm", "rnn", "lmu", "mamba"), ("lc", "conv", "fc")):
            yield text(f'type = "statenet"\nrnn = "{rnn}"\nconnectivity = "{connectivity}"\nchannels = 4', prefilter)


def trained(place, run, text):
    train = "[train]\nepochs = 2\nstarts = 1\noptimizer = \"adamw\"\n"
    (place / f"{run}.toml").write_text(f'[data]\nfile = "data.h5"\n{text}\n{train}[output]\nfolder = "{run}"\n')
    strf(place, "train", f"{run}.toml")
    return json.loads((place / run / "model/metadata.json").read_text())


def load(folder, extra):
    config = json.loads((folder / "config.json").read_text())
    names = dict(torch=torch, deepSTRF=deepSTRF)
    objects = {argument: eval(expression, names) for argument, expression in extra.items()}
    return getattr(audio, config["_model_class"] or "Linear").from_pretrained(folder, extra_kwargs=objects).eval()


def ours_there(place, x):
    for case, text in enumerate(made_here()):
        metadata = trained(place, f"run{case}", text)
        told = metadata["deepstrf"]
        name = " ".join(text.split())
        assert not told["no_part_for"], f"{name}: {told}"
        model = load(place / f"run{case}/model", told["extra_kwargs"])
        mean, scale = (torch.tensor(metadata[key], dtype=torch.float32).reshape(1, 1, -1, 1) for key in ("mean", "scale"))
        with torch.no_grad():
            yield f"here, then there: {name}", predicted(place, f"run{case}"), model((x - mean) / scale)


#: Sections of a run file whose runs are published: every part that deepSTRF is given as an object.
PUBLISHED = (
    'type = "linear"', 'type = "ln"', 'type = "nrf"\nhidden = 5', 'type = "cnn2d"\nkernel_ms = 20.0\nchannels = 4\nhidden = 6',
    'type = "dnet"\nhidden = 5\noutput_decay = false\ndecay_bins = 14', 'type = "statenet"\nchannels = 4', 'type = "transformer"',
    'type = "ln"\noutput = "sigmoid"', 'type = "ln"\noutput = "double_exponential"\n[parameterization]\ntype = "separable"',
    'type = "nrf"\nhidden = 4\n[prefilter]\ntype = "adaptrans"\n[parameterization]\ntype = "dcls"\ngaussians = 3',
    'type = "cnn2d"\nkernel_ms = 20.0\nchannels = 4\nhidden = 6\n[prefilter]\ntype = "willmore"')


def cards(place, x):
    """The code of the card of each published model, run as it stands."""
    for case, text in enumerate(PUBLISHED):
        trained(place, f"own{case}", f"[model]\n{text}")
        strf(place, "publish", f"own{case}", f"published{case}", "--licence", "MIT")
        card = (place / f"published{case}/README.md").read_text()
        (code,) = [block.split("```")[0] for block in card.split("```python\n")[1:]]
        names = dict(sound=x)
        exec(code.replace("FOLDER", str(place / f"published{case}")), names)
        responses = names["responses"]
        assert responses.shape == (CLIPS, N, 1, T), (text, responses.shape)
        strf(place, "adopt", f"published{case}", "--data", "data.h5", "--out", f"again{case}")
        yield f"the card of {' '.join(text.split())}", predicted(place, f"again{case}"), responses


#: Sections of a run file, and what of them deepSTRF has no part for.
ALONE = {
    'type = "linear"\nnorm = "none"': 'model.norm = "none"',
    'type = "dnet"\ndecay_bins = 14': "model.output_decay = true",
    'type = "dnet"\noutput_decay = false': "model.decay_bins = 0 (there it is 14)",
    'type = "nrf"\nhidden_readout = 4': "model.hidden_readout = 4",
    'type = "statenet"\nrnn_layers = 2': "model.rnn_layers = 2",
    'type = "cnn1d"': "model cnn1d",
    'type = "ln"\n[parameterization]\ntype = "gaussian"': "parameterization gaussian",
    'type = "ln"\n[parameterization]\ntype = "separable"\nrank = 2': "parameterization.rank = 2",
    'type = "ln"\n[[prefilter]]\ntype = "willmore"\n[[prefilter]]\ntype = "adaptrans"': "2 prefilters in a row",
    'type = "ln"\n[prefilter]\ntype = "adaptrans"\nrectify = false': "prefilter.rectify = false",
}


def said_by_name(place):
    for case, (text, lacking) in enumerate(ALONE.items()):
        told = trained(place, f"alone{case}", f"[model]\n{text}")["deepstrf"]
        assert told["no_part_for"] == [lacking], (text, told)
        strf(place, "publish", f"alone{case}", f"shown{case}", "--licence", "MIT")
        card = (place / f"shown{case}/README.md").read_text()
        assert f"deepSTRF 0.1.0 cannot load it: it has no part for {lacking}." in card, (text, card)
        assert "```python" not in card, (text, card)
        try:
            load(place / f"alone{case}/model", told["extra_kwargs"])
        except (TypeError, RuntimeError):
            continue
        raise AssertionError(f"deepSTRF loaded a model that it does not have: {text}")
    return len(ALONE)


def main():
    rng = np.random.default_rng(1); torch.manual_seed(1)
    warnings.filterwarnings("ignore", "enable_nested_tensor")
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        dataset(place / "data.h5", rng)
        x = sounds(place / "data.h5")
        for ways in (theirs_here, ours_there, cards):
            errors = {name: compare(name, ours, theirs) for name, ours, theirs in ways(place, x)}
            worst = max(errors, key=errors.get)
            print(f"{ways.__name__}: {len(errors)} models agree; furthest off by {errors[worst]:.1e}: {worst}", flush=True)
        print(f"said_by_name: {said_by_name(place)} models that deepSTRF does not have")


main()
