"""From nothing but a wheel to a picture of receptive fields: `python wheel.py dist`.

Installs the wheel into a fresh environment, and runs the program and the package there, with
nothing of this machine on the path: no Rust, no CMake, no compiler.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

MOST_MEGABYTES = 15
PACKAGE = Path(__file__).resolve().parents[1] / "strf_fit"

#: What is run in the environment, in an empty folder.
FITS = """
from pathlib import Path
import numpy as np
import strf_fit as sf

assert sf.__version__ == {version!r}
assert Path(sf.__file__).is_relative_to({environment!r}), sf.__file__
rng = np.random.default_rng(0)
field = np.outer(np.exp(-((np.arange(10) - 4) ** 2) / 3), [0.0, 0.6, 0.3, -0.3])
sounds = {{f"s{{i}}": rng.normal(size=(10, 400)) for i in range(10)}}
drive = lambda x: sum(field[:, k] @ np.roll(x, k, axis=1) for k in range(4))
spikes = {{i: rng.poisson(np.exp(drive(x) - 1), (1, 10, 400)) for i, x in sounds.items()}}
hz = np.geomspace(500, 8000, 10)
data = sf.write_dataset("data.h5", sounds, spikes, 5, frequencies=hz)
run = sf.train({{"data": data, "model": "ln"}}, "run", data={{"smooth_ms": 0}})
found = np.asarray(run.strfs())[0, 0, :, :4]
correlation = np.corrcoef(found.ravel(), field.ravel())[0, 1]
assert correlation > 0.9, correlation
assert sf.predict(run, sounds["s0"]).shape == (1, 400)
assert type(run.scores) is dict, "pandas has come with the wheel"
print(f"the field is found again: correlation {{correlation:.3f}}")
"""


def main(folder: Path) -> None:
    """Installs the wheel of the folder and uses it."""
    version = re.findall(r'"(.+)"', (PACKAGE / "version.py").read_text(encoding="utf-8"))[-1]
    wheels = sorted(folder.glob(f"strf_fit-{version}-*.whl"))
    if len(wheels) != 1:
        sys.exit(f"{folder}: found {len(wheels)} wheels of version {version}, expected one")
    wheel = wheels[0].resolve()
    megabytes = wheel.stat().st_size / 1e6
    print(f"{wheel.name}: {megabytes:.1f} MB")
    if megabytes > MOST_MEGABYTES:
        sys.exit(f"found {megabytes:.1f} MB, expected {MOST_MEGABYTES} MB or less")
    # The real path: on some machines the folder for temporary files is a link.
    with tempfile.TemporaryDirectory() as place:
        use(wheel, version, Path(place).resolve())


def use(wheel: Path, version: str, place: Path) -> None:
    """A fresh environment with the wheel, and what a user does first."""
    environment, work = place / "environment", place / "work"
    work.mkdir()
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    bare = {"PATH": str(scripts), "HOME": str(place), "TMPDIR": str(place)}
    if os.name == "nt":
        bare |= {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP", "TMP")}

    def run(*command: str, keeps: bool = False) -> str:
        shown = " ".join(command) if len(command[-1]) < 200 else command[0]
        print(f"+ {shown}", flush=True)
        around = dict(os.environ) if keeps else bare
        for name in ("STRF", "PYTHONPATH", "PYTHONHOME"):
            _ = around.pop(name, None)
        command = (str(scripts / command[0]), *command[1:])
        done = subprocess.run(
            command, cwd=work, env=around, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode != 0:
            sys.exit(f"{shown}: ended by status {done.returncode}\n{done.stdout}")
        return done.stdout.strip()

    # Only here with the settings of this machine, which say where packages come from.
    _ = run("python", "-m", "pip", "install", "--quiet", str(wheel), keeps=True)
    require(run("strf", "--version"), f"strf {version}")
    print(run("python", "-c", FITS.format(version=version, environment=str(environment))))
    _ = run("strf", "export-strfs", "run", "--plot")
    picture = (work / "run/strfs.png").read_bytes()
    require(str(picture[:4]), str(b"\x89PNG"))
    print(f"run/strfs.png: {len(picture)} bytes")
    _ = run("strf", "simulate", "demo.h5", "--neurons", "3", "--stimuli", "8", "--bins", "200")
    _ = run("strf", "report", "run", "--out", "run.html")
    shared = ("share/man/man1/strf.1", "share/bash-completion/completions/strf")
    for name in shared if os.name != "nt" else ():
        require(f"{name}: {(environment / name).is_file()}", f"{name}: True")


def require(found: str, expected: str) -> None:
    """Ends the program where something else came out."""
    if found != expected:
        sys.exit(f"found {found!r}, expected {expected!r}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist"))
