"""Read tensors from PyTorch's pickled checkpoints, without PyTorch and without running anything.

A pickle may name any function for the reader to call. This reader knows a handful of names that
rebuild tensors and refuses all others; what it hands out for them are inert objects of its own,
and no array touches bytes outside of its storage. Formats: torch.save's zip archive (1.6 and
later) and the four pickles in a row before it (pytorch/pytorch:torch/serialization.py).
"""

import math
import pathlib
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from vadjax.backbones.torch_unpickler import Storage, Tensor, load
from vadjax.errors import UserError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001


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
            f"({type(error).__name__}: {str(error)[:200]}); fetch it again"
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
            f"{', '.join(str(name)[:80] for name in wrong[:10]) or 'nothing'}"
        )
    return dict(value)


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

        def storage_bytes(storage: Storage) -> bytes:
            info = archive.getinfo(f"{root}data/{storage.key}")
            if info.compress_type != zipfile.ZIP_STORED:  # torch never compresses: a bomb
                raise UserError(f"holds a compressed storage, {info.filename}")
            return archive.read(info)

        size = archive.getinfo(pickles[0]).file_size
        with archive.open(pickles[0]) as file:
            value = load(file, size)
        return _Tensors(storage_bytes, path.stat().st_size).arrays_of(value)


def _read_legacy(path: pathlib.Path) -> Any:
    total = path.stat().st_size
    with path.open("rb") as file:

        def following() -> Any:
            return load(file, total - file.tell())

        if following() != _LEGACY_MAGIC or following() != _LEGACY_PROTOCOL:
            raise UserError("is no PyTorch checkpoint (wrong magic number)")
        if not following()["little_endian"]:
            raise UserError("is written in big-endian order, which is not supported")
        value, keys = following(), following()
        dtypes = {s.key: s.dtype for s in _storages(value)}
        data = {}
        for key in keys:
            (count,) = struct.unpack("<q", file.read(8))
            if not isinstance(key, str) or key not in dtypes or count < 0:
                raise UserError("holds a storage that no tensor uses")
            size = count * dtypes[key].itemsize
            if size > total - file.tell():  # before anything is allocated
                raise UserError(f"is truncated: storage {key} wants {size} bytes")
            data[key] = file.read(size)
    return _Tensors(lambda storage: data[storage.key], total).arrays_of(value)


def _storages(value: Any) -> list[Storage]:
    """Return the storages of all tensors in nested dicts and lists."""
    found, seen, waiting = [], set(), [value]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:  # pickles may name one object many times
            continue
        seen.add(id(one))
        if isinstance(one, Tensor):
            found.append(one.storage)
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
    return found


class _Tensors:
    """Replaces tensors by arrays.

    Args:
        storage_bytes: returns the bytes of a storage.
        size: of the file; tensors may share storages, but not make much more of it.
    """

    def __init__(self, storage_bytes: Callable[[Storage], bytes], size: int):
        self._storage_bytes, self._left = storage_bytes, 4 * size + (1 << 20)
        self._storages: dict[Storage, np.ndarray] = {}
        self._made: dict[int, Any] = {}  # id -> result: one object may stand in many places

    def arrays_of(self, value: Any) -> Any:
        """Replace every tensor in nested dicts and lists by an array."""
        if id(value) in self._made:
            return self._made[id(value)]
        if isinstance(value, dict):
            made: Any = {key: self.arrays_of(inside) for key, inside in value.items()}
        elif isinstance(value, Tensor):
            made = self._array(value)
        elif isinstance(value, list | tuple):
            made = [self.arrays_of(inside) for inside in value]
        else:
            return value
        self._made[id(value)] = made
        return made

    def _array(self, tensor: Tensor) -> np.ndarray:
        storage, offset, size, stride = tensor
        if storage not in self._storages:
            data = self._storage_bytes(storage)
            if len(data) != storage.count * storage.dtype.itemsize:
                raise UserError(
                    f"is truncated: storage {storage.key} has {len(data)} bytes, "
                    f"{storage.count * storage.dtype.itemsize} wanted"
                )
            self._storages[storage] = np.frombuffer(data, storage.dtype)
        count = math.prod(size)
        last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        if count > storage.count or (count and last >= storage.count):
            raise UserError(f"holds a tensor of shape {list(size)} that overruns its storage")
        self._left -= count * storage.dtype.itemsize
        if self._left < 0:
            raise UserError("holds tensors of many times the size of the file")
        if not count:
            return np.zeros(size, storage.dtype)
        strides = tuple(s * storage.dtype.itemsize for s in stride)
        start = self._storages[storage][offset:]
        return np.lib.stride_tricks.as_strided(start, size, strides, writeable=False)
