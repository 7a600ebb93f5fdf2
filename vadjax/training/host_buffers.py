"""Memory of the host that is used again: fresh pages cost more time than what fills them."""

import math
from collections.abc import Hashable

import numpy as np

ALIGNMENT = 64  # bytes; from there XLA's CPU client reads an array where it is, without a copy


class HostBuffers:
    """Arrays that lie in the same memory whenever they are asked for under the same key.

    Whoever asks makes sure that nothing reads the last array of that key any more.
    """

    def __init__(self) -> None:
        self._memory: dict[Hashable, np.ndarray] = {}

    def array(self, key: Hashable, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Return an array whose values are whatever is there.

        Args:
          key: of the memory; it grows where it is too short.
          shape: of the array.
          dtype: of its values.

        Returns:
          The array, in memory that the buffers keep.
        """
        nbytes = math.prod(shape) * np.dtype(dtype).itemsize
        memory = self._memory.get(key)
        if memory is None or len(memory) < nbytes:
            memory = np.empty(nbytes + ALIGNMENT, np.uint8)
            start = -memory.ctypes.data % ALIGNMENT
            self._memory[key] = memory = memory[start : start + nbytes]
        return memory[:nbytes].view(dtype).reshape(shape)
