"""Against the mean over all ways of drawing each frame's label, and against one annotation."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from vadjax.evaluation import frame
from vadjax.evaluation.annotations import annotations_part, kappa, probabilistic


def slow_auc(scores, share) -> float:
    won = total = 0.0
    for (s, p), (t, q) in itertools.product(zip(scores, share, strict=True), repeat=2):
        weight = p * (1 - q)
        total += weight
        won += weight * (1.0 if s > t else 0.5 if s == t else 0.0)
    return won / total


def slow_ap(scores, share) -> float:
    area = last = 0.0
    for threshold in sorted(set(scores), reverse=True):
        called = scores >= threshold
        recall = share[called].sum() / share.sum()
        area += (recall - last) * share[called].sum() / called.sum()
        last = recall
    return area


@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_pairs_and_thresholds_give(seed):
    rng = np.random.default_rng(seed)
    scores, share = rng.integers(0, 12, 60).astype(float), rng.integers(0, 4, 60) / 3
    auc, ap = probabilistic(scores, share)
    assert auc == pytest.approx(slow_auc(scores, share))
    assert ap == pytest.approx(slow_ap(scores, share))


def test_of_one_annotation_it_is_the_plain_figure():
    rng = np.random.default_rng(3)
    scores, labels = rng.integers(0, 9, 50).astype(float), rng.integers(0, 2, 50)
    found = probabilistic(scores, labels.astype(float))
    assert found[0] == pytest.approx(frame.auc(scores, labels))
    assert found[1] == pytest.approx(frame.average_precision(scores, labels))


def test_kappa_is_that_of_scikit_learn_where_both_mark_as_many():
    """Fleiss' chance is that of the pooled share, Cohen's of each; of equal shares they agree."""
    one = np.array([1, 1, 1, 0, 0, 0, 0, 1, 0, 0], bool)
    other = np.array([1, 1, 0, 1, 0, 0, 0, 1, 0, 0], bool)
    assert kappa(np.stack([one, other])) == pytest.approx(cohen_kappa_score(one, other))
    assert kappa(np.stack([one, one, one])) == 1
    assert kappa(np.zeros((2, 4), bool)) is None


def test_the_part_names_each_annotation():
    scores = [np.array([0.1, 0.9, 0.8]), np.array([0.2, 0.3])]
    first = [np.array([0, 1, 1]), np.array([0, 0])]
    second = [np.array([0, 1, 0]), np.array([0, 0])]
    part, _ = annotations_part(scores, {"a": first, "b": second})
    assert part["auc"] == {"a": 1.0, "b": 1.0} and part["disagreeing"] == pytest.approx(0.2)
    assert part["prob_auc"] == pytest.approx(
        slow_auc(np.concatenate(scores), np.array([0, 1, 0.5, 0, 0]))
    )
    assert annotations_part(scores, {"a": first})[0] is None
    assert annotations_part(scores, {"a": [s * 0 for s in scores]} | {"b": first})[0] is not None
    nothing = [s * 0 for s in scores]
    assert annotations_part(scores, {"a": nothing, "b": nothing})[0] is None
