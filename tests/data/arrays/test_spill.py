"""Rows that lie on disk: what was appended is read, of several arrays at once."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from vadjax.data.arrays import spill
from vadjax.data.arrays.spill import NoRoomError, Spill, SpilledRows

ROW = np.dtype([("number", "<i8"), ("grid", "u1", (3,))])


def rows(count, seed=0):
    rng = np.random.default_rng(seed)
    return np.frombuffer(rng.bytes(count * ROW.itemsize), ROW)


def filled(file, wanted):
    found = SpilledRows(file)
    for row in wanted:
        found.append(row.tobytes())
    return found.end()


@pytest.mark.parametrize("block", [1, 40, 1 << 18])
def test_arrays_that_threads_fill_at_once_are_apart(tmp_path, monkeypatch, block):
    monkeypatch.setattr(spill, "BLOCK_BYTES", block)
    file = Spill(ROW, folder=tmp_path / "below")
    wanted = [rows(count, seed) for seed, count in enumerate((0, 1, 500, 33, 200, 7))]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda each: filled(file, each), wanted))
    for a, b in zip(found, wanted, strict=True):
        assert len(a) == len(b) and np.asarray(a).tobytes() == b.tobytes()
        assert b"".join(part.tobytes() for part in a.blocks()) == b.tobytes()
        for start, stop in ((0, 3), (2, 31), (30, 1000), (5, 5)):
            part = a.part(start, stop).part(1, 20)
            assert np.asarray(part).tobytes() == b[start:stop][1:20].tobytes()


def test_a_file_leaves_nothing_behind(tmp_path):
    kept = filled(Spill(ROW, folder=tmp_path), rows(9))
    assert list(tmp_path.iterdir()) == [] and len(np.asarray(kept)) == 9


def test_memory_does_not_grow_with_the_rows(tmp_path):
    """What is held of 30 MB is their place in the file."""
    kept, row = SpilledRows(Spill(ROW, folder=tmp_path)), bytes(ROW.itemsize * 1000)
    for _ in range(3000):
        kept.append(row)
    assert len(kept.end()) == 3_000_000
    assert sum(part.nbytes for part in kept.blocks()) == 3_000_000 * ROW.itemsize
    assert max(part.nbytes for part in kept.blocks()) <= spill.BLOCK_BYTES
    assert len(kept._block) == 0 and len(kept._extents) == 1


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    kept = SpilledRows(Spill(ROW, folder=tmp_path))

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    kept.append(bytes(ROW.itemsize))
    with pytest.raises(NoRoomError, match="No space left"):
        kept.end()
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(NoRoomError, match="file cannot be written"):
        Spill(ROW, folder=tmp_path / "file")
