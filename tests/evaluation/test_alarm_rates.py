"""Thresholds by alarms an hour, against alarms that are counted threshold by threshold."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.alarm_rates import (
    MOST_CALLED,
    alarms_threshold,
    hours_of,
    lowest_threshold,
    poisson_interval,
    unlike_all_others,
)
from vadjax.evaluation.decisions import decide
from vadjax.evaluation.thresholds import choose_threshold


def video(name, scores, **known):
    return ScoredVideo(name, np.asarray(scores, np.float32), **{"fps": 1.0, **known})


def alarms_at(videos, threshold):
    return sum(len(decide(v, threshold).alarms) for v in videos)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=25), min_size=1, max_size=4),
    st.integers(0, 5),
)
def test_no_lower_threshold_keeps_the_number_of_alarms(clips, allowed):
    videos = [video(str(i), clip) for i, clip in enumerate(clips)]
    found = lowest_threshold(videos, allowed)
    levels = sorted({*np.concatenate(clips).astype(float), np.inf})
    # The rule by hand: down from the top, until a threshold raises too many.
    wanted = np.inf
    for level in reversed(levels):
        if alarms_at(videos, level) > allowed:
            break
        wanted = level
    flat = np.concatenate(clips).astype(float)
    assert (flat >= found).tolist() == (flat >= wanted).tolist()


def test_one_clip_unlike_all_others_does_not_set_the_threshold():
    rng = np.random.default_rng(0)
    usual = [video(str(i), rng.random(600), fps=10.0) for i in range(15)]
    odd = video("odd", 9 + rng.random(120), fps=10.0)
    found = alarms_threshold([*usual, odd], per_hour=1)
    assert not found.enough and found.alarms == 1 and 0.99 < found.value < 1.0001
    assert found.left_out == ("odd",) and "not counted: odd" in found.words
    assert found.hours == 0.25  # of the others
    by_clip = choose_threshold(
        np.concatenate([v.scores for v in (*usual, odd)]),
        np.zeros(15 * 600 + 120),
        rule="quantile",
    )
    assert by_clip.value > 9  # what a share of frames makes of the same clips


def test_clips_are_unlike_all_others_only_where_most_frames_are_above_all_others():
    rng = np.random.default_rng(3)
    usual = [rng.random(50) for _ in range(14)]
    high, mixed = 2 + rng.random(50), np.append(rng.random(26), np.full(24, 9.0))
    assert unlike_all_others([high, *usual, high + 1]) == [0, 15]
    assert unlike_all_others([high, *usual]) == [0]
    assert unlike_all_others([high, *usual, mixed]) == []  # hidden by single frames
    assert unlike_all_others([*usual, mixed]) == []
    assert unlike_all_others([high, *usual[:6]]) == []  # too few to tell
    assert unlike_all_others([high, *usual, np.zeros(0)]) == [0]


def test_the_rate_is_kept_where_the_footage_is_long_enough():
    rng = np.random.default_rng(1)
    videos = [video(str(i), rng.normal(size=7200), fps=1.0) for i in range(4)]  # 8 hours
    found = alarms_threshold(videos, per_hour=2)
    assert (
        found.enough and found.hours == 8 and found.alarms == 16 == alarms_at(videos, found.value)
    )
    assert "16 alarms in 480.0 minutes" in found.words and "1.1 to 3.2 an hour" in found.words


def test_an_alarm_that_lasts_for_most_of_a_clip_is_not_allowed():
    steady = video("a", np.linspace(1, 0, 1000), fps=10.0)  # falls: one alarm at any threshold
    found = alarms_threshold([steady], per_hour=1)
    assert np.mean(steady.scores >= found.value) == pytest.approx(MOST_CALLED, abs=2e-3)


def test_an_alarm_within_an_event_is_no_false_one():
    scores = np.zeros(100)
    scores[40:50] = 5
    labels = np.zeros(100, np.uint8)
    labels[30:60] = 1
    labelled = video("a", scores, labels=labels)
    assert lowest_threshold([labelled], 0) <= 5 < lowest_threshold([video("a", scores)], 0)
    assert hours_of([labelled]) == pytest.approx(70 / 3600)


def test_without_times_the_rule_by_clip_is_used_and_said():
    rng = np.random.default_rng(2)
    videos = [video(str(i), rng.random(200), fps=None) for i in range(6)]
    flat, clips = np.concatenate([v.scores for v in videos]), np.repeat(np.arange(6), 200)
    given_by = {"clips": clips, "videos": videos}
    found = choose_threshold(flat, 0 * clips, rule="alarms", **given_by)
    assert found.value == choose_threshold(flat, 0 * clips, rule="by_clip", clips=clips).value
    assert "frame rate" in found.fallback
    windows = [dataclasses.replace(v, fps=5.0, unit="window") for v in videos]
    assert alarms_threshold(windows, per_hour=1) is None


@pytest.mark.parametrize("count", [0, 1, 7])
def test_the_interval_leaves_a_fortieth_on_either_side(count):
    low, high = poisson_interval(count)
    assert poisson.cdf(count, high) == pytest.approx(0.025)
    assert low == 0 if count == 0 else poisson.sf(count - 1, low) == pytest.approx(0.025)
