"""Simulated weeks of a camera: the threshold moves with the hour and with drift."""

import datetime

import numpy as np
import pytest

from tests.live.made import event as made
from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.evaluation.episodes import Rule
from vadjax.live import usual as usual_module
from vadjax.live.judge import Judge
from vadjax.live.usual import Usual, highest_of

MONDAY = datetime.datetime(2026, 1, 5).timestamp()  # midnight by the clock of this machine
HOUR, DAY = 3600.0, 86400.0
EVERY = 300.0  # seconds from one score to the next
MERGE = 900.0
HELD_OUT = np.random.default_rng(1).normal(0.0, 0.1, 2000)  # usual scores: 0.13
THRESHOLD = 1.0


@pytest.fixture(autouse=True)
def scores_are_rare(monkeypatch):
    """A camera has a score every ten seconds; weeks of those would take a minute."""
    monkeypatch.setattr(usual_module, "LEAST", 20.0)


def camera(forget_days=28.0, path=None):
    usual = Usual(HELD_OUT, THRESHOLD, forget_s=forget_days * DAY, path=path)
    return Judge(Rule(THRESHOLD, merge=MERGE), usual), usual


def play(judge, score, days, *, start=0.0, seed=0, every=EVERY):
    """Return the events (begin, end, peak) of so many days; `score` gives the level at a time."""
    rng, found = np.random.default_rng(seed), []
    noise = rng.normal(0.0, 0.1, round(days * DAY / every))
    for number, more in enumerate(noise.tolist()):
        at = start * DAY + number * every
        value = score(at) + more
        for one in judge.update(number, at, value, wall=MONDAY + at):
            found += [] if one.is_open else [(one.begin, one.end, one.score + judge.shift)]
    return found + [(e.begin, e.end, e.score + judge.shift) for e in judge.close(len(noise), at)]


def hours_of(events):
    return {int(begin // HOUR) % 168 for begin, _, _ in events}


def rush(at):
    """Mondays from 8 to 9 much happens, though less than what is abnormal elsewhere."""
    return 0.85 if int(at // HOUR) % 168 == 8 else 0.0


def test_a_busy_hour_of_the_week_has_a_threshold_of_its_own():
    judge, _ = camera()
    events = play(judge, rush, 28, every=60.0)  # few are above the threshold
    first, last = ([e for e in events if low <= e[0] < low + 7 * DAY] for low in (0.0, 21 * DAY))
    assert hours_of(first) == {8} and not last  # learnt from what was below the threshold
    again = play(
        judge,
        lambda at: rush(at) + 1.5 * (28 * DAY + 8.5 * HOUR <= at < 28 * DAY + 8.6 * HOUR),
        1,
        start=28,
    )
    assert len(again) == 1 and again[0][2] > 2  # what is unusual at that hour too is told


def test_a_quiet_hour_has_a_lower_one_and_others_stay():
    busy = lambda at: 0.0 if int(at // HOUR) % 24 == 3 else 0.5  # noqa: E731
    held_out = np.random.default_rng(1).normal(0.5, 0.1, 2000)
    usual = Usual(held_out, 1.5, forget_s=28 * DAY)
    judge = Judge(Rule(1.5, merge=MERGE), usual)
    assert not play(judge, busy, 28)
    walker = lambda at: 1.25 if at % DAY % (6 * HOUR) // 60 == 3 * 60 + 30 else busy(at)  # noqa: E731
    events = play(judge, walker, 2, start=28)
    assert {int(begin % DAY // HOUR) for begin, _, _ in events} == {3} and len(events) == 2


def test_nothing_moves_before_enough_was_seen():
    judge, usual = camera()
    play(judge, lambda at: -0.2, 1)
    assert usual.shift(MONDAY + DAY - 1) == 0.0
    judge, usual = camera()
    play(judge, lambda at: -0.2, 3)  # all hours together are known, none by itself
    assert usual.shift(MONDAY + 3 * DAY - 1) == pytest.approx(-0.2, abs=0.05)
    assert usual._days.max() < 3


def test_slow_drift_is_followed_and_what_is_above_it_is_told():
    drift = lambda at: 1.2 * at / (42 * DAY)  # noqa: E731  # beyond the threshold in the end
    fixed = Judge(Rule(THRESHOLD, merge=MERGE), None)
    judge, usual = camera(forget_days=3.0)
    assert play(fixed, drift, 42) and not play(judge, drift, 42)
    assert usual.shift(MONDAY + 42 * DAY) == pytest.approx(1.2, abs=0.15)
    events = play(judge, lambda at: 1.2 + 1.2 * (at % DAY < 300), 2, start=42)
    assert len(events) == 2


def test_what_stays_for_hours_is_not_learnt_away_unless_told():
    lorry = lambda at: 1.5 if int(at // HOUR) % 24 in (10, 11, 12) else 0.0  # noqa: E731
    judge, _ = camera()
    events = play(judge, lorry, 42)
    assert [round((end - begin) / HOUR) for begin, end, _ in events] == [3] * 42
    judge, usual = camera()
    events = play(judge, lorry, 35)
    told = [
        made(
            n, start=MONDAY + begin, peak=MONDAY + begin, end=MONDAY + end, state="closed", score=p
        )
        for n, (begin, end, p) in enumerate(events)
    ]
    usual.told(told)
    assert not play(judge, lorry, 7, start=35)
    other = lambda at: 1.5 if int(at // HOUR) % 24 == 15 else lorry(at)  # noqa: E731
    assert {hour % 24 for hour in hours_of(play(judge, other, 7, start=42))} == {15}
    usual.told(told)  # the same answers again change nothing
    counts = usual._counts.sum()
    usual.told(told)
    assert usual._counts.sum() == counts


def test_a_short_event_that_is_called_normal_moves_no_threshold():
    judge, usual = camera()
    play(judge, lambda at: 0.0, 28)
    before = usual.shift(MONDAY + 28 * DAY)
    at = MONDAY + 21 * DAY + 10
    usual.told([made(1, start=at, peak=at, end=at + 300, state="closed", score=1.5)])
    assert usual.shift(MONDAY + 28 * DAY) == before


def test_it_stays_through_restarts_and_belongs_to_its_detector(tmp_path):
    judge, usual = camera(path=tmp_path / "usual" / "a.npz")
    play(judge, lambda at: 0.5, 3)
    usual.save()
    at = MONDAY + 3 * DAY
    assert abs(usual.shift(at)) > 0.3
    assert camera(path=tmp_path / "usual" / "a.npz")[1].shift(at) == pytest.approx(usual.shift(at))
    other = Usual(HELD_OUT, 2.0, forget_s=DAY, path=tmp_path / "usual" / "a.npz")
    assert other.shift(at) == 0.0
    (tmp_path / "usual" / "a.npz").write_bytes(b"PK\3\4 what")
    with pytest.raises(UserError, match="is damaged"):
        camera(path=tmp_path / "usual" / "a.npz")


def test_without_held_out_times_it_stands_still():
    video = ScoredVideo(id="a", scores=np.ones(30, np.float32))
    assert highest_of([video]) == []
    judge = Judge(Rule(THRESHOLD), Usual([], THRESHOLD, forget_s=DAY))
    play(judge, lambda at: 0.9, 3)
    assert judge.shift == 0.0


def test_the_highest_of_held_out_clips():
    scores = np.arange(45, dtype=np.float32)
    labels = np.zeros(45, np.uint8)
    labels[19] = 1
    video = ScoredVideo(id="a", scores=scores, labels=labels, fps=2.0)
    assert highest_of([video]) == [18.0, 39.0]
