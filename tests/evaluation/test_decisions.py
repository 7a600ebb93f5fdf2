"""All rules in one table, the sweep, the class report and the oracle, against scikit-learn."""

import numpy as np
import pytest
import sklearn.metrics

from tests.evaluation.cases import CONTEXT, case, evaluate, pooled, records
from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import events
from vadjax.evaluation.decisions import decide


def test_an_alarm_is_a_run_of_frames_at_or_above_the_threshold():
    video = ScoredVideo("a", np.float32([0, 0.5, 0.1, 0, 0, 0.7, 0.5]), fps=3.0)
    decided = decide(video, 0.5)
    assert decided.threshold == 0.5 and decided.alarms == ((1, 2), (5, 7)) and video.alarms == ()
    assert decide(video, 0.1).alarms == ((1, 7),)  # two frames apart are less than a second
    assert decide(decided, None).alarms == () and decide(decided, None).threshold is None
    least = float(np.nextafter(np.float64(np.float32(0.7)), 1))  # between two float32 numbers
    assert decide(video, least).alarms == ()


def test_every_rule_that_applies_is_compared():
    rows = {row["rule"]: row for row in evaluate(**case())["thresholds"]}
    assert list(rows) == [
        "by_clip",
        "alarms",
        "quantile",
        "mean_std",
        "pot",
        "conformal",
    ]  # none needs labels
    given = case()
    labels, scores = pooled(given, "labels"), pooled(given)
    for row in rows.values():
        assert row["oracle"] is False
        called = scores >= row["value"]
        expected = [
            sklearn.metrics.precision_score(labels, called),
            sklearn.metrics.recall_score(labels, called),
            sklearn.metrics.f1_score(labels, called),
            sklearn.metrics.balanced_accuracy_score(labels, called),
        ]
        found = [row[key] for key in ("precision", "recall", "f1", "balanced_accuracy")]
        assert found == pytest.approx(expected)
    assert (
        "a fit needs 50" in rows["pot"]["note"] and "rank 160 of 160" in rows["conformal"]["note"]
    )


def test_the_runs_rule_says_when_it_fell_back():
    metrics = evaluate(**case(rule="pot"))
    assert metrics["threshold"]["rule"] == "pot"
    assert metrics["threshold"]["fallback"].startswith("the 0.99 quantile instead")
    assert metrics["threshold"]["value"] == evaluate(**case())["threshold"]["value"]
    assert "2 held-out clips instead" in evaluate(**case())["threshold"]["fallback"]
    assert evaluate(**case(rule="quantile"))["threshold"]["fallback"] is None
    few = evaluate(**case(rule="conformal", false_alarm_rate=1e-3))
    assert few["threshold"]["value"] is None
    assert "too few for a rate of 0.001: it takes 999" in few["reasons"]["threshold.value"]
    assert few["classes"] is None and few["reasons"]["classes"] == "no threshold"


def test_supervised_rules_join_where_the_held_out_clips_are_labelled():
    given = case()
    held = {v: given["scores"][v] for v in list(given["scores"])[:2]}
    context = {**CONTEXT, "protocol": "by_video"}
    rows = evaluate(**{**given, "calibration": [held], "context": context})["thresholds"]
    assert [row["rule"] for row in rows][-2:] == ["f1", "youden"]


def test_the_sweep_is_what_each_threshold_gives():
    given = case(fps={f"test/{n:02d}": (10.0, 5.0, None)[n % 3] for n in range(9)})
    sweep = evaluate(**given)["sweep"]
    labels, scores = pooled(given, "labels"), pooled(given)
    assert 2 < len(sweep["threshold"]) <= 60 and sweep["threshold"][-1] == scores.max()
    for n in range(0, len(sweep["threshold"]), 7):
        limit = sweep["threshold"][n]
        videos = records(given["scores"], labels=given["labels"], fps=given["fps"])
        raised, _ = events.event_metrics([decide(video, limit) for video in videos])
        assert sweep["false_alarms"][n] == raised["false_alarms"]
        found = [sweep[key][n] for key in ("precision", "recall", "f1")]
        flat = scores >= limit
        expected = sklearn.metrics.precision_recall_fscore_support(labels, flat, average="binary")
        assert found == pytest.approx(expected[:3])
        assert sweep["fpr"][n] == pytest.approx(flat[labels == 0].mean())


def test_the_class_report_is_that_of_scikit_learn():
    given = case()
    metrics = evaluate(**given)
    called = pooled(given) >= metrics["threshold"]["value"]
    report = sklearn.metrics.classification_report(
        pooled(given, "labels"), called, output_dict=True, target_names=["normal", "abnormal"]
    )
    for row in metrics["classes"]:
        theirs = report[row["name"]]
        expected = [theirs[key] for key in ("precision", "recall", "f1-score", "support")]
        found = [row[key] for key in ("precision", "recall", "f1", "support")]
        assert found == pytest.approx(expected)


def test_the_oracle_is_the_best_of_all_thresholds_and_off_by_default():
    assert evaluate(**case())["oracle"] is None
    given = case()
    found = evaluate(**given, oracle=True)["oracle"]
    labels, scores = pooled(given, "labels"), pooled(given)
    precision, recall, _ = sklearn.metrics.precision_recall_curve(labels, scores)
    fpr, tpr, _ = sklearn.metrics.roc_curve(labels, scores)
    best = {
        "f1": (2 * precision * recall / (precision + recall)).max(),
        "youden": (tpr - fpr).max(),
        "accuracy": max(((scores >= limit) == labels).mean() for limit in scores),
    }
    assert {key: found[key][key] for key in best} == pytest.approx(best)
    assert "no result" in found["convention"]


def test_labels_of_one_class_leave_no_sweep_and_no_oracle():
    given = case(oracle=True, legacy={"errors": True})
    given["labels"] = {v: np.zeros(60, np.uint8) for v in given["labels"]}
    metrics = evaluate(**given)
    for key in ("sweep", "oracle", "legacy"):
        assert metrics[key] is None and "one class only" in metrics["reasons"][key]
    normal, abnormal = metrics["classes"]
    assert normal["recall"] is not None and abnormal["recall"] is None
