"""Runs are finished in threads: each once, told in order, no error lost."""

import threading

import pytest

from vadjax.pipeline.run import Memory
from vadjax.sweeps.finishers import AHEAD, Finishers


@pytest.fixture
def told():
    return []


@pytest.fixture
def tell(told):
    return lambda run, error: told.append((run, error))


def test_every_run_is_told_once_with_its_error(told, tell):
    with Finishers(lambda run, extra: f"{run} failed" if run % 3 == extra else "", tell) as these:
        for run in range(20):
            these.take(run, 0)
            these.tell()
        these.end()
    assert sorted(told) == [(run, f"{run} failed" if run % 3 == 0 else "") for run in range(20)]


def test_finishing_waits_for_nobody_who_trains(told, tell):
    """The caller goes on while a run is being finished; what is not done is not told."""
    go = threading.Event()

    def finish(run):
        assert go.wait(10)
        return ""

    with Finishers(finish, tell, threads=1) as finishers:
        finishers.take("a")
        finishers.tell()
        assert told == []
        go.set()
        finishers.end()
    assert told == [("a", "")]


def test_what_is_raised_is_tried_again_when_all_else_is_done(told, tell):
    """Beside a training there may be no room on the device for scoring, and after it there is."""
    asked = []

    def finish(run):
        asked.append(run)
        if (run == 1 and asked.count(1) == 1) or run == 2:
            raise MemoryError(run)
        return ""

    with Finishers(finish, tell) as finishers:
        for run in range(4):
            finishers.take(run)
        finishers.end()
    assert sorted(told[:2]) == [(0, ""), (3, "")]
    assert told[2:] == [(1, ""), (2, "MemoryError: 2")]


def test_training_waits_where_too_many_runs_wait(told, tell):
    go = threading.Event()

    def finish(run):
        assert go.wait(10)
        return ""

    with Finishers(finish, tell, threads=1) as finishers:
        for run in range(AHEAD):
            finishers.take(run)
        threading.Timer(0.05, go.set).start()
        finishers.take(AHEAD)  # returns once the first is finished
        assert go.is_set()
        finishers.end()
    assert len(told) == AHEAD + 1


def test_leaving_drops_what_nobody_has_begun(tell):
    started, go, begun = threading.Event(), threading.Event(), []

    def finish(run):
        begun.append(run)
        started.set()
        assert go.wait(10)
        return ""

    with pytest.raises(KeyboardInterrupt), Finishers(finish, tell, threads=1) as finishers:
        for run in range(5):
            finishers.take(run)
        assert started.wait(10)
        threading.Timer(0.05, go.set).start()
        raise KeyboardInterrupt
    assert begun == [0]


def test_memory_makes_a_thing_once_whoever_asks():
    memory, made, together = Memory(), [], threading.Barrier(4)

    def ask():
        together.wait()
        assert memory.once("key", lambda: made.append(1) or len(made)) == 1

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
