"""Buffers of one key lie in the same memory, aligned for XLA; of two keys they do not."""

import numpy as np

from vadjax.training.host_buffers import ALIGNMENT, HostBuffers


def test_an_array_is_written_where_the_last_one_of_its_key_was():
    buffers = HostBuffers()
    first = buffers.array("a", (4, 250), np.float32)
    other = buffers.array("b", (4, 250), np.float32)
    first[...], other[...] = 1, 2
    again = buffers.array("a", (3, 7), np.float16)
    assert np.shares_memory(first, again) and not np.shares_memory(first, other)
    assert again.shape == (3, 7) and again.dtype == np.float16
    assert (other == 2).all()


def test_memory_grows_and_stays_aligned():
    buffers = HostBuffers()
    for size in (1, 1000, 10, 1_000_000):
        found = buffers.array("a", (size,), np.float32)
        found[...] = size
        assert found.ctypes.data % ALIGNMENT == 0 and (found == size).all()
