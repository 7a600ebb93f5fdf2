"""One newest frame of each source waits, however slow the other side is."""

import threading
import time

import numpy as np

from vadjax.live.inbox import Arrival, Inbox, Report


def frame(number, is_first=False):
    return Arrival(np.zeros((2, 2), np.uint8), float(number), 0.0, 0.0, None, is_first)


def test_a_frame_replaces_the_one_that_waits_and_is_counted():
    inbox = Inbox(["a", "b"])
    for number in range(1000):
        inbox.put("a", frame(number, is_first=number == 0))
    inbox.put("b", frame(7))
    found = inbox.take("a", 0)
    assert [one.at for one in found] == [999.0]
    assert [one.at for one in inbox.take("b", 0)] == [7.0]
    assert found[0].is_first  # the stream begins anew with it all the same
    assert (inbox.dropped("a"), inbox.dropped("a"), inbox.dropped("b")) == (999, 0, 0)
    assert inbox.take("a", 0.01) == []


def test_reports_keep_their_place_among_frames():
    inbox, lost = Inbox(["a"]), Report("lost", "gone", 0.0)
    for item in (frame(1), frame(2), lost, frame(3), frame(4)):
        inbox.put("a", item)
    found = [one for one in inbox.take("a", 0)]
    assert [getattr(one, "at", None) for one in found] == [2.0, None, 4.0]


def test_a_file_waits_for_its_frames_to_be_taken():
    inbox, taken = Inbox(["a"]), []

    def write():
        for number in range(50):
            inbox.put("a", frame(number), wait=True)

    thread = threading.Thread(target=write)
    thread.start()
    while len(taken) < 50:
        taken += [one.at for one in inbox.take("a", 1.0)]
        time.sleep(0.001)
    thread.join()
    assert taken == list(range(50)) and not inbox.dropped("a")


def test_nobody_waits_after_the_end():
    inbox = Inbox(["a"])
    inbox.put("a", frame(0))
    thread = threading.Thread(target=inbox.put, args=("a", frame(1)), kwargs={"wait": True})
    thread.start()
    inbox.close()
    thread.join(timeout=5)
    assert not thread.is_alive() and not inbox.put("a", frame(2))
