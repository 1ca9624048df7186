"""Sweeps on a real Slurm of one node: hand in, kill, exceed time and memory, drain, resume, collect, cancel.

    tests/slurm/check.py STRF FOLDER      FOLDER is made anew; SLURM_CONF says which Slurm
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

STRF, FOLDER = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
HOST = subprocess.run(["hostname", "-s"], capture_output=True, text=True).stdout.strip()


def run(*words, status=0):
    done = subprocess.run([str(word) for word in words], cwd=FOLDER, capture_output=True, text=True)
    print("$", *words, "\n" + (done.stdout + done.stderr).rstrip(), flush=True)
    assert status is None or done.returncode == status, f"status {done.returncode}, expected {status}"
    return done


def sweep(name, launch, fits="epochs = 20"):
    """A sweep file of four fits of the recording."""
    (FOLDER / name).write_text(
        "[data]\nfile = \"data.h5\"\n[model]\ntype = \"nrf\"\n"
        f"[train]\noptimizer = \"adamw\"\nstarts = 1\n{fits}\n[fit]\nfolds = 2\n"
        "[grid]\nmodel.hidden = [4, 8]\n"
        f"[launch]\non = \"slurm\"\nmax_running = 2\npartition = \"test\"\n{launch}\n"
    )


def status(name):
    return json.loads(run(STRF, "sweep", "status", name, "--json").stdout)


def wait(what, holds, seconds=120):
    begin = time.time()
    while not holds():
        assert time.time() - begin < seconds, f"{what} never came"
        time.sleep(0.3)


def queue():
    said = subprocess.run(["squeue", "-h", "-r", "-o", "%i %T"], capture_output=True, text=True)
    return said.stdout.split("\n")[:-1]


def is_idle():
    return not queue()


def same(left, right):
    for job in sorted((FOLDER / left / "jobs").iterdir()):
        own = (job / "model/model.safetensors").read_bytes()
        other = (FOLDER / right / "jobs" / job.name / "model/model.safetensors").read_bytes()
        assert own == other, f"{job} differs"


def worker(name):
    """The process that works on a fit of a sweep."""
    found = None

    def holds():
        nonlocal found
        for file in sorted((FOLDER / name / "claims").glob("0*.json")):
            try:
                found = json.loads(file.read_text())["process"]["process"]
            except (OSError, ValueError):
                continue
            return True
        return False

    wait("a claim", holds)
    return found


LONG = "epochs = 1000000\npatience = 1000000"


def submit_and_collect():
    sweep("plain.toml", "cpus = 1\ntime = \"10:00\"\nmemory = \"1G\"\nsetup = [\"echo set up\"]")
    run(STRF, "sweep", "plain.toml", "--out", "plain")
    wait("the end of the array", is_idle)
    assert status("plain")["done"] == 4
    run(STRF, "sweep", "collect", "plain", "--predictions")
    assert "set up" in next((FOLDER / "plain/logs").glob("*.log")).read_text()
    run(STRF, "sweep", "plain.toml", "--out", "local", "--set", "launch.on=local")
    same("plain", "local")


def killed_jobs_are_seen_and_run_again():
    sweep("killed.toml", "cpus = 1", "epochs = 3000\npatience = 3000")
    run(STRF, "sweep", "killed.toml", "--out", "killed")
    os.kill(worker("killed"), signal.SIGKILL)
    run("scancel", "--name=strf-killed", "--signal=KILL", "--full")
    wait("the end of the array", is_idle)
    before = status("killed")
    assert before["died"], before
    said = run(STRF, "sweep", "status", "killed").stdout
    assert "died" in said
    run(STRF, "sweep", "resume", "killed")
    run(STRF, "sweep", "resume", "killed")  # two at once do no harm
    wait("the end of the array", is_idle, 300)
    after = status("killed")
    assert (after["done"], after["died"]) == (4, []), after
    run(STRF, "sweep", "killed.toml", "--out", "killed-local", "--set", "launch.on=local")
    same("killed", "killed-local")


def time_and_memory_run_out():
    sweep("late.toml", "cpus = 1\ntime = \"1\"", LONG)
    run(STRF, "sweep", "late.toml", "--out", "late")
    worker("late")
    wait("the time limit", is_idle, 240)
    late = status("late")
    # A task that is told to stop writes down how far it came, and lets go of its fit.
    assert late["done"] == 0 and len(late["died"]) + late["open"] == 4, late
    sweep("big.toml", "cpus = 1\nmemory = \"20M\"", LONG)
    run(STRF, "sweep", "big.toml", "--out", "big")
    wait("the end of the array", is_idle, 120)
    big = status("big")
    assert big["done"] == 0, big
    print("memory:", json.dumps(big))


def a_drained_node_keeps_the_array_waiting():
    sweep("drained.toml", "cpus = 1")
    run("scontrol", "update", f"nodename={HOST}", "state=drain", "reason=test")
    run(STRF, "sweep", "drained.toml", "--out", "drained")
    time.sleep(3)
    assert status("drained")["open"] == 4
    run("scontrol", "update", f"nodename={HOST}", "state=resume")
    wait("the end of the array", is_idle)
    assert status("drained")["done"] == 4


def cancel_takes_the_array_back():
    sweep("cancelled.toml", "cpus = 1", LONG)
    run(STRF, "sweep", "cancelled.toml", "--out", "cancelled")
    worker("cancelled")
    run(STRF, "sweep", "cancel", "cancelled")
    wait("the end of the array", is_idle, 60)
    cancelled = status("cancelled")
    assert cancelled["cancelled"] and cancelled["done"] == 0 and not cancelled["running"], cancelled


def what_slurm_refuses_is_passed_on():
    sweep("refused.toml", "cpus = 1\nextra = [\"--partition=nowhere\"]")
    said = run(STRF, "sweep", "refused.toml", "--out", "refused", status=2).stderr
    assert "Slurm refused" in said and re.search("[Pp]artition", said), said
    run(STRF, "sweep", "resume", "refused", "--local")
    assert status("refused")["done"] == 4


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    run(STRF, "simulate", "data.h5", "--neurons", "3", "--stimuli", "12", "--bins", "200", "--repeats", "3")
    checks = [
        submit_and_collect,
        killed_jobs_are_seen_and_run_again,
        a_drained_node_keeps_the_array_waiting,
        cancel_takes_the_array_back,
        what_slurm_refuses_is_passed_on,
        time_and_memory_run_out,
    ]
    for check in checks:
        print(f"--- {check.__name__}", flush=True)
        check()
    print(f"{len(checks)} checks passed")


main()
