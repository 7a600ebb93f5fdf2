"""Figures as others compute them, and the scores they are made of."""

import numpy as np
import pytest
import sklearn.metrics

from tests.evaluation.cases import case, evaluate, pooled
from vadjax.evaluation.psnr import psnr_score, regularity_score


def errors(**changes):
    given = case()
    scores = {v: np.exp(s / 3).astype(np.float32) for v, s in given["scores"].items()}
    return {**given, "scores": scores, "legacy": {"errors": True, **changes}}


def values(metrics):
    return {row["name"]: row["value"] for row in metrics["legacy"]}


def unit(scores):
    least, largest = scores.astype(float).min(), scores.astype(float).max()
    return (scores.astype(float) - least) / (largest - least)


def micro(scores, labels, first=0):
    flat = [np.concatenate([x[v][first:] for v in scores]) for x in (labels, scores)]
    return sklearn.metrics.roc_auc_score(*flat)


def test_each_figure_by_direct_computation():
    given = errors()
    scores, labels = given["scores"], given["labels"]
    found = values(evaluate(**given))
    scaled = {v: unit(s) for v, s in scores.items()}
    assert found["micro AUC, per-video min-max"] == pytest.approx(micro(scaled, labels))
    assert found["micro AUC, first four cropped"] == pytest.approx(micro(scores, labels, 4))
    late = {v: unit(s[4:]) for v, s in scores.items()}
    true = {v: y[4:] for v, y in labels.items()}
    name = "micro AUC, first four cropped, per-video min-max"
    assert found[name] == pytest.approx(micro(late, true))
    late = {v: unit(np.log(s[4:].astype(float))) for v, s in scores.items()}
    name = "micro AUC, PSNR, first four cropped, per-video min-max"
    assert found[name] == pytest.approx(micro(late, true))
    hasan = {v: (s - s.min()) / s.max() for v, s in scores.items()}
    assert found["micro AUC, regularity"] == pytest.approx(micro(hasan, labels))
    weights = np.exp(-0.5 * (np.arange(-60, 61) / 15) ** 2)
    soft = {v: np.convolve(s, weights, "full")[60:-60] for v, s in scores.items()}
    assert found["micro AUC, Gaussian, sigma 15"] == pytest.approx(micro(soft, labels), abs=1e-3)
    padded = [
        sklearn.metrics.roc_auc_score(np.append(labels[v], (0, 1)), np.append(scores[v], (0, 1)))
        for v in scores
    ]
    assert found["macro AUC, padded"] == pytest.approx(np.mean(padded))


def test_each_value_names_its_convention_and_its_source():
    metrics = evaluate(**errors())
    assert all(row["convention"] and row["source"] for row in metrics["legacy"])
    assert evaluate(**case())["legacy"] is None


def test_what_cannot_be_computed_says_why():
    metrics = evaluate(**{**errors(errors=False), "oracle": False})
    undefined = [row for row in metrics["legacy"] if row["value"] is None]
    assert [row["name"].split(", ")[1] for row in undefined] == [
        *("PSNR", "regularity", "interval labels")
    ]
    assert "no errors of prediction" in undefined[0]["convention"]
    assert "one labelling" in undefined[2]["convention"]


def test_interval_labels():
    given = errors()
    other = {v: np.roll(y, 3) for v, y in given["labels"].items()}
    given["legacy"] = {"errors": True, "other_labels": {"hasan_intervals": other}}
    found = values(evaluate(**given))["micro AUC, interval labels"]
    assert (
        found
        == pytest.approx(micro(given["scores"], other))
        != pytest.approx(evaluate(**given)["frame"]["auc_micro"])
    )


def test_videos_of_one_frame():
    given = errors()
    for n, what in enumerate(("scores", "predicted", "labels")):
        given[what]["test/09"] = np.array((2.0, True, 1)[n : n + 1])
    metrics = evaluate(**given)
    assert values(metrics)["micro AUC, per-video min-max"] is not None
    assert metrics["videos"][-1]["frames"] == 1 and len(pooled(given)) == 541


def test_psnr_is_high_for_abnormal_frames():
    rng = np.random.default_rng(0)
    true, made = rng.random((2, 3, 8, 8))
    mse = ((true - made) ** 2).mean((1, 2))
    levels = ((255 * (true - made)) ** 2).mean((1, 2))
    expected = 10 * np.log10(255**2 / levels)
    np.testing.assert_allclose(psnr_score(mse), np.negative(expected))
    np.testing.assert_allclose(psnr_score(mse * 255**2, peak=255), psnr_score(mse))
    assert np.isfinite(psnr_score([0.0])).all()


def test_the_two_forms_of_regularity():
    assert regularity_score([2, 3, 4], variant="min_max").tolist() == [0, 0.5, 1]
    assert regularity_score([2, 3, 4], variant="hasan").tolist() == [0, 0.25, 0.5]
    for variant in ("hasan", "min_max"):
        assert regularity_score([5.0, 5.0], variant=variant).tolist() == [0, 0]
        assert regularity_score([0.0], variant=variant).tolist() == [0]
