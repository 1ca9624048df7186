"""Where progress is shown: a line of the terminal, an output of a notebook, or nowhere."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Protocol, cast


class Display(Protocol):
    """Shows one line that changes, and lines that stay."""

    #: Whether the line that changes can be seen.
    changes: bool

    def show(self, line: str, /) -> None:
        """Puts `line` in the place of the one before."""
        ...

    def note(self, line: str, /) -> None:
        """Prints a line that stays."""
        ...

    def close(self) -> None:
        """Ends the line that changes."""
        ...


class Quiet:
    """Nothing is shown."""

    changes: bool = False

    def show(self, _line: str, /) -> None:
        """Nothing."""

    def note(self, _line: str, /) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Lines:
    """A file or pipe: lines that stay, on standard error."""

    changes: bool = False

    def show(self, _line: str, /) -> None:
        """Nothing: the program prints a line now and then."""

    def note(self, line: str, /) -> None:
        """Prints the line."""
        print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing."""


class Terminal:
    """The last line of a terminal changes, and vanishes in the end."""

    changes: bool = True

    def __init__(self) -> None:
        self._is_shown: bool = False

    def show(self, line: str, /) -> None:
        """Writes over the line; one that is too long is cut."""
        width = shutil.get_terminal_size().columns
        self._write(f"\r\x1b[K{line[: max(width - 1, 0)]}")
        self._is_shown = True

    def note(self, line: str, /) -> None:
        """Prints the line in the place of the one that changes."""
        self.close()
        self._write(f"{line}\n")

    def close(self) -> None:
        """Clears the line, where there is one."""
        if self._is_shown:
            self._write("\r\x1b[K")
        self._is_shown = False

    def _write(self, text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)


class _Handle(Protocol):
    def update(self, obj: object, *, raw: bool) -> None: ...


class Notebook:
    """An output of a cell that changes and stays as it ends."""

    changes: bool = True

    def __init__(self) -> None:
        self._handle: _Handle | None = None

    def show(self, line: str, /) -> None:
        """Changes the output."""
        from IPython import display

        data = {"text/plain": line}
        if self._handle is None:
            begin = cast("Callable[..., _Handle]", display.display)
            self._handle = begin(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    def note(self, line: str, /) -> None:
        """Prints the line below."""
        print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing: what it came to stays."""


def display(quiet: bool) -> Display:
    """Where the progress of a call is shown."""
    if quiet:
        return Quiet()
    if _in_notebook():
        return Notebook()
    dumb = os.environ.get("TERM") == "dumb"
    return Terminal() if sys.stderr.isatty() and not dumb else Lines()


def _in_notebook() -> bool:
    get = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return callable(get) and getattr(get(), "kernel", None) is not None
