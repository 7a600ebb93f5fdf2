"""The geometry behind the charts, against sklearn and hand-made cases."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from vadjax.data.scored_video import ScoredVideo
from vadjax.report import charts, plots


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e6), st.integers(2, 12))
def test_ticks_are_few_round_and_inside(low, width, count):
    found = plots.ticks(low, low + width, count)
    assert len(found) <= count + 1
    assert all(low - 1e-6 * width <= t <= low + width * (1 + 1e-6) for t in found)
    assert np.allclose(np.diff(found), np.diff(found)[:1], rtol=1e-4)


@pytest.mark.parametrize("levels", [3, 40, 100_000])
def test_roc_is_sklearns(levels):
    rng = np.random.default_rng(levels)
    labels = rng.integers(0, 2, 4000)
    scores = (rng.integers(0, levels, 4000) + labels * levels * 0.3).astype(np.float32)
    curve = plots.roc(scores, labels)
    assert curve["area"] == pytest.approx(reference.roc_auc_score(labels, scores), abs=1e-12)
    assert curve["points"][0] == (0.0, 0.0, None)
    assert curve["points"][-1][:2] == (1.0, 1.0)
    assert len(curve["points"]) < 700
    for fpr, tpr, threshold in curve["points"][1:]:
        called = scores >= threshold
        assert fpr == pytest.approx(called[labels == 0].mean(), abs=1e-5)
        assert tpr == pytest.approx(called[labels == 1].mean(), abs=1e-5)
    fpr, tpr, _ = zip(*curve["points"], strict=True)
    assert np.trapezoid(tpr, fpr) == pytest.approx(curve["area"], abs=0.005)


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1], []])
def test_no_roc_of_one_class(labels):
    assert plots.roc(np.arange(len(labels), dtype=float), np.array(labels)) is None


@given(st.integers(1, 5000), st.integers(0, 2**32 - 1))
def test_a_thinned_line_keeps_peaks_and_order(total, seed):
    scores = np.random.default_rng(seed).normal(size=total)
    x, y = plots.line(scores)
    assert len(x) <= 2 * plots.COLUMNS + 2
    assert (x[0], x[-1]) == (0, 1)
    assert np.all(np.diff(x) > 0)
    assert (y.max(), y.min()) == (scores.max(), scores.min())
    peak = int(np.argmax(scores))
    assert x[np.argmax(y)] in (0, 1, (peak + 0.5) / total)


def test_a_timeline_by_hand():
    video = ScoredVideo(
        "v",
        np.array([0, 1, 2, 1], np.float32),
        labels=np.array([0, 1, 1, 0], np.uint8),
        predicted=np.array([False, True, True, True]),
        threshold=1.5,
        alarms=((2, 3),),
        kinds={"cart": np.array([0, 1, 1, 0])},
    )
    plot = plots.timeline(video, low=0.0, high=2.0)
    assert plot["threshold"] == 25.0
    assert plot["truth"] == [(25.0, 50.0, 1, 3)]
    assert plot["kinds"] == [(25.0, 50.0, 1, 3, "cart")]
    assert plot["alarms"] == [(50.0, 25.0, 2, 3)]
    assert plot["filled"] == [(0.0, 25.0, 0, 1)]
    assert plot["path"] == "M-9 200L-9 200L125 200L375 100L625 0L875 100L1000 100H1009V200"


def test_training_names_the_best_epoch():
    rows = [
        {"epoch": 1, "train_loss": 1.0, "select_loss": 1.0},
        {"epoch": 2, "train_loss": 0.5, "select_loss": 0.4},
        {"epoch": 3, "train_loss": 0.4, "select_loss": 0.6},
    ]
    drawn = charts.training(rows)
    assert (drawn["best"], drawn["best_x"]) == (2, 50.0)
    assert [key for key, _ in drawn["curves"]] == ["train_loss", "select_loss"]
    without = [{k: v for k, v in row.items() if k != "select_loss"} for row in rows]
    assert charts.training(without)["best"] is None
    assert charts.training(rows[:1])["best"] == 1
    assert charts.training([]) is None


def test_bars_grow_from_chance_to_either_side():
    laid = charts.bars([("a", 0.75), ("b", 0.25), ("c", None)], (0.5, 1.0))
    low = 0.2  # the tenth below the lowest
    assert laid["chance"] == pytest.approx(100 * (0.5 - low) / (1 - low), abs=1e-3)
    assert laid["bars"]["a"] == (laid["chance"], pytest.approx(100 * 0.25 / 0.8))
    assert laid["bars"]["b"] == (pytest.approx(100 * 0.05 / 0.8), pytest.approx(100 * 0.25 / 0.8))
    assert "c" not in laid["bars"]
    assert laid["interval"] == (laid["chance"], pytest.approx(62.5))


def test_packed_scores_are_exact():
    scores = np.random.default_rng(1).normal(size=99).astype(np.float32)
    assert np.array_equal(np.frombuffer(base64.b64decode(plots.packed(scores)), "<f4"), scores)
