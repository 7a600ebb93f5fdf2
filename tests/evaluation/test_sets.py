"""Rates of videos by set, against counts by hand."""

import numpy as np
import pytest

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.sets import sets_part


def video(name, scores, labels=None, fold=0):
    labels = None if labels is None else np.array(labels, np.uint8)
    return ScoredVideo(name, np.array(scores, np.float32), labels=labels, fold=fold)


SETS = {
    "training": [video("train/1", [0, 0, 2, 0], [0, 0, 0, 0])],
    "test": [
        video("test/1", [0, 2, 2, 0], [0, 0, 1, 1]),
        video("test/2", [0, 2, 2, 2], [0, 1, 1, 1], fold=1),
        video("test/3", [5, 5]),
    ],
}


def test_rates_are_those_of_counts_by_hand():
    measured = {("training", "train/1"): {"flow": 0.5, "motion": "low"}}
    part, reasons = sets_part(SETS, [1.0, 1.0], measured=measured)
    rows = {row["id"]: row for row in part["videos"]}
    train = rows["train/1"]
    assert (train["accuracy"], train["specificity"], train["sensitivity"]) == (0.75, 0.75, None)
    assert (train["motion"], train["flow"], train["psnr"]) == ("low", 0.5, None)
    one = rows["test/1"]  # one each: tp, fp, tn, fn
    assert all(one[key] == 0.5 for key in ("accuracy", "sensitivity", "specificity", "f1"))
    assert rows["test/3"]["accuracy"] is None and rows["test/3"]["abnormal"] is None
    test = part["totals"][1]  # tp 4, fp 1, tn 2, fn 1 of both labelled videos
    assert test["accuracy"] == 6 / 8 and test["sensitivity"] == 4 / 5
    assert test["specificity"] == pytest.approx(2 / 3) and test["frames"] == 10
    assert test["abnormal"] == 5
    assert "sets.videos[].sensitivity" in reasons


def test_each_fold_has_its_threshold():
    part, _ = sets_part(SETS, [1.0, 3.0], measured={})
    rows = {row["id"]: row for row in part["videos"]}
    assert rows["test/1"]["sensitivity"] == 0.5
    assert rows["test/2"]["sensitivity"] == 0  # no score reaches 3


def test_psnr_is_a_mean_over_frames():
    decibels = {
        ("training", "train/1"): np.array([20.0, 30, 30, 20]),
        ("test", "test/1"): np.array([10.0, 10, 10, 10]),
        ("test", "test/2"): np.array([20.0, 20, 20, 20]),
        ("test", "test/3"): np.array([40.0, 40]),
    }
    part, _ = sets_part(SETS, [1.0, 1.0], measured={}, psnr=decibels)
    assert [row["psnr"] for row in part["totals"]] == [25, 20]
    assert [row["psnr"] for row in part["videos"]] == [25, 10, 20, 40]
