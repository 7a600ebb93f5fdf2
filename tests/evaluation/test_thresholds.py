"""Threshold rules against their definitions, tried at every possible threshold."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.errors import UserError
from vadjax.evaluation.thresholds import choose_threshold

CASES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), min_size=2, max_size=40)


def test_unsupervised_rules_look_at_normal_frames_only():
    scores, labels = np.append(np.arange(101.0), [1e6] * 9), np.repeat([0, 1], [101, 9])
    assert choose_threshold(scores, labels, rule="quantile") == (99, "")
    assert choose_threshold(scores, labels, rule="quantile", quantile=0.5) == (50, "")
    value, why = choose_threshold(scores, labels, rule="mean_std", num_std=2)
    assert value == pytest.approx(50 + 2 * np.std(np.arange(101))) and not why


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
        assert choose_threshold(scores, labels, rule=rule) == (threshold, "")


def test_no_threshold():
    assert choose_threshold([], [], rule="quantile") == (None, "no held-out normal frame")
    assert choose_threshold([1.0], [1], rule="quantile")[0] is None
    value, why = choose_threshold([1.0, 2.0], [0, 0], rule="f1")
    assert value is None and "needs abnormal frames" in why
    with pytest.raises(UserError, match="Did you mean 'quantile'"):
        choose_threshold([1.0], [0], rule="quantil")


def test_half_looks_at_nothing():
    assert choose_threshold([], [], rule="half") == choose_threshold([9], [1], rule="half")
    assert choose_threshold([], [], rule="half") == (0.5, "")
