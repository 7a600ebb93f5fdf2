"""Stages in threads: order, bounded queues, errors, early ends, and how busy each was."""

import itertools
import threading
import time

import pytest

from vadjax.features.stages import Busy, ahead


def test_items_come_in_order_whatever_the_depth():
    for depth in (1, 3, 100):
        assert [*ahead(range(20), depth=depth)] == [*range(20)]
    assert [*ahead([], depth=1)] == []


def test_no_more_is_made_than_fits_into_the_queue():
    made = []

    def numbers():
        for number in itertools.count():
            made.append(number)
            yield number

    items = ahead(numbers(), depth=2)
    assert next(items) == 0
    time.sleep(0.3)
    assert len(made) <= 4  # one taken, two waiting, one that waits for room
    items.close()


def test_two_stages_work_at_the_same_time():
    """Each waits for the other's next item to have begun, which one thread could not."""
    meet = threading.Barrier(2, timeout=20)

    def first():
        for number in range(3):
            if number:
                meet.wait()
            yield number

    for number in ahead(first(), depth=1):
        if number < 2:
            meet.wait()


def test_an_error_is_raised_behind_what_came_before_it():
    def broken():
        yield 1
        raise ValueError("here")

    items = ahead(broken(), depth=4)
    assert next(items) == 1
    with pytest.raises(ValueError, match="here"):
        next(items)


def test_who_stops_early_ends_the_thread_and_closes_what_it_reads():
    closed = []

    def endless():
        try:
            yield from itertools.count()
        finally:
            closed.append(threading.current_thread())

    before = threading.active_count()
    items = ahead(endless(), depth=1)
    assert [next(items), next(items)] == [0, 1]
    items.close()
    assert len(closed) == 1 and closed[0] is not threading.current_thread()
    assert threading.active_count() == before


def test_busy_counts_work_and_not_waiting():
    busy = Busy()

    def slow():
        for number in range(4):
            time.sleep(0.05)
            yield number

    for _ in ahead(slow(), depth=1, busy=busy, stage="slow"):
        with busy.of("quick"):
            time.sleep(0.005)
    shares = busy.shares()
    assert shares["slow"] > 0.6 and shares["quick"] < 0.5 * shares["slow"]
