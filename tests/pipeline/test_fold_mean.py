"""The mean of several folds' detectors: scores, maps and parts."""

import numpy as np
import pytest

from vadjax.data.arrays.new_array import on_disk
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import FrameScore
from vadjax.pipeline import fold_mean

RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(3, 10)).astype(np.float32)
MAPS = RNG.normal(size=(3, 10, 4, 5)).astype(np.float32)


def videos(maps=MAPS, **parts):
    """Three records of one video; `parts` are lists of three, None where a record has none."""
    return [
        ScoredVideo(
            "test/01",
            SCORES[fold],
            maps=maps[fold],
            parts={name: own[fold] for name, own in parts.items() if own[fold] is not None},
            fold=fold,
        )
        for fold in range(3)
    ]


def test_scores_maps_and_parts_are_averaged(tmp_path, monkeypatch):
    monkeypatch.setattr(fold_mean, "BLOCK_BYTES", 3 * 80)  # three maps of 80 bytes
    with on_disk(tmp_path) as new:
        mean = fold_mean.mean_video(videos(speed=2 * SCORES), new_maps=new)
        assert isinstance(mean.maps, np.memmap)
        np.testing.assert_allclose(mean.maps, MAPS.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mean.scores, SCORES.mean(0), rtol=1e-5)
    np.testing.assert_allclose(mean.parts["speed"], 2 * SCORES.mean(0), rtol=1e-5)


def test_what_one_detector_lacks_is_left_out():
    mean = fold_mean.mean_video(videos([*MAPS[:2], None], a=SCORES, b=[*SCORES[:2], None]))
    assert mean.maps is None and set(mean.parts) == {"a"}
    other_grid = fold_mean.mean_video(videos([*MAPS[:2], MAPS[2, :, 1:]]))
    assert other_grid.maps is None


def test_one_detector_is_left_as_it_is():
    [first, *_] = videos(a=SCORES)
    assert fold_mean.mean_video([first]) is first


def test_streams_are_averaged_frame_by_frame():
    by_fold = [
        [FrameScore(n, n / 5, own[n], MAPS[fold, n], {"a": own[n]}) for n in range(10)]
        for fold, own in enumerate(SCORES)
    ]
    results = fold_mean.mean_scores(by_fold)
    assert [(r.index, r.time) for r in results] == [(n, n / 5) for n in range(10)]
    np.testing.assert_allclose([r.score for r in results], SCORES.mean(0), rtol=1e-5)
    np.testing.assert_allclose([r.map for r in results], MAPS.mean(0), rtol=1e-5, atol=1e-6)
    assert [r.parts["a"] for r in results] == pytest.approx(SCORES.mean(0).tolist())


def test_a_frame_without_a_score_in_one_stream_has_none():
    scores = [[FrameScore(0, None, 1.0, MAPS[0, 0])], [FrameScore(0, None, None)]]
    [result] = fold_mean.mean_scores(scores)
    assert result.score is None and result.map is None and result.parts == {}
