"""What the program refuses or cannot do, as exceptions that carry its own words."""

from __future__ import annotations


class StrfError(Exception):
    """Why something stopped, in the words of the program.

    Attributes
    ----------
    message
        All of it: where, what was found, what was expected, what to do.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message: str = message

    def say(self, message: str) -> None:
        """Changes the words."""
        self.message = message
        self.args = (message,)


class InputError(StrfError, ValueError):
    """What was given is wrong, or cannot be read or written; nothing was written over."""

    @property
    def problems(self) -> list[str]:
        """One line for each problem of a run file or dataset; all of them come at once."""
        lines = self.message.splitlines()[1:]
        return [line.strip() for line in lines if not line.startswith("    ")]


class FitError(StrfError, RuntimeError):
    """A computation failed, or training stopped and needs other settings."""


class ProgramError(StrfError, RuntimeError):
    """The program is not there, is of another version, or was ended from outside."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or the stop button of a notebook; says how to go on.

    As every ``KeyboardInterrupt`` it is no ``Exception``.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message: str = message


class StrfWarning(UserWarning):
    """What the program warns of."""


def problems_of(place: str, problems: list[str]) -> InputError:
    """One error of all `problems`, as the program lists those of a file."""
    plural = "" if len(problems) == 1 else "s"
    lines = "".join(f"\n  {problem}" for problem in problems)
    return InputError(f"{place}: {len(problems)} problem{plural}{lines}")
