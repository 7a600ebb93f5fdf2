"""Read tensors from PyTorch's pickled checkpoints, without PyTorch and without running anything.

A pickle may name any function for the reader to call. This reader knows a handful of names that
rebuild tensors and refuses all others; what it hands out for them are inert objects of its own,
and no array touches bytes outside of its storage. Formats: torch.save's zip archive (1.6 and
later) and the four pickles in a row before it (pytorch/pytorch:torch/serialization.py).
"""

import dataclasses
import math
import pathlib
import pickle
import struct
import zipfile
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from vadjax.errors import UserError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
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


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Read the state dict of a .pth or .pt file.

    A checkpoint that holds it under "state_dict", "model" or "model_state_dict" will do.

    Raises:
        UserError: The file is corrupt or truncated, names anything but tensors, or holds no
            state dict. Nothing in it has been executed.
    """
    try:
        value = _read_zip(path) if _is_zip(path) else _read_legacy(path)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except Exception as error:  # a broken or hostile pickle may raise anything
        raise UserError(
            f"{path} is corrupt, truncated or no PyTorch checkpoint "
            f"({type(error).__name__}: {error}); fetch it again"
        ) from None
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(value, dict) and isinstance(value.get(key), dict):
            value = value[key]
    wrong = (
        [k for k, v in value.items() if not (isinstance(k, str) and isinstance(v, np.ndarray))]
        if isinstance(value, dict)
        else [type(value).__name__]
    )
    if wrong or not value:
        raise UserError(
            f"{path} holds no state dict (names of tensors); found instead: "
            f"{', '.join(map(str, wrong[:10])) or 'nothing'}"
        )
    return dict(value)


# --- The inert objects that a pickle gets to handle ---------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Storage:
    dtype: np.dtype
    key: str
    count: int  # elements


class _Tensor(NamedTuple):
    storage: _Storage
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
        if not isinstance(storage, _Storage) or len(size) != len(stride):
            raise UserError("holds a malformed tensor")
        if not all(type(n) is int and n >= 0 for n in numbers):
            raise UserError("holds a tensor with a malformed shape")
        return _Tensor(storage, offset, tuple(size), tuple(stride))


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


class _Unpickler(pickle.Unpickler):
    """Admits the names above, and storages as persistent ids."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NAMES:
            raise UserError(
                f"names {module}.{name}, which is no part of a tensor: refused, nothing of it was "
                "executed. If you trust its origin, save its state dict as .safetensors"
            )
        return _NAMES[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        # ("storage", type, key, location, count), before 1.6 with a sixth: a view of the storage
        kind, storage_type, key, _, count, *view = pid
        if (
            kind != "storage"
            or not isinstance(storage_type, _StorageType)
            or not (type(key) is str and type(count) is int and count >= 0)
            or any(part is not None for part in view)
        ):
            raise UserError("holds a storage of an unknown kind")
        return _Storage(storage_type.dtype, key, count)


# --- The two files ------------------------------------------------------------------------------


def _is_zip(path: pathlib.Path) -> bool:
    """Tell the two formats apart; an archive that lost its end is neither."""
    with path.open("rb") as file:
        begins = file.read(4) == b"PK\3\4"
    whole = zipfile.is_zipfile(path)
    if begins and not whole:
        raise UserError("is damaged or truncated: a zip archive without its end; fetch it again")
    return whole


def _read_zip(path: pathlib.Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        pickles = [name for name in archive.namelist() if name.split("/")[1:] == ["data.pkl"]]
        if len(pickles) != 1:
            raise UserError("is a zip archive without PyTorch's data.pkl")
        root = pickles[0].removesuffix("data.pkl")
        if (
            root + "byteorder" in archive.namelist()
            and archive.read(root + "byteorder") != b"little"
        ):
            raise UserError("is written in big-endian order, which is not supported")

        def storage_bytes(storage: _Storage) -> bytes:
            info = archive.getinfo(f"{root}data/{storage.key}")
            if info.compress_type != zipfile.ZIP_STORED:  # torch never compresses: a bomb
                raise UserError(f"holds a compressed storage, {info.filename}")
            return archive.read(info)

        with archive.open(pickles[0]) as file:
            value = _Unpickler(file).load()
        return _materialise(value, storage_bytes, {})


def _read_legacy(path: pathlib.Path) -> Any:
    with path.open("rb") as file:
        if _Unpickler(file).load() != _LEGACY_MAGIC or _Unpickler(file).load() != _LEGACY_PROTOCOL:
            raise UserError("is no PyTorch checkpoint (wrong magic number)")
        if not _Unpickler(file).load()["little_endian"]:
            raise UserError("is written in big-endian order, which is not supported")
        value = _Unpickler(file).load()
        keys = _Unpickler(file).load()
        dtypes = {s.key: s.dtype for s in _storages(value)}
        data = {}
        for key in keys:
            (count,) = struct.unpack("<q", file.read(8))
            if key not in dtypes or count < 0:
                raise UserError(f"holds a storage {key!r} that no tensor uses")
            size = count * dtypes[key].itemsize
            if size > path.stat().st_size:  # before anything is allocated
                raise UserError(f"is truncated: storage {key} wants {size} bytes")
            data[key] = file.read(size)
    return _materialise(value, lambda storage: data[storage.key], {})


def _storages(value: Any) -> list[_Storage]:
    if isinstance(value, _Tensor):
        return [value.storage]
    if isinstance(value, dict):
        return [s for v in value.values() for s in _storages(v)]
    if isinstance(value, list | tuple):
        return [s for v in value for s in _storages(v)]
    return []


def _materialise(value: Any, storage_bytes, cache: dict[_Storage, np.ndarray]) -> Any:
    """Replace every tensor in nested dicts and lists by an array."""
    if isinstance(value, dict):
        return {k: _materialise(v, storage_bytes, cache) for k, v in value.items()}
    if isinstance(value, _Tensor):
        storage, offset, size, stride = value
        if storage not in cache:
            data = storage_bytes(storage)
            if len(data) != storage.count * storage.dtype.itemsize:
                raise UserError(
                    f"is truncated: storage {storage.key} has {len(data)} bytes, "
                    f"{storage.count * storage.dtype.itemsize} wanted"
                )
            cache[storage] = np.frombuffer(data, storage.dtype)
        count = math.prod(size)
        last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        if count > storage.count or (count and last >= storage.count):
            raise UserError(f"holds a tensor of shape {list(size)} that overruns its storage")
        if not count:
            return np.zeros(size, storage.dtype)
        strides = tuple(s * storage.dtype.itemsize for s in stride)
        start = cache[storage][offset:]
        return np.lib.stride_tricks.as_strided(start, size, strides, writeable=False)
    if isinstance(value, list | tuple):
        return [_materialise(v, storage_bytes, cache) for v in value]
    return value
