"""Run files out of dictionaries."""

from __future__ import annotations

import json
import math
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, TypeGuard, cast

from strf_fit.errors import InputError

Value: TypeAlias = object
"""A number, text, truth value, path, list, or dictionary of these."""
Config: TypeAlias = "str | os.PathLike[str] | Mapping[str, Value]"
"""A run file, or its sections as a dictionary."""
Sections: TypeAlias = "dict[str, dict[str, Value] | list[dict[str, Value]]]"

#: Keys that are paths, which a dictionary has relative to the working folder.
PATHS = {("data", "file"), ("model", "init"), ("output", "folder")}
#: Sections of values for keys of others, named in full: ``grid = {"model.type": [...]}``.
_OF_KEYS = ("grid", "search")


def is_mapping(value: object) -> TypeGuard[Mapping[str, Value]]:
    """Whether a value is a dictionary."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[Sequence[Value]]:
    """Whether a value is a list, tuple or the like, no text."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def sections(*parts: Mapping[str, Value]) -> Sections:
    """The sections of a run file; later parts change what earlier ones say.

    A key is a section with a dictionary, a section with the text of its main key (``model="ln"``),
    or a key of a section: ``"train.lr"`` or ``train__lr``.
    """
    merged: Sections = {}
    for part in parts:
        for name, value in part.items():
            section, dot, key = name.replace("__", ".", 1).partition(".")
            _merge(merged, section, {key: value} if dot else value)
    return merged


def _merge(merged: Sections, section: str, value: Value) -> None:
    if is_list(value):
        merged[section] = [_table(section, each) for each in value]
        return
    table = _table(section, value)
    old = merged.get(section, {})
    merged[section] = table if isinstance(old, list) else {**old, **table}


def _table(section: str, value: Value) -> dict[str, Value]:
    if is_mapping(value):
        return {key: _absolute(section, key, each) for key, each in value.items()}
    main = "file" if section == "data" else "type"
    return {main: _absolute(section, main, value)}


def _absolute(section: str, key: str, value: Value) -> Value:
    if section in _OF_KEYS:
        section, _, key = key.partition(".")
        if is_list(value):
            return [_absolute(section, key, each) for each in value]
    if isinstance(value, os.PathLike):
        value = os.fspath(cast("os.PathLike[str]", value))
    elif (section, key) not in PATHS:
        return value
    return os.path.abspath(value) if isinstance(value, str) and value else value


def toml(table: Sections) -> str:
    """The text of a run file."""
    lines: list[str] = []
    for name, section in table.items():
        heads = [f"[{_key(name)}]"] if isinstance(section, dict) else [f"[[{_key(name)}]]"]
        for each in [section] if isinstance(section, dict) else section:
            lines += heads + [f"{_key(key)} = {literal(value)}" for key, value in each.items()]
    return "\n".join(lines) + "\n"


def literal(value: Value) -> str:
    """A value as TOML writes it; NumPy's numbers and arrays too."""
    tolist = getattr(value, "tolist", None)
    if callable(tolist):
        value = tolist()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, os.PathLike):
        value = os.fspath(cast("os.PathLike[str]", value))
    if isinstance(value, str):
        return _quoted(value)
    if is_mapping(value):
        return "{ " + ", ".join(f"{_key(k)} = {literal(v)}" for k, v in value.items()) + " }"
    if is_list(value):
        return "[" + ", ".join(literal(each) for each in value) + "]"
    raise InputError(
        f"found {value!r} of type {type(value).__name__}, "
        + "expected a number, text, truth value, path, list or dictionary"
    )


def _key(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def settings(overrides: Mapping[str, Value]) -> list[str]:
    """Overrides of a run file that lies on disk as ``SECTION.KEY=VALUE``."""
    changes: list[str] = []
    for name, section in sections(overrides).items():
        if isinstance(section, list):
            raise InputError(
                f"{name}: found a list of sections, expected one section, beside a run file; "
                + "put them into the run file, or give the whole run file as a dictionary"
            )
        changes += [f"{name}.{key}={literal(value)}" for key, value in section.items()]
    return changes


def folder_of(file: Path, table: Mapping[str, Value]) -> Path:
    """The run folder of a run file: what it says, or ``runs/NAME`` beside it."""
    output = table.get("output")
    folder = output.get("folder") if is_mapping(output) else None
    return file.parent / (folder if isinstance(folder, str) else f"runs/{file.stem}")


def read(file: Path) -> dict[str, Value]:
    """A run file; empty where it cannot be read, which the program then says."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
