"""AUC of single clips against scikit-learn, and the rule that keeps what is not clearly worse."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from vadjax.evaluation.paired_choice import choose, clip_auc, means


def test_the_auc_of_a_clip_with_ties():
    rng = np.random.default_rng(0)
    normal, abnormal = np.sort(rng.integers(0, 9, 200)), rng.integers(3, 12, 30)
    truth = np.repeat([0, 1], [200, 30])
    wanted = roc_auc_score(truth, np.r_[normal, abnormal])
    assert clip_auc(normal, abnormal) == pytest.approx(wanted, abs=1e-12)


def test_groups_weigh_the_same_whatever_their_clips():
    values = np.array([[0.9, 0.5], [0.7, 0.5], [0.2, 0.5]])
    found = means(values, ["a", "a", "b"])
    np.testing.assert_allclose(found["a"], [0.8, 0.5])
    chosen = choose(values, ["a", "a", "b"], present=0)
    assert chosen.recommended == chosen.best == 0 and chosen.gain == 0


@pytest.mark.parametrize(("noise", "wanted"), [(0.001, 1), (0.2, 0)])
def test_another_setting_has_to_be_clearly_better(noise, wanted):
    rng = np.random.default_rng(1)
    first = rng.uniform(0.6, 0.8, 12)
    values = np.stack([first, first + 0.03 + rng.normal(0, noise, 12)], axis=1)
    values[:, 1] += 0.03 - (values[:, 1] - first).mean()  # better by .03 in either case
    groups = ["a"] * 6 + ["b"] * 6
    chosen = choose(values, groups, present=0)
    assert (chosen.best, chosen.recommended) == (1, wanted)
    assert chosen.gain == pytest.approx(0.03)
    away = values[:, 1] - first
    error = np.sqrt(away[:6].var(ddof=1) / 6 + away[6:].var(ddof=1) / 6) / 2
    assert chosen.error == pytest.approx(error)
