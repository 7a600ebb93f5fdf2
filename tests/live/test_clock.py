"""The time of day may be set while a watch runs: it is told, and small corrections are not."""

import time

from vadjax.live.clock import Clock


def test_a_clock_that_is_set_is_noticed_once(monkeypatch):
    by, now = 0.0, time.monotonic()
    monkeypatch.setattr(time, "time", lambda: 1e9 + now + by)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    clock = Clock()
    assert clock() == (1e9 + now, now) and clock.jump() == 0.0
    by, now = 3.0, now + 100
    assert clock.jump() == 0.0
    by = 3600.0
    assert abs(clock.jump() - 3600) < 1e-3 and clock.jump() == 0.0
    by, now = -50.0, now + 10
    assert abs(clock.jump() + 3650) < 1e-3 and clock.jump() == 0.0
