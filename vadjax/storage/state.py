"""A detector's state on disk: `state.npz` holds its arrays, `state.json` everything else.

Neither file holds pickles, so nothing in a state that was sent by somebody is executed.
`state.json` is removed first and written last: a folder without it holds no complete state. A state
that replaces another one has its arrays in a file of another name, which `state.json` gives.
"""

import hashlib
import json
import math
import pathlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import ml_dtypes
import numpy as np

from vadjax.data.arrays import npy_file
from vadjax.errors import UserError
from vadjax.storage.files import atomic_write, unwritable, write_json
from vadjax.storage.json_file import read_object

PLAIN, VERSION = 1, 2  # the newest says how the file of the arrays is called
ARRAYS, STRUCTURE = "state.npz", "state.json"


def save_state(folder: pathlib.Path, state: Any) -> None:
    """Write a state; equal states give equal bytes.

    Args:
        folder: where the two files go; it is made. A state that lies there is replaced.
        state: nested dicts with strings as keys, lists and tuples of numpy or JAX arrays and of
            str, int, float, bool and None. Arrays have any shape and dtype but object.

    Raises:
        TypeError: the state holds something else; the message names where.
        UserError: the folder cannot be written, or the disk is full.
    """
    arrays: list[np.ndarray] = []
    structure = _encode(state, arrays, "state")
    sealed = folder / STRUCTURE
    try:
        sealed.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(sealed, error) from error
    arrays_sha256 = _write_arrays(folder / ARRAYS, arrays)
    content = {"version": PLAIN, "arrays_sha256": arrays_sha256, "state": structure}
    write_json(sealed, {**content, "sha256": _sha256(content)})
    _remove_arrays(folder, but=ARRAYS)


def replace_state(folder: pathlib.Path, state: Any) -> None:
    """Write a state in the place of another, which can be read until the new one can.

    Args:
        folder: see `save_state`; it need not hold a state.
        state: see `save_state`.

    Raises:
        TypeError: see `save_state`.
        UserError: see `save_state`.
    """
    arrays: list[np.ndarray] = []
    structure = _encode(state, arrays, "state")
    name = f"state-{secrets.token_hex(4)}.npz"
    content = {
        "version": VERSION,
        "arrays": name,
        "arrays_sha256": _write_arrays(folder / name, arrays),
        "state": structure,
    }
    write_json(folder / STRUCTURE, {**content, "sha256": _sha256(content)})  # renamed to its name
    _remove_arrays(folder, but=name)


def _write_arrays(path: pathlib.Path, arrays: Sequence[np.ndarray]) -> str:
    """Write arrays by their numbers; return the hash of the file."""
    with atomic_write(path) as beside:
        with beside.open("wb") as file:
            numbered: dict[str, Any] = {str(n): array for n, array in enumerate(arrays)}
            np.savez(file, **numbered)
        return _file_sha256(beside)


def _remove_arrays(folder: pathlib.Path, *, but: str) -> None:
    """Remove the arrays of other states, also of those that were never complete."""
    for path in folder.glob("state*.npz"):
        if path.name != but:
            path.unlink(missing_ok=True)


def load_state(folder: pathlib.Path) -> Any:
    """Return the state that `save_state` wrote, with numpy arrays for JAX's.

    Args:
        folder: with the two files.

    Raises:
        UserError: there is no state, it is damaged, or a newer vadjax wrote it.
    """
    sealed = folder / STRUCTURE
    try:
        content = read_object(sealed, mend="run the training again to replace it.")
        if content.pop("sha256") != _sha256(content):
            raise ValueError("its checksum differs")
    except FileNotFoundError:
        raise UserError(
            f"{sealed} is missing, so {folder} holds no trained detector: run the training again."
        ) from None
    except UserError:
        raise
    except (ValueError, KeyError) as error:
        raise _damaged(sealed, error) from error
    if content["version"] > VERSION:
        raise UserError(
            f"{sealed} was written by a newer vadjax (version {content['version']} of the format, "
            f"this one reads up to {VERSION}): update vadjax, or train again."
        )
    path = folder / pathlib.Path(content.get("arrays", ARRAYS)).name
    try:
        if _file_sha256(path) != content["arrays_sha256"]:
            raise ValueError("its checksum differs")
        with npy_file.opened(path) as file:
            arrays = dict(file)
    except (npy_file.Damaged, OSError, ValueError) as error:
        raise _damaged(path, error) from error
    return _decode(content["state"], arrays)


def _encode(value: Any, arrays: list[np.ndarray], where: str) -> Any:
    """Return what JSON holds of `value`, and append its arrays to `arrays`.

    Lists and plain values stand for themselves; whatever else is a dict with one tag.
    """
    if isinstance(value, (np.ndarray, np.generic, jax.Array)):
        return {"array": _encode_array(value, arrays, where)}
    if value is None or type(value) in (str, int, bool):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if type(value) in (list, tuple):
        items = [_encode(item, arrays, f"{where}[{i}]") for i, item in enumerate(value)]
        return items if type(value) is list else {"tuple": items}
    if type(value) is dict:
        if wrong := [key for key in value if type(key) is not str]:
            raise TypeError(f"{where}: the key {wrong[0]!r} is no string")
        return {
            "dict": {key: _encode(item, arrays, f"{where}[{key!r}]") for key, item in value.items()}
        }
    raise TypeError(
        f"{where} is a {type(value).__name__}; a state holds dicts, lists, tuples, arrays, str, "
        "int, float, bool and None"
    )


def _encode_array(value: Any, arrays: list[np.ndarray], where: str) -> dict:
    """Append the array to `arrays` and return how to find and read it there."""
    try:
        array = np.asarray(value, order="C")
    except TypeError as error:  # JAX's typed random keys
        raise TypeError(f"{where}: {error}") from None
    if array.dtype.hasobject:
        raise TypeError(f"{where} is an array of dtype object, which only pickle could write")
    entry = {"number": len(arrays), "dtype": array.dtype.name, "shape": list(array.shape)}
    if _is_extended(array.dtype):  # .npz knows no bfloat16: the same bytes as whole numbers
        array = array.view(f"u{array.dtype.itemsize}")
    arrays.append(array)
    return entry


def _is_extended(dtype: np.dtype) -> bool:
    return dtype.type.__module__.startswith(ml_dtypes.__name__)


def _decode(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_decode(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    [(tag, inside)] = value.items()
    if tag == "array":
        array = arrays[str(inside["number"])]
        extended = getattr(ml_dtypes, inside["dtype"], None)
        return array if extended is None else array.view(extended)
    if tag == "float":
        return float(inside)
    if tag == "tuple":
        return tuple(_decode(item, arrays) for item in inside)
    return {key: _decode(item, arrays) for key, item in inside.items()}


def _sha256(content: Mapping) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _file_sha256(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(path: pathlib.Path, error: Exception) -> UserError:
    return UserError(f"{path} is damaged ({error}): run the training again to replace it.")
