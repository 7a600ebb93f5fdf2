"""The whole metrics dict: figures against direct computation, every null with its reason."""

import copy
import json

import numpy as np
import pytest
import sklearn.metrics

from tests.evaluation.cases import CONTEXT, case, evaluate, pooled
from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.evaluation.accounting import account
from vadjax.evaluation.clip_rates import by_clip_threshold, expected_rate
from vadjax.evaluation.evaluate import evaluate as assess
from vadjax.evaluation.schema import SCHEMA, upgrade, validate


def test_one_class():
    baselines = {"frame_index": {v: np.arange(60.0) for v in case()["scores"]}}
    given = case(baselines=baselines, substituted={"test/02": (3, 4)}, rule="quantile")
    metrics = evaluate(**given)
    scores, labels = pooled(given), pooled(given, "labels")
    frame, threshold = metrics["frame"], metrics["threshold"]
    assert frame["auc_micro"] == pytest.approx(sklearn.metrics.roc_auc_score(labels, scores))
    assert frame["auc_micro_ci95"][0] < frame["auc_micro"] < frame["auc_micro_ci95"][1]
    assert frame["macro_skipped"] == 1 and frame["ap_chance"] == pytest.approx(labels.mean())
    assert "folds" not in frame and frame["bootstrap"]["resamples"] == 200
    assert metrics["baselines"]["frame_index"] == pytest.approx(
        sklearn.metrics.roc_auc_score(labels, np.tile(np.arange(60), 9))
    )
    assert metrics["baselines"]["majority_accuracy"] == max(labels.mean(), 1 - labels.mean())
    held = np.concatenate(list(given["calibration"][0].values()))
    assert threshold["value"] == np.quantile(held, 0.99) and threshold["rule"] == "quantile"
    called = scores >= threshold["value"]
    assert threshold["precision"] == pytest.approx(labels[called].mean())
    ids = [["train/0", "train/1"]]
    assert threshold["calibration"] == {"videos": 2, "frames": 160, "clips": ids}
    assert threshold["events"]["events"] == 8
    assert "minutes of normal footage" in metrics["reasons"]["threshold.false_alarms_per_hour"]
    assert metrics["accounting"] == {
        "videos": 9,
        "frames": 540,
        "labels": 540,
        "abnormal": int(labels.sum()),
        "scored": 9 * 55,
        "filled": 45,
        "substituted": 2,
    }
    assert set(metrics["reasons"]) == {
        *("leakage.duplicate", "region", "explain", "kinds", "videos[].auc"),
        *("threshold.false_alarms_per_hour", "thresholds[].false_alarms_per_hour"),
        *("oracle", "legacy", "coverage", "threshold.fallback", "recognition", "reliability"),
        "frame.recall_at_fpr_01pct",
        *("event_curve.recall_at[].recall", "event_curve.rate_at[].per_hour"),
        *(f"threshold.expected.{key}" for key in ("mean", "low", "high", "clip_high")),
    }
    first = metrics["videos"][0]
    assert first["auc"] is None and "one class" in metrics["reasons"]["videos[].auc"]
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


@pytest.mark.parametrize("rule", ["by_clip", "alarms"])
def test_the_order_of_held_out_clips_changes_nothing(rule):
    """Of unequal lengths and levels: frames that are taken for another clip's show."""
    rng = np.random.default_rng(3)
    held = [
        ScoredVideo(f"train/{n}", rng.normal(n, 1, 20 + 7 * n).astype(np.float32), fps=5.0)
        for n in range(9)
    ]
    test = [ScoredVideo("test/0", np.arange(30, dtype=np.float32), labels=np.arange(30) > 20)]
    found = [
        assess(test, calibration=[clips], context=CONTEXT, rule=rule, false_alarm_rate=0.1)
        for clips in (held, held[::-1], [*held[4:], *held[:4]])
    ]
    for other in found[1:]:
        assert other["threshold"]["value"] == found[0]["threshold"]["value"]
        assert other["threshold"]["expected"] == found[0]["threshold"]["expected"]
    if rule == "by_clip":
        direct = by_clip_threshold([video.scores for video in held], 0.1)
        assert found[0]["threshold"]["value"] == pytest.approx(direct, rel=1e-12)
        scores = [video.scores for video in held]
        expected = expected_rate(
            scores, lambda chosen: by_clip_threshold([scores[n] for n in chosen], 0.1)
        )
        assert found[0]["threshold"]["expected"]["high"] == pytest.approx(expected.high, rel=1e-12)
        assert found[0]["threshold"]["expected"]["mean"] == pytest.approx(expected.mean, rel=1e-12)


def test_the_order_of_videos_changes_nothing():
    given = case()
    turned = {
        key: dict(reversed(value.items())) if key in ("scores", "predicted", "labels") else value
        for key, value in given.items()
    }
    one, other = evaluate(**given), evaluate(**turned)
    assert other.pop("videos") == one.pop("videos")[::-1]
    assert one == other


def test_by_video_has_a_threshold_a_fold_and_says_that_it_is_pooled():
    given = case()
    names = list(given["scores"])
    folds = [names[:1], names[1:5], names[5:]]
    context = {**CONTEXT, "protocol": "by_video"}
    held = [
        {v: given["scores"][v] for v in (names[6], names[7])},
        {v: 3 + given["scores"][v] for v in (names[6], "train/1") if v in names},
        {**{v: given["scores"][v] for v in names[2:4]}, "train/1": np.zeros(30)},
    ]
    labels = {**given["labels"], "train/1": np.zeros(30, np.uint8)}
    given |= {"calibration": held, "context": context, "rule": "f1", "labels": labels}
    metrics = evaluate(**given, folds=folds)
    values = metrics["threshold"]["values"]
    assert len(set(values)) == 3 and metrics["threshold"]["value"] is None
    assert "each fold has its own" in metrics["reasons"]["threshold.value"]
    assert [row["threshold"] for row in metrics["videos"]] == [values[0]] + [values[1]] * 4 + [
        values[2]
    ] * 4
    tp = sum(
        int(np.sum((given["scores"][v] >= values[n]) & (given["labels"][v] == 1)))
        for n, ids in enumerate(folds)
        for v in ids
    )
    assert metrics["threshold"]["confusion"]["tp"] == tp
    found = metrics["frame"]["folds"]
    assert found["auc"][0] is None and found["skipped"] == 1
    assert found["mean"] == pytest.approx(np.mean(found["auc"][1:]))
    assert found["sd"] == pytest.approx(np.std(found["auc"][1:], ddof=1))
    assert "frame.folds.auc[]" in metrics["reasons"]
    assert "pooled over the folds" in metrics["remarks"]["frame.auc_micro"]
    assert metrics["accounting"]["labels"] == 540  # train/1 only calibrates


def test_unlabelled_videos_still_get_alarms():
    metrics = evaluate(**case(labels={}))
    assert metrics["frame"]["auc_micro"] is None and metrics["threshold"]["confusion"] is None
    for path in ("frame.auc_micro", "frame.auc_macro", "threshold.recall", "kinds"):
        assert metrics["reasons"][path] == "no labels"
    assert metrics["threshold"]["value"] is not None
    assert metrics["threshold"]["events"]["alarms"] > 0
    assert metrics["videos"][1]["alarms"] and metrics["videos"][1]["abnormal"] is None


def test_some_unlabelled_videos_are_left_out_of_the_figures():
    given = case()
    whole = evaluate(**given)
    del given["labels"]["test/08"]
    part = evaluate(**given)
    assert part["accounting"]["labels"] == 480 and part["accounting"]["frames"] == 540
    assert part["frame"]["auc_micro"] != whole["frame"]["auc_micro"]


@pytest.mark.parametrize("label", [0, 1])
def test_labels_of_one_class(label):
    given = case()
    labels = {v: np.full(60, label, np.uint8) for v in given["labels"]}
    metrics = evaluate(**{**given, "labels": labels})
    kind = "abnormal" if label else "normal"
    why = f"the labels hold one class only: every frame is {kind}"
    assert all(metrics["frame"][k] is None for k in ("auc_micro", "auc_macro", "ap", "eer", "roc"))
    assert metrics["reasons"]["frame.auc_micro"] == why
    assert metrics["threshold"]["mcc"] is None and metrics["reasons"]["threshold.mcc"] == why
    assert metrics["threshold"]["accuracy"] is not None


def test_fewer_than_eight_videos_have_no_interval():
    metrics = evaluate(**case(num_videos=7))
    assert metrics["frame"]["auc_micro_ci95"] is None
    assert metrics["reasons"]["frame.auc_micro_ci95"] == "7 videos; an interval needs 8"


def test_no_held_out_scores():
    metrics = evaluate(**case(calibration=[{}]))
    assert metrics["threshold"]["value"] is None and metrics["threshold"]["events"] is None
    assert metrics["reasons"]["threshold.value"] == "no held-out normal frame"
    assert metrics["frame"]["auc_micro"] is not None


def test_nothing_reaches_the_threshold():
    given = case(calibration=[{"train/1": np.full(50, 99.0)}])
    metrics = evaluate(**given)
    assert metrics["threshold"]["precision"] == 0
    assert "no frame reaches" in metrics["remarks"]["threshold.precision"]


def test_kinds_are_compared_with_all_normal_frames():
    given = case(num_videos=3)
    masks = {
        "test/01": {"cart": given["labels"]["test/01"] == 1},
        "test/02": {"cart": np.zeros(60, bool), "runner": np.arange(60) < 15},
    }
    metrics = evaluate(**given, kinds=masks)
    cart, runner = metrics["kinds"]
    scores, labels = pooled(given), pooled(given, "labels")
    here = np.concatenate([np.zeros(60), masks["test/01"]["cart"], np.zeros(60)])
    keep = (here == 1) | (labels == 0)
    expected = sklearn.metrics.roc_auc_score(here[keep], scores[keep])
    assert cart["auc"] == pytest.approx(expected) and cart["videos"] == 1
    assert runner["frames"] == 4  # only frames 11 to 14 are abnormal


def test_scores_that_are_not_finite_are_refused():
    given = case()
    given["scores"]["test/03"][[7, 9]] = np.nan, np.inf
    with pytest.raises(UserError, match=r"test/03.: 2 scores are not finite, .* frame 7"):
        evaluate(**given)


def test_frames_that_do_not_add_up_are_refused():
    given = case()
    given["labels"]["test/03"] = given["labels"]["test/03"][:-1]
    with pytest.raises(UserError, match="'test/03': 59 labels for 60 scores"):
        evaluate(**given)
    with pytest.raises(UserError, match="baseline 'x' has 3 scores for test/00, which has 60"):
        evaluate(**case(baselines={"x": {"test/00": np.zeros(3)}}))
    with pytest.raises(UserError, match=r"test/01 is of fold 1; .* of 1 fold\(s\)"):
        evaluate(**case(num_videos=2, folds=[["test/00"], ["test/01"]]))


def test_account_refuses_strange_labels_unscored_videos_and_two_of_one_name():
    with pytest.raises(UserError, match="a: labels other than 0 and 1"):
        account([ScoredVideo("a", np.zeros(3), labels=np.array([0, 255, 0]))])
    with pytest.raises(UserError, match="a: no frame was scored"):
        account([ScoredVideo("a", np.zeros(3), predicted=np.zeros(3, bool))])
    with pytest.raises(UserError, match="a: twice"):
        account([ScoredVideo("a", np.zeros(3)), ScoredVideo("a", np.zeros(4))])


def test_of_windows_what_speaks_of_videos_or_of_time_is_null():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    test = ScoredVideo("windows", rng.random(200), labels=labels, unit="window")
    metrics = assess([test], calibration=[[]], context=CONTEXT, rule="half")
    assert metrics["unit"] == "window" and "unit" not in evaluate(**case())
    for path in ("frame.auc_micro_ci95", "frame.auc_video", "threshold.events", "sweep"):
        part, _, key = path.rpartition(".")
        assert (metrics[part] if part else metrics)[key] is None
        assert metrics["reasons"][path]
    assert not any(path.startswith("threshold.events.") for path in metrics["reasons"])
    assert metrics["videos"][0]["alarms"] is None and metrics["threshold"]["recall"] is not None
    with pytest.raises(UserError, match="by frame and by window"):
        assess([test, ScoredVideo("a", np.zeros(3))], calibration=[[]], context=CONTEXT)


def test_the_schema_refuses_what_is_not_right():
    metrics = evaluate(**case())
    assert validate(metrics) == metrics

    def broken(path, value):
        copied = copy.deepcopy(metrics)
        *parents, last = path.split(".")
        part = copied
        for key in parents:
            part = part[key]
        part[last] = value
        return copied

    for path, value, message in (
        ("frame.auc_micro", float("nan"), "frame.auc_micro is nan; what is undefined is null"),
        ("frame.auc_micro", None, "frame.auc_micro is null without a reason"),
        ("frame.auc_micro", 1.2, "frame.auc_micro 1.2 is greater than the maximum of 1"),
        ("frame.area", 0.5, "'area' was unexpected"),
        ("timing.numpy", np.float32(1), "timing.numpy is of type float32, which JSON cannot hold"),
        ("schema_version", 2, "schema_version 1 was expected"),
    ):
        with pytest.raises(UserError, match=message.replace(".", r"\.")):
            validate(broken(path, value))
    with pytest.raises(UserError, match="'detector' is a required property"):
        validate({k: v for k, v in metrics.items() if k != "detector"})
    assert SCHEMA["properties"]["schema_version"] == {"const": 1}


def test_metrics_of_older_runs_are_read_under_todays_keys():
    metrics = evaluate(**case())
    older = {**metrics, "smoothing": None, "stamps": ["only 2 clips"]}
    del older["warnings"]
    older["accounting"] = {**older["accounting"], "dropped": 0}
    upgraded = validate(upgrade(older))
    assert upgraded["warnings"] == ["only 2 clips"] and upgraded["frame"] == metrics["frame"]
    assert upgrade(upgraded) == upgraded


def test_baselines_of_older_runs_have_the_names_of_detectors():
    older = {
        "baselines": {"random": 0.5, "motion_flow": 0.9, "motion_difference": None},
        "baseline_titles": {"motion_flow": {"title": "Flow", "group": "Motion"}},
        "reasons": {"baselines.motion_difference": "one class", "stamps": "none", "frame": "no"},
        "remarks": {"baselines.motion_flow": "half the frames"},
    }
    assert upgrade(older) == {
        "baselines": {"random": 0.5, "flow_box": 0.9, "frame_difference": None},
        "baseline_titles": {"flow_box": {"title": "Flow", "group": "Motion"}},
        "reasons": {"baselines.frame_difference": "one class", "warnings": "none", "frame": "no"},
        "remarks": {"baselines.flow_box": "half the frames"},
    }
    assert upgrade({"baselines": None, "reasons": {"baselines": "no labels"}}) == {
        "baselines": None,
        "reasons": {"baselines": "no labels"},
    }


def test_anomalous_videos_alone_and_whole_videos():
    given = case()
    frame = evaluate(**given)["frame"]
    scores, labels = given["scores"], given["labels"]
    own = [v for v in scores if labels[v].any()]
    flat = [np.concatenate([x[v] for v in own]) for x in (labels, scores)]
    assert frame["auc_anomalous_videos"] == pytest.approx(sklearn.metrics.roc_auc_score(*flat))
    tops = [s.max() for s in scores.values()]
    whole = sklearn.metrics.roc_auc_score([labels[v].any() for v in scores], tops)
    assert frame["auc_video"] == pytest.approx(whole) and frame["video_pooling"] == "max"
    del given["labels"]["test/00"]  # the only normal one
    metrics = evaluate(**given)
    assert metrics["frame"]["auc_video"] is None
    assert metrics["reasons"]["frame.auc_video"] == "every video holds an anomaly"
    assert "num_scenes" not in frame


def test_scenes_are_redrawn_where_there_are_enough_of_them():
    given = case(num_videos=24)
    scenes = {v: f"scene {n // 2}" for n, v in enumerate(given["scores"])}
    metrics = evaluate(**given, scenes=scenes)
    assert metrics["frame"]["num_scenes"] == metrics["frame"]["bootstrap"]["scenes"] == 12
    assert metrics["frame"]["auc_micro_ci95"] != evaluate(**given)["frame"]["auc_micro_ci95"]
    few = evaluate(**given, scenes={v: v[-1] in "02468" for v in scenes})
    assert few["frame"]["num_scenes"] == 2 and few["frame"]["bootstrap"]["scenes"] == 0
    assert "2 scenes are too few" in few["remarks"]["frame.auc_micro_ci95"]
    assert few["frame"]["auc_micro_ci95"] == evaluate(**given)["frame"]["auc_micro_ci95"]


def test_thousands_of_videos():
    rng = np.random.default_rng(0)
    names = [f"test/{n:04d}" for n in range(2000)]
    labels = {v: (np.arange(3) < n % 3).astype(np.uint8) for n, v in enumerate(names)}
    scores = {v: rng.normal(size=3).astype(np.float32) + y for v, y in labels.items()}
    given = case(scores=scores, labels=labels, predicted={v: np.ones(3, bool) for v in names})
    metrics = evaluate(**given)
    assert len(metrics["videos"]) == metrics["frame"]["bootstrap"]["videos"] == 2000
    low, high = metrics["frame"]["auc_micro_ci95"]
    assert 0.02 < high - low < 0.05
    assert metrics["frame"]["macro_skipped"] == 667


def test_one_video_of_one_frame():
    given = case(scores={"test/00": np.float32([1.5])}, labels={"test/00": np.uint8([1])})
    metrics = evaluate(**{**given, "predicted": {}}, oracle=True)
    assert metrics["accounting"]["frames"] == 1 and metrics["threshold"]["accuracy"] == 0
    assert metrics["reasons"]["frame.auc_micro"].endswith("every frame is abnormal")
    assert metrics["threshold"]["events"]["touched_rate"] == 0
