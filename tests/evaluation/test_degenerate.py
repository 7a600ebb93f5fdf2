"""Figures of odd test sets against slow loops: one frame, one class, ties, rates that differ."""

import itertools
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.cases import CONTEXT
from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.decisions import decide
from vadjax.evaluation.evaluate import evaluate
from vadjax.evaluation.event_matching import LEVELS
from vadjax.evaluation.events import event_metrics, false_alarm_rate

THRESHOLD = 1.0


@st.composite
def odd_sets(draw):
    videos = []
    for number in range(draw(st.integers(1, 4))):
        length = draw(st.integers(1, 12))
        scores = draw(st.lists(st.integers(0, 2), min_size=length, max_size=length))
        kind = draw(st.sampled_from(["none", "all", "mixed", "mixed", "unlabelled"]))
        labels = {"none": [0] * length, "all": [1] * length, "unlabelled": None}.get(kind, ...)
        if labels is ...:
            labels = draw(st.lists(st.integers(0, 1), min_size=length, max_size=length))
        fps = draw(st.sampled_from([None, 1.0, 2.0, 30.0]))
        truth = None if labels is None else np.array(labels, np.uint8)
        videos.append(
            ScoredVideo(f"test/{number}", np.array(scores, np.float32), labels=truth, fps=fps)
        )
    return videos


def runs(mask, fps):
    """Runs as lists of frames, those less than a second apart as one with what lies between."""
    found = []
    for at in np.flatnonzero(mask):
        if found and (at == found[-1][1] or (fps and (at - found[-1][1]) / fps < 1)):
            found[-1][1] = at + 1
        else:
            found.append([at, at + 1])
    return [set(range(a, b)) for a, b in found]


def most_matched(events, alarms, level):
    """The largest one-to-one matching, by trying all."""
    short, long = sorted((events, alarms), key=len)
    near = [[len(a & b) / len(a | b) >= level for b in long] for a in short]
    orders = itertools.permutations(range(len(long)), len(short))
    return max((sum(near[i][j] for i, j in enumerate(own)) for own in orders), default=0)


def ordered(pairs):
    """AUC over (abnormal, normal) pairs of scores; None of none."""
    values = [(a > b) + (a == b) / 2 for a, b in pairs]
    return float(np.mean(values)) if values else None


@settings(deadline=None, max_examples=150)
@given(odd_sets())
def test_figures_are_those_of_slow_loops(videos):
    calibration = [ScoredVideo("train/0", np.array([0, 0.5], np.float32))]
    metrics = evaluate(
        videos,
        calibration=[calibration],
        context=CONTEXT,
        rule="fixed",
        threshold_value=THRESHOLD,
        resamples=20,
    )  # which checks that nothing is NaN and that each null has a reason
    known = [v for v in videos if v.labels is not None]
    rows = [(n, s, y) for n, v in enumerate(known) for s, y in zip(v.scores, v.labels, strict=True)]
    pairs = [(a, b) for a in rows for b in rows if a[2] > b[2]]
    within, across = ([p for p in pairs if (p[0][0] == p[1][0]) is same] for same in (True, False))
    frame, got = metrics["frame"], pytest.approx

    def auc(chosen):
        return ordered([(a[1], b[1]) for a, b in chosen])

    assert frame["auc_micro"] == (None if not pairs else got(auc(pairs)))
    if pairs:
        parts = frame["auc_parts"]
        assert parts["share_within"] == got(len(within) / len(pairs))
        assert parts["within"] == (None if not within else got(auc(within)))
        assert parts["across"] == (None if not across else got(auc(across)))
    macro = [auc([p for p in within if p[0][0] == n]) for n in range(len(known))]
    macro = [value for value in macro if value is not None]
    assert frame["auc_macro"] == (None if not macro else got(np.mean(macro)))

    events = [runs(v.labels, v.fps) for v in known]
    alarms = [runs(v.scores >= THRESHOLD, v.fps) for v in known]
    raised = [{i for i, s in enumerate(v.scores) if s >= THRESHOLD} for v in known]
    part = metrics["threshold"]["events"]
    total = sum(map(len, events))
    if not known:
        assert metrics["event_curve"] is None
        return
    assert part["events"] == total
    touched = [bool(e & c) for own, c in zip(events, raised, strict=True) for e in own]
    assert part["touched"] == sum(touched)
    found = [
        any(len(e & a) / len(e | a) >= 0.5 for a in others)
        for own, others in zip(events, alarms, strict=True)
        for e in own
    ]
    assert part["found"] == sum(found)
    false = [
        not any(a & e for e in own)
        for own, others in zip(events, alarms, strict=True)
        for a in others
    ]
    assert part["false_alarms"] == sum(false)
    decided = [decide(v, THRESHOLD) for v in known]
    rate, why = false_alarm_rate(decided)
    whole, reasons = event_metrics(decided)
    assert rate == whole["false_alarms_per_hour"]
    assert why == reasons.get("false_alarms_per_hour", "")
    with mock.patch("vadjax.evaluation.events.MIN_HOURS", 1e-9):
        rate, _ = false_alarm_rate(decided)
        assert rate == event_metrics(decided)[0]["false_alarms_per_hour"]
        footage = [v.fps and np.sum(v.labels == 0) / v.fps for v in known]
        if None not in footage and sum(footage):
            assert rate == got(3600 * sum(false) / sum(footage))
    if not total:
        assert metrics["event_curve"] is None and part["matched"] is None
        return
    delays = sorted(
        min(e & c) - min(e) if e & c else np.inf
        for own, c in zip(events, raised, strict=True)
        for e in own
    )
    middle = np.mean([delays[(total - 1) // 2], delays[total // 2]])
    assert part["median_delay_frames"] == (None if np.isinf(middle) else got(middle))
    shares = [len(e & c) / len(e) for own, c in zip(events, raised, strict=True) for e in own]
    assert part["mean_share_called"] == got(np.mean(shares))
    for row, level in zip(part["matched"]["by_iou"], LEVELS, strict=True):
        right = sum(most_matched(e, a, level) for e, a in zip(events, alarms, strict=True))
        assert row["recall"] == got(right / total)
        assert row["precision"] == got(right / max(sum(map(len, alarms)), 1))

    curve = metrics["event_curve"]
    points = {(0.0, 1.0)}
    for limit in {float(s) for v in known for s in v.scores}:
        at = [runs(v.scores >= limit, v.fps) for v in known]
        right = sum(most_matched(e, a, LEVELS[0]) for e, a in zip(events, at, strict=True))
        points.add((right / total, right / max(sum(map(len, at)), 1)))
    recalls = sorted({recall for recall, _ in points})
    steps = [(b - a) * max(p for r, p in points if r >= b) for a, b in itertools.pairwise(recalls)]
    assert curve["ap"] == got(sum(steps))
    assert 0 <= curve["ap_chance"] <= 1
