#!/usr/bin/env python3
"""Seconds and peak memory of strf's commands as recordings grow.

    python3 benches/size.py target/release/strf target/size --neurons 100 1000 3000 --stimuli 600

Simulates a recording of each size (clips of 150 bins, 34 bands, 1 to 20 repeats), and inspects, fits (`ln`), scores, exports
and reports it. What was measured is kept in FOLDER/size.json, so that sizes can be measured one after the other; recordings and runs
are removed. Wall-clock seconds, seconds of processors (user and system), and the most resident memory, of each command. Needs no
package. The files of 3000 neurons take 2 GB while they are there.
"""
import argparse
import json
import math
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time

RUN_FILE = '[data]\nfile = "recording.h5"\n\n[model]\ntype = "ln"\n\n[output]\nfolder = "run"\n'
COMMANDS = {
    "simulate": "simulate recording.h5 --bins 150 --bands 34 --fewest-repeats 1 --repeats 20 "
    "--neurons {neurons} --stimuli {stimuli} {simulate}",
    "inspect": "inspect recording.h5",
    "train": "train run.toml {train}",
    "eval": "eval run",
    "export-strfs": "export-strfs run",
    "report": "report run",
}
BEGIN, END = "<!-- figures of `make bench-size` -->", "<!-- end of figures of sizes -->"


def measured(program, words, folder, limit):
    """What one command takes; the benchmark ends where it fails."""

    def limited():
        if limit:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    begun = time.monotonic()
    with open(folder / "said.txt", "w") as said:
        child = subprocess.Popen([program, *words], cwd=folder, stdout=said, stderr=said, preexec_fn=limited)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"strf {' '.join(words)}: status {child.returncode}\n{(folder / 'said.txt').read_text()[-2000:]}")
    return {
        "seconds": time.monotonic() - begun,
        "processor": usage.ru_utime + usage.ru_stime,
        "system": usage.ru_stime,
        "megabytes": usage.ru_maxrss * 1024 / 1e6,
    }


def of_size(args, neurons, stimuli):
    """All commands on one recording."""
    folder = args.folder / f"{neurons}x{stimuli}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "run.toml").write_text(RUN_FILE)
    found = {"neurons": neurons, "stimuli": stimuli, "options": [args.simulate, args.train], "commands": {}}
    for name, words in COMMANDS.items():
        words = words.format(neurons=neurons, stimuli=stimuli, simulate=args.simulate, train=args.train).split()
        found["commands"][name] = row = measured(args.program, words, folder, int(args.limit_gb * 1e9))
        print(f"{neurons} x {stimuli} {name}: {row['seconds']:.1f} s, {row['processor']:.1f} s of processors, "
              f"{row['megabytes']:.0f} MB", file=sys.stderr, flush=True)
    found["recording_megabytes"] = (folder / "recording.h5").stat().st_size / 1e6
    found["report_megabytes"] = (folder / "run" / "report.html").stat().st_size / 1e6
    if not args.keep:
        shutil.rmtree(folder)
    return found


def table(found):
    """All sizes side by side: seconds (of processors), memory; how both grow from one size to the next."""
    found = sorted(found, key=lambda size: (size["neurons"], size["stimuli"]))
    heads = [f"{size['neurons']} neurons, {size['stimuli']} clips" for size in found]
    lines = ["| command | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    for name in COMMANDS:
        cells = [size["commands"][name] for size in found]
        shown = [f"{c['seconds']:.1f} s ({c['processor']:.1f}), {c['megabytes']:.0f} MB" for c in cells]
        lines.append(f"| `{name}` | " + " | ".join(shown) + " |")
    for name, key in [("recording", "recording_megabytes"), ("report", "report_megabytes")]:
        lines.append(f"| size of the {name} | " + " | ".join(f"{size[key]:.1f} MB" for size in found) + " |")
    lines += ["", "Powers of the number of responses (neurons times clips) with which they grow from one size to the next, time of processors and memory:", ""]
    steps = list(zip(found, found[1:]))
    heads = [f"{a['neurons']} to {b['neurons']} neurons" for a, b in steps]
    lines += ["| command | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    for name in COMMANDS:
        cells = []
        for a, b in steps:
            more = math.log(b["neurons"] * b["stimuli"] / (a["neurons"] * a["stimuli"]))
            power = lambda key: math.log(b["commands"][name][key] / a["commands"][name][key]) / more
            cells.append(f"{power('processor'):.2f}, {power('megabytes'):.2f}")
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--neurons", type=int, nargs="+", default=[100, 1000, 3000])
    parser.add_argument("--stimuli", type=int, default=600)
    parser.add_argument("--simulate", default="", help="further options of strf simulate: --simulate='--missing 0.2'")
    parser.add_argument("--train", default="", help="further options of strf train: --train='--set train.epochs=2'")
    parser.add_argument("--limit-gb", type=float, default=0, help="address space that a command may take")
    parser.add_argument("--keep", action="store_true", help="leave recordings and runs where they are")
    parser.add_argument("--markdown", type=pathlib.Path, help="page between whose marks the tables are put")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    kept = args.folder / "size.json"
    found = json.loads(kept.read_text()) if kept.exists() else []
    for neurons in args.neurons:
        size = of_size(args, neurons, args.stimuli)
        key = lambda size: (size["neurons"], size["stimuli"], size["options"])
        found = [other for other in found if key(other) != key(size)] + [size]
        kept.write_text(json.dumps(found, indent=1))
    shown = table([size for size in found if size["options"] == [args.simulate, args.train]])
    print(shown)
    if args.markdown:
        page = args.markdown.read_text()
        before, rest = page.split(BEGIN)
        after = rest.split(END)[1]
        args.markdown.write_text(f"{before}{BEGIN}\n\n{shown}\n\n{END}{after}")


main()
