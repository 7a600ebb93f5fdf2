"""Scores of one source become events, however they come."""

import numpy as np
import pytest

from vadjax.data.scored_video import Finding
from vadjax.detectors.contract import FrameScore
from vadjax.errors import UserError
from vadjax.evaluation.episodes import Rule
from vadjax.live.clips import ClipWriter, Recorder
from vadjax.live.disk import Disk
from vadjax.live.event_log import EventLog, Keeper
from vadjax.live.event_store import EventStore
from vadjax.live.inbox import Arrival, Report
from vadjax.live.settings import SourceSettings, Zone
from vadjax.live.status import Status
from vadjax.live.watched import Watched

WALL = 1_700_000_000.0


class Stream:
    """Gives the level of the middle pixel as the score, `delay` frames later."""

    def __init__(self, delay, fps):
        self.delay, self.fps, self.frames = delay, fps, []

    def update(self, frame, time=None):
        self.frames.append(frame)
        number = len(self.frames) - 1 - self.delay
        return [] if number < 0 else [self._score(number)]

    def _score(self, number):
        level = float(self.frames[number][8, 8])
        heat = np.zeros((4, 4), np.float32)
        heat[2, 1] = level
        return FrameScore(number, None, None if number == 0 else level, heat)

    def close(self):
        return [
            self._score(n) for n in range(len(self.frames))[max(0, len(self.frames) - self.delay) :]
        ]


class Saying(Stream):
    def finding(self, kept=None):
        return Finding(0, "speed", f"level {self.frames[-1][8, 8]}", (4, 8, 4, 4), 2.0, 1.0, "x")


class OneSize(Stream):
    """Refuses frames that are not of 16 rows, as a detector of one camera does."""

    def update(self, frame, time=None):
        if len(frame) != 16:
            raise UserError(f"frames have {len(frame)} rows, not 16")
        return super().update(frame, time)


class Detector:
    def __init__(self, kind=Stream, delay=0):
        self.kind, self.delay, self.streams = kind, delay, []

    def stream(self, fps=None):
        self.streams.append(self.kind(self.delay, fps))
        return self.streams[-1]


class Clock:
    now = 0.0

    def __call__(self):
        return WALL + self.now, self.now


@pytest.fixture
def make(tmp_path):
    opened = []

    def made(detector, merge=1.0, asked=SourceSettings, watched=None, **values):
        store, status = EventStore(tmp_path), Status(["door"])
        clips, recorder, clock = ClipWriter(), Recorder(1.0), Clock()
        opened.append((store, clips))
        log = EventLog(
            "door",
            keeper=Keeper(store),
            folder=tmp_path,
            clips=clips,
            disk=Disk(tmp_path, **values),
            recorder=recorder,
            rarity=lambda score: score / 10,
            threshold=100.0,
            asked=asked,
        )
        rule = Rule(100.0, merge=merge)
        one = Watched(
            detector,
            rule,
            log=log,
            status=status,
            recorder=recorder,
            clock=clock,
            asked=asked,
            **(watched or {}),
        )

        def feed(levels, start=0, fps=10.0, is_first=False):
            for number, level in enumerate(levels, start):
                frame, at = np.full((16, 16), level, np.uint8), number / fps
                frame[:4, ::2] = 255 - number % 7  # a camera that sees something, and moves
                clock.now = at
                first = is_first and number == start
                one.frame(Arrival(frame, at, WALL + at, at, fps, first))

        def finished():
            one.close()
            clips.close()
            return store

        return one, feed, finished, clock

    yield made
    for store, _ in opened:
        store.close()


def test_an_event_from_its_opening_to_its_clip(make, tmp_path):
    one, feed, finished, _ = make(Detector(Saying))
    feed([10] * 20 + [120, 200, 150] + [10] * 30)
    store = finished()
    changes = [event for _, event in store.changes(0)]
    assert [event.state for event in changes] == ["open", "closed"]
    assert len({event.id for event in changes}) == 1
    event = changes[-1]
    assert event.start == pytest.approx(WALL + 2.0) and event.end == pytest.approx(WALL + 2.3)
    assert event.peak == pytest.approx(WALL + 2.1) and event.score == 200.0
    assert (event.cue, event.sentence, event.actual, event.expected) == ("speed", "level 200", 2, 1)
    assert event.box == (0.25, 0.5, 0.5, 0.75) and event.rarer_than_hours == 20.0
    assert (tmp_path / event.picture).is_file() and (tmp_path / event.clip).is_file()
    health = one._status.health("door")
    assert (health.frames, health.state) == (53, "watching")


def test_a_detector_without_words_has_the_box_of_its_map(make):
    _, feed, finished, _ = make(Detector())
    feed([10] * 5 + [120] + [10] * 20)
    (event,) = finished().list()
    assert event.box == (0.25, 0.5, 0.5, 0.75) and event.sentence is None


def test_scores_that_come_late_belong_to_their_frames(make):
    plain, late = [], []
    levels = [10] * 5 + [120, 130, 10, 140] + [10] * 20 + [150, 10, 150]
    for delay, found in ((0, plain), (3, late)):
        _, feed, finished, _ = make(Detector(delay=delay))
        feed(levels)
        store = finished()
        found += [(e.start, e.peak, e.end, e.score) for e in store.list()]
        for event in store.list(limit=None):
            store._db.execute("DELETE FROM events WHERE id = ?", (event.id,))
    assert len(plain) == 2 and plain == late


def test_the_first_frame_has_the_score_of_the_next_as_in_batch_scoring(make):
    _, feed, finished, _ = make(Detector())
    feed([0, 150] + [10] * 20)
    (event,) = finished().list()
    assert event.start == WALL and event.score == 150.0


def test_a_source_that_is_opened_again_goes_on_with_its_event(make):
    detector = Detector()
    one, feed, finished, clock = make(detector)
    feed([10] * 5 + [120] * 5)
    one.report(Report("lost", "gone", WALL))
    clock.now = 1.4
    one.tick()
    feed([0, 120, 120] + [10] * 20, start=14, is_first=True)
    (event,) = finished().list()
    assert len(detector.streams) == 2 and event.kind == "anomaly"
    assert (event.start, event.end) == (pytest.approx(WALL + 0.5), pytest.approx(WALL + 1.7))


def test_silence_is_an_event_and_a_blip_is_none(make):
    one, feed, finished, clock = make(Detector())
    feed([10] * 5)
    one.report(Report("lost", "gone away", WALL))
    clock.now = 9.0
    one.tick()
    feed([10] * 5, start=95, is_first=True)
    assert not one._log._keeper._store.list()
    one.report(Report("lost", "gone away", WALL))
    for later in range(10, 40):
        clock.now = float(later)
        one.tick()
    assert one._status.health("door").state == "lost"
    feed([10] * 5, start=400, is_first=True)
    events = finished().list()[::-1]
    assert [event.kind for event in events] == ["camera_lost", "camera_back"]
    lost = events[0]
    assert (lost.sentence, lost.state) == ("gone away", "closed")
    assert (lost.start, lost.end) == (pytest.approx(WALL + 9.9, abs=0.6), WALL + 40.0)


def test_an_event_is_over_when_its_source_stays_silent(make):
    """As at the end of a folder that may grow: no later frame ends it."""
    one, feed, finished, clock = make(Detector())
    feed([10] * 5 + [120] * 5)
    clock.now = 11.0
    one.tick()
    assert one._judge.current is not None
    clock.now = 12.5
    one.tick()
    assert one._judge.current is None
    feed([10] * 5 + [120] * 5 + [10] * 20, start=200)
    last, first = finished().list()
    assert first.end == pytest.approx(WALL + 1.0) and last.start == pytest.approx(WALL + 20.5)


def test_frames_that_a_detector_refuses_are_an_event_and_no_end(make):
    one, feed, finished, _ = make(Detector(OneSize))
    feed([10] * 5 + [120])
    for number in range(6, 30):
        big = np.full((32, 40), 10 + number, np.uint8)
        one.frame(Arrival(big, number / 10, WALL + number / 10, number / 10, 10.0, number == 6))
    assert "32 rows" in one._status.health("door").message
    feed([10] * 5 + [120] + [10] * 20, start=30, is_first=True)
    events = {event.kind: [] for event in finished().list()}
    for event in finished().list()[::-1]:
        events[event.kind].append(event)
    (changed,) = events["camera_changed"]
    assert (changed.start, changed.end) == (pytest.approx(WALL + 0.6), pytest.approx(WALL + 3.0))
    assert [event.start for event in events["anomaly"]] == pytest.approx([WALL + 0.5, WALL + 3.5])


def test_frames_that_were_refused_from_the_first_end_the_watch(make):
    one, *_ = make(Detector(OneSize))
    with pytest.raises(UserError, match="32 rows"):
        one.frame(Arrival(np.zeros((32, 40), np.uint8), 0.0, WALL, 0.0, 10.0, True))


def test_without_room_events_go_on_and_files_stop(make, tmp_path):
    _, feed, finished, _ = make(Detector(), reserve=1 << 60)
    feed([10] * 5 + [120] + [10] * 20)
    (event,) = finished().list()
    assert (event.state, event.clip, event.picture) == ("closed", None, None)


def test_a_camera_that_is_covered_is_an_event_and_raises_no_other(make):
    one, feed, finished, clock = make(Detector())
    feed([10] * 20)
    for number in range(20, 150):
        clock.now = number / 10
        frame = np.full((16, 16), 150, np.uint8)  # nothing but the score's pixel, above threshold
        one.frame(Arrival(frame, number / 10, WALL + number / 10, number / 10, 10.0, False))
    feed([10] * 40, start=150)
    changed, anomaly = finished().list()
    assert (changed.kind, changed.state) == ("camera_changed", "closed")
    assert "shows nothing" in changed.sentence
    assert changed.start == pytest.approx(WALL + 7, abs=1.1)
    assert changed.end == pytest.approx(WALL + 15, abs=1.1)
    assert anomaly.kind == "anomaly" and anomaly.end == pytest.approx(changed.start, abs=0.2)


def zone(kind, *corners, **values):
    return Zone(kind, corners, **values)


LEFT = ((0, 0), (0.5, 0), (0.5, 1), (0, 1))  # where the peak of `Stream` is
RIGHT = ((0.5, 0), (1, 0), (1, 1), (0.5, 1))


@pytest.mark.parametrize(
    ("zones", "told"),
    [
        ((), 1),
        ((zone("ignore", *LEFT),), 0),
        ((zone("ignore", *RIGHT),), 1),
        ((zone("only", *RIGHT),), 0),
        ((zone("loiter", *LEFT, seconds=3.0),), 0),
        ((zone("loiter", *LEFT, seconds=1.0),), 1),
    ],
)
def test_zones_hide_events(make, zones, told, tmp_path):
    settings = SourceSettings(zones=zones)
    one, feed, finished, _ = make(Detector(), asked=lambda: settings)
    feed([10] * 5 + [120] * 20 + [10] * 20)
    events = finished().list()
    assert len(events) == told and len(list((tmp_path / "pictures").glob("*.jpg"))) == told
    if any(each.kind in ("ignore", "only") for each in zones) and not told:
        assert max(score for _, score, _ in one._status.scores("door")) < 100
    if told:
        changes = [event.state for _, event in one._log._keeper._store.changes(0)]
        assert changes[0] == "open" and changes[-1] == "closed"


def test_a_detector_that_has_learnt_blurred_frames_is_shown_such(make):
    for scores_blurred in (False, True):
        detector = Detector()
        watched = {"blur": lambda frame: frame // 2, "scores_blurred": scores_blurred}
        _, feed, _, _ = make(detector, watched=watched)
        feed([100, 100])
        levels = {int(frame[8, 8]) for frame in detector.streams[0].frames}
        assert levels == ({50} if scores_blurred else {100})
