"""Clips that last for days are compared in pieces, with the results of comparing them whole."""

import tracemalloc

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from vadjax.data.frames.content import ROW
from vadjax.data.leakage import copy_keys, copy_match, copy_search, variants
from vadjax.data.leakage.changed_rows import ChangedRows
from vadjax.data.leakage.copy_match import CHANGE, LIKE, SHORTEST


def clip(frames, seed, *, period=0):
    """Rows of blocks that wander, all over again after `period` frames."""
    rng, rows = np.random.default_rng(seed), np.zeros(frames, ROW)
    rows["hash"] = rng.integers(0, 1 << 62, frames)
    steps = rng.normal(0, 6, (period or frames, 256)).cumsum(0)
    rows["grid"] = np.clip(np.resize(steps, (frames, 256)) % 200 + 20, 0, 255)
    return rows


def altered(rows, seed):
    """The same brighter and with noise."""
    noise = np.random.default_rng(seed).normal(0, 2, rows["grid"].shape)
    changed = rows.copy()
    changed["grid"] = np.clip(rows["grid"] * 1.1 + noise, 0, 255)
    return changed


def whole_stretches(a, b):
    """As `altered_stretches`, window by window over all blocks at once."""
    x, y = (rows["grid"].astype(float) for rows in (a, b))
    x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    covered = np.zeros(len(a), bool)
    for at in range(len(a) - SHORTEST + 1):
        p, q = x[at : at + SHORTEST], y[at : at + SHORTEST]
        p, q = p - p.mean(0), q - q.mean(0)
        energy = np.square(p).sum(), np.square(q).sum()
        if min(energy) >= CHANGE * p.size and (p * q).sum() >= LIKE * np.sqrt(np.prod(energy)):
            covered[at : at + SHORTEST] = True
    edges = np.flatnonzero(np.diff(np.r_[0, covered, 0]))
    found = []
    for start, stop in edges.reshape(-1, 2):
        p, q = (each[start:stop] - each[start:stop].mean(0) for each in (x, y))
        score = (p * q).sum() / np.sqrt(np.square(p).sum() * np.square(q).sum())
        if score >= LIKE:
            found.append((start, stop, score))
    return found


@pytest.mark.parametrize("piece", [1, 7, 50, 4096])
def test_stretches_do_not_depend_on_the_pieces(monkeypatch, piece):
    """A copy that lies on the edge of two pieces is one stretch."""
    monkeypatch.setattr(copy_match, "PIECE", piece)
    a, b = clip(150, 1), clip(150, 2)
    b[20:70], b[100:140] = altered(a[20:70], 3), altered(a[100:140], 4)
    found, want = list(copy_match.altered_stretches(a, b)), whole_stretches(a, b)
    assert len(want) == 2
    np.testing.assert_allclose(found, want, rtol=1e-9)


@pytest.mark.parametrize("piece", [1, 7, 50, 4096])
@pytest.mark.parametrize("period", [0, 90])
def test_a_stretch_occurs_once_whatever_the_pieces(monkeypatch, piece, period):
    monkeypatch.setattr(copy_match, "PIECE", piece)
    other = clip(270, 5, period=period)
    video = altered(other[95:175], 6)
    assert copy_match.is_distinct(video, other, other_start=95) == (period == 0)


def test_likeness_is_the_correlation_at_each_place(monkeypatch):
    monkeypatch.setattr(copy_match, "PIECE", 16)
    rng = np.random.default_rng(0)
    part, blocks = rng.normal(size=(9, 5)), rng.normal(size=(70, 5))
    found = copy_match._likeness(part, lambda start, stop: blocks[start:stop], 70)
    pairs = [
        (part - part.mean(0), blocks[t : t + 9] - blocks[t : t + 9].mean(0)) for t in range(62)
    ]
    want = [(p * q).sum() / np.sqrt(np.square(p).sum() * np.square(q).sum()) for p, q in pairs]
    np.testing.assert_allclose(found, want, atol=1e-9)


@hypothesis.given(
    st.integers(0, 60), st.sampled_from((1.0, *variants.SPEEDS)), st.booleans(), st.data()
)
def test_changed_rows_are_those_of_a_changed_clip(frames, every, backwards, data):
    rows = clip(frames, 7)
    want = variants.mirrored(rows[::-1] if backwards else rows)
    want = want[np.round(np.arange(0, frames - 0.5, every)).astype(int)] if frames else want
    changed = ChangedRows(rows, variants.mirrored, every=every, backwards=backwards)
    assert len(changed) == len(want)
    first, last = (data.draw(st.integers(0, len(want))) for _ in range(2))
    part = changed[first:last]
    assert len(part) == len(want[first:last])
    np.testing.assert_array_equal(part[np.arange(len(part))], want[first:last])
    np.testing.assert_array_equal(changed[3:][np.arange(len(want[3:]))], want[3:])


def test_memory_hardly_grows_with_a_clip(monkeypatch):
    """A day has two million frames: 10 kB of each would be more than a machine has."""
    monkeypatch.setattr(copy_search, "CROPS_UP_TO", 0)  # a search of pieces, of bounded memory
    monkeypatch.setattr(copy_match, "PIECE", 512)
    monkeypatch.setattr(copy_keys, "BLOCK", 512)
    most = []
    for frames in (4_000, 12_000):
        long, short = clip(frames, 1), clip(400, 2)
        short["grid"][100:300] = variants.mirrored(long[2_000:2_200])["grid"]
        tracemalloc.start()
        (copy,) = copy_search.find_copies({"short": short}, {"long": long})
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (copy.kind, copy.start, copy.stop) == ("mirrored", 100, 300)
    print(most)
    assert most[1] - most[0] < 200 * 8_000
