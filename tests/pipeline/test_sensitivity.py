"""Thresholds that a person asks for, against alarms that are counted one by one."""

import numpy as np
import pytest

from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.evaluation.events import merged_runs
from vadjax.pipeline.sensitivity import LEVELS, asked_threshold


def held_out(count=10, frames=1500, fps=1.0, **more):
    rng = np.random.default_rng(0)
    return [
        ScoredVideo(f"train/{n}", rng.random(frames).astype(np.float32), fps=fps, **more)
        for n in range(count)
    ]


def ask(videos, threshold=None, sensitivity=""):
    return asked_threshold(videos, threshold=threshold, sensitivity=sensitivity)


def test_a_number_is_taken_as_it_is_and_its_rate_expected():
    found = ask(held_out(), threshold=0.9)
    assert (found.value, found.rule) == (0.9, "fixed")
    assert found.expected.mean == pytest.approx(0.1, abs=0.01)


def test_levels_are_shares_of_normal_frames():
    videos = held_out()
    values = {level: ask(videos, sensitivity=level).value for level in LEVELS}
    assert values["low"] > values["medium"] > values["high"]
    flat = np.concatenate([v.scores for v in videos])
    for level, rate in LEVELS.items():
        assert np.mean(flat >= values[level]) == pytest.approx(rate, rel=0.5)


def test_alarms_an_hour_are_counted_on_the_held_out_clips():
    videos = held_out()  # 15,000 s are 4.2 h
    hours = 15_000 / 3600
    found = ask(videos, sensitivity="3")
    count = sum(len(merged_runs(v.scores >= found.value, v)) for v in videos)
    assert count <= 3 * hours
    lower = found.value - 2e-3
    assert sum(len(merged_runs(v.scores >= lower, v)) for v in videos) > 3 * hours


def test_abnormal_frames_of_held_out_clips_do_not_count():
    plain = held_out()
    labels = (np.arange(1500) >= 1000).astype(np.uint8)
    marked = [
        ScoredVideo(v.id, np.where(labels, 9, v.scores).astype(np.float32), labels=labels, fps=1.0)
        for v in plain
    ]
    for asked in ("high", "30"):
        assert ask(marked, sensitivity=asked).value < 1


@pytest.mark.parametrize(
    "videos, asked, message",
    [
        (held_out(2, 30), {"sensitivity": "1"}, "last 1.0 minutes"),
        (held_out(fps=None), {"sensitivity": "1"}, "frame rate"),
        (held_out(), {"sensitivity": "hihg"}, "low, medium, high, or a number"),
        (held_out(), {"sensitivity": "-1"}, "low, medium, high, or a number"),
        (held_out(), {"threshold": float("nan")}, "must be a number"),
        (held_out(), {"threshold": 1.0, "sensitivity": "low"}, "not both"),
        ([], {"sensitivity": "low"}, "no held-out normal clips"),
    ],
)
def test_what_cannot_be_done_says_why(videos, asked, message):
    with pytest.raises(UserError, match=message):
        ask(videos, **asked)
