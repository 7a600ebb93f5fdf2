"""Episodes of one source -> events with pictures and clips, put into the store as they go on."""

import dataclasses
import pathlib
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence

from vadjax.data.scored_video import Finding
from vadjax.errors import UserError
from vadjax.evaluation.episodes import Episode
from vadjax.live.clips import ClipWriter, Recorder, encoder
from vadjax.live.disk import Disk
from vadjax.live.event import Event, new_id
from vadjax.live.event_store import EventStore
from vadjax.live.likeness import like
from vadjax.live.pictures import Box
from vadjax.live.settings import SourceSettings
from vadjax.live.zones import applies
from vadjax.storage.files import atomic_write

_PATH = 200  # boxes of an event that are remembered
UPDATE_S = 2.0  # at least between two changes of an event that goes on
_WAITING = 1000  # changes that wait while the store cannot be written


class Keeper:
    """Puts events into the store; those that it refuses for now wait and are put later.

    Args:
        store: of the watch.
    """

    def __init__(self, store: EventStore):
        self._store, self._waiting = store, list[Event]()
        self._lock = threading.Lock()  # the writer of clips puts too
        self.fault = ""

    def put(self, event: Event) -> None:
        """Keep an event, after those that wait."""
        with self._lock:
            self._waiting = [*self._waiting, event][-_WAITING:]
        self.flush()

    def flush(self) -> None:
        """Try again to put what waits."""
        with self._lock:
            try:
                while self._waiting:
                    self._store.put(self._waiting[0])
                    del self._waiting[0]
                self.fault = ""
            except sqlite3.OperationalError as error:  # a full disk, or another process holds it
                self.fault = f"events cannot be written ({error}); they wait in memory"


@dataclasses.dataclass
class Peak:
    """What was seen at the highest score of an episode.

    Attributes:
        score: of the frame.
        jpeg: with heat map and box.
        box: as fractions of the frame, or None.
        finding: of the detector, or None.
    """

    score: float
    jpeg: bytes
    box: Box | None
    finding: Finding | None


class EventLog:
    """Writes the anomalies of one source.

    Attributes:
        shift: by which the threshold has moved for what goes on; scores of episodes are less by it.
        mattering: events of the source that somebody has said matter.

    Args:
        source: its name.
        keeper: where events go.
        folder: of the watch.
        clips: writes the clips.
        disk: says whether there is room.
        recorder: of the source.
        rarity: score -> hours, see `severity`.
        threshold: of the detector.
        asked: gives the zones and the schedule that hold now.
    """

    def __init__(
        self,
        source: str,
        *,
        keeper: Keeper,
        folder: pathlib.Path,
        clips: ClipWriter,
        disk: Disk,
        recorder: Recorder,
        rarity: Callable[[float], float | None],
        threshold: float | None,
        asked: Callable[[], SourceSettings] = SourceSettings,
    ):
        self.source, self._keeper, self._folder = source, keeper, folder
        self._clips, self._disk, self._recorder = clips, disk, recorder
        self._rarity, self._threshold = rarity, threshold
        self._asked, self.shift = asked, 0.0
        self.mattering: Sequence[Event] = ()
        self._now: Event | None = None
        self._seen = 0.0  # how far it has come, seconds since 1970 UTC
        self._told = False  # whether it has been put
        self._path: list[Box] = []  # its boxes so far
        self._put = 0.0  # when it was put last, by `time.monotonic`
        self._shown = -float("inf")  # the score of the picture that is written

    @property
    def current(self) -> Event | None:
        """The anomaly that goes on."""
        return self._now

    def open(self, episode: Episode, wall: float, peak: Peak | None) -> Event:
        """Announce an episode.

        Args:
            episode: that has begun.
            wall: seconds since 1970 UTC at the time 0 of the episode's.
            peak: what was seen so far.

        Returns:
            The event.
        """
        start = episode.begin + wall
        self._now = Event(
            new_id(self.source, start),
            self.source,
            "anomaly",
            "open",
            start,
            episode.peak_at + wall,
        )
        self._shown, self._told, self._path = -float("inf"), False, []
        self._recorder.begin()
        self._change(episode, wall, peak, state="open")
        return self._now

    def go_on(self, episode: Episode, wall: float, peak: Peak | None) -> None:
        """Update the event where its peak has risen, and not too often; see `open`.

        Args:
            episode: as it is now.
            wall: see `open`.
            peak: what was seen so far.
        """
        now = self._now
        if now is None or time.monotonic() - self._put < UPDATE_S:
            return
        if now.score is None or episode.score + self.shift > now.score or not self._told:
            self._change(episode, wall, peak, state="updated")

    def close(self, episode: Episode, wall: float, peak: Peak | None) -> Event | None:
        """End the event; it is put as closed when its clip is there.

        Args:
            episode: that has ended.
            wall: see `open`.
            peak: what was seen at its highest score.

        Returns:
            The event; None where none was open.
        """
        if self._now is None:
            return None
        event = self._described(self._now, episode, wall, peak)
        event = dataclasses.replace(event, state="closed", end=episode.end + wall)
        self._now, frames = None, self._recorder.end()
        if not self._counts(event):
            return None
        name = f"clips/{event.id}{encoder()[1]}"
        keeper = self._keeper

        def done(written: bool) -> None:
            keeper.put(dataclasses.replace(event, clip=name if written else None))

        if self._disk.has_room:
            self._clips.write(self._folder / name, frames, done)
        else:
            done(False)
        return event

    def note(self, kind: str, wall: float, sentence: str, *, state: str = "closed") -> Event:
        """Put an event about the source itself.

        Args:
            kind: see `event.KINDS`.
            wall: when it happened, seconds since 1970 UTC.
            sentence: what happened.
            state: "open" where it goes on.

        Returns:
            The event.
        """
        end = wall if state == "closed" else None
        event = Event(
            new_id(self.source, wall), self.source, kind, state, wall, wall, end, sentence=sentence
        )
        self._keeper.put(event)
        return event

    def end(self, event: Event, wall: float) -> None:
        """Close an event about the source itself.

        Args:
            event: what `note` returned.
            wall: when it ended.
        """
        self._keeper.put(dataclasses.replace(event, state="closed", end=max(wall, event.start)))

    def _change(self, episode: Episode, wall: float, peak: Peak | None, *, state: str) -> None:
        assert self._now is not None
        self._seen = episode.end + wall
        event = self._described(self._now, episode, wall, peak)
        self._now = dataclasses.replace(event, state=state)
        self._put = time.monotonic()
        if self._counts(self._now):
            self._keeper.put(self._now)

    def _counts(self, event: Event) -> bool:
        """Whether zones and schedule let the event be told; told once, it is told to its end."""
        if event.box is not None and (not self._path or self._path[-1] != event.box):
            self._path = [*self._path, event.box][-_PATH:]
        if self._told:
            return True
        now = event.start if event.end is None else event.end
        now = max(now, event.peak, self._seen)
        if not applies(self._asked(), event, now, path=self._path):
            if event.state == "closed" and event.picture is not None:
                (self._folder / event.picture).unlink(missing_ok=True)
            return False
        self._told = True
        if event.state != "open":  # whoever is told of its end has to know of its beginning
            self._keeper.put(dataclasses.replace(event, state="open", end=None))
        return True

    def _described(self, event: Event, episode: Episode, wall: float, peak: Peak | None) -> Event:
        """Add what is known of the peak, and write its picture."""
        found = peak.finding if peak else None
        event = dataclasses.replace(
            event,
            peak=episode.peak_at + wall,
            score=episode.score + self.shift,
            threshold=None if self._threshold is None else self._threshold + self.shift,
            cue=found.cue or None if found else None,
            sentence=found.text or None if found else None,
            expected=found.usual if found else None,
            actual=found.value if found else None,
            box=peak.box if peak else None,
            rarer_than_hours=self._rarity(episode.score),
            picture=self._picture(event, peak),
        )
        return dataclasses.replace(event, like=like(event, self.mattering))

    def _picture(self, event: Event, peak: Peak | None) -> str | None:
        if peak is None or peak.score <= self._shown or not self._disk.has_room:
            return event.picture
        name = f"pictures/{event.id}.jpg"
        try:
            with atomic_write(self._folder / name) as beside:
                beside.write_bytes(peak.jpeg)
        except UserError:  # the disk has filled up within the last seconds
            return event.picture
        self._shown = peak.score
        return name
