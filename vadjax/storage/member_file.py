"""A member of a population in training, as one file: its state and its history.

An .npz file, written atomically: the arrays of the state by path, and a JSON document.
"""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from vadjax.data.arrays import npy_file
from vadjax.storage.checkpoints import differences, flatten
from vadjax.storage.files import atomic_write

KEPT = "kept.json"  # beside paths of the state, which have no dot


def write(path: pathlib.Path, state: Any, kept: Mapping[str, Any]) -> None:
    """Write a member, atomically.

    Args:
        path: of the file.
        state: tree of numpy arrays.
        kept: a JSON object; `identity` in it is compared when it is read.

    Raises:
        UserError: the folder cannot be written, or the disk is full.
    """
    text = np.frombuffer(json.dumps(kept).encode(), np.uint8)
    arrays: dict[str, Any] = {KEPT: text, **flatten(state)}
    with atomic_write(path) as beside, beside.open("wb") as file:
        np.savez(file, **arrays)


def read(path: pathlib.Path, like: Any, identity: Mapping) -> tuple[Any, dict] | None:
    """Read a member.

    Args:
        path: of the file.
        like: tree of arrays or `jax.ShapeDtypeStruct`s with the expected structure.
        identity: of the training that goes on.

    Returns:
        (tree of numpy arrays, what was kept); None where there is no file, or one that is damaged,
        of another training or of another structure: such a training starts again.
    """
    try:
        with npy_file.opened(path) as file:
            arrays = dict(file)
        kept = json.loads(arrays.pop(KEPT).tobytes())
    except (OSError, npy_file.Damaged, KeyError, ValueError):
        return None
    wanted = flatten(like)
    if kept.get("identity") != json.loads(json.dumps(identity)) or differences(arrays, wanted):
        return None
    return jax.tree.unflatten(jax.tree.structure(like), [arrays[key] for key in wanted]), kept
