"""Read MATLAB files of version 4 to 7.2: numeric arrays and cells of such.

SciPy's reader ends the process on some damaged files and trusts the sizes that a file states. This
one compares every size with the bytes that are there before anything is allocated, and stops at
`MAX_BYTES`. Format: "MAT-File Format", MathWorks, R2016b; variables of other classes (structs,
text, sparse matrices) are passed over.
"""

import math
import os
import pathlib
import struct
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

import numpy as np

MAX_BYTES = 1 << 30  # of all variables that are read, unpacked
MAX_CELLS = 250_000  # of one cell array
MAX_DEPTH = 8  # of cells within cells
_CHUNK = 1 << 16
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
_NUMBERS |= {12: "i8", 13: "u8"}  # data type -> dtype
_NUMERIC = range(6, 16)  # classes double to uint64
_CELL, _STRUCT, _COMPLEX = 1, 2, 0x800
_NUMBERS_4 = ("f8", "f4", "i4", "i2", "u2", "u1")

Keep = Callable[[np.ndarray], Any]


class Damaged(Exception):
    """What a file holds is not what its own sizes say, or is larger than is read."""


class Newer(Exception):
    """The file is of MATLAB 7.3, which is HDF5."""


def read(
    path: str | os.PathLike, *, variable: str = "", keep: Keep | None = None, structs: bool = False
) -> dict:
    """Read the numeric arrays and the cells of a file.

    Args:
        path: the file.
        variable: the one that is wanted; the values of others are not read. "" reads all.
        keep: called with each array; what it returns stands in its place. By it a long cell is
            kept packed.
        structs: read structs of one entry too, as dicts.

    Returns:
        Variable -> array, object array of a cell's shape, or None where it was not read.

    Raises:
        Damaged: the bytes are not such a file.
        Newer: MATLAB 7.3.
        OSError: the file cannot be opened.
    """
    path = pathlib.Path(path)
    with path.open("rb") as file:
        head = file.read(128)
        left = path.stat().st_size - len(head)
        if len(head) >= 20 and 0 in head[:4]:
            file.seek(0)
            return _read_4(file, left + len(head), variable, keep or _same)
        if len(head) < 128 or head[126:] not in (b"IM", b"MI"):
            raise Damaged("it has no MATLAB header")
        order = "<" if head[126:] == b"IM" else ">"
        (version,) = struct.unpack(order + "H", head[124:126])
        if version == 0x0200:
            raise Newer
        reader = _Reader(order, variable, keep or _same, structs)
        found: dict[str, Any] = {}
        while left > 0:
            element = _Plain(file, left)
            kind, size = reader.tag(element)
            left = element.left - size
            if left < 0:
                raise Damaged(f"it is cut short: {-left} bytes are missing")
            after = file.tell() + size
            if kind == _COMPRESSED:
                packed = _Packed(file, size)
                kind, size = reader.tag(packed)
                inside: _Bytes = packed
            else:
                inside = _Plain(file, size)
            if kind == _MATRIX:
                name, value = reader.matrix(inside, size, 0)
                found[name] = value
            file.seek(after)
        return found


def _same(array: np.ndarray) -> np.ndarray:
    return array


class _Bytes(Protocol):
    """The bytes of one element, read in order."""

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes."""


class _Plain:
    def __init__(self, file: BinaryIO, left: int):
        self.file, self.left = file, left

    def read(self, size: int) -> bytes:
        if size > self.left:
            raise Damaged(f"it is cut short: {size} bytes are wanted where {self.left} are left")
        self.left -= size
        data = self.file.read(size)
        if len(data) != size:
            raise Damaged("it is cut short")
        return data


class _Packed:
    """A compressed element, unpacked no further than it is read."""

    def __init__(self, file: BinaryIO, size: int):
        self.source = _Plain(file, size)
        self.unpacker = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        parts = []
        while size > 0:
            packed = self.unpacker.unconsumed_tail
            if not packed and not self.unpacker.eof:
                packed = self.source.read(min(_CHUNK, self.source.left))
            try:
                part = self.unpacker.decompress(packed, min(size, 1 << 24))
            except zlib.error as error:
                raise Damaged(str(error)) from None
            if not part and (self.unpacker.eof or not packed):
                raise Damaged("its compressed data end early")
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


class _Reader:
    """Elements of a file of one byte order."""

    def __init__(self, order: str, variable: str, keep: Keep, structs: bool):
        self.order, self.variable, self.keep, self.structs = order, variable, keep, structs
        self.budget = MAX_BYTES

    def tag(self, source: _Bytes) -> tuple[int, int]:
        """Read a tag of eight bytes: the type and size of what follows."""
        kind, size = struct.unpack(self.order + "II", source.read(8))
        return kind, size

    def element(self, source: _Bytes, left: int) -> tuple[int, bytes, int]:
        """Read one element; return its type, its bytes, and how many bytes it took."""
        head = source.read(8)
        (first,) = struct.unpack(self.order + "I", head[:4])
        if first >> 16:  # a small element: the data lie in its tag
            if first >> 16 > 4:
                raise Damaged("a small element is larger than 4 bytes")
            return first & 0xFFFF, head[4 : 4 + (first >> 16)], 8
        (size,) = struct.unpack(self.order + "I", head[4:])
        padded = size + -size % 8
        if size > left - 8:
            raise Damaged(f"an element of {size} bytes lies in one of {left}")
        self.spend(padded)
        data = source.read(size)
        source.read(min(padded - size, left - 8 - size))  # the last one may lack its padding
        return first, data, 8 + padded

    def spend(self, size: int) -> None:
        """Count bytes that are unpacked."""
        self.budget -= size
        if self.budget < 0:
            raise Damaged(f"it unpacks to more than {MAX_BYTES >> 20} MB")

    def matrix(self, source: _Bytes, left: int, depth: int) -> tuple[str, Any]:
        """Read the inside of an element of type matrix, `left` bytes; return name and value."""
        if left == 0:  # how an empty array is written inside a cell
            return "", self.keep(np.zeros((0, 0)))
        _, flags, took = self.element(source, left)
        left -= took
        if len(flags) < 4:
            raise Damaged("an array has no flags")
        (bits,) = struct.unpack(self.order + "I", flags[:4])
        kind = bits & 0xFF
        _, data, took = self.element(source, left)
        left -= took
        if len(data) % 4 or not 8 <= len(data) <= 32:
            raise Damaged(f"an array has {len(data) // 4} dimensions")
        shape = struct.unpack(f"{self.order}{len(data) // 4}i", data)
        if min(shape) < 0:
            raise Damaged(f"an array has the shape {list(shape)}")
        _, letters, took = self.element(source, left)
        left -= took
        name = letters.decode("latin-1")
        wanted = depth > 0 or self.variable in ("", name)
        is_struct = self.structs and kind == _STRUCT and math.prod(shape) == 1
        is_read = kind == _CELL or is_struct or (kind in _NUMERIC and not bits & _COMPLEX)
        if not wanted or not is_read:
            self.skip(source, left if depth else 0)
            return name, None
        if kind == _CELL:
            return name, self.cell(source, left, shape, depth)
        if is_struct:
            return name, self.struct(source, left, depth)
        array, took = self.numbers(source, left, shape)
        self.skip(source, left - took if depth else 0)
        return name, self.keep(array)

    def cell(self, source: _Bytes, left: int, shape: tuple[int, ...], depth: int) -> np.ndarray:
        """Read the entries of a cell array."""
        count = math.prod(shape)
        if count > MAX_CELLS or count * 8 > left:
            raise Damaged(f"a cell of shape {list(shape)} lies in {left} bytes")
        values = np.empty(count, object)
        values[:] = self.entries(source, left, count, depth)
        return values.reshape(shape, order="F")

    def struct(self, source: _Bytes, left: int, depth: int) -> dict[str, Any]:
        """Read the fields of a struct of one entry."""
        _, data, took = self.element(source, left)
        (length,) = struct.unpack(self.order + "i", data)
        _, letters, more = self.element(source, left - took)
        if not 0 < length <= 64 or len(letters) % length:
            raise Damaged("a struct has no names of fields")
        starts = range(0, len(letters), length)
        names = [letters[i : i + length].rstrip(b"\0").decode("latin-1") for i in starts]
        return dict(
            zip(names, self.entries(source, left - took - more, len(names), depth), strict=True)
        )

    def entries(self, source: _Bytes, left: int, count: int, depth: int) -> list:
        """Read the arrays that lie in a cell or struct, to its end."""
        if depth == MAX_DEPTH:
            raise Damaged(f"cells lie in cells more than {MAX_DEPTH} deep")
        values = []
        for number in range(count):
            kind, size = self.tag(source)
            left -= 8 + size
            if kind != _MATRIX or left < 0:
                raise Damaged(f"entry {number + 1} of a cell is no array")
            values.append(self.matrix(source, size, depth + 1)[1])
        self.skip(source, left if depth else 0)
        return values

    def numbers(self, source: _Bytes, left: int, shape: tuple[int, ...]) -> tuple[np.ndarray, int]:
        """Read the values of a numeric array; return it, and how many bytes they took."""
        kind, data, took = self.element(source, left)
        if kind not in _NUMBERS:
            raise Damaged("an array has values of an unknown type")
        dtype = np.dtype(self.order + _NUMBERS[kind])
        if math.prod(shape) * dtype.itemsize != len(data):
            raise Damaged(f"an array of shape {list(shape)} has {len(data)} bytes")
        return np.frombuffer(data, dtype).reshape(shape, order="F"), took

    def skip(self, source: _Bytes, size: int) -> None:
        """Read and drop bytes."""
        self.spend(size)
        while size > 0:
            size -= len(source.read(min(size, _CHUNK)))


def _read_4(file: BinaryIO, left: int, variable: str, keep: Keep) -> dict:
    """Read version 4: a header of five numbers, a name and a matrix, again and again."""
    found: dict[str, Any] = {}
    source = _Plain(file, left)
    while source.left:
        head = source.read(20)
        order = "<" if struct.unpack("<i", head[:4])[0] in range(5000) else ">"
        kind, rows, columns, imaginary, length = struct.unpack(order + "5i", head)
        text, number = kind % 10, kind // 10 % 10
        if not (0 <= kind < 5000 and number < 6 and text < 3 and kind // 100 % 10 == 0):
            raise Damaged("it has no MATLAB header")
        if min(rows, columns) < 0 or not 0 < length <= 64:
            raise Damaged(f"a matrix has the shape [{rows}, {columns}]")
        name = source.read(length).rstrip(b"\0").decode("latin-1")
        dtype = np.dtype(order + _NUMBERS_4[number])
        size = rows * columns * dtype.itemsize
        if size > MAX_BYTES:
            raise Damaged(f"it unpacks to more than {MAX_BYTES >> 20} MB")
        data = source.read(size)
        if imaginary:
            source.read(size)
        found[name] = None
        if text == 0 and not imaginary and variable in ("", name):
            found[name] = keep(np.frombuffer(data, dtype).reshape((rows, columns), order="F"))
    return found
