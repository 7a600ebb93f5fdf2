"""Against a loop over all thresholds written from the definition, and by hand."""

import time

import numpy as np
import pytest

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import frame
from vadjax.evaluation.events import merged_runs
from vadjax.evaluation.latency_ap import latency_ap


def slow(videos) -> float:
    scores = np.concatenate([v.scores for v in videos]).astype(np.float64)
    labels = np.concatenate([v.labels for v in videos]).astype(bool)
    area, last = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        called = scores >= threshold
        weights = []
        for video in videos:
            for start, stop in merged_runs(video.labels, video):
                first = [i for i in range(start, stop) if video.scores[i] >= threshold]
                weights.append(1 - (first[0] - start) / (stop - start) if first else 0.0)
        recall = float(np.mean(weights))
        area += (recall - last) * float(labels[called].mean())
        last = recall
    return area


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_a_loop_over_thresholds_gives(seed):
    rng = np.random.default_rng(seed)
    videos = []
    for n in range(5):
        labels = np.repeat(rng.random(12) < 0.4, 6).astype(np.uint8)
        scores = rng.integers(0, 9, 72) + 2 * labels  # with ties
        fps = None if n % 2 else 3.0  # gaps below a second are merged
        videos.append(ScoredVideo(str(n), scores.astype(np.float32), labels=labels, fps=fps))
    assert latency_ap(videos) == pytest.approx(slow(videos), abs=1e-12)


def test_early_calls_count_more_than_late_ones():
    labels = np.array([0] * 10 + [1] * 10 + [0] * 10, np.uint8)
    early, late = np.zeros(30, np.float32), np.zeros(30, np.float32)
    early[10:15] = late[15:20] = 1
    one = [[ScoredVideo("v", scores, labels=labels)] for scores in (early, late)]
    assert frame.average_precision(early, labels) == frame.average_precision(late, labels)
    assert latency_ap(one[0]) == 1
    # Half of the event is left at precision 1; the other half is gained where all is called.
    assert latency_ap(one[1]) == pytest.approx(0.5 + 0.5 / 3)
    normal = ScoredVideo("v", early, labels=np.zeros(30, np.uint8))
    assert latency_ap([normal]) is None and latency_ap([]) is None


def test_scores_that_know_nothing_get_the_share_of_abnormal_frames():
    rng = np.random.default_rng(3)
    labels = np.repeat(rng.random(300) < 0.3, 10).astype(np.uint8)
    found = [
        latency_ap([ScoredVideo("v", rng.random(3000, np.float32), labels=labels)])
        for _ in range(60)
    ]
    assert np.mean(found) == pytest.approx(labels.mean(), abs=3 * np.std(found) / 60**0.5 + 0.01)


def test_a_million_frames_take_no_time():
    rng = np.random.default_rng(0)
    videos = [
        ScoredVideo(str(n), rng.random(1000, np.float32), labels=np.arange(1000) // 100 % 3 == 0)
        for n in range(1000)
    ]
    start = time.process_time()
    latency_ap(videos)
    assert time.process_time() - start < 2
