"""Runs the program of the wheel: its results, its messages as exceptions, its end on Ctrl-C."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol, cast

from strf_fit.display import display
from strf_fit.errors import FitError, InputError, Interrupted, ProgramError, StrfError, StrfWarning
from strf_fit.version import __version__

#: How often progress is looked at, in seconds.
_EVERY = 0.2
#: What asks for an orderly end.
_SIGN = signal.CTRL_BREAK_EVENT if sys.platform == "win32" else signal.SIGINT
_NAME = "strf.exe" if sys.platform == "win32" else "strf"
_SAYS = "strf: "
_WARNS = "strf: warning: "
#: How lines of progress begin that the program prints where no bar can be drawn.
_PROGRESS = ("training ", "training: ", "fits ")


class Watcher(Protocol):
    """What a call makes of its program on the way."""

    def hears(self, line: str) -> bool:
        """Takes a line of standard output; false where it belongs to the result."""
        ...

    def says(self) -> str:
        """How far the program is, in one line; empty where nothing is known."""
        ...


class _Nothing:
    def hears(self, line: str) -> bool:
        return line == ""

    def says(self) -> str:
        return ""


def path() -> Path:
    """The program: what the variable ``STRF`` of the environment names, or that of this package.

    Another program of the same name on the path is never taken.

    Raises
    ------
    ProgramError
        There is none, or its version is not that of this package.
    """
    named = os.environ.get("STRF")
    found = Path(named) if named else _own()
    try:
        changed = found.stat().st_mtime_ns
    except OSError as error:
        raise ProgramError(
            f"{found}: found no program ({error.strerror}), expected strf {__version__}; "
            + ("change or unset STRF" if named else "install strf_fit again")
        ) from None
    _require_version(found, changed)
    return found


def _own() -> Path:
    """The program that was installed with this package."""
    here = Path(__file__).resolve().parent
    for each in importlib.metadata.distributions(name="strf_fit"):
        files = [Path(str(each.locate_file(file))).resolve() for file in each.files or []]
        if not any(file.parent == here for file in files) and not _is_edited(each, here):
            continue
        # `pip install --target` moves the program and does not write where to.
        places = [file for file in files if file.name == _NAME] + [here.parent / "bin" / _NAME]
        found = next((place for place in places if place.is_file()), None)
        if found is not None:
            return found
    raise ProgramError(
        f"found no program beside {here}, expected strf {__version__} of the wheel; "
        + "install strf_fit with pip, or name the program with STRF=path/to/strf"
    )


def _is_edited(installed: importlib.metadata.Distribution, here: Path) -> bool:
    """Whether a package was installed from the folder that this file lies in (`pip install -e`)."""
    origin = cast("dict[str, object]", json.loads(installed.read_text("direct_url.json") or "{}"))
    about = cast("dict[str, object]", origin.get("dir_info", {}))
    url = urllib.parse.urlsplit(str(origin.get("url", "")))
    folder = urllib.request.url2pathname(url.path)
    return bool(about.get("editable")) and here.is_relative_to(Path(folder).resolve())


@functools.cache
def _require_version(program: Path, _changed: int) -> None:
    try:
        done = subprocess.run(
            [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as error:
        raise ProgramError(f"{program}: found a file that cannot be run ({error})") from error
    found = done.stdout.decode("utf-8", "replace").strip()
    if found != f"strf {__version__}":
        raise ProgramError(
            f"{program}: found {found or 'no version'!r}, expected 'strf {__version__}', "
            + "the version of the package strf_fit; install both anew, or change STRF"
        )


def run(arguments: Sequence[str], *, watcher: Watcher | None = None, quiet: bool = False) -> str:
    """Runs the program to its end.

    Parameters
    ----------
    arguments
        What is typed behind ``strf``.
    watcher
        Knows how far the program is.
    quiet
        Nothing is shown on the way.

    Returns
    -------
    str
        What the program printed as its result.
    """
    command = [os.fspath(path()), *(["--quiet"] if quiet else []), *arguments]
    group = subprocess.CREATE_NEW_PROCESS_GROUP if sys.platform == "win32" else 0
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        creationflags=group,
    ) as process:
        listener = _Listener(process, watcher or _Nothing(), quiet)
        try:
            listener.listen()
        except KeyboardInterrupt:
            _end(process)
            listener.listen(is_over=True)
            said = listener.said if process.returncode != 0 else []
            raise _exception(130, said) from None
        except BaseException:
            _end(process)
            raise
        finally:
            listener.shown.close()
    if process.returncode != 0:
        raise _exception(process.returncode, listener.said)
    return "".join(listener.result)


def call(*arguments: str | os.PathLike[str], quiet: bool = False) -> str:
    """Runs any command of the program, such as ``call("report", "runs/ln")``.

    Parameters
    ----------
    arguments
        What is typed behind ``strf``, one argument each.
    quiet
        Nothing is shown on the way.

    Returns
    -------
    str
        What the program printed as its result.
    """
    return run([os.fspath(each) for each in arguments], quiet=quiet)


class _Listener:
    """Takes what a program prints, and shows it."""

    def __init__(self, process: subprocess.Popen[str], watcher: Watcher, quiet: bool) -> None:
        self.result: list[str] = []
        self.said: list[str] = []
        self.shown = display(quiet)
        self._watcher = watcher
        self._lines: queue.SimpleQueue[tuple[bool, str] | None] = queue.SimpleQueue()
        self._open = 2
        for is_result, stream in ((True, process.stdout), (False, process.stderr)):
            threading.Thread(target=self._read, args=(is_result, stream), daemon=True).start()

    def _read(self, is_result: bool, stream: IO[str] | None) -> None:
        for line in stream or ():
            self._lines.put((is_result, line))
        self._lines.put(None)

    def listen(self, *, is_over: bool = False) -> None:
        """Until the program closes both; `is_over` says that nobody is told any more."""
        last = ""
        while self._open > 0:
            try:
                line = self._lines.get(timeout=_EVERY)
            except queue.Empty:
                line = ()
            if line is None:
                self._open -= 1
            elif line:
                self._take(*line, is_over)
            now = "" if is_over or not self.shown.changes else self._watcher.says()
            if now and now != last:
                self.shown.show(now)
                last = now

    def _take(self, is_result: bool, line: str, is_over: bool) -> None:
        if is_result:
            if not self._watcher.hears(line):
                self.result.append(line)
            return
        self.said.append(line)
        text = line.rstrip("\n")
        if text.startswith(_WARNS) and not is_over:
            _warn(text.removeprefix(_WARNS))
        elif not text.startswith((_SAYS, "  because ")) and not self._is_shown_anyway(text):
            self.shown.note(text)

    def _is_shown_anyway(self, text: str) -> bool:
        """A line of progress beside one that changes, or the rest of a message."""
        if self.shown.changes and text.startswith(_PROGRESS):
            return True
        return any(line.startswith(_SAYS) for line in self.said) and text.startswith("  ")


def _warn(message: str) -> None:
    """Warns where the package was called."""
    here = os.path.dirname(__file__)
    frame, level = sys._getframe(), 1  # pyright: ignore[reportPrivateUsage]
    while frame.f_back is not None and frame.f_code.co_filename.startswith(here):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, StrfWarning, stacklevel=level)


def _end(process: subprocess.Popen[str]) -> None:
    """Asks for an orderly end and waits for it; asked once more, ends it at once."""
    try:
        process.send_signal(_SIGN)
        _ = process.wait()
    except BaseException:
        process.kill()
        raise


def _error(said: Sequence[str]) -> str:
    """The message with which the program stopped: from its last sign to the end."""
    starts = [
        place
        for place, line in enumerate(said)
        if line.startswith(_SAYS) and not line.startswith(_WARNS)
    ]
    text = "".join(said[starts[-1] :] if starts else said)
    return text.removeprefix(_SAYS).rstrip("\n")


def _exception(status: int, said: Sequence[str]) -> StrfError | Interrupted:
    error = _of_status(status, said)
    if re.search(r"--[a-z]", error.message):
        error.add_note(
            "In Python, options are keywords: --force is force=True, --resume is resume=True."
        )
    return error


def _of_status(status: int, said: Sequence[str]) -> StrfError | Interrupted:
    message = _error(said)
    if status == 2:
        return InputError(message)
    if status == 1:
        return FitError(message)
    if status in (130, -signal.SIGINT):
        return Interrupted(message or "interrupted")
    ended = f"signal {-status}" if status < 0 else f"status {status}"
    hint = "; where that is 9, memory may not have lasted" if status < 0 else ""
    return ProgramError(f"the program ended by {ended}{hint}\n{message}".rstrip())
