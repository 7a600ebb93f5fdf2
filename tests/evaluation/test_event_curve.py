"""The curve of events against each threshold by itself, and against the definition of its area."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import event_curve
from vadjax.evaluation.alarms_by_threshold import events_of
from vadjax.evaluation.decisions import decide
from vadjax.evaluation.event_matching import LEVELS, count_matched
from vadjax.evaluation.events import merged_runs


@st.composite
def videos(draw):
    made = []
    for number in range(draw(st.integers(1, 3))):
        rows = draw(
            st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), min_size=3, max_size=25)
        )
        scores, labels = np.array(rows).T
        fps = draw(st.sampled_from([None, 1.0, 3.0]))
        made.append(
            ScoredVideo(
                f"v{number}", scores.astype(np.float32), labels=labels.astype(np.uint8), fps=fps
            )
        )
    return made


@settings(deadline=None, max_examples=80)
@given(videos())
def test_right_alarms_are_those_of_each_threshold(made):
    limits = np.arange(4.0)
    right, raised = event_curve.count_right(made, events_of(made), limits)
    for at, limit in enumerate(limits):
        alarms = [np.array(decide(v, limit).alarms, np.int64).reshape(-1, 2) for v in made]
        events = [merged_runs(v.truth, v) for v in made]
        assert raised[at] == sum(map(len, alarms))
        matched = [count_matched(e, a)[0] for e, a in zip(events, alarms, strict=True)]
        assert right[at] == sum(matched)


def hours(num_hours, *, alarms):
    """A video of a frame a second, two events, and false alarms, highest first."""
    scores = np.zeros(int(3600 * num_hours) + 200, np.float32)
    labels = np.zeros(len(scores), np.uint8)
    for start, score in ((100, 9.0), (2000, 5.0)):
        labels[start : start + 100], scores[start : start + 100] = 1, score
    for number, score in enumerate(alarms):
        scores[3000 + 20 * number : 3005 + 20 * number] = score
    return ScoredVideo("a", scores, labels=labels, fps=1.0)


def test_recall_at_rates_and_rates_at_recall():
    part, _ = event_curve.event_curve_part(
        [hours(2, alarms=[8, 7, 7, 6])], np.array([0.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    )
    # From 9: one of two, no false alarm. From 8 one false, from 7 three, from 6 four; 5 finds both.
    assert part["recall_at"] == [
        {"per_hour": 1.0, "recall": 0.5},
        {"per_hour": 1 / 24, "recall": 0.5},
    ]
    assert [row["per_hour"] for row in part["rate_at"]] == pytest.approx([0, 2, 2])
    assert part["ap"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 6)
    assert part["iou"] == LEVELS[0]


def walked(rng, frames, share=0.02):
    """Scores that are alike over some frames, and events drawn without a look at them."""
    scores = np.convolve(rng.normal(size=frames), np.ones(12), "same").astype(np.float32)
    labels = np.zeros(frames, np.uint8)
    for start in np.flatnonzero(rng.random(frames) < share / 10):
        labels[start : start + rng.integers(5, 40)] = 1
    return scores, labels


def test_chance_is_what_scores_get_that_do_not_know_the_events():
    """Against a simulation: events stay, scores of the same kind are drawn anew 40 times."""
    rng = np.random.default_rng(0)
    labels = [walked(rng, 300, share=0.1)[1] for _ in range(6)]
    limits = np.linspace(-8, 8, 30)

    def video(number):
        scores = walked(rng, 300)[0]
        return ScoredVideo(f"v{number}", scores, labels=labels[number], fps=10.0)

    drawn = [event_curve.event_curve_part(list(map(video, range(6))), limits)[0] for _ in range(40)]
    own, chance = (np.array([part[key] for part in drawn]) for key in ("ap", "ap_chance"))
    error = np.hypot(own.std(), chance.std()) / np.sqrt(len(own))
    assert 0.02 < own.mean() < 0.5 and abs(own.mean() - chance.mean()) < 3 * error
    assert chance.std() < own.std() / 2  # a mean over turns


def test_chance_of_few_frames_is_the_mean_over_all_turns():
    scores = np.array([5, 5, 1, 1, 3, 1, 1, 1], np.float32)
    labels = np.array([0, 0, 1, 1, 0, 0, 0, 0], np.uint8)
    pair = [(scores[:5], labels[:5]), (scores[5:], labels[5:])]
    limits = np.array([1.0, 3.0, 5.0])
    found = []
    for turn in range(8):
        turned = np.roll(scores, turn)
        cut = turned[:5], turned[5:]
        videos = [
            ScoredVideo(str(n), s, labels=y)
            for n, (s, (_, y)) in enumerate(zip(cut, pair, strict=True))
        ]
        found.append(event_curve.event_curve_part(videos, limits)[0]["ap"])
    part, _ = event_curve.event_curve_part(
        [ScoredVideo(str(n), s, labels=y) for n, (s, y) in enumerate(pair)], limits
    )
    assert part["ap_chance"] == pytest.approx(np.mean(found)) and 0 < part["ap_chance"] < 1
    assert found[2] == 1  # turned onto the event


def test_an_alarm_that_never_ends_has_its_own_figure_as_chance():
    """One event fills half of its clip: no score is needed to find it."""
    labels = np.repeat([0, 1], 50).astype(np.uint8)
    part, _ = event_curve.event_curve_part(
        [ScoredVideo("a", np.zeros(100, np.float32), labels=labels)], np.zeros(1)
    )
    assert part["ap"] == part["ap_chance"] == 1


def test_what_too_little_footage_cannot_say():
    part, reasons = event_curve.event_curve_part([hours(0.9, alarms=[8])], np.array([5.0, 9.0]))
    assert part["ap"] == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert all(row["recall"] is None for row in part["recall_at"])
    assert "minutes of normal footage" in reasons["event_curve.recall_at[].recall"]
    normal = ScoredVideo("n", np.zeros(9, np.float32), labels=np.zeros(9, np.uint8))
    assert event_curve.event_curve_part([normal], np.zeros(1))[0] is None


def test_an_alarm_that_never_ends_finds_nothing():
    video = hours(1, alarms=[])
    part, _ = event_curve.event_curve_part([video], np.array([-1.0]))
    assert part["ap"] == 0
