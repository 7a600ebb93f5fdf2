"""One source that is watched: its frames -> scores -> episodes -> events."""

import collections
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from vadjax.detectors.abilities import Accepts, Finds, Notices
from vadjax.detectors.contract import FrameScore
from vadjax.errors import UserError
from vadjax.evaluation.episodes import Episode, Rule
from vadjax.live.clips import Recorder
from vadjax.live.event import Event
from vadjax.live.event_log import EventLog, Peak
from vadjax.live.feedback import Arrays, Feedback
from vadjax.live.inbox import Arrival, Report
from vadjax.live.judge import Judge
from vadjax.live.mask import Mask
from vadjax.live.pictures import as_fractions, box_of, picture
from vadjax.live.presence import LOST_S, Presence
from vadjax.live.settings import SourceSettings
from vadjax.live.sight import Sight
from vadjax.live.status import Latest, Status
from vadjax.live.usual import Usual

_TRACED = 500  # frames of an episode of which it is noted what was seen
SHOW_S = 0.5  # between two pictures on the page


@dataclasses.dataclass(frozen=True)
class _Waiting:
    """A frame whose score has not come yet."""

    number: int
    arrival: Arrival


class Watched:
    """See the module; all calls come from one thread.

    Args:
        detector: a `TrainedDetector`.
        rule: how scores become episodes; None raises no alarms.
        log: of the source.
        status: where scores and pictures are shown.
        recorder: of the source.
        clock: gives seconds since 1970 UTC and monotonic seconds, as a pair.
        fps: frames a second of a source that does not say its own.
        asked: gives the zones that hold now.
        feedback: what people have said of events; None: nothing is learnt from it.
        usual: scores by the hour of the week; None: the threshold stands still.
        blur: frame -> the frame as it may be shown and stored.
        scores_blurred: the detector has learnt blurred frames, and is shown such.
    """

    def __init__(
        self,
        detector: Any,
        rule: Rule | None,
        *,
        log: EventLog,
        status: Status,
        recorder: Recorder,
        clock: Any,
        fps: float | None = None,
        asked: Callable[[], SourceSettings] = SourceSettings,
        feedback: Feedback | None = None,
        usual: Usual | None = None,
        blur: Callable[[np.ndarray], np.ndarray] = lambda frame: frame,
        scores_blurred: bool = False,
    ):
        self._scores_blurred = scores_blurred
        self._mask, self._feedback, self._blur = Mask(asked), feedback, blur
        self._trace: list[Arrays] = []  # what was seen in the episode that goes on
        self._detector, self._log, self._status, self._clock = detector, log, status, clock
        self.source = log.source
        self._fps = fps
        self._usual, self._judge = usual, Judge(rule, usual)
        self._recorder = recorder
        self._stream: Any = None
        self._rate: float | None = None
        self._waiting: collections.deque[_Waiting] = collections.deque()
        self._unscored: list[_Waiting] = []  # whose scores are those of the next frame
        self._number, self._wall, self._at = 0, 0.0, 0.0
        self._heard_at: float | None = None  # by the monotonic clock
        self._gap = 0.0  # seconds that the last frame is taken to last: those of the one before
        self._peak: Peak | None = None
        self._shown = -np.inf
        self._changed: Event | None = None
        self._sight = Sight()
        self._presence = Presence(log, status, clock)
        self._accepted: list[Arrays] = []
        self._mattering: list[Arrays] = []
        self._level: float | None = None  # by which what was accepted is recognised
        self.learn()

    def frame(self, arrival: Arrival) -> list[FrameScore]:
        """Score the next frame.

        Args:
            arrival: the frame.

        Returns:
            The scores that are final now.
        """
        self._presence.heard(arrival.wall, is_first=not self._number)
        rate = arrival.fps or self._fps
        if self._stream is None or arrival.is_first or rate != self._rate:
            self._restart(rate)
        shown = dataclasses.replace(arrival, frame=self._blur(arrival.frame))
        self._waiting.append(_Waiting(self._number, shown))
        self._number += 1
        self._recorder.update(arrival.at, shown.frame)
        self._sight.update(arrival.at, arrival.frame)
        try:
            read = shown.frame if self._scores_blurred else arrival.frame
            found = self._stream.update(read, arrival.at)
        except UserError as error:  # frames of another size, for instance
            if self._heard_at is None:
                raise  # it never could read this source
            self._stream, found = None, []
            self._look_at_change(arrival.wall, str(error))
        else:
            for one in found:
                self._scored(one, self._waiting.popleft())
            self._look_at_change(arrival.wall)
        self._heard_at = self._clock()[1]
        return found

    def learn(self) -> None:
        """Read anew what people have said of events."""
        if self._feedback is None:
            return
        source = self.source
        self._accepted = self._feedback.accepted(source)
        self._mattering = self._feedback.mattering(source)
        self._log.mattering = self._feedback.answered(source, "matters")
        if self._usual is not None:
            self._usual.told(self._feedback.answered(source, "normal"))
        self._accept()

    def _accept(self) -> None:
        self._level = self._judge.threshold
        for one in self._inner():
            if isinstance(one, Accepts) and self._level is not None:
                one.accept(self._accepted, self._level, never=self._mattering)

    def _inner(self) -> list[Any]:
        """Return the streams of the detectors of all folds."""
        return getattr(self._stream, "inner", [self._stream])

    def report(self, report: Report) -> None:
        """Take what happened to the source.

        Args:
            report: what it was.
        """
        if report.what == "jumped":
            self._log.note("clock_jump", self._clock()[0], report.message)
            return
        if report.what == "ended":
            self.close()
            self._status.set_state(self.source, "ended", report.message)
            return
        self._presence.report(report)

    def tick(self) -> None:
        """Look at the clock: a source that is silent for long is lost, and its event over."""
        quiet_s = LOST_S + self._judge.merge
        if self._heard_at is not None and self._clock()[1] - self._heard_at >= quiet_s:
            self._end(self._judge.close(self._number, self._at + self._gap))
        self._presence.tick()

    def close(self) -> None:
        """End what is open."""
        if self._stream is not None:
            for one in self._stream.close():
                self._scored(one, self._waiting.popleft())
        self._end(self._judge.close(self._number, self._at + self._gap))
        self._presence.close()
        if self._changed is not None:
            self._log.end(self._changed, self._clock()[0])
        if self._usual is not None:
            self._usual.save()
        self._changed = None

    def _look_at_change(self, wall: float, refused: str = "") -> None:
        """Say that the camera does not show what was learnt, and that it does again."""
        said = refused or self._sight.sentence
        if not said and isinstance(self._stream, Notices):
            said = self._stream.changed()
        if said and self._changed is None:
            self._end(self._judge.close(self._number, self._at + self._gap))
            self._changed = self._log.note("camera_changed", wall, said, state="open")
            self._status.set_state(self.source, "watching", said)
        elif not said and self._changed is not None:
            self._log.end(self._changed, wall)
            self._changed = None
            self._status.set_state(self.source, "watching")

    def _restart(self, rate: float | None) -> None:
        """Begin anew with a frame that has none before it."""
        while self._waiting:  # frames that no score came for
            self._waiting.popleft()
        self._unscored.clear()
        self._stream, self._rate = self._detector.stream(fps=rate), rate
        if self._accepted:
            self._accept()

    def _scored(self, one: FrameScore, waiting: _Waiting) -> None:
        if one.score is None:  # filled from its nearest scored frame, as in batch scoring
            self._unscored.append(waiting)
            return
        for earlier in self._unscored:
            self._take(one, earlier, one.score)
        self._unscored.clear()
        self._take(one, waiting, one.score)

    def _take(self, one: FrameScore, waiting: _Waiting, score: float) -> None:
        """Feed one frame's score to the machine, and its outcome to the log."""
        arrival = waiting.arrival
        if one.map is not None and self._mask.hides(one.map.shape):
            one = dataclasses.replace(one, map=self._mask.kept(waiting.number, one.map))
            score = float(one.map.max()) if one.map is not None else score
        self._gap, self._at = arrival.at - self._at, arrival.at
        self._wall = arrival.wall - arrival.at
        box, means = None, self._changed is None  # scores of another scene mean nothing
        told = self._judge.update(waiting.number, arrival.at, score, wall=arrival.wall, means=means)
        threshold, self._log.shift = self._judge.threshold, self._judge.shift
        if threshold != self._level and self._accepted:
            self._accept()
        if told and not told[0].is_open:
            self._end(told[:1])
            told = told[1:]
        candidate = self._judge.candidate
        if candidate is None:
            self._peak = None
            self._trace = []
        elif means and threshold is not None and score >= threshold and self._feedback is not None:
            self._trace_of(arrival, threshold)
        if candidate is not None and candidate.peak == waiting.number and threshold is not None:
            self._peak = self._seen(one, arrival, score, threshold)
            box = self._peak.box
        for episode in told:
            self._log.open(episode, self._wall, self._peak)
        if self._judge.current is not None and not told:
            self._log.go_on(self._judge.current, self._wall, self._peak)
        _, now = self._clock()
        height, width = arrival.frame.shape[:2]
        self._status.scored(
            self.source,
            arrival.wall,
            score,
            threshold,
            latency_s=now - arrival.arrived,
            size=(width, height),
        )
        if arrival.at - self._shown >= SHOW_S:
            self._shown = arrival.at
            jpeg = picture(arrival.frame, one.map, threshold, box)
            self._status.show(self.source, Latest(jpeg, arrival.wall, score, threshold))

    def _trace_of(self, arrival: Arrival, threshold: float) -> None:
        """Note what made the score of the last frame high."""
        first = self._inner()[0]
        if isinstance(first, Accepts) and not self._waiting_after(arrival):
            if len(self._trace) >= _TRACED:
                del self._trace[::2]
            self._trace.append(first.seen(arrival.at, threshold))

    def _seen(self, one: FrameScore, arrival: Arrival, score: float, threshold: float) -> Peak:
        """Say what is at the highest score so far."""
        finding, box = None, None
        if isinstance(self._stream, Finds) and not self._waiting_after(arrival):
            finding = self._stream.finding(self._mask.kept)
        height, width = arrival.frame.shape[:2]
        if finding is not None and finding.box is not None:
            box = as_fractions(finding.box, width, height)
        elif one.map is not None:
            box = box_of(one.map, threshold)
        return Peak(score, picture(arrival.frame, one.map, threshold, box), box, finding)

    def _waiting_after(self, arrival: Arrival) -> bool:
        """Whether later frames have been given to the stream already."""
        return bool(self._waiting) and self._waiting[-1].arrival is not arrival

    def _end(self, episodes: list[Episode]) -> None:
        for episode in episodes:
            if episode.is_open:
                self._log.open(episode, self._wall, self._peak)
            else:
                event = self._log.close(episode, self._wall, self._peak)
                if event is not None and self._feedback is not None:
                    self._feedback.keep(event, self._trace)
                self._peak, self._trace = None, []
