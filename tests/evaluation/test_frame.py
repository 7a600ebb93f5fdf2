"""Ranking and threshold metrics against scikit-learn, scipy, hand cases and properties."""

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.evaluation import frame


@st.composite
def scored(draw, min_size=2, both=True):
    """Scores with many ties, and labels."""
    num = draw(st.integers(min_size, 60))
    scores = draw(st.lists(st.integers(-8, 8), min_size=num, max_size=num))
    labels = draw(st.lists(st.integers(0, 1), min_size=num, max_size=num))
    if both:
        labels[0], labels[1] = 0, 1
    return np.array(scores, np.float32) / 4, np.array(labels, np.uint8)


@settings(deadline=None, max_examples=40)
@given(scored())
def test_areas_are_those_of_scikit_learn(case):
    scores, labels = case
    assert frame.auc(scores, labels) == pytest.approx(sklearn.metrics.roc_auc_score(labels, scores))
    assert frame.average_precision(scores, labels) == pytest.approx(
        sklearn.metrics.average_precision_score(labels, scores)
    )
    fpr, tpr, _ = sklearn.metrics.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(frame.roc_curve(scores, labels), (fpr, tpr))
    precision, recall, _ = sklearn.metrics.precision_recall_curve(labels, scores)
    ours = frame.precision_recall_curve(scores, labels)
    np.testing.assert_allclose(ours, (recall[:-1][::-1], precision[:-1][::-1]))


@settings(deadline=None, max_examples=40)
@given(scored(), st.sampled_from([0.01, 0.1, 0.5]))
def test_what_few_false_positives_allow(case, limit):
    scores, labels = case
    curve = frame.roc_curve(scores, labels)
    assert frame.partial_auc(*curve, limit) == pytest.approx(
        sklearn.metrics.roc_auc_score(labels, scores, max_fpr=limit)
    )
    allowed = [
        np.mean(scores[labels == 1] >= threshold)
        for threshold in (*np.unique(scores), np.inf)
        if np.mean(scores[labels == 0] >= threshold) <= limit
    ]
    assert frame.recall_at(*curve, limit) == max(allowed)


@settings(deadline=None, max_examples=40)
@given(scored())
def test_auc_is_the_formula_of_mid_ranks_and_the_u_statistic(case):
    scores, labels = case
    ranks, abnormal = scipy.stats.rankdata(scores), labels == 1
    num = abnormal.sum()
    by_ranks = (ranks[abnormal].sum() - num * (num + 1) / 2) / (num * (len(labels) - num))
    u = scipy.stats.mannwhitneyu(scores[abnormal], scores[~abnormal]).statistic
    ours = frame.auc(scores, labels)
    assert ours == pytest.approx(by_ranks)
    assert ours == pytest.approx(u / (num * (len(labels) - num)))


@settings(deadline=None, max_examples=40)
@given(scored(), st.randoms(use_true_random=False))
def test_properties_of_the_auc(case, random):
    scores, labels = case
    value = frame.auc(scores, labels)
    assert frame.auc(labels, labels) == 1
    assert frame.auc(-scores, labels) == pytest.approx(1 - value)
    assert frame.auc(np.ones(len(labels)), labels) == 0.5
    assert frame.auc(np.repeat(scores, 3), np.repeat(labels, 3)) == pytest.approx(value)
    order = random.sample(range(len(labels)), len(labels))
    assert frame.auc(scores[order], labels[order]) == value
    assert frame.auc(np.exp(3 * scores), labels) == value  # any rising map


@settings(deadline=None, max_examples=60)
@given(scored())
def test_the_equal_error_rate_lies_on_the_curve(case):
    fpr, tpr = frame.roc_curve(*case)
    eer = frame.equal_error_rate(fpr, tpr)
    # the crossing of the curve with the falling diagonal, by bisection along the curve
    along = np.arange(len(fpr), dtype=float)
    low, high = 0.0, along[-1]
    for _ in range(60):
        middle = (low + high) / 2
        x, y = np.interp(middle, along, fpr), np.interp(middle, along, tpr)
        low, high = (middle, high) if x < 1 - y else (low, middle)
    assert eer == pytest.approx(np.interp(low, along, fpr), abs=1e-6)


def test_the_equal_error_rate_by_hand():
    perfect = frame.roc_curve([0, 1], [0, 1])
    assert frame.equal_error_rate(*perfect) == 0
    assert frame.equal_error_rate(*frame.roc_curve([1, 0], [0, 1])) == 1
    assert frame.equal_error_rate(*frame.roc_curve([1, 1], [0, 1])) == 0.5


def test_average_precision_of_chance_is_the_prevalence():
    labels = np.array([0, 0, 0, 1])
    assert frame.average_precision(np.zeros(4), labels) == 0.25


def test_one_class_is_undefined():
    for labels in ([0, 0], [1, 1]):
        assert frame.auc([0.1, 0.2], labels) is None
    assert frame.auc([], []) is None
    assert frame.average_precision([0.1], [0]) is None


def test_macro_skips_videos_of_one_class():
    ordered, reversed_ = (np.array([0.1, 0.9]), [0, 1]), (np.array([0.9, 0.1]), [0, 1])
    normal = (np.array([5.0]), [0])
    assert frame.macro_auc([ordered, reversed_, ordered, normal]) == (pytest.approx(2 / 3), 1)
    assert frame.macro_auc([normal]) == (None, 1)


@settings(deadline=None, max_examples=40)
@given(scored(), st.integers(-9, 9))
def test_threshold_metrics_are_those_of_scikit_learn(case, quarter):
    scores, labels = case
    called = scores >= quarter / 4
    counts = frame.confusion(called, labels)
    tn, fp, fn, tp = sklearn.metrics.confusion_matrix(labels, called, labels=[0, 1]).ravel()
    assert counts == {"tp": tp, "fp": fp, "tn": tn, "fn": fn}
    m = sklearn.metrics
    expected = {
        "accuracy": m.accuracy_score(labels, called),
        "balanced_accuracy": m.balanced_accuracy_score(labels, called),
        "precision": m.precision_score(labels, called, zero_division=0),
        "recall": m.recall_score(labels, called),
        "f1": m.f1_score(labels, called, zero_division=0),
        "mcc": m.matthews_corrcoef(labels, called),
        "specificity": m.recall_score(labels, called, pos_label=0),
        "false_positive_rate": fp / (fp + tn),
    }
    assert frame.threshold_metrics(counts) == pytest.approx(expected, abs=1e-12)


def test_threshold_metrics_of_one_class():
    normal = frame.threshold_metrics(frame.confusion([True, False], [0, 0]))
    assert normal["accuracy"] == normal["false_positive_rate"] == normal["specificity"] == 0.5
    assert all(normal[k] is None for k in ("recall", "precision", "f1", "mcc", "balanced_accuracy"))
    abnormal = frame.threshold_metrics(frame.confusion([True, False], [1, 1]))
    assert abnormal["recall"] == 0.5 and abnormal["precision"] == 1
    assert abnormal["false_positive_rate"] is None and abnormal["mcc"] is None


def test_thinned_curves_keep_their_shape():
    rng = np.random.default_rng(0)
    labels = rng.random(20_000) < 0.3
    fpr, tpr = frame.roc_curve(rng.normal(size=20_000) + labels, labels)
    x, y = frame.thin(fpr, tpr)
    assert len(x) <= 202 and (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(y, x) == pytest.approx(np.trapezoid(tpr, fpr), abs=1e-3)
    assert frame.thin(fpr[:5], tpr[:5])[0] == np.round(fpr[:5], 6).tolist()
