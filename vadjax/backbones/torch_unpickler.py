"""Unpickle the structure of a PyTorch checkpoint into inert objects; nothing in it is executed.

A pickle may name any function for the reader to call. This reader knows a handful of names that
rebuild tensors and refuses all others, and takes no more memory than a multiple of the pickle.
"""

import dataclasses
import pickle
from collections.abc import Iterable
from typing import IO, Any, ClassVar, NamedTuple

import ml_dtypes
import numpy as np

from vadjax.errors import UserError

MAX_PICKLE = 8 << 20  # bytes; that of a thousand tensors has 200 KB
_HUGE = 1 << 48
_STORAGES = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


def load(file: IO[bytes], size: int) -> Any:
    """Read one pickle.

    Args:
        file: at its beginning.
        size: bytes that are left in the file.

    Returns:
        Dicts, lists, tuples, text and numbers, and `Tensor`s among them.

    Raises:
        UserError: the pickle names anything but tensors, or is too large.
        Exception: whatever a broken one makes the unpickler raise.
    """
    return _Unpickler(_Pickle(file, size)).load()


@dataclasses.dataclass(frozen=True)
class Storage:
    """The numbers of one or several tensors: where they are in the file."""

    dtype: np.dtype
    key: str
    count: int  # elements


class Tensor(NamedTuple):
    """A view of a storage."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _StateDict(dict):
    """Stands in for collections.OrderedDict; torch hangs `_metadata` on it."""


class _Name:
    """What a pickle gets for a name: has nothing that it could change (no `__dict__`)."""

    __slots__ = ()

    def __call__(self, *args):
        raise UserError("calls something that is no function")


class _OrderedDict(_Name):
    __slots__ = ()

    def __call__(self, *args):
        return _StateDict(*args)


class _RebuildTensor(_Name):
    __slots__ = ()

    def __call__(self, storage, offset, size, stride, *hooks):
        numbers = (offset, *size, *stride)
        if not isinstance(storage, Storage) or len(size) != len(stride):
            raise UserError("holds a malformed tensor")
        if not all(type(n) is int and 0 <= n < _HUGE for n in numbers) or len(size) > 32:
            raise UserError("holds a tensor with a malformed shape")
        return Tensor(storage, offset, tuple(size), tuple(stride))


class _RebuildParameter(_Name):
    __slots__ = ()

    def __call__(self, data, *rest):
        return data


class _StorageType(_Name):
    __slots__ = ("dtype",)
    dtype: np.dtype

    def __init__(self, dtype):
        object.__setattr__(self, "dtype", dtype)

    def __setattr__(self, *args):
        raise UserError("changes a storage type")


_NAMES = {
    ("collections", "OrderedDict"): _OrderedDict(),
    ("torch._utils", "_rebuild_tensor_v2"): _RebuildTensor(),
    ("torch._utils", "_rebuild_parameter"): _RebuildParameter(),
    **{("torch", name): _StorageType(dtype) for name, dtype in _STORAGES.items()},
}


class _Pickle:
    """The bytes of one pickle in a file: no more than are there, and than a state dict takes."""

    def __init__(self, file: IO[bytes], size: int):
        self._file, self._left = file, min(size, MAX_PICKLE)

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self._left:
            raise UserError("is truncated, or its pickle is larger than that of a state dict")
        self._left -= size
        return self._file.read(size)

    def readline(self) -> bytes:
        line = self._file.readline(min(self._left, 4096))
        self._left -= len(line)
        return line


# Python's own unpickler, because the one in C makes room for whatever number a memo is said to
# have. Without the opcodes that make objects, sets, buffers and extensions.
_LEFT_OUT = (
    *(pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.EXT1, pickle.EXT2),
    *(pickle.EXT4, pickle.PERSID, pickle.EMPTY_SET, pickle.ADDITEMS, pickle.FROZENSET),
    *(pickle.NEXT_BUFFER, pickle.READONLY_BUFFER, pickle.BYTEARRAY8),
)


_Python: Any = pickle._Unpickler  # whose parts its types leave out


class _Unpickler(_Python):
    """Admits the names above, and storages as persistent ids."""

    def _check_keys(self, keys: Iterable) -> None:
        # The hash of a tuple of tuples of tuples can take forever.
        if not all(isinstance(key, (str, int, float, type(None))) for key in keys):
            raise UserError("holds a dict with other keys than text and numbers")

    def load_setitem(self) -> None:
        self._check_keys(self.stack[-2:-1])
        super().load_setitem()

    def load_setitems(self) -> None:
        self._check_keys(self.stack[::2])
        super().load_setitems()

    def load_dict(self) -> None:
        self._check_keys(self.stack[::2])
        super().load_dict()

    dispatch: ClassVar[dict[int, Any]] = {
        **{k: f for k, f in _Python.dispatch.items() if bytes([k]) not in _LEFT_OUT},
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
        pickle.DICT[0]: load_dict,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NAMES:
            raise UserError(
                f"names {module[:80]}.{name[:80]}, which is no part of a tensor: refused, nothing "
                "of it was executed. If you trust its origin, save its state dict as .safetensors"
            )
        return _NAMES[module, name]

    def persistent_load(self, pid: Any) -> Storage:
        # ("storage", type, key, location, count), before 1.6 with a sixth: a view of the storage
        kind, storage_type, key, _, count, *view = pid
        if (
            kind != "storage"
            or not isinstance(storage_type, _StorageType)
            or not (type(key) is str and type(count) is int and 0 <= count < _HUGE)
            or any(part is not None for part in view)
        ):
            raise UserError("holds a storage of an unknown kind")
        return Storage(storage_type.dtype, key, count)
