"""Sources are scored side by side, each by its own thread, and none holds up another."""

import threading
import time
import types

import numpy as np
import pytest

from vadjax.errors import UserError
from vadjax.live.inbox import Arrival, Inbox, Report
from vadjax.live.scorer import Scorer
from vadjax.live.status import Status

NAMES = ["a", "b"]


class Watching:
    def __init__(self, take=lambda arrival: None):
        self.take, self.threads, self.news, self.seen = take, set(), 0, []

    def frame(self, arrival):
        self.threads.add(threading.get_ident())
        self.take(arrival)
        self.seen.append(arrival.at)

    def report(self, report):
        self.threads.add(threading.get_ident())

    def tick(self):
        self.threads.add(threading.get_ident())

    def learn(self):
        self.news += 1

    def close(self):
        pass


def frame(number):
    return Arrival(np.zeros((2, 2), np.uint8), float(number), 0.0, 0.0, None, False)


@pytest.fixture
def make():
    inbox, status, ended, made = Inbox(NAMES), Status(NAMES), threading.Event(), []

    def scorer(name, watching, then=lambda watching: watching):
        feed = types.SimpleNamespace(set_step=lambda step: None)
        made.append(
            Scorer(
                name,
                watching,
                inbox=inbox,
                feed=feed,
                status=status,
                then=then,
                say=lambda text: None,
                ended=ended,
            )
        )
        made[-1].start()
        return made[-1]

    yield scorer, inbox, status, ended
    inbox.close()
    for one in made:
        one.stop()
        one.join(5)
        assert not one.is_alive()


def end(inbox, *names):
    for name in names:
        inbox.put(name, Report("ended", "over", 0.0), wait=True)


def test_two_sources_are_scored_at_the_same_time(make):
    scorer, inbox, _, _ = make
    both = threading.Barrier(2, timeout=10)  # passed only by two threads at once
    one, other = Watching(lambda arrival: both.wait()), Watching(lambda arrival: both.wait())
    threads = [scorer("a", one), scorer("b", other)]
    for number in range(5):
        for name in NAMES:
            inbox.put(name, frame(number), wait=True)
    end(inbox, *NAMES)
    for thread in threads:
        thread.join(10)
    assert one.seen == other.seen == [0, 1, 2, 3, 4]
    assert len(one.threads) == len(other.threads) == 1 and one.threads != other.threads


def test_a_slow_source_drops_its_own_frames_alone(make):
    scorer, inbox, status, _ = make
    slow, quick = Watching(lambda arrival: time.sleep(0.3)), Watching()
    threads = [scorer("a", slow), scorer("b", quick)]
    for number in range(40):
        inbox.put("a", frame(number))
        inbox.put("b", frame(number), wait=True)
        time.sleep(0.01)
    end(inbox, *NAMES)
    for thread in threads:
        thread.join(10)
    assert quick.seen == list(range(40)) and status.health("b").dropped == 0
    assert len(slow.seen) < 10 and status.health("a").dropped == 40 - len(slow.seen)


def test_news_and_what_takes_its_place_come_between_frames(make):
    scorer, inbox, _, _ = make
    first, second = Watching(), Watching()
    thread = scorer("a", first, then=lambda watching: second if first.seen else watching)
    inbox.put("a", frame(0), wait=True)
    inbox.put("a", frame(1), wait=True)
    thread.tell_news()
    end(inbox, "a")
    thread.join(10)
    assert first.seen == [0] and second.seen == [1] and first.news + second.news == 1


def test_what_goes_wrong_ends_its_thread_and_is_kept(make):
    def take(arrival):
        raise UserError("frames of another size")

    scorer, inbox, _, ended = make
    thread = scorer("a", Watching(take))
    inbox.put("a", frame(0))
    assert ended.wait(5)
    thread.join(5)
    assert isinstance(thread.error, UserError)
