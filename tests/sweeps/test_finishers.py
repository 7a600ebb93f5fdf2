"""Runs are finished in threads: each once, told in order, no error lost."""

import threading
import time

import pytest

from vadjax.context import Memory
from vadjax.sweeps import group
from vadjax.sweeps.finishers import AHEAD, Finishers


def test_every_run_is_told_once_with_its_error():
    with Finishers(lambda run, extra: f"{run} failed" if run % 3 == extra else "") as finishers:
        told = []
        for run in range(20):
            finishers.take(run, 0)
            told += finishers.done()
        told += finishers.done(wait=True)
    assert sorted(told) == [(run, f"{run} failed" if run % 3 == 0 else "") for run in range(20)]


def test_finishing_waits_for_nobody_who_trains():
    """The caller goes on while a run is being finished; what is not done is not told."""
    go = threading.Event()

    def finish(run):
        assert go.wait(10)
        return ""

    with Finishers(finish, threads=1) as finishers:
        finishers.take("a")
        assert list(finishers.done()) == []
        go.set()
        assert list(finishers.done(wait=True)) == [("a", "")]


def test_what_is_raised_comes_after_the_runs_that_are_done():
    def finish(run):
        if run == 1:
            raise MemoryError(run)
        return ""

    with Finishers(finish) as finishers:
        for run in range(4):
            finishers.take(run)
        told = finishers.done(wait=True)
        assert [next(told), next(told), next(told)] == [(0, ""), (2, ""), (3, "")]
        with pytest.raises(MemoryError):
            next(told)


def test_training_waits_where_too_many_runs_wait():
    go, begun = threading.Event(), []

    def finish(run):
        begun.append(run)
        assert go.wait(10)
        return ""

    with Finishers(finish, threads=1) as finishers:
        for run in range(AHEAD):
            finishers.take(run)
        threading.Timer(0.05, go.set).start()
        finishers.take(AHEAD)  # returns once the first is finished
        assert go.is_set()
        assert len(list(finishers.done(wait=True))) == AHEAD + 1


def test_leaving_drops_what_nobody_has_begun():
    started, go, begun = threading.Event(), threading.Event(), []

    def finish(run):
        begun.append(run)
        started.set()
        assert go.wait(10)
        return ""

    with pytest.raises(KeyboardInterrupt), Finishers(finish, threads=1) as finishers:
        for run in range(5):
            finishers.take(run)
        assert started.wait(10)
        threading.Timer(0.05, go.set).start()
        raise KeyboardInterrupt
    assert begun == [0]


def test_a_training_that_breaks_takes_no_finished_run_with_it(monkeypatch):
    def trained(*_, **__):
        yield "a", []
        raise RuntimeError("the device is gone")

    monkeypatch.setattr(group, "_trained", trained)
    monkeypatch.setattr(group, "_finished", lambda run, pairs: time.sleep(0.05) or "")
    told = group.train_group(group.Group([], [], {}, {}), slots=1)
    assert next(told) == ("a", "")
    with pytest.raises(RuntimeError, match="gone"):
        next(told)


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
