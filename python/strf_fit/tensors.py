"""Weights as safetensors files hold them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import numpy as np

from strf_fit.errors import InputError
from strf_fit.hdf5 import Array

_KINDS = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "U8": "u1",
    "BOOL": "?",
}


def read(file: Path) -> dict[str, Array]:
    """The arrays of a file by name."""
    data = file.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    head = cast("dict[str, dict[str, object]]", json.loads(data[8:start]))
    tensors: dict[str, Array] = {}
    for name, about in head.items():
        if name == "__metadata__":
            continue
        kind = str(about["dtype"])
        if kind not in _KINDS:
            raise InputError(f"{file}: {name}: found numbers of type {kind}, which NumPy has not")
        first, end = cast("list[int]", about["data_offsets"])
        values = np.frombuffer(data[start + first : start + end], dtype=_KINDS[kind])
        tensors[name] = values.reshape(cast("list[int]", about["shape"]))
    return tensors
