"""Rates and times left are those of the same recent seconds."""

import pytest

from vadjax.runtime.pace import Pace, seconds, silence_s


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def counted(*reports, total=1000):
    clock = Clock()
    pace = Pace(total, "frames", clock)
    for at, done in reports:
        clock.now = 100.0 + at
        pace.add(done)
    return pace


def test_nothing_is_known_at_first():
    assert counted().rate is None and str(counted((0, 0))) == ""
    assert counted((0, 5), (1, 5)).left_s is None


def test_a_resumed_run_does_not_count_what_was_there():
    assert counted((0, 400), (10, 500)).rate == 10
    assert str(counted((0, 400), (10, 500))) == "10.0 frames/s, 50 s left"


def test_rate_and_time_left_forget_a_slow_start_together():
    reports = [(0, 0), (100, 10), *((100 + n, 10 + 10 * n) for n in range(1, 41))]
    pace = counted(*reports)
    assert pace.rate == pytest.approx(10)  # over the whole run it would be 2.9
    assert pace.left_s == pytest.approx((1000 - 410) / pace.rate)


def test_rare_reports_still_have_a_rate():
    pace = counted((0, 0), (90, 1), (180, 2), (270, 3), total=10)
    assert pace.rate == pytest.approx(1 / 90)
    assert str(pace) == "40.0 frames/h, 10 min 30 s left"


def test_what_is_done_at_once_has_no_rate():
    assert str(counted((40, 1), (40.001, 2), (40.002, 3), total=36)) == ""
    groups = [(at, done + n) for at, done in ((40, 1), (80, 4)) for n in range(3)]
    assert counted((0, 0), *groups, total=36).rate == pytest.approx(6 / 80)
    assert counted((0, 0), *groups, *((120, 7 + n) for n in range(3))).rate == pytest.approx(3 / 40)


def test_words_for_seconds():
    assert [seconds(s) for s in (0.4, 59.6, 3599)] == ["0 s", "1 min 0 s", "59 min 59 s"]


def test_a_log_is_never_silent_for_long_and_never_long():
    assert silence_s(0) == 5 and silence_s(80) == 10 and silence_s(1e6) == 60
    elapsed, lines = 0.0, 0
    while elapsed < 36000:
        elapsed, lines = elapsed + silence_s(elapsed), lines + 1
    assert lines < 650  # ten hours
