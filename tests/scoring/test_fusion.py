"""Calibration on held-out normal scores, and the sum of cues."""

import numpy as np
import pytest
import scipy.stats

from vadjax.scoring.fusion import Standard, Surprise, fuse


def test_standard_is_the_z_score():
    rng = np.random.default_rng(0)
    normal = [rng.normal(3, 2, 50), rng.normal(3, 2, (5, 4, 4))]
    flat = np.concatenate([v.ravel() for v in normal])
    expected = (np.array([1.0, 9.0]) - flat.mean()) / flat.std()
    np.testing.assert_allclose(Standard.fit(normal)(np.array([1.0, 9.0])), expected, rtol=1e-6)


def test_surprise_is_the_negative_log_of_the_survival_function():
    rng = np.random.default_rng(0)
    surprise = Surprise.fit([rng.exponential(2.0, 200_000)])  # exactly exponential: log10(e) x / 2
    scores = np.array([0.0, 1.0, 5.0, 30.0])
    np.testing.assert_allclose(surprise(scores), scores / 2 * np.log10(np.e), rtol=0.03, atol=1e-3)


def test_surprise_keeps_order_and_ignores_units():
    rng = np.random.default_rng(1)
    normal, scores = rng.normal(size=500), np.sort(rng.normal(0, 4, 200))
    found = Surprise.fit([normal])(scores)
    assert (np.diff(found) >= 0).all() and (found >= 0).all()
    np.testing.assert_allclose(Surprise.fit([7 * normal - 3])(7 * scores - 3), found, atol=1e-4)


def test_the_sum_of_surprises_is_fishers_rule():
    """Fisher's statistic is -2 times the sum of ln p; its p-value falls as the sum rises."""
    rng = np.random.default_rng(2)
    cues = [Surprise.fit([rng.gamma(k + 1, size=2000)]) for k in range(3)]
    scores = rng.gamma(2, size=(3, 50))
    surprises = np.stack([cue(own) for cue, own in zip(cues, scores, strict=True)])
    found = [scipy.stats.combine_pvalues(10.0**-one, method="fisher") for one in surprises.T]
    np.testing.assert_allclose(
        [each.statistic for each in found], 2 * np.log(10) * surprises.sum(0), rtol=1e-5
    )
    order = np.argsort(surprises.sum(0))
    assert (np.diff([found[k].pvalue for k in order]) <= 0).all()


def test_constant_normal_scores_do_not_divide_by_zero():
    for kind in (Standard, Surprise):
        assert np.isfinite(kind.fit([np.ones(10)])(np.array([0.0, 1.0, 2.0]))).all()


def test_without_an_excess_in_normal_scores_a_unit_is_the_scale():
    """A cue that normal clips never show does not outweigh all others by rounding."""
    found = Surprise.fit([np.zeros(50)])(np.array([0.0, 1.0, 3.0]))
    np.testing.assert_allclose(found - found[0], np.array([0, 1, 3]) / np.log(10), rtol=1e-6)


@pytest.mark.parametrize("calibration", ["standard", "surprise"])
def test_the_unit_of_a_cue_does_not_count(calibration):
    rng = np.random.default_rng(2)
    normal = {"speed": {"a": rng.random(40)}, "look": {"a": rng.random((40, 2))}}
    scores = {cue: {"x": rng.random((6, 2)), "y": rng.random((3, 2))} for cue in normal}
    fused = fuse(scores, normal, calibration=calibration)
    scale = {"speed": 1000.0, "look": 1e-3}
    other = fuse(
        {c: {v: s * scale[c] for v, s in found.items()} for c, found in scores.items()},
        {c: {v: s * scale[c] for v, s in found.items()} for c, found in normal.items()},
        calibration=calibration,
    )
    assert {v: s.shape for v, s in fused.items()} == {"x": (6, 2), "y": (3, 2)}
    for video in fused:
        np.testing.assert_allclose(fused[video], other[video], rtol=1e-3, atol=1e-4)


def test_what_does_not_fit_is_refused():
    one = {"a": np.zeros(3)}
    with pytest.raises(ValueError, match="same videos"):
        fuse({"speed": one, "look": {"b": np.zeros(3)}}, {"speed": one, "look": one})
    with pytest.raises(ValueError, match="at least one"):
        fuse({"speed": one}, {})
    with pytest.raises(ValueError, match="finite"):
        fuse({"speed": one}, {"speed": {"a": np.array([np.nan])}})
    with pytest.raises(ValueError, match="calibration 'minmax' unknown"):
        fuse({"speed": one}, {"speed": one}, calibration="minmax")
