"""Exemplars: what was added stays near a kept one, and their number is bounded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from tests import drawn
from vadjax.detectors.scene import exemplars as module
from vadjax.detectors.scene.exemplars import GROWTH, Exemplars, Gathering, nearest

FACTOR = 1 / (1 - 1 / GROWTH)  # r + r / g + r / g^2 + ..., over every time that the radius grew


@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(0, 90), min_size=1, max_size=5),
    width=st.integers(1, 5),
    limit=st.integers(1, 40),
    spread=st.sampled_from([1e-3, 1.0, 1e3]),
    repeated=st.booleans(),
)
def test_everything_that_was_added_lies_near_a_kept_one(
    seed, sizes, width, limit, spread, repeated
):
    rng, found, every = np.random.default_rng(seed), Exemplars.empty(width, 1), []
    for number, size in enumerate(sizes):
        vectors = (spread * rng.normal(size=(size, width))).astype(np.float32)
        if repeated and size:
            vectors[:] = vectors[:1]
        source = np.arange(size)[:, None] + 1000 * number
        found.add(vectors, source, limit=limit)
        every.append((vectors, source))
        assert len(found.kept) <= limit and len(found.kept) == len(found.source)
    vectors, source = (np.concatenate(each) for each in zip(*every, strict=True))
    if not len(vectors):
        return
    away = cdist(vectors, found.kept).min(1)
    noise = 2e-3 * np.abs(vectors).max()  # of float32 in squares of lengths
    assert away.max() <= FACTOR * found.radius + noise
    by_number = dict(zip(source[:, 0].tolist(), vectors, strict=True))
    for kept, (number,) in zip(found.kept, found.source.tolist(), strict=True):
        np.testing.assert_array_equal(kept, by_number[number])  # its own source


def test_below_the_limit_everything_is_kept():
    vectors = np.random.default_rng(0).normal(size=(700, 3)).astype(np.float32)
    found = Exemplars.empty(3)
    found.add(vectors, np.zeros((700, 3), int), limit=700)
    np.testing.assert_array_equal(found.kept, vectors)
    assert found.radius == 0


def test_kept_ones_are_further_apart_than_the_radius():
    vectors = np.random.default_rng(1).normal(size=(900, 2)).astype(np.float32)
    found = Exemplars.empty(2)
    found.add(vectors, np.zeros((900, 3), int), limit=50)
    apart = cdist(found.kept, found.kept)
    apart[np.diag_indices_from(apart)] = np.inf
    assert found.radius > 0 and apart.min() > found.radius
    assert 10 < len(found.kept) <= 50  # not thinned far more than it has to be


def test_what_was_seen_often_does_not_take_the_place_of_what_was_seen_once():
    """Many copies of one vector, with noise, and a few others; the others stay."""
    rng = np.random.default_rng(2)
    copies = (10 + 1e-4 * rng.normal(size=(2000, 8))).astype(np.float32)
    others = rng.normal(size=(40, 8)).astype(np.float32)
    found = Exemplars.empty(8, 1)
    found.add(np.concatenate([copies, others]), np.arange(2040)[:, None], limit=100)
    assert cdist(others, found.kept).min(1).max() < 0.5


@pytest.mark.parametrize("width", [1, 4, 64])
def test_the_nearest_is_that_of_all_pairs(width):
    rng = np.random.default_rng(width)
    kept, vectors = (rng.normal(size=(n, width)).astype(np.float32) for n in (37, 23))
    away, index = nearest(kept, vectors)
    pairs = cdist(vectors, kept)
    np.testing.assert_allclose(away, pairs.min(1), rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(index, pairs.argmin(1))
    assert [len(each) for each in nearest(kept, vectors[:0])] == [0, 0]


def test_gathering_is_bounded_and_spread_over_the_clip(monkeypatch):
    monkeypatch.setattr(module, "GATHERED", 50)
    gathering = Gathering(lambda bodies: bodies.looks, first=1)
    for frame in range(200):
        looks = np.full((3, 2), frame, np.float32)
        gathering.update(drawn.bodies([(8, 8)] * 3, looks=looks))
    lesson = gathering.lesson()
    frames = lesson["source"][:, 0]
    assert len(frames) <= 50 and (lesson["vectors"][:, 0] == frames).all()
    steps = np.diff(np.unique(frames))
    assert len(set(steps.tolist())) == 1 and frames[-1] > 170 and frames[0] > 0


def test_gathering_notes_frame_and_place():
    gathering = Gathering(lambda bodies: bodies.velocity, step=2)
    for frame in range(4):
        gathering.update(drawn.bodies([(8.4, 20.6)] if frame else [], velocity=[(frame, 0)] * 9))
    lesson = gathering.lesson()
    np.testing.assert_array_equal(lesson["source"], [[2, 8, 21]])
    np.testing.assert_array_equal(lesson["vectors"], [[2, 0]])
    nothing = Gathering(lambda bodies: bodies.looks).lesson()
    assert len(nothing["vectors"]) == len(nothing["source"]) == 0
