"""Calls by true class on hand-made probabilities, beside scikit-learn's report."""

import dataclasses

import numpy as np
import pytest
from sklearn import metrics as sk

from tests.evaluation import cases
from vadjax.data.recognized import Recognized
from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.evaluate import evaluate
from vadjax.evaluation.recognition import recognition_part

NAMES = ("normal", "Abuse", "Arson")


def video(name, calls, truth, video_class, ends=(), unit="frame"):
    """A video whose rows are called so, with the probability .6."""
    probabilities = np.full((len(calls), 3), 0.2, np.float32)
    probabilities[np.arange(len(calls)), calls] = 0.6
    truth = None if truth is None else np.array(truth, np.int32)
    own = Recognized(NAMES, probabilities, truth, video_class, np.array(ends, np.int32))
    return ScoredVideo(name, 1 - probabilities[:, 0], recognized=own, unit=unit)


VIDEOS = [
    video("test/a", [0, 1, 1, 1], [0, 1, 1, 0], 1, ends=(1, 3)),
    video("test/b", [2, 2, 1, 0], [0, 2, 2, 2], 2, ends=(1, 3)),
    video("test/c", [0, 0, 0, 2], [0, 0, 0, 0], 0, ends=(1, 3)),
]


def levels(videos):
    part, _ = recognition_part(videos)
    return {level["level"]: level for level in part["levels"]}


def test_frames_chunks_and_videos_by_hand():
    found = levels(VIDEOS)
    assert found["frame"]["confusion"] == [[4, 1, 2], [0, 2, 0], [1, 1, 1]]
    assert found["chunk"]["confusion"] == [[1, 0, 1], [0, 2, 0], [1, 0, 1]]  # rows 1 and 3
    assert found["video"]["confusion"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert found["frame"]["accuracy"] == 7 / 12
    assert found["frame"]["majority_accuracy"] == 7 / 12
    assert found["frame"]["balanced_accuracy"] == pytest.approx((4 / 7 + 1 + 1 / 3) / 3)
    assert found["abnormal video"]["names"] == ["Abuse", "Arson"]


def test_the_mean_figures_are_those_of_scikit_learn():
    truth = np.concatenate([v.recognized.truth for v in VIDEOS])
    calls = np.concatenate([v.recognized.probabilities.argmax(1) for v in VIDEOS])
    level = levels(VIDEOS)["frame"]
    assert level["macro_f1"] == pytest.approx(sk.f1_score(truth, calls, average="macro"))
    assert level["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, calls))
    report = sk.classification_report(truth, calls, target_names=NAMES, output_dict=True)
    for row in level["classes"]:
        named = report[row["name"]]
        assert row["f1"] == pytest.approx(named["f1-score"])
        assert (row["precision"], row["support"]) == (named["precision"], named["support"])


def test_among_the_abnormal_classes_normal_is_no_call():
    quiet = video("test/g", [0, 0, 0, 1], [0, 0, 0, 1], 1)
    found = levels([quiet])
    assert found["video"]["confusion"][1] == [1, 0, 0]  # mostly normal, as most of it is
    assert found["abnormal video"]["confusion"] == [[1, 0], [0, 0]]


def test_a_class_that_was_not_taught_counts_as_wrong():
    riot = video("test/d", [1, 1], [3, 3], 3)
    found = levels([*VIDEOS, riot])
    assert found["video"]["names"] == [*NAMES, "other"]
    assert found["video"]["confusion"][3] == [0, 1, 0, 0]
    assert found["video"]["accuracy"] == 3 / 4
    assert found["abnormal video"]["confusion"] == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]


def test_only_what_is_known_is_counted():
    unknown = video("test/e", [1, 1], None, -1, ends=(1,))
    assert levels([*VIDEOS, unknown]) == levels(VIDEOS)
    part, reasons = recognition_part([unknown])
    assert {level["support"] for level in part["levels"]} == {0}
    assert {level["accuracy"] for level in part["levels"]} == {None}
    assert reasons["recognition.levels[].accuracy"] == "no item of this level has a known class"
    part, reasons = recognition_part([ScoredVideo("test/f", np.zeros(2, np.float32))])
    assert part is None and "abnormal from normal alone" in reasons["recognition"]


def test_given_windows_are_one_level():
    [level] = recognition_part([video("x", [0, 1], [0, 2], -1, unit="window")])[0]["levels"]
    assert (level["level"], level["truth"]) == ("window", "window")
    assert level["confusion"] == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_the_part_is_of_the_schema():
    labelled = [
        dataclasses.replace(v, labels=(v.recognized.truth > 0).astype(np.uint8)) for v in VIDEOS
    ]
    held = ScoredVideo("train/a", np.linspace(0, 0.5, 9, dtype=np.float32))
    metrics = evaluate(labelled, calibration=[[held]], context=cases.CONTEXT, resamples=20)
    assert metrics["recognition"]["names"] == list(NAMES)
    levels = {level["level"]: level for level in metrics["recognition"]["levels"]}
    assert levels["chunk"]["accuracy"] == 4 / 6
