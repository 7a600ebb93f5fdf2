"""Streamed figures equal those of all frames in memory; memory does not grow with the frames."""

import tracemalloc

import numpy as np
import pytest

import vadjax
from vadjax.errors import UserError
from vadjax.evaluation import frame
from vadjax.evaluation.bootstrap import auc_interval
from vadjax.evaluation.sorted_frames import SortedFrames, packed
from vadjax.evaluation.streamed import clustered_variance, evaluate_stream


def drawn(num: int, *, levels: int = 0, seed: int = 0) -> list[tuple]:
    """Return videos of 5 to 60 frames, a third of them normal; `levels` makes scores tie."""
    rng, found = np.random.default_rng(seed), []
    for number in range(num):
        count = int(rng.integers(5, 60))
        labels = np.zeros(count, np.uint8)
        labels[count // 3 : 2 * count // 3] = number % 3 > 0
        scores = rng.normal(size=count) + labels + rng.normal()
        if levels:
            scores = np.round(scores * levels) / levels
        found.append((f"test/{number}", scores.astype(np.float32), labels))
    return found


@pytest.mark.parametrize("levels", [0, 4, 1])
@pytest.mark.parametrize("at_once", [64, 500, 1 << 20])
def test_figures_are_those_of_all_frames_at_once(levels, at_once):
    videos = drawn(120, levels=levels)
    found = evaluate_stream(iter(videos), at_once=at_once)
    scores, labels = (np.concatenate([v[i] for v in videos]) for i in (1, 2))
    assert found["auc_micro"] == frame.auc(scores, labels)  # to the bit: sums are of integers
    assert found["ap"] == pytest.approx(frame.average_precision(scores, labels), rel=1e-12)
    fpr, tpr = frame.roc_curve(scores, labels)
    assert found["eer"] == pytest.approx(frame.equal_error_rate(fpr, tpr), abs=1e-12)
    macro, skipped = frame.macro_auc((s, y) for _, s, y in videos)
    assert found["auc_macro"] == pytest.approx(macro, rel=1e-12)
    assert found["macro_skipped"] == skipped == 40
    assert (found["videos"], found["frames"]) == (120, len(scores))
    assert found["abnormal_frames"] == labels.sum()


def test_the_interval_is_about_that_of_redrawn_videos():
    videos = drawn(400, seed=3)
    low, high = evaluate_stream(videos)["auc_micro_ci95"]
    redrawn = auc_interval([v[1] for v in videos], [v[2] for v in videos], resamples=2000)
    width = redrawn.high - redrawn.low
    # Redrawing keeps the numbers of normal and abnormal videos, which takes a little of the width.
    assert high - low == pytest.approx(width, rel=0.15)
    assert low == pytest.approx(redrawn.low, abs=width / 8)
    assert evaluate_stream(videos[:7])["auc_micro_ci95"] is None


def test_the_variance_of_single_frames_is_delongs():
    """With a frame a video it is DeLong's, of placement values compared pair by pair."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(1, 1, 40), rng.normal(0, 1, 60)
    wins = (x[:, None] > y) + (x[:, None] == y) / 2
    delong = wins.mean(1).var(ddof=1) / 40 + wins.mean(0).var(ddof=1) / 60
    abnormal = np.append(np.ones(40, int), np.zeros(60, int))
    won = np.append(wins.mean(1), np.zeros(60))
    lost = np.append(np.zeros(40), wins.mean(0))
    found = clustered_variance(wins.mean(), won, lost, abnormal, 1 - abnormal)
    assert found == pytest.approx(delong, rel=1e-12)


def test_scores_sort_as_floats_do(tmp_path):
    scores = np.array([-np.inf, -2, -1e-40, -0.0, 0.0, 1e-40, 1, 3e38], np.float32)
    words = packed(scores, np.zeros(8, int), np.zeros(8, int)) >> np.uint64(32)
    assert (np.diff(words.astype(np.int64)) >= 0).all()
    assert (np.diff(words.astype(np.int64)) == 0).sum() == 1  # the two zeros
    frames = SortedFrames(tmp_path / "frames", at_once=3)
    for part in (scores[::2], scores[1::2]):
        frames.add(packed(part.copy(), np.arange(4), np.ones(4, int)))
    keys = [key for entries in frames.ranges() for key in entries.key]
    assert keys == sorted(keys) and len(keys) == 8
    frames.close()


def test_a_threshold_is_counted():
    videos = drawn(30)
    found = evaluate_stream(videos, threshold=0.5, at_once=100)["threshold"]
    scores, labels = (np.concatenate([v[i] for v in videos]) for i in (1, 2))
    assert found["confusion"] == frame.confusion(scores >= 0.5, labels)
    assert found["recall"] == frame.threshold_metrics(found["confusion"])["recall"]


def test_undefined_figures_are_none_and_unlabelled_videos_are_counted():
    scores, labels = np.ones(4), np.zeros(4, int)
    found = evaluate_stream([("a", scores, labels), ("b", scores, None)])
    assert found["auc_micro"] is found["eer"] is found["ap"] is found["auc_macro"] is None
    assert (found["videos"], found["unlabelled"], found["macro_skipped"]) == (1, 1, 1)
    assert evaluate_stream([])["frames"] == 0
    assert evaluate_stream([("a", scores, labels + 1)])["ap"] == 1


@pytest.mark.parametrize(
    ("scores", "labels", "why"),
    [
        ([1.0, np.nan], [0, 1], "two has scores that are not finite"),
        ([1.0, 2.0], [0, 2], "two has labels that are neither 0 nor 1"),
        ([1.0, 2.0], [0], "one value a frame"),
    ],
)
def test_what_cannot_be_evaluated_is_named(scores, labels, why):
    with pytest.raises(UserError, match=why):
        evaluate_stream([("one", [1.0], [0]), ("two", scores, labels)])


def test_nothing_is_left_on_disk(tmp_path):
    evaluate_stream(drawn(9), folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_the_frames():
    def videos(num):
        rng = np.random.default_rng(0)
        for number in range(num):
            yield str(number), rng.normal(size=200), np.arange(200) < 50

    def peak(num):
        tracemalloc.start()
        evaluate_stream(videos(num), at_once=1 << 14)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(1_000), peak(4_000)  # 200,000 and 800,000 frames, 16 MB as words
    assert many < few + 100 * 3_000  # sums by video, and the words that are kept of each run


def test_the_python_face_streams_too():
    videos = drawn(12)
    assert vadjax.evaluate_stream(videos) == evaluate_stream(videos)
