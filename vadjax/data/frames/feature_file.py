"""Files of features: .npy arrays and .txt tables, one row after another, read without pickle."""

import os
import pathlib

import numpy as np

from vadjax.data.arrays.npy_file import Damaged, read_array
from vadjax.data.paths.files import unreadable
from vadjax.errors import UserError

SUFFIXES = (".npy", ".txt")
MOST_CROPS = 16  # of one frame: what has more is another axis
_FORMS = "rows [t, d], crops of each row [t, crops, d], or maps [t, c, h, w], whose mean is taken"
_AGAIN = "save it again with numpy.save(FILE, array.astype(numpy.float32))"


def open_features(path: str | os.PathLike) -> np.ndarray:
    """Open the features of one file.

    Args:
        path: a .npy file, mapped into memory where it holds float16 or float32 rows, or a .txt
            table of one row a line.

    Returns:
        float16 or float32 [t, d], or [t, crops, d].

    Raises:
        UserError: it cannot be read, needs pickle, or holds no rows of floating-point numbers.
    """
    path = pathlib.Path(path)
    array = _table(path) if path.suffix.lower() == ".txt" else _mapped(path)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise UserError(f"{path} holds {array.dtype}, no features: {_AGAIN}.")
    if array.ndim not in (2, 3, 4) or 0 in array.shape:
        raise UserError(f"{path} has the shape {list(array.shape)}; wanted {_FORMS}.")
    if array.ndim == 3 and array.shape[1] > MOST_CROPS:
        raise UserError(
            f"{path} has the shape {list(array.shape)}; wanted [t, crops, d] with at most "
            f"{MOST_CROPS} crops: change the order of its axes with numpy.transpose."
        )
    if array.ndim == 4:
        return np.asarray(array.mean((2, 3), dtype=np.float32))
    if array.dtype.itemsize == 8 or not array.dtype.isnative:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, which is told of
            return np.array(array, np.float32)
    return array


def _mapped(path: pathlib.Path) -> np.ndarray:
    try:
        return read_array(path, mapped=True)
    except Damaged as error:
        raise unreadable(path, f"{path}: {error}; {_AGAIN}, without pickle.") from None


def _table(path: pathlib.Path) -> np.ndarray:
    try:
        return np.loadtxt(path, np.float32, comments=None, ndmin=2, encoding="utf-8-sig")
    except ValueError as error:
        raise unreadable(path, f"{path} is no table of numbers, one row a line: {error}") from None
