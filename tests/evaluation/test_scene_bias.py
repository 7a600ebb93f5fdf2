"""Cues against pairs counted one by one, and the level of chance against all permutations."""

import itertools

import numpy as np
import pytest
from scipy.stats import hypergeom

from vadjax.evaluation import scene_bias
from vadjax.evaluation.scene_bias import told_apart


def pairs(a, b) -> float:
    """The share of pairs in which a is above b, ties as halves; whichever side is higher."""
    wins = sum((x > y) + 0.5 * (x == y) for x, y in itertools.product(a, b)) / (len(a) * len(b))
    return max(wins, 1 - wins)


def test_each_cue_counts_pairs():
    rng = np.random.default_rng(0)
    table = rng.integers(0, 5, (13, 3)).astype(float)  # with ties
    clips = [dict(zip("abc", row, strict=True)) for row in table]
    found, why = told_apart(clips[:5], clips[5:])
    assert not why and found["clips"] == [5, 8]
    for n, name in enumerate("abc"):
        assert found["cues"][name] == pytest.approx(pairs(table[:5, n], table[5:, n]))
    assert found["auc"] == max(found["cues"].values()) == found["cues"][found["best"]]


def test_the_level_of_chance_is_that_of_all_permutations():
    """Of two values the AUC follows from a hypergeometric count."""
    clips = [{"light": float(n < 6)} for n in range(14)]  # 6 bright ones, all of them in the group
    found, _ = told_apart(clips[:6], clips[6:])
    assert found["auc"] == 1
    exact = hypergeom(14, 6, 6)
    apart = [max(a := (k / 6 + 1 - (6 - k) / 8) / 2, 1 - a) for k in range(7)]
    p = sum(exact.pmf(k) for k in range(7) if apart[k] == 1)
    assert found["p_value"] == pytest.approx(p, abs=0.002)
    order = np.argsort(apart)
    total = np.cumsum(exact.pmf(order))
    assert found["chance95"] == pytest.approx(apart[order[np.searchsorted(total, 0.95)]])


def test_a_cue_that_is_not_known_of_all_is_left_out_and_few_clips_are_refused():
    clips = [{"a": float(n), "hour": None if n == 3 else 1.0} for n in range(8)]
    assert set(told_apart(clips[:4], clips[4:])[0]["cues"]) == {"a"}
    part, why = told_apart(clips[:3], clips[3:])
    assert part is None and why == "3 and 5 clips; telling them apart needs 4 of each"


def test_noise_is_rarely_found():
    rng = np.random.default_rng(1)
    values = [
        told_apart(*np.split(np.array([dict(a=x, b=y) for x, y in rng.random((16, 2))]), 2))[0]
        for _ in range(60)
    ]
    assert np.mean([value["p_value"] < 0.05 for value in values]) < 0.15
    assert scene_bias.PERMUTATIONS >= 1000  # or a p of .001 could not be
