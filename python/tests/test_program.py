"""Which program runs, how its messages come, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
from conftest import ROOT

import strf_fit as sf
from strf_fit import program

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="scripts of a shell")


def script(name: str, text: str) -> Path:
    """A program that is a script."""
    file = Path(name).absolute()
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def pretender(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A program of the right version that does what `text` says."""
    version = f'if [ "$1" = --version ]; then echo strf {sf.__version__}; exit; fi\n'
    monkeypatch.setenv("STRF", str(script("strf", version + text)))


def test_the_version_is_that_of_the_program() -> None:
    manifest = (ROOT / "Cargo.toml").read_text().split("[dependencies]")[0]
    assert f'version = "{sf.__version__}"' in manifest
    assert f"\nversion: {sf.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert sf.call("--version") == f"strf {sf.__version__}\n"


@POSIX
def test_a_program_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRF", str(script("old", "echo strf 0.1.0")))
    with pytest.raises(sf.ProgramError, match=r"found 'strf 0\.1\.0', expected 'strf "):
        _ = sf.models()
    monkeypatch.setenv("STRF", str(script("none", "echo nothing >&2; exit 3")))
    with pytest.raises(sf.ProgramError, match="found 'no version'"):
        _ = sf.models()


def test_a_program_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRF", "nowhere/strf")
    with pytest.raises(sf.ProgramError, match=r"nowhere/strf: found no program .*unset STRF"):
        _ = sf.models()


@POSIX
def test_a_file_that_cannot_be_run_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("data").write_text("x")
    monkeypatch.setenv("STRF", str(Path("data").absolute()))
    with pytest.raises(sf.ProgramError, match="a file that cannot be run"):
        _ = sf.models()


def installed(folder: Path, files: list[str]) -> None:
    """A package folder, and what an installer wrote of it."""
    (folder / "strf_fit").mkdir(parents=True)
    (folder / "strf_fit/__init__.py").touch()
    about = folder / f"strf_fit-{sf.__version__}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: strf_fit\nVersion: {sf.__version__}\n"
    )
    (about / "RECORD").write_text("".join(f"{file},,\n" for file in files))


@POSIX
def test_only_the_program_of_its_own_wheel_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    _ = script("strf", "echo strf 9.9.9")
    monkeypatch.setenv("PATH", f"{Path.cwd()}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("STRF")
    with pytest.raises(sf.ProgramError, match="found no program beside"):
        _ = sf.models()
    # An installation of another folder is not this package's.
    installed(Path("other"), ["strf_fit/__init__.py", "../strf"])
    monkeypatch.syspath_prepend(str(Path("other").absolute()))
    with pytest.raises(sf.ProgramError, match="found no program beside"):
        _ = program.path()
    installed(Path("own"), ["strf_fit/__init__.py", "bin/strf"])
    Path("own/bin").mkdir()
    file = script("own/bin/strf", f"echo strf {sf.__version__}")
    monkeypatch.setattr(program, "__file__", str(Path("own/strf_fit/program.py").absolute()))
    monkeypatch.syspath_prepend(str(Path("own").absolute()))
    assert program.path() == file.resolve()
    # Where pip moved it without a word.
    record = Path(f"own/strf_fit-{sf.__version__}.dist-info/RECORD")
    record.write_text(record.read_text().replace("bin/strf", "../../bin/strf"))
    assert program.path() == file.resolve()


@POSIX
def test_a_package_that_is_edited_runs_the_program_of_its_installation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("STRF")
    installed(Path("site"), ["strf_fit.pth", "bin/strf"])
    origin = Path(f"site/strf_fit-{sf.__version__}.dist-info/direct_url.json")
    monkeypatch.syspath_prepend(str(Path("site").absolute()))
    Path("site/bin").mkdir()
    file = script("site/bin/strf", f"echo strf {sf.__version__}")
    for folder, is_edited in ((ROOT, True), (Path.cwd(), True), (ROOT, False)):
        about = {"url": folder.as_uri(), "dir_info": {"editable": is_edited}}
        origin.write_text(json.dumps(about))
        if folder == ROOT and is_edited:
            assert program.path() == file.resolve()
        else:
            with pytest.raises(sf.ProgramError, match="found no program beside"):
                _ = program.path()


def test_messages_come_as_exceptions() -> None:
    with pytest.raises(
        sf.InputError, match=r"^nothing\.h5: there is no such file; check the path$"
    ):
        _ = sf.call("inspect", "nothing.h5")
    with pytest.raises(sf.InputError, match="unrecognized subcommand 'trian'"):
        _ = sf.call("trian")
    with pytest.raises(ValueError, match="unexpected argument"):
        _ = sf.call("inspect", "x.h5", "--nothing")


@POSIX
def test_exceptions_follow_the_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "echo a note >&2; echo 'strf: epoch 3' >&2; echo '  because of a loss of NaN' >&2; "
    for ending, kind in [("exit 1", sf.FitError), ("exit 2", sf.InputError)]:
        pretender(monkeypatch, said + ending)
        with pytest.raises(kind, match=r"^epoch 3\n  because of a loss of NaN$"):
            _ = sf.call("x", quiet=True)
    pretender(monkeypatch, said + "exit 130")
    with pytest.raises(KeyboardInterrupt, match=r"^epoch 3"):
        _ = sf.call("x")
    pretender(monkeypatch, "kill -KILL $$")
    with pytest.raises(sf.ProgramError, match=r"ended by signal 9; .*memory"):
        _ = sf.call("x")


@POSIX
def test_notes_are_shown_and_warnings_are_warnings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretender(monkeypatch, "echo 'strf: warning: few clips' >&2; echo a note >&2; echo done")
    with pytest.warns(sf.StrfWarning, match="^few clips$") as caught:
        assert sf.call("x") == "done\n"
    assert caught[0].filename == __file__
    assert capsys.readouterr().err == "a note\n"


@POSIX
def test_the_program_ends_where_a_warning_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pretender(monkeypatch, "echo $$ > pid; echo 'strf: warning: few clips' >&2; exec sleep 60")
    begun = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(sf.StrfWarning):
            _ = sf.call("x")
    assert time.monotonic() - begun < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path("pid").read_text()), 0)


@POSIX
def test_many_lines_on_both_streams_do_not_block(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = 'i=0; while [ $i -lt 20000 ]; do echo "result $i"; echo "note $i" >&2; i=$((i+1)); done'
    pretender(monkeypatch, lines)
    assert sf.call("x", quiet=True).count("\n") == 20000


@POSIX
def test_ctrl_c_ends_training_in_order_and_resume_goes_on(data: sf.Dataset) -> None:
    config = {"data": data, "model": "nrf", "train": {"epochs": 40, "patience": 40}}
    whole = sf.train(config, "whole", quiet=True)

    def press() -> None:
        while not Path("cut/history.csv").exists():
            time.sleep(0.002)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(sf.Interrupted, match=r"interrupted after epoch .*--resume") as error:
        _ = sf.train(config, "cut", quiet=True)
    assert not isinstance(error.value, Exception)
    assert "resume=True" in error.value.__notes__[0]
    assert not Path("cut/scores.csv").exists()
    resumed = sf.train(config, "cut", quiet=True, resume=True)
    for name in ("model/model.safetensors", "scores.csv"):
        assert (resumed.folder / name).read_bytes() == (whole.folder / name).read_bytes()


@POSIX
def test_a_terminal_shows_epochs_in_one_line(data: sf.Dataset) -> None:
    import pty

    code = (
        "import strf_fit as sf\n"
        f"sf.train({{'data': {str(data.path)!r}, 'model': 'nrf', 'train.epochs': 60}}, 'run')\n"
    )
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", code], stderr=theirs, stdout=theirs) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                seen += os.read(ours, 4096)
            except OSError:
                break
    os.close(ours)
    assert process.returncode == 0, seen
    lines = seen.decode().replace("\r\n", "\n").split("\r\x1b[K")
    epochs = [line for line in lines if line.startswith("epoch ")]
    assert len(epochs) >= 2
    assert all("loss" in line and "cc" in line and "\n" not in line for line in epochs), epochs


@pytest.mark.parametrize("missing", [["xarray"], ["xarray", "pandas"]])
def test_tables_and_arrays_come_without_pandas_and_xarray(missing: list[str], run: sf.Run) -> None:
    code = f"""
import importlib.util, sys
missing = {missing!r}
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in missing else find(name, *rest)
sys.modules.update(dict.fromkeys(missing))
import numpy as np, strf_fit as sf
run = sf.Run({str(run.folder)!r})
strfs = run.strfs()
assert strfs.dims == ("neuron", "channel", "frequency", "lag")
assert list(strfs.coords["neuron"]) == ["007", "a/b"]
assert list(strfs.coords["lag"]) == [0, 5, 10, 15, 20, 25]
assert strfs.attrs["unit"] and np.asarray(strfs).shape == (2, 1, 12, 6)
for table in (run.scores, sf.evaluate(run, split="valid").table):
    assert table["cc"].dtype == float and min(table["cc"]) > 0.5
    assert "pandas" not in missing or list(table["neuron"]) == ["007", "a/b"]
assert min(run.measures()["best_latency_ms"]) > 0
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
