"""A `.npy` file that is written a few rows at a time: no array of all rows is ever in memory."""

import zipfile
from collections.abc import Mapping
from typing import IO

import numpy as np

from vadjax.data.arrays.row_view import Rows, blocks


class RowFile:
    """Writes the header with the first rows, since only then their shape and dtype are known.

    Args:
        file: opened for writing, empty.
        count: rows that the file will hold.
    """

    def __init__(self, file: IO[bytes], count: int):
        self._file, self._count = file, count
        self._like: np.ndarray | None = None
        self.written = 0

    def append(self, rows: np.ndarray) -> None:
        """Write the next rows, [k, ...].

        Raises:
            ValueError: their shape or dtype is not that of the rows before them.
        """
        rows = np.ascontiguousarray(rows)
        if self._like is None:
            self._like = rows[:0]
            np.lib.format.write_array_header_1_0(
                self._file,
                {
                    "descr": np.lib.format.dtype_to_descr(rows.dtype),
                    "fortran_order": False,
                    "shape": (self._count, *rows.shape[1:]),
                },
            )
        if (rows.shape[1:], rows.dtype) != (self._like.shape[1:], self._like.dtype):
            raise ValueError(
                f"rows of {rows.shape[1:]} {rows.dtype} behind rows of {self._like.shape[1:]} "
                f"{self._like.dtype}"
            )
        self._file.write(rows.data if rows.size else b"")
        self.written += len(rows)

    @property
    def size(self) -> int:
        """Bytes of the file so far."""
        return self._file.tell()


def append_rows(file: IO[bytes], arrays: Mapping[str, Rows]) -> None:
    """Add arrays to a .npz file, a stretch at a time.

    Args:
        file: opened for reading and writing; what is in it stays.
        arrays: name -> [t, ...]; the memory of those that are mapped is given back.
    """
    with zipfile.ZipFile(file, "a", allowZip64=True) as archive:
        for name, rows in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                written = RowFile(entry, len(rows))
                for block in blocks(rows):
                    written.append(block)
                if not written.written:
                    written.append(rows[:])  # the header of an array without rows
