"""Read .npy and .npz files, ours and others', after comparing what they claim with their size.

NumPy's reader parses a header as Python and allocates what it asks for; this one knows the one form
that NumPy writes for plain arrays.
"""

import contextlib
import math
import os
import pathlib
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from typing import IO, Literal

import numpy as np

MAX_HEADER = 10_000  # bytes
MAX_RATIO = 1100  # deflate packs no further
MAX_PACKED = 1 << 30  # bytes that compressed entries unpack to, of one file
_HEADER = re.compile(
    r"\{\s*'descr':\s*'([<>|=]?[a-zA-Z]\d{0,9})',\s*'fortran_order':\s*(True|False),"
    r"\s*'shape':\s*\(((?:\d{1,18}L?,\s*)*(?:\d{1,18}L?)?)\),?\s*\}\s*"
)
_KINDS = "biufcSU"  # no objects, which only pickle reads, and no records


class Damaged(Exception):
    """The file is none of this kind, or its size is not what its header says."""


def read_array(path: str | os.PathLike, *, mapped: bool = False) -> np.ndarray:
    """Read a .npy file.

    Args:
        path: the file.
        mapped: map it into memory, read-only, in place of reading it.

    Returns:
        An array of numbers, booleans or text.

    Raises:
        Damaged: it is no such file, or not whole.
        OSError: it cannot be opened.
    """
    path = pathlib.Path(path)
    with path.open("rb") as file:
        size = path.stat().st_size
        dtype, shape, order = _header(file, size)
        start = file.tell()
        if mapped and 0 not in shape:
            return np.memmap(path, dtype, "r", start, shape, order)
        return _values(file, dtype, shape, order)


@contextlib.contextmanager
def opened(path: str | os.PathLike) -> Iterator["Archive"]:
    """Open a .npz file.

    Args:
        path: the file.

    Yields:
        Name -> array, read when it is asked for.

    Raises:
        Damaged: it is no zip archive of arrays.
        OSError: it cannot be opened.
    """
    with open(path, "rb") as file:
        try:
            archive = Archive(zipfile.ZipFile(file))
        except Exception as error:  # zipfile raises whatever it meets
            raise Damaged(str(error) or type(error).__name__) from error
        yield archive


class Archive(Mapping[str, np.ndarray]):
    """The arrays of an opened .npz file, by name."""

    def __init__(self, archive: zipfile.ZipFile):
        self._archive = archive
        self._left = MAX_PACKED
        self._names = {
            name.removesuffix(".npy"): name for name in archive.namelist() if name.endswith(".npy")
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> np.ndarray:
        """Read one array.

        Raises:
            KeyError: there is none of the name.
            Damaged: its bytes are not what its header says.
        """
        info = self._archive.getinfo(self._names[name])
        try:
            if info.compress_type == zipfile.ZIP_STORED:
                if info.file_size > info.compress_size:
                    raise Damaged(f"{name} is cut short")
            else:
                self._left -= info.file_size
                if info.file_size > MAX_RATIO * info.compress_size or self._left < 0:
                    raise Damaged(f"{name} unpacks to {info.file_size} bytes")
            with self._archive.open(info) as file:
                dtype, shape, order = _header(file, info.file_size)
                array = _values(file, dtype, shape, order)
                file.read(1)  # the end, where the checksum is compared
                return array
        except Damaged as error:
            raise Damaged(f"{name}: {error}") from None
        except Exception as error:  # zlib and the like, each with its own
            raise Damaged(f"{name}: {error or type(error).__name__}") from error

    def mapped(self, name: str) -> np.ndarray:
        """Map one array into memory, read-only, after its checksum has been compared.

        An array that is compressed is read.

        Raises:
            KeyError: there is none of the name.
            Damaged: its bytes are not what its header says.
        """
        info = self._archive.getinfo(self._names[name])
        path = self._archive.filename
        if info.compress_type != zipfile.ZIP_STORED or path is None:
            return self[name]
        try:
            with self._archive.open(info) as file:
                dtype, shape, order = _header(file, info.file_size)
                begins = file.tell()
                while file.read(1 << 24):  # to the end, where the checksum is compared
                    pass
            if not math.prod(shape):
                return np.zeros(shape, dtype)
            with open(path, "rb") as whole:
                whole.seek(info.header_offset + 26)
                names, extra = struct.unpack("<HH", whole.read(4))
            start = info.header_offset + 30 + names + extra + begins
            return np.memmap(path, dtype, "r", start, shape, order)
        except Damaged as error:
            raise Damaged(f"{name}: {error}") from None
        except Exception as error:  # zipfile raises whatever it meets
            raise Damaged(f"{name}: {error or type(error).__name__}") from error


def _header(file: IO[bytes], size: int) -> tuple[np.dtype, tuple[int, ...], Literal["C", "F"]]:
    """Read the header of an array; return dtype, shape and "C" or "F".

    Raises:
        Damaged: it is no header, or `size` is not that of the array.
    """
    magic = file.read(8)
    if len(magic) < 8 or magic[:6] != b"\x93NUMPY":
        raise Damaged("it does not begin as a .npy file")
    form = {1: "<H", 2: "<I", 3: "<I"}.get(magic[6])
    if form is None:
        raise Damaged(f"it is of version {magic[6]} of the format")
    length = file.read(struct.calcsize(form))
    if len(length) < struct.calcsize(form):
        raise Damaged("it is cut short")
    (count,) = struct.unpack(form, length)
    if count > MAX_HEADER:
        raise Damaged(f"its header claims {count} bytes")
    text = file.read(count)
    match = _HEADER.fullmatch(text.decode("latin-1"))
    if len(text) < count or match is None:
        raise Damaged("its header is not that of a plain array")
    try:
        dtype = np.dtype(match[1])
    except TypeError as error:
        raise Damaged(str(error)) from None
    shape = tuple(int(number.strip("L")) for number in re.findall(r"\d+L?", match[3]))
    if dtype.kind not in _KINDS or len(shape) > 16:
        raise Damaged(f"it holds {dtype} {list(shape)}, not a plain array")
    held = size - 8 - struct.calcsize(form) - count
    wanted = math.prod(shape) * dtype.itemsize
    if wanted > held:
        raise Damaged(f"its header claims {wanted} bytes and {held} are there")
    if math.prod(axis for axis in shape if axis) * dtype.itemsize >= 1 << 60:
        raise Damaged(f"it has the shape {list(shape)}")  # holds nothing beside an axis of 0
    return dtype, shape, "F" if match[2] == "True" else "C"


def _values(
    file: IO[bytes], dtype: np.dtype, shape: tuple[int, ...], order: Literal["C", "F"]
) -> np.ndarray:
    wanted = math.prod(shape) * dtype.itemsize
    data = bytearray(wanted)
    view, got = memoryview(data), 0
    while got < wanted:
        part = file.read(min(wanted - got, 1 << 24))
        if not part:
            raise Damaged(f"it is cut short: {got} of {wanted} bytes")
        view[got : got + len(part)] = part
        got += len(part)
    if not wanted:
        return np.zeros(shape, dtype)
    return np.frombuffer(data, dtype).reshape(shape, order=order)
