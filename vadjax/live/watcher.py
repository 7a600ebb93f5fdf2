"""Watches sources: of each one thread decodes and one scores; events are kept in one store."""

import dataclasses
import pathlib
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from threadpoolctl import threadpool_limits

from vadjax.errors import UserError
from vadjax.live.blur import Blur
from vadjax.live.clips import ClipWriter, Recorder
from vadjax.live.clock import Clock
from vadjax.live.disk import Disk
from vadjax.live.event_log import EventLog, Keeper
from vadjax.live.event_store import EventStore
from vadjax.live.feed import Feed
from vadjax.live.feedback import Feedback
from vadjax.live.inbox import Inbox
from vadjax.live.learning import Learner
from vadjax.live.scorer import Scorer, Watching
from vadjax.live.settings import SettingsFile, SourceSettings
from vadjax.live.settled import Settings
from vadjax.live.severity import Severity
from vadjax.live.source import Source
from vadjax.live.status import Status
from vadjax.live.usual import Usual, highest_of
from vadjax.live.watched import Watched
from vadjax.pipeline.trained import TrainedDetector
from vadjax.runtime.console import Console
from vadjax.storage import artifacts
from vadjax.storage.files import short_name

LOOK_S = 0.25  # from one look at what concerns all sources to the next
PRUNE_S = 600.0  # from one enforcement of the retention to the next
ANSWER_S = 1.0  # from one look at people's answers to the next
SAY_S = 600.0  # from one line about each source to the next


class Watcher:
    """A watch of several sources.

    Args:
        sources: what is watched.
        detectors: a `TrainedDetector` by the name of its source; a source without one is learnt.
        folder: of the events, their clips and pictures.
        settings: see `Settings`.
        console: where progress is said.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        detectors: Mapping[str, Any],
        *,
        folder: pathlib.Path,
        settings: Settings,
        console: Console,
    ):
        names = [source.name for source in sources]
        self.folder, self.settings, self._console = folder, settings, console
        self.store, self.status = EventStore(folder), Status(names)
        self._inbox, self._clock = Inbox(names), Clock()
        self._disk, self._clips = Disk(folder), ClipWriter()
        self._keeper = Keeper(self.store)
        self._asked, self._fault = SettingsFile(folder), ""
        self._finish_left()
        self._feedback = Feedback(self.store)
        self._feeds = {
            source.name: Feed(
                source,
                self._inbox,
                self.status,
                as_fast=settings.as_fast,
                max_fps=settings.max_fps,
                start=settings.start,
                fps=settings.fps,
                memory=folder / "read" / f"{short_name(source.name)}.json",
                device=settings.device,
            )
            for source in sources
        }
        self._ended = threading.Event()  # a source has, or all are to end
        self._scorers = {
            name: Scorer(
                name,
                self.watched(name, detectors[name]) if name in detectors else self._learner(name),
                inbox=self._inbox,
                feed=self._feeds[name],
                status=self.status,
                then=self._then,
                say=console.say,
                ended=self._ended,
            )
            for name in names
        }
        self._full: Any = None  # the event that says that the disk is full
        self._said = self._pruned = self._answered = time.monotonic()
        self._stopping = False

    def watched(self, name: str, detector: Any, *, learnt: Blur | None = None) -> Watched:
        """Return what watches a source by a detector.

        Args:
            name: of the source.
            detector: a `TrainedDetector`.
            learnt: what has blurred the films that it was learnt from; None: nothing has.

        Returns:
            It, with a log of its own.
        """
        recorder = Recorder(self.settings.before_s)
        rule = self.settings.rule(detector.threshold)
        held_out = artifacts.read_scores(detector.workdir).calibration
        severity, usual = Severity(held_out), None
        if rule is not None and self.settings.forget_s is not None:
            usual = Usual(
                highest_of(held_out),
                rule.threshold,
                forget_s=self.settings.forget_s,
                path=self.folder / "usual" / f"{short_name(name)}.npz",
            )
        log = EventLog(
            name,
            keeper=self._keeper,
            folder=self.folder,
            clips=self._clips,
            disk=self._disk,
            recorder=recorder,
            rarity=severity.rarer_than_hours,
            threshold=detector.threshold,
            asked=lambda: self._asked_of(name),
        )
        return Watched(
            detector,
            rule,
            log=log,
            status=self.status,
            recorder=recorder,
            clock=self._clock,
            fps=self.settings.fps,
            asked=lambda: self._asked_of(name),
            feedback=self._feedback,
            usual=usual,
            blur=learnt or self.settings.blur(),
            scores_blurred=learnt is not None,
        )

    def _learner(self, name: str) -> Learner:
        """Return what learns a source that no detector was given for."""
        folder = self.folder / "learnt" / short_name(name)
        return Learner(
            name,
            folder=folder,
            learn_s=self.settings.learn_s,
            status=self.status,
            wait=self.settings.as_fast,
            blur=self.settings.blur(),
        )

    def _then(self, watching: Watching) -> Watching:
        """Return what watches a source that has been learnt; else the same."""
        if not isinstance(watching, Learner) or watching.run is None:
            return watching
        detector = TrainedDetector(watching.run, console=self._console)
        self._console.say(f"  {watching.source} has been learnt: {watching.run}")
        self.status.set_state(watching.source, "watching")
        learnt = watching.blur if watching.blur.mode else None
        return self.watched(watching.source, detector, learnt=learnt)

    def _asked_of(self, name: str) -> SourceSettings:
        """Return what people have set on the page; what a damaged file says is told once."""
        try:
            return self._asked.read().of(name)
        except UserError as error:
            if str(error) != self._fault:
                self._fault = str(error)
                self._console.say(f"  WARNING: {error}")
            return SourceSettings()

    def stop(self) -> None:
        """Let `run` end soon; may be called from any thread."""
        self._stopping = True
        self._ended.set()

    def run(self) -> None:
        """Watch until all sources have ended, or until `stop`."""
        for feed in self._feeds.values():
            feed.start()
        try:
            with threadpool_limits(1, "blas"):  # products this small wait for threads
                for scorer in self._scorers.values():
                    scorer.start()
                while any(scorer.is_alive() for scorer in self._scorers.values()):
                    self._ended.wait(LOOK_S)
                    if self._stopping:
                        break
                    self._ended.clear()
                    self._raise()
                    self._look_around()
                self._raise()
        finally:
            self._close()

    def _raise(self) -> None:
        """Raise what has ended the thread of a source."""
        for scorer in self._scorers.values():
            if scorer.error is not None:
                raise scorer.error

    def _look_around(self) -> None:
        """Do what is done now and then."""
        wall, now = self._clock()
        if jump := self._clock.jump():
            for feed in self._feeds.values():
                feed.set_clock(jump)
            self._tell("clock_jump", f"the clock of this machine was set by {jump:+.0f} s")
        self._keeper.flush()
        if now - self._answered >= ANSWER_S:
            self._answered = now
            for name in self._feedback.news() & self._scorers.keys():
                self._scorers[name].tell_news()
        self._look_at_disk(wall)
        if now - self._pruned >= PRUNE_S:
            self._pruned = now
            self.store.prune(days=self.settings.days, gigabytes=self.settings.gigabytes)
        if now - self._said >= SAY_S:
            self._said = now
            for name in self.status.sources:
                one = self.status.health(name)
                more = f"; {one.message}" if one.message else ""
                self._console.say(
                    f"  {name}: {one.state}, {one.frames} frames, {one.fps:.1f} a second, "
                    f"{one.dropped} dropped{more}"
                )

    def _look_at_disk(self, wall: float) -> None:
        if self._disk.has_room and self._full is not None:
            self._log_of_first().end(self._full, wall)
            self._full = None
        elif not self._disk.has_room and self._full is None:
            text = f"the disk of {self.folder} is full: events go on without clips and pictures"
            self._console.say(f"  WARNING: {text}")
            self._full = self._log_of_first().note("disk_full", wall, text, state="open")

    def _tell(self, kind: str, sentence: str) -> None:
        self._log_of_first().note(kind, self._clock()[0], sentence)
        self._console.say(f"  {sentence}")

    def _log_of_first(self) -> EventLog:
        """Return a log for what concerns the whole watch."""
        return EventLog(
            self.status.sources[0],
            keeper=self._keeper,
            folder=self.folder,
            clips=self._clips,
            disk=self._disk,
            recorder=Recorder(0.0),
            rarity=lambda score: None,
            threshold=None,
        )

    def _finish_left(self) -> None:
        """Close events that a process which was killed has left open."""
        for event in self.store.unfinished():
            self.store.put(
                dataclasses.replace(event, state="closed", end=max(event.start, event.peak))
            )

    def _close(self) -> None:
        for feed in self._feeds.values():
            feed.stop()
        self._inbox.close()
        for scorer in self._scorers.values():
            scorer.stop()
            if isinstance(scorer.watching, Learner):
                scorer.watching.give_up()
        for scorer in self._scorers.values():
            if scorer.ident is not None:
                scorer.join()
            try:
                scorer.watching.close()
            except UserError as error:
                self._console.say(f"  {error}")
        if self._full is not None:
            self._log_of_first().end(self._full, self._clock()[0])
        self._clips.close()
        self._keeper.flush()
        for feed in self._feeds.values():
            if feed.is_alive():
                feed.join(timeout=1.0)
        self.store.close()
