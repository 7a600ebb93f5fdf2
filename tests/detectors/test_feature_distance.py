"""kNN and Mahalanobis over long clips: read a stretch at a time, and the bank has a limit."""

import numpy as np
import pytest

from vadjax import config as configs
from vadjax import detectors
from vadjax.data.clip import Clip
from vadjax.data.frames.on_demand import Frames
from vadjax.data.splits.units import Segment, Units
from vadjax.data.video import Video
from vadjax.detectors import feature_difference, feature_distance
from vadjax.features.standardize import Standardizer
from vadjax.scoring import distances


class Blank(Frames):
    def _read(self, index):
        return np.zeros((8, 8), np.uint8)


class Watched(np.ndarray):
    """Rows that note the largest stretch that was computed with."""

    most = 0

    def __getitem__(self, at):
        part = np.asarray(super().__getitem__(at))
        Watched.most = max(Watched.most, len(part))
        return part


def clip(rows, labels=None):
    video = Video(id="train/a", split="train", frames=Blank(len(rows)), labels=labels)
    return Clip("a", Units((Segment("train/a", 0, len(rows)),)), (video,), lambda *_: rows)


def rows_of(count, *shape, seed=0):
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)


def test_the_bank_of_knn_is_evenly_spaced_where_it_is_limited(monkeypatch):
    rows, test = rows_of(100, 4), rows_of(30, 4, seed=1)
    monkeypatch.setattr(feature_distance, "BANK_BYTES", 25 * 4 * 4)
    monkeypatch.setattr(feature_distance, "BLOCK_BYTES", 7 * 4 * 4)
    detector = detectors.create("knn", configs.default_config())
    state = detector.fit([clip(rows[:40]), clip(rows[40:])], (), seed=0, progress=None)
    standardized = Standardizer.fit([rows[:40], rows[40:]]).apply(rows)
    np.testing.assert_array_equal(state["fitted"], standardized[::4])
    assert detector.describe(state) == {"normal_frames_kept": 25}
    expected = distances.knn(standardized[::4], Standardizer.fit([rows]).apply(test))
    np.testing.assert_allclose(detector.score(state, clip(test)).scores, expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["knn", "mahalanobis", "feature_difference"])
@pytest.mark.parametrize("shape", [(6,), (2, 3, 6)])
def test_frames_are_those_of_whole_arrays(name, shape, monkeypatch):
    """Pooled maps and labelled training clips give what pooling all rows beforehand gives."""
    rows, test, labels = rows_of(80, *shape), rows_of(41, *shape, seed=1), np.arange(80) % 3 == 0
    detector = detectors.create(name, configs.default_config())
    whole = feature_distance.pooled(rows)[~labels], feature_distance.pooled(test)
    state = detector.fit([clip(whole[0])], (), seed=0, progress=None)
    expected = detector.score(state, clip(whole[1])).scores
    for block in (1 << 26, 5 * 4 * 6):
        for module in (feature_distance, feature_difference):
            monkeypatch.setattr(module, "BLOCK_BYTES", block)
        found = detector.fit([clip(rows, labels.astype(np.uint8))], (), seed=0, progress=None)
        np.testing.assert_array_equal(detector.score(found, clip(test)).scores, expected)


@pytest.mark.parametrize("name", ["knn", "mahalanobis", "feature_difference"])
def test_a_long_clip_is_never_read_whole(name, monkeypatch):
    for module in (feature_distance, feature_difference):
        monkeypatch.setattr(module, "BLOCK_BYTES", 500 * 4 * 3)
    for limit in ("_CELLS_AT_ONCE", "_FLOAT64_AT_ONCE", "_FITTED_AT_ONCE"):
        monkeypatch.setattr(distances, limit, 500 * 20)
    monkeypatch.setattr(feature_distance, "BANK_BYTES", 20 * 4 * 3)
    detector = detectors.create(name, configs.default_config())
    state = detector.fit([clip(rows_of(3000, 3))], (), seed=0, progress=None)
    Watched.most = 0
    scores = detector.score(state, clip(rows_of(20_000, 3).view(Watched))).scores
    assert len(scores) == 20_000 and np.isfinite(scores).all()
    assert 0 < Watched.most <= 3334


@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 4, 5)])
def test_crops_and_maps_are_averaged_to_one_row(shape):
    rows = np.random.default_rng(0).normal(size=(7, *shape)).astype(np.float16)
    wanted = rows.astype(np.float32).reshape(7, -1, 5).mean(1)
    np.testing.assert_allclose(feature_distance.pooled(rows), wanted, atol=1e-3)
