"""Arrays that are to be filled: in memory, or in files of a folder that goes afterwards."""

import contextlib
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator

import numpy as np

New = Callable[[tuple[int, ...]], np.ndarray]  # shape -> float32 array, to be filled


def in_memory(shape: tuple[int, ...]) -> np.ndarray:
    """Return an array to be filled, float32 of a shape."""
    return np.empty(shape, np.float32)


@contextlib.contextmanager
def on_disk(folder: pathlib.Path) -> Iterator[New]:
    """Keep arrays in files of a folder, memory-mapped, until the block ends.

    An array stays readable as long as it is held, also after the block.

    Args:
        folder: where a folder of these files is made; what a killed run has left there goes.

    Yields:
        A function that makes an array, float32 of a shape.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".maps-*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".maps-") as place:
        count = 0

        def new(shape: tuple[int, ...]) -> np.ndarray:
            nonlocal count
            count += 1
            return np.memmap(pathlib.Path(place) / str(count), np.float32, "w+", shape=shape)

        yield new
