"""Threshold rules against their definitions, tried at every possible threshold."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.errors import UserError
from vadjax.evaluation import peaks
from vadjax.evaluation.thresholds import Choice, choose_threshold

CASES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), min_size=2, max_size=40)


def test_unsupervised_rules_look_at_normal_frames_only():
    scores, labels = np.append(np.arange(101.0), [1e6] * 9), np.repeat([0, 1], [101, 9])
    assert choose_threshold(scores, labels, rule="quantile").value == 99
    assert choose_threshold(scores, labels, rule="quantile", quantile=0.5).value == 50
    value = choose_threshold(scores, labels, rule="mean_std", num_std=2).value
    assert value == pytest.approx(50 + 2 * np.std(np.arange(101)))


@settings(deadline=None, max_examples=60)
@given(CASES)
def test_supervised_rules_find_the_best_threshold(case):
    scores, labels = (np.array(x) for x in zip(*case, strict=True))
    num = {label: int(np.sum(labels == label)) for label in (0, 1)}
    if not all(num.values()):
        return
    best = {}
    for threshold in np.unique(scores):  # rising: of equals the last stays
        tp, fp = (int(np.sum(labels[scores >= threshold] == label)) for label in (1, 0))
        values = {
            "f1": Fraction(2 * tp, tp + fp + num[1]),
            "youden": Fraction(tp, num[1]) - Fraction(fp, num[0]),
        }
        for rule, value in values.items():
            if rule not in best or value >= best[rule][0]:
                best[rule] = value, threshold
    for rule, (_, threshold) in best.items():
        assert choose_threshold(scores, labels, rule=rule) == Choice(threshold)


def test_no_threshold():
    assert choose_threshold([], [], rule="quantile") == Choice(None, "no held-out normal frame")
    assert choose_threshold([1.0], [1], rule="quantile")[0] is None
    value, why, *_ = choose_threshold([1.0, 2.0], [0, 0], rule="f1")
    assert value is None and "needs abnormal frames" in why
    with pytest.raises(UserError, match="Did you mean 'quantile'"):
        choose_threshold([1.0], [0], rule="quantil")


def test_half_looks_at_nothing():
    assert choose_threshold([], [], rule="half") == choose_threshold([9], [1], rule="half")
    assert choose_threshold([], [], rule="half") == Choice(0.5)


def test_conformal_keeps_its_rate_and_says_when_there_are_too_few_frames():
    scores = np.arange(1.0, 100)  # 99 of them: (99 + 1)(1 - .05) = 95
    choice = choose_threshold(scores, np.zeros(99), rule="conformal", false_alarm_rate=0.05)
    assert 95 < choice.value < 95 + 1e-9 and "rank 95 of 99" in choice.note
    few = choose_threshold(scores[:98], np.zeros(98), rule="conformal")
    assert few.value is None and "98 held-out normal frames are too few" in few.reason
    assert choose_threshold(scores, np.zeros(99), rule="conformal").value > 99
    rng = np.random.default_rng(0)
    alarms = []
    for _ in range(400):
        held, fresh = rng.normal(size=99), rng.normal(size=50)
        value = choose_threshold(held, held * 0, rule="conformal", false_alarm_rate=0.1).value
        alarms.append(np.mean(fresh >= value))
    assert 0.08 < np.mean(alarms) <= 0.105


@pytest.mark.parametrize("power", [1, 3])  # a light tail and a heavy one
def test_peaks_over_threshold_extrapolates(power):
    scores = np.random.default_rng(1).exponential(size=100_000)
    scores = scores if power == 1 else np.exp(scores / power)
    choice = choose_threshold(scores, scores * 0, rule="pot", false_alarm_rate=1e-4)
    true = -np.log(1e-4) if power == 1 else 1e4 ** (1 / power)
    assert choice.value == pytest.approx(true, rel=0.15) and not choice.fallback


def test_peaks_are_declustered_within_clips():
    rng = np.random.default_rng(0)
    scores = np.repeat(rng.exponential(size=5000), 5)  # every peak lasts five frames
    kept = peaks.peaks_over_threshold(scores, scores >= 0, np.zeros(len(scores), int), rate=1e-3)[0]
    assert kept.peaks < 110  # 500 exceedances, of which neighbours count once
    assert kept.value == pytest.approx(-np.log(1e-3), rel=0.2)
    cut = np.arange(len(scores)) // 5  # each its own clip
    apart = peaks.peaks_over_threshold(scores, scores >= 0, cut, rate=1e-3)[0]
    assert apart.peaks == 100
    found = peaks.peaks_over_threshold(scores, np.arange(len(scores)) % 5 == 0, cut, rate=1e-3)[0]
    assert found.peaks == 100  # what is not normal is not looked at


def test_too_few_peaks_fall_back_to_the_quantile_and_say_so():
    scores = np.random.default_rng(0).random(1000)
    choice = choose_threshold(scores, scores * 0, rule="pot")
    assert choice.value == np.quantile(scores, 0.99)
    assert choice.fallback.startswith("the 0.99 quantile instead: ")
    assert "peaks of held-out normal scores; a fit needs 50" in choice.fallback
    early = choose_threshold(scores, scores * 0, rule="pot", false_alarm_rate=0.1)
    assert early.value == np.quantile(scores, 0.9) and "before the tail" in early.fallback
    constant = choose_threshold(np.ones(9), np.zeros(9), rule="pot")
    assert constant.value == 1 and constant.fallback
