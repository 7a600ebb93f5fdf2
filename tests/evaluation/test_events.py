"""Events and alarms on hand-made timelines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.cases import records
from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import events
from vadjax.evaluation.alarms_by_threshold import count_false_alarms
from vadjax.evaluation.decisions import decide
from vadjax.evaluation.events import merged_runs, runs


def line(text):
    return np.array([mark == "#" for mark in text])


def event_metrics(called, labels, fps):
    """Call `events.event_metrics` with the records of arrays by video."""
    scores = {video: calls.astype(np.float32) for video, calls in called.items()}
    return events.event_metrics([decide(v, 0.5) for v in records(scores, labels=labels, fps=fps)])


@given(st.lists(st.booleans(), max_size=40))
def test_runs_are_the_mask(mask):
    again = np.zeros(len(mask), bool)
    for start, stop in runs(np.array(mask, bool)).tolist():
        assert start < stop
        assert not again[start - 1 : stop].any()  # neither overlapping nor touching
        again[start:stop] = True
    assert again.tolist() == mask


def test_runs_are_merged_below_the_gap():
    mask = line("##..#...#")
    assert runs(mask).tolist() == [[0, 2], [4, 5], [8, 9]]
    assert runs(mask, gap=2).tolist() == [[0, 2], [4, 5], [8, 9]]  # two apart is not less than two
    assert runs(mask, gap=3).tolist() == [[0, 5], [8, 9]]
    assert runs(mask, gap=4).tolist() == [[0, 9]]
    assert runs(line("....")).shape == (0, 2)
    scores = np.zeros(len(mask), np.float32)
    assert merged_runs(mask, ScoredVideo("a", scores, fps=3.0)).tolist() == [[0, 5], [8, 9]]
    assert len(merged_runs(mask, ScoredVideo("a", scores))) == 3


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 9)), min_size=2, max_size=40)
)
def test_uneven_times_decide_what_is_merged_and_how_long_it_lasts(frames):
    """Against loops over frames, in tenths of a second."""
    called, labels, tenths = (np.array(row) for row in zip(*frames, strict=True))
    starts = [int(tenths[:n].sum()) for n in range(len(tenths))]
    times = np.array(starts) / 10
    last = times[-1] + np.median(np.diff(times))
    known = {"labels": labels.astype(np.uint8), "times": times, "fps": 1.0}
    video = decide(ScoredVideo("a", called.astype(np.float32), **known), 0.5)

    def merge(mask):
        found = []
        for n in np.flatnonzero(mask).tolist():
            if found and (found[-1][1] == n or starts[n] - starts[found[-1][1]] < 10):
                found[-1][1] = n + 1
            else:
                found.append([n, n + 1])
        return found

    alarms, true = merge(called), merge(labels)
    assert [list(alarm) for alarm in video.alarms] == alarms
    found, _ = events.event_metrics([video])
    assert (found["events"], found["alarms"]) == (len(true), len(alarms))
    ends = [*times[1:].tolist(), last]
    normal = sum(e - s for s, e, one in zip(times, ends, labels, strict=True) if not one)
    assert found["normal_hours"] == pytest.approx(normal / 3600)
    delays = [next((n for n in range(a, b) if called[n]), None) for a, b in true]
    waits = [
        np.inf if n is None else times[n] - times[a] for n, (a, _) in zip(delays, true, strict=True)
    ]
    if len(waits) and np.isfinite(np.median(waits)):
        assert found["median_delay_s"] == pytest.approx(np.median(waits))
    if true:
        assert count_false_alarms([video], np.array([0.5])) == [found["false_alarms"]]


def test_events_delays_and_false_alarms():
    labels = {"a": line(".....#####....."), "b": line("####......#####")}
    called = {"a": line(".#......##....."), "b": line("##.........#...")}
    found, why = event_metrics(called, labels, {"a": 2.0, "b": 2.0})
    assert found["events"] == found["touched"] == 3 and found["touched_rate"] == 1
    assert found["median_delay_frames"] == 1 and found["median_delay_s"] == 0.5  # of 3, 0, 1
    assert found["alarms"] == 4 and found["false_alarms"] == 1
    assert found["normal_hours"] == pytest.approx((10 + 6) / 2 / 3600)
    assert found["false_alarms_per_hour"] is None
    assert why == {
        "false_alarms_per_hour": "0.1 minutes of normal footage; a rate needs 1 h",
    }


def test_an_alarm_that_never_ends_touches_every_event_and_finds_none():
    labels = {"a": line("..####..........####.." + "." * 20)}
    found, _ = event_metrics({"a": line("#" * 42)}, labels, {})
    assert found["touched"] == 2 and found["false_alarms"] == 0
    assert found["found"] == 0 and found["found_rate"] == 0
    assert found["mean_share_called"] == 1


def test_an_event_is_found_from_half_of_the_frames_that_either_has():
    labels = {"a": line("....######......")}
    for called, iou in (
        ("....###.........", 3 / 6),  # half of the event, nothing else
        (".######.........", 3 / 9),
        ("..##########....", 6 / 10),
        ("....##....######", 2 / 6),  # an alarm for itself does not help
    ):
        found, _ = event_metrics({"a": line(called)}, labels, {})
        assert found["found"] == (iou >= 0.5), called
        alarms, at = runs(line(called)), np.arange(16)
        of_event = (at >= 4) & (at < 10)
        pixels = [(at >= a) & (at < b) for a, b in alarms]
        by_frames = max(np.sum(p & of_event) / np.sum(p | of_event) for p in pixels)
        assert events.best_overlap(alarms, 4, 10) == pytest.approx(iou) == by_frames


def test_missed_events_are_censored_not_dropped():
    labels = {"a": line("##..##..##..##")}
    half = {"a": line("##..##........")}
    found, why = event_metrics(half, labels, {})
    assert found["touched_rate"] == 0.5 and found["median_delay_frames"] is None
    assert found["median_delay_touched_frames"] == 0
    assert "half of the events or more" in why["median_delay_frames"]
    most = {"a": line("##..##...#....")}
    found, why = event_metrics(most, labels, {})
    assert found["median_delay_frames"] == 0.5  # of 0, 0, 1, missed
    assert why["median_delay_s"] == why["normal_hours"] == "the frame rate is not known"


def test_an_alarm_from_before_the_event_detects_it_at_once():
    found, _ = event_metrics({"a": line(".#####.")}, {"a": line("...##..")}, {"a": 1.0})
    assert found["false_alarms"] == 0 and found["median_delay_frames"] == 0


def test_false_alarms_per_hour_with_enough_footage():
    labels = {"a": np.zeros(7200, np.uint8)}
    called = {"a": np.zeros(7200, bool)}
    called["a"][[10, 100, 101, 5000]] = True
    found, why = event_metrics(called, labels, {"a": 1.0})
    assert found["false_alarms_per_hour"] == 1.5 and found["normal_hours"] == 2
    assert why["touched_rate"] == "the labels hold no event"


def test_unlabelled_videos_only_raise_alarms():
    found, why = event_metrics({"a": line(".#.#")}, {}, {})
    assert found["alarms"] == 2
    assert (
        {key for key, value in found.items() if value is None} == set(why) == {*found} - {"alarms"}
    )
    assert set(why.values()) == {"no labels"}
