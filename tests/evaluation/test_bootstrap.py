"""The win matrix against the direct AUC of resampled videos, and the interval's habits."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.errors import UserError
from vadjax.evaluation import bootstrap, pairwise_auc
from vadjax.evaluation.frame import auc


@st.composite
def videos(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    lengths = rng.integers(1, 60, draw(st.integers(1, 12)))
    levels = draw(st.sampled_from([2, 10, 10_000]))  # few levels: many ties
    scores = [rng.integers(0, levels, n).astype(np.float32) for n in lengths]
    labels = [(rng.random(n) < rng.random()).astype(np.uint8) for n in lengths]
    return scores, labels


@settings(deadline=None, max_examples=80)
@given(videos(), st.integers(0, 99))
def test_the_matrix_gives_the_auc_of_any_resample(case, seed):
    scores, labels = case
    found = pairwise_auc.count_pairs(scores, labels)
    for counts in np.random.default_rng(seed).multinomial(
        len(scores), [1 / len(scores)] * len(scores), 4
    ):
        taken = np.repeat(np.arange(len(scores)), counts)
        flat = np.concatenate([scores[i] for i in taken])
        truth = np.concatenate([labels[i] for i in taken])
        expected = auc(flat, truth)
        if expected is not None:
            assert found.auc(counts[None])[0] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=80)
@given(videos(), st.integers(0, 99))
def test_many_videos_are_counted_without_a_table_of_pairs(case, seed):
    scores, labels = case
    table = pairwise_auc.count_pairs(scores, labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairwise_auc, "MANY", 0)
        without = pairwise_auc.count_pairs(scores, labels)
    assert not hasattr(without, "matrix")
    assert (without.own == np.diagonal(table.matrix)).all()
    chances = np.full(len(scores), 1 / len(scores))
    counts = np.random.default_rng(seed).multinomial(len(scores), chances, 5)
    assert (without.won(counts) == table.won(counts)).all()
    with np.errstate(invalid="ignore"):  # no pairs
        for part in ("auc", "within", "across"):
            found, wanted = (getattr(each, part)(counts) for each in (without, table))
            np.testing.assert_array_equal(found, wanted)


def test_many_videos_are_redrawn_less_often(monkeypatch):
    monkeypatch.setattr(bootstrap, "MANY", 19)
    rng = np.random.default_rng(0)
    labels = [rng.integers(0, 2, 30) for _ in range(21)]
    scores = [rng.normal(size=30) + y for y in labels]
    assert bootstrap.auc_interval(scores, labels).resamples == bootstrap.MOST_OF_MANY
    assert bootstrap.auc_interval(scores[:19], labels[:19]).resamples == 2000
    assert bootstrap.auc_interval(scores, labels, resamples=40).resamples == 40


def test_blocks_and_pieces_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    scores = [rng.integers(0, 40, 300).astype(np.float32) for _ in range(9)]
    labels = [rng.integers(0, 2, 300) for _ in range(9)]
    whole = pairwise_auc.count_pairs(scores, labels).matrix
    monkeypatch.setattr(pairwise_auc, "PAIRS_AT_ONCE", 64)
    monkeypatch.setattr(pairwise_auc, "TABLE_BYTES", 1 << 10)
    assert (pairwise_auc.count_pairs(scores, labels).matrix == whole).all()
    brute = [
        [
            np.sum(s[y == 1][:, None] > t[z == 0]) + np.sum(s[y == 1][:, None] == t[z == 0]) / 2
            for t, z in zip(scores, labels, strict=True)
        ]
        for s, y in zip(scores, labels, strict=True)
    ]
    assert (whole == np.array(brute)).all()


def test_the_interval_holds_the_value_and_is_seeded():
    rng = np.random.default_rng(0)
    labels = [(np.arange(50) > 30).astype(np.uint8) for _ in range(20)]
    scores = [rng.normal(size=50) + y + rng.normal() for y in labels]
    first = bootstrap.auc_interval(scores, labels)
    assert first.low < auc(np.concatenate(scores), np.concatenate(labels)) < first.high
    assert first == bootstrap.auc_interval(scores, labels)
    assert first != bootstrap.auc_interval(scores, labels, seed=1)
    assert first.videos == 20 and first.resamples == 2000 and first.redrawn == 0


def test_resamples_of_one_class_are_drawn_again():
    abnormal, normal = np.full(8, 5), np.array([5] + [0] * 7)
    rng = np.random.default_rng(0)
    counts, redrawn = bootstrap.draw_counts(abnormal, normal, resamples=500, rng=rng)
    assert (counts[:, 0] > 0).all() and (counts.sum(1) == 8).all()
    expected = (7 / 8) ** 8  # of missing the only video with normal frames
    assert redrawn / (500 + redrawn) == pytest.approx(expected, abs=0.05)


def test_videos_with_and_without_anomalies_are_drawn_apart():
    abnormal, normal = np.array([5, 5, 5, 0, 0]), np.array([1, 1, 1, 9, 9])
    rng = np.random.default_rng(0)
    counts, redrawn = bootstrap.draw_counts(abnormal, normal, resamples=50, rng=rng)
    assert (counts[:, :3].sum(1) == 3).all() and (counts[:, 3:].sum(1) == 2).all() and not redrawn


def test_no_interval():
    one = [np.zeros(3)], [np.array([0, 1, 0])]
    few = bootstrap.auc_interval(one[0] * 7, one[1] * 7)
    assert few.low is None and few.reason == "7 videos; an interval needs 8"
    single = bootstrap.auc_interval(one[0] * 8, [np.ones(3)] * 8)
    assert single.high is None and "one class" in single.reason
    assert bootstrap.auc_interval(one[0] * 8, one[1] * 8).reason == ""


def test_many_frames_and_videos_are_fast():
    """A tenth of 1,000,000 frames in 1,000 videos; the whole takes about a second alone."""
    rng = np.random.default_rng(0)
    labels = [rng.random(100) < 0.25 for _ in range(1000)]
    scores = [rng.normal(size=100).astype(np.float32) + y for y in labels]
    start = time.process_time()
    bootstrap.auc_interval(scores, labels)
    assert time.process_time() - start < 10


def cases(seed=0, num=20):
    rng = np.random.default_rng(seed)
    labels = [(np.arange(50) > 30).astype(np.uint8) for _ in range(num)]
    return rng, labels, [rng.normal(size=50) + y + rng.normal() for y in labels]


def test_two_runs_are_compared_on_the_same_draws():
    _, labels, worse = cases()
    better = [s + 0.5 * y for s, y in zip(worse, labels, strict=True)]
    found = bootstrap.paired_test(worse, better, labels, resamples=500)
    flat = [auc(np.concatenate(s), np.concatenate(labels)) for s in (worse, better)]
    assert found.difference == pytest.approx(flat[1] - flat[0])
    assert 0 < found.low < found.difference < found.high and found.p_value == 2 / 501
    turned = bootstrap.paired_test(better, worse, labels, resamples=500)
    assert (turned.difference, turned.low, turned.high) == pytest.approx(
        (-found.difference, -found.high, -found.low)
    )
    assert turned.p_value == found.p_value
    apart = [bootstrap.auc_interval(s, labels, resamples=500) for s in (worse, better)]
    assert found.high - found.low < max(i.high - i.low for i in apart)  # what is shared cancels


def test_a_run_does_not_differ_from_itself_nor_from_another_scale_of_itself():
    _, labels, scores = cases()
    found = bootstrap.paired_test(scores, [np.exp(s) for s in scores], labels, resamples=100)
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_no_paired_test():
    _, labels, scores = cases(num=7)
    few = bootstrap.paired_test(scores, scores, labels)
    assert few.difference == 0 and few.p_value is None and "an interval needs 8" in few.reason
    one_class = bootstrap.paired_test(scores, scores, [np.ones(50)] * 7)
    assert one_class.difference is None and "one class" in one_class.reason
    assert bootstrap.paired_test([], [], []).reason == "no videos"
    with pytest.raises(UserError, match=r"7 videos, 350 frames of a, 6 videos, 300 frames of b"):
        bootstrap.paired_test(scores, scores[1:], labels)
    with pytest.raises(UserError, match="scores of b: not finite in 1 video"):
        bootstrap.paired_test(scores, [*scores[:-1], scores[-1] * np.nan], labels)


def test_an_interval_over_scenes_is_that_of_their_videos_joined():
    _, labels, scores = cases(num=20)
    names = "abcdefghi"
    scenes = [names[(7 * n) % 9] for n in range(20)]
    found = bootstrap.auc_interval(scores, labels, scenes=scenes, resamples=200)
    joined = [
        [np.concatenate([x[i] for i in range(20) if scenes[i] == name]) for name in names]
        for x in (scores, labels)
    ]
    wanted = bootstrap.auc_interval(*joined, resamples=200)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert (found.scenes, found.redrawn) == (9, wanted.redrawn)
