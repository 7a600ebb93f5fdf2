"""The executor completes each run once, notifies in order, and loses no error."""

import threading

import pytest

from vadjax.pipeline.memory import Memory
from vadjax.sweeps.executor import MAX_PENDING, RunExecutor


@pytest.fixture
def notified():
    return []


@pytest.fixture
def notify(notified):
    return lambda run, error: notified.append((run, error))


def test_every_run_is_reported_once_with_its_error(notified, notify):
    def complete(run, extra):
        return f"{run} failed" if run % 3 == extra else ""

    with RunExecutor(complete, notify) as executor:
        for run in range(20):
            executor.submit(run, 0)
            executor.poll()
        executor.join()
    assert sorted(notified) == [(run, f"{run} failed" if run % 3 == 0 else "") for run in range(20)]


def test_polling_does_not_wait(notified, notify):
    """The caller continues while a run is being completed; pending runs are not reported."""
    go = threading.Event()

    def finish(run):
        assert go.wait(10)
        return ""

    with RunExecutor(finish, notify, threads=1) as executor:
        executor.submit("a")
        executor.poll()
        assert notified == []
        go.set()
        executor.join()
    assert notified == [("a", "")]


def test_a_run_that_raises_is_retried_last(notified, notify):
    """Memory that scoring lacks while another group trains is free afterwards."""
    asked = []

    def finish(run):
        asked.append(run)
        if (run == 1 and asked.count(1) == 1) or run == 2:
            raise MemoryError(run)
        return ""

    with RunExecutor(finish, notify) as executor:
        for run in range(4):
            executor.submit(run)
        executor.join()
    assert sorted(notified[:2]) == [(0, ""), (3, "")]
    assert notified[2:] == [(1, ""), (2, "MemoryError: 2")]


def test_submit_blocks_while_too_many_runs_are_pending(notified, notify):
    go = threading.Event()

    def finish(run):
        assert go.wait(10)
        return ""

    with RunExecutor(finish, notify, threads=1) as executor:
        for run in range(MAX_PENDING):
            executor.submit(run)
        threading.Timer(0.05, go.set).start()
        executor.submit(MAX_PENDING)  # returns once the first is complete
        assert go.is_set()
        executor.join()
    assert len(notified) == MAX_PENDING + 1


def test_leaving_cancels_runs_that_have_not_begun(notify):
    started, go, begun = threading.Event(), threading.Event(), []

    def finish(run):
        begun.append(run)
        started.set()
        assert go.wait(10)
        return ""

    with pytest.raises(KeyboardInterrupt), RunExecutor(finish, notify, threads=1) as executor:
        for run in range(5):
            executor.submit(run)
        assert started.wait(10)
        threading.Timer(0.05, go.set).start()
        raise KeyboardInterrupt
    assert begun == [0]


def test_memory_computes_a_value_once_for_all_threads():
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
