"""The parts of the micro AUC against loops over pairs of frames, and shuffles that are counted."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.evaluation import bootstrap, frame
from vadjax.evaluation.auc_parts import NONE_WITHIN, auc_parts
from vadjax.evaluation.pairwise_auc import count_pairs


@st.composite
def clips(draw, most=4, length=6):
    """Scores with ties and labels of some clips, frames of both classes among them."""
    num = draw(st.integers(1, most))
    lengths = [draw(st.integers(2, length)) for _ in range(num)]
    scores = [
        np.array(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)), np.float32)
        for n in lengths
    ]
    labels = [
        np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)), np.uint8)
        for n in lengths
    ]
    labels[0][0], labels[-1][-1] = 0, 1
    return scores, labels


def by_pairs(scores, labels):
    """Right and all pairs of frames, within clips and across them."""
    counts = {"within": [0.0, 0], "across": [0.0, 0]}
    numbered = [
        (clip, score, label)
        for clip, (s, y) in enumerate(zip(scores, labels, strict=True))
        for score, label in zip(s, y, strict=True)
    ]
    for (a, above, bad), (b, below, other) in itertools.product(numbered, numbered):
        if bad and not other:
            count = counts["within" if a == b else "across"]
            count[0] += (above > below) + 0.5 * (above == below)
            count[1] += 1
    return counts


@settings(deadline=None, max_examples=60)
@given(clips())
def test_parts_are_those_of_the_pairs_and_make_up_the_micro_auc(case):
    scores, labels = case
    part, _ = auc_parts(scores, labels, resamples=0, seed=0)
    counts = by_pairs(scores, labels)
    total, micro = sum(all_of for _, all_of in counts.values()), 0.0
    assert part["share_within"] == pytest.approx(counts["within"][1] / total)
    for name, share in (("within", part["share_within"]), ("across", 1 - part["share_within"])):
        right, pairs = counts[name]
        if pairs:
            assert part[name] == pytest.approx(right / pairs)
            micro += share * part[name]
        else:
            assert part[name] is None
    assert micro == pytest.approx(frame.auc(np.concatenate(scores), np.concatenate(labels)))


@settings(deadline=None, max_examples=20)
@given(clips(most=2, length=4))
def test_shuffled_is_the_mean_over_all_shuffles(case):
    scores, labels = case
    truth = np.concatenate(labels)
    orders = itertools.product(*(itertools.permutations(s) for s in scores))
    values = [frame.auc(np.concatenate(shuffled), truth) for shuffled in orders]
    part, _ = auc_parts(scores, labels, resamples=0, seed=0)
    assert part["shuffled"] == pytest.approx(np.mean(values))


def test_clips_in_the_right_order_alone():
    """Every frame of an abnormal clip is high: the order of clips is right, moments are chance."""
    rng = np.random.default_rng(0)
    labels = [np.repeat([0, 1], 50), np.zeros(100, int)] * 6
    scores = [rng.random(100) + (y.any() * 5) for y in labels]
    part, _ = auc_parts(scores, labels, resamples=200, seed=0)
    assert part["across"] == pytest.approx((0.5 * 250 + 600) / 850, abs=0.02)
    low, high = part["within_ci95"]
    assert low < 0.5 < high and abs(part["within"] - 0.5) < 0.1
    micro = frame.auc(np.concatenate(scores), np.concatenate(labels))
    assert part["shuffled"] == pytest.approx(micro, abs=0.02)
    assert part["clip_mean"] == pytest.approx(micro, abs=0.05)


def test_a_clip_that_is_drawn_twice_is_two_clips():
    scores, labels = [np.array([1.0, 2.0]), np.array([0.0, 3.0])], [np.array([0, 1])] * 2
    pairs = count_pairs(scores, labels)
    doubled = by_pairs(scores + scores[:1], labels + labels[:1])
    counts = np.array([[2, 1]])
    for name in ("within", "across"):
        right, total = doubled[name]
        assert getattr(pairs, name)(counts)[0] == pytest.approx(right / total)


def test_clips_of_one_scene_are_redrawn_together():
    """Three equal clips a scene are no more than one: the interval does not narrow."""
    rng = np.random.default_rng(2)
    labels = [np.repeat([0, 1], 20) for _ in range(9)]
    scores = [rng.random(40) + 0.3 * y for y in labels]
    one, _ = auc_parts(scores, labels, resamples=200, seed=0)
    scenes = [str(n) for n in range(9)] * 3
    three, _ = auc_parts(scores * 3, labels * 3, scenes=scenes, resamples=200, seed=0)
    assert three["within_ci95"] == pytest.approx(one["within_ci95"])
    alone, _ = auc_parts(scores * 3, labels * 3, resamples=200, seed=0)
    assert np.ptp(alone["within_ci95"]) < 0.8 * np.ptp(three["within_ci95"])


def test_reasons():
    one = np.ones(3)
    part, reasons = auc_parts([one, one], [np.zeros(3), one], resamples=9, seed=0)
    assert part["within"] is None and reasons["within"] == NONE_WITHIN
    assert part["across"] == 0.5 and part["across_ci95"] is None and part["share_within"] == 0
    part, reasons = auc_parts([one], [one], resamples=9, seed=0)
    assert set(part.values()) == {None} and set(reasons) == set(part)


def test_a_paired_test_of_a_part():
    rng = np.random.default_rng(1)
    labels = [np.repeat([0, 1], 20) for _ in range(10)]
    noise = [rng.random(40) for _ in labels]
    better = [n + y for n, y in zip(noise, labels, strict=True)]
    within = bootstrap.paired_test(noise, better, labels, part="within", resamples=300)
    first = auc_parts(noise, labels, resamples=0, seed=0)[0]["within"]
    assert within.difference == pytest.approx(1 - first) and within.low > 0
    offset = [n + 7 * i for i, n in enumerate(noise)]  # other clips, the same moments
    assert bootstrap.paired_test(noise, offset, labels, part="within").difference == 0
    normal = [np.zeros(40, int)] * 5 + [np.ones(40, int)] * 5
    none = bootstrap.paired_test(noise, better, normal, part="within")
    assert none.difference is None and "within" in none.reason
