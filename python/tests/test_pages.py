"""The notebook and the pages do what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT, make_recording
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

import strf_fit as sf

NOTEBOOK = ROOT / "examples/from_arrays.ipynb"


def cells() -> list[Any]:
    return [each for each in nbformat.read(NOTEBOOK, 4).cells if each.cell_type == "code"]


def test_the_notebook_has_twenty_lines_and_no_results() -> None:
    lines = [line for each in cells() for line in each.source.splitlines() if line.strip()]
    assert len(lines) <= 20
    assert all(not each.outputs and each.execution_count is None for each in cells())


def test_the_notebook_runs_from_arrays_to_a_comparison() -> None:
    notebook = nbformat.read(NOTEBOOK, 4)
    check = "assert np.corrcoef(strfs[0, :, :5].values.ravel(), fields[0].ravel())[0, 1] > 0.9"
    notebook.cells.append(nbformat.v4.new_code_cell(check))
    notebook.cells.append(nbformat.v4.new_code_cell("assert (run.scores['cc_norm'] > 0.9).all()"))
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": "."}})
    done = client.execute()
    outputs = [each for cell in done.cells if cell.cell_type == "code" for each in cell.outputs]
    shown = [str(each.get("data", {}).get("text/plain", "")) for each in outputs]
    assert any(re.match(r"epoch \d+  .*loss .*cc ", each) for each in shown), shown
    assert any("6 fits done" in each or "9 fits done" in each for each in shown), shown
    assert any("image/png" in each.get("data", {}) for each in outputs)
    assert shown[-1] == "(2, 300)"


def test_the_stop_button_of_a_notebook_ends_training_in_order(data: sf.Dataset) -> None:
    config = {"data": str(data.path), "model": "nrf", "train": {"epochs": 9999, "patience": 9999}}
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        asked = client.execute(
            "import strf_fit as sf\n"
            f"try:\n    sf.train({config!r}, 'run')\n"
            "except sf.Interrupted as stopped:\n    print(stopped)\n"
        )
        said, is_idle = "", False
        while not is_idle:
            message = client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] == "display_data":
                manager.interrupt_kernel()
            said += message["content"].get("text", "")
            is_idle = message["content"].get("execution_state") == "idle"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert re.search(r"interrupted after epoch \d+; .*--resume", said), said
    assert Path("run/history.csv").exists()
    assert not Path("run/scores.csv").exists()


def blocks(page: str, language: str) -> list[str]:
    """What stands between fences."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)


@pytest.mark.filterwarnings("ignore::strf_fit.StrfWarning")
@pytest.mark.parametrize("page", ["docs/python.md", "README.md"])
def test_python_of_the_pages_runs(page: str) -> None:
    recording = make_recording()
    ids = list(recording.stimuli)
    names: dict[str, object] = {
        "stimuli": recording.stimuli,
        "responses": recording.responses,
        "frequencies": recording.frequencies,
        "new_sound": recording.stimuli[ids[0]],
    }
    Path("my_run.toml").write_text('[data]\nfile = "my_data.h5"\n[model]\ntype = "ln"\n')
    found = blocks(page, "python")
    assert found
    for block in found:
        exec(compile(block, page, "exec"), names)
    assert isinstance(names["run"], sf.Run)


def test_names_of_the_page_are_those_of_the_package() -> None:
    text = (ROOT / "docs/python.md").read_text()
    for name in sf.__all__:
        assert re.search(rf"\b{name}\b", text), name
    for name in re.findall(r"\bsf\.(\w+)", text):
        assert hasattr(sf, name), name


def test_every_name_says_what_it_is() -> None:
    for name in sf.__all__:
        each = getattr(sf, name)
        assert name == "__version__" or each.__doc__, name
        for part, value in vars(each).items() if isinstance(each, type) else ():
            if not part.startswith("_") and (callable(value) or isinstance(value, property)):
                assert value.__doc__, f"{name}.{part}"


def test_importing_it_starts_nothing_and_loads_little() -> None:
    code = "import sys, strf_fit; assert not {'pandas', 'xarray', 'IPython'} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "python")}, check=False
    )
    assert done.returncode == 0
