"""Rules of a person on top of a detector: where and when to ignore, how long something must last.

A rule changes scores, so that thresholds, figures, alarms and films follow from it; it holds for
held-out and test clips alike. Nothing looks ahead.

    ignore y < 0.4                # whatever is seen above this line
    only x > 0.5 and time > 60    # nothing else
    at least 5 frames             # or: at least 0.5 seconds

Several stand in one text with semicolons between them. Places are cells of the detector's map,
whose largest value must be its score.
"""

import collections
import dataclasses
import re

import cv2
import numpy as np

from vadjax.data.arrays.new_array import New, in_memory
from vadjax.data.arrays.row_view import blocks, release
from vadjax.data.scored_video import Finding, ScoredVideo
from vadjax.detectors.abilities import Finds, Kept, Notices
from vadjax.detectors.contract import FrameScore, Stream
from vadjax.errors import UserError
from vadjax.scoring.aggregate import fill
from vadjax.scoring.expression import Condition

NAMES = {
    "x": "place from the left (0) to the right (1) of the frame",
    "y": "place from the top (0) to the bottom (1)",
    "time": "seconds from the first frame of the video",
    "score": "value of the map at the place",
    "size": "share of the frame that is connected with the place and at least half as high as the "
    "highest place of the frame",
}
_LASTING = re.compile(r"at least (\d+(?:\.\d+)?|\.\d+) (frames?|seconds?)")
_EQUAL = 1e-4  # share of a score by which the largest value of a map may differ from it
_SAME_TIME = 1e-6  # seconds
_HOW = "write 'ignore CONDITION', 'only CONDITION', 'at least N frames' or 'at least N seconds'"


@dataclasses.dataclass(frozen=True)
class Rules:
    """What was read of the rules of a config.

    Attributes:
        ignored: cells where one of them holds count for nothing.
        only: cells where one of them does not hold count for nothing.
        frames: consecutive ones, up to this, whose least score a frame gets.
        seconds: the same as a time; the longer of both holds.
    """

    ignored: tuple[Condition, ...] = ()
    only: tuple[Condition, ...] = ()
    frames: int = 1
    seconds: float = 0.0

    @property
    def by_place(self) -> bool:
        """Whether a rule reads the map."""
        return bool(self.ignored or self.only)

    def kept(self, values: np.ndarray, time: float | None) -> np.ndarray:
        """Take off a frame's map what the rules ignore.

        Args:
            values: float [h, w].
            time: seconds from the video's first frame; None where unknown.

        Returns:
            float32 [h, w]: ignored cells have the least value of the map.

        Raises:
            UserError: a rule names the time, which is not known.
        """
        conditions = (*self.ignored, *self.only)
        names = frozenset[str]().union(*(one.names for one in conditions))
        if "time" in names and time is None:
            raise UserError("a rule names the time, but the video has no frame rate; give --fps.")
        height, width = values.shape
        known = {
            "x": (np.arange(width) + 0.5)[None] / width,
            "y": (np.arange(height) + 0.5)[:, None] / height,
            "time": time,
            "score": values,
            "size": _sizes(values) if "size" in names else None,
        }
        away = np.zeros(values.shape, bool)
        for one in self.ignored:
            away |= one(known)
        for one in self.only:
            away |= ~one(known)
        return np.where(away, values.min(), values).astype(np.float32)

    def apply(self, video: ScoredVideo, *, new_maps: New = in_memory) -> ScoredVideo:
        """Return what the rules leave of a record.

        Args:
            video: without threshold and alarms.
            new_maps: makes the array of the maps that are left.

        Returns:
            The record with other scores and maps; the parts stay what the cues said.

        Raises:
            UserError: a rule needs what the detector or the video does not give.
        """
        if self == Rules():
            return video
        scores, maps = np.array(video.scores, np.float32), video.maps
        begins = None if video.edges is None else video.edges[:-1]
        if self.by_place:
            given = _maps_of(video)
            maps, number = new_maps(given.shape), 0
            for block in blocks(given):
                for values in block:
                    maps[number] = self.kept(values, None if begins is None else begins[number])
                    scores[number] = maps[number].max()
                    number += 1
                release(maps)
        lasting = _Lasting(self)
        for number in np.flatnonzero(video.predicted).tolist():
            time = None if begins is None else float(begins[number])
            scores[number] = lasting.update(number, float(scores[number]), time)
        scores = fill(scores, video.predicted)
        return dataclasses.replace(video, scores=scores, maps=maps)


class RuledStream:
    """A stream under rules; see `contract.Stream`.

    Args:
        stream: of the detector.
        rules: what to ignore.
        fps: frames a second of a video whose frames come without times; None where unknown.
    """

    def __init__(self, stream: Stream, rules: Rules, *, fps: float | None = None):
        self._stream, self._rules, self._lasting = stream, rules, _Lasting(rules)
        self._fps = fps
        self._first: float | None = None
        self._time: float | None = None  # of the last frame, from the first one on

    def update(self, frame: np.ndarray, time: float | None = None) -> list[FrameScore]:
        """Take the next frame.

        Args:
            frame: uint8 [h, w, 3] RGB, or [h, w] grey.
            time: timestamp in seconds.

        Returns:
            The scores that are final now.
        """
        return [self._ruled(one) for one in self._stream.update(frame, time)]

    def close(self) -> list[FrameScore]:
        """Return the scores of the frames that waited for later ones."""
        return [self._ruled(one) for one in self._stream.close()]

    def finding(self, kept: Kept | None = None) -> Finding | None:
        """Say what was most unusual in the last frame of what the rules leave.

        Args:
            kept: what counts of the map beside the rules; None: all.

        Returns:
            The finding; None where the detector says nothing.
        """
        if not isinstance(self._stream, Finds):
            return None

        def both(number: int, values: np.ndarray) -> np.ndarray:
            if self._rules.by_place:
                values = self._rules.kept(values, self._time)
            return values if kept is None else kept(number, values)

        return self._stream.finding(both)

    @property
    def inner(self) -> Stream:
        """The stream without rules."""
        return self._stream

    def changed(self) -> str:
        """Say that the frames are not of what was learnt; see `abilities.Notices`."""
        first = self._stream
        return first.changed() if isinstance(first, Notices) else ""

    def _ruled(self, one: FrameScore) -> FrameScore:
        time = one.time
        if time is None and self._fps:
            time = one.index / self._fps
        if self._first is None:
            self._first = time
        if one.score is None:
            return one
        if time is not None and self._first is not None:
            time -= self._first
        self._time = time
        if self._rules.by_place:
            if one.map is None:
                raise _no_map()
            kept = self._rules.kept(one.map, time)
            one = dataclasses.replace(one, map=kept, score=float(kept.max()))
        assert one.score is not None
        return dataclasses.replace(one, score=self._lasting.update(one.index, one.score, time))


class _Lasting:
    """The least score of the last frames of a video."""

    def __init__(self, rules: Rules):
        self._rules = rules
        self._last: collections.deque[tuple[int, float, float]] = collections.deque()

    def update(self, index: int, score: float, time: float | None) -> float:
        """Take the score of the next frame; return the least of those that count."""
        if self._rules.seconds and time is None:
            raise UserError("a rule asks for seconds, but the video has no frame rate; give --fps.")
        now = time or 0.0
        while self._last and self._last[-1][1] >= score:  # a later one that is not higher
            self._last.pop()
        self._last.append((index, score, now))
        while (
            self._last[0][0] <= index - self._rules.frames
            and self._last[0][2] <= now - self._rules.seconds + _SAME_TIME
        ):
            self._last.popleft()
        return self._last[0][1]


def read_rules(text: str) -> Rules:
    """Read the rules of a config.

    >>> read_rules("ignore y < 0.4; at least 5 frames").frames
    5

    Args:
        text: rules with semicolons between them; "" is none.

    Returns:
        The rules; those without effect where there is none.

    Raises:
        UserError: a rule that cannot be read, with what can.
    """
    ignored: list[Condition] = []
    only: list[Condition] = []
    frames, seconds = 1, 0.0
    for rule in filter(str.strip, text.split(";")):
        words = " ".join(rule.split())
        kind, _, rest = words.partition(" ")
        if kind in ("ignore", "only") and rest:
            (ignored if kind == "ignore" else only).append(Condition(rest, tuple(NAMES)))
        elif found := _LASTING.fullmatch(words):
            count = float(found[1])
            if found[2].startswith("second"):
                seconds = max(seconds, count)
            elif count >= 1 and count == int(count):
                frames = max(frames, int(count))
            else:
                raise UserError(f"the rule {words!r}: {found[1]} frames; give a whole number.")
        else:
            raise UserError(f"the rule {words[:80]!r} cannot be read; {_HOW}.")
    return Rules(tuple(ignored), tuple(only), frames, seconds)


def _maps_of(video: ScoredVideo) -> np.ndarray:
    """Return the maps of a record, whose largest values must be its scores."""
    if video.maps is None:
        raise _no_map()
    if len(video.maps):
        highest, scores = float(video.maps[-1].max()), float(video.scores[-1])
        if abs(highest - scores) > _EQUAL * max(1.0, abs(scores)):
            raise UserError(
                "rules over places need a detector whose score is the largest value of its map; "
                f"here the last frame of {video.id} has {scores:.4g} and {highest:.4g}. Leave only "
                "'at least' among score.rules."
            )
    return video.maps


def _no_map() -> UserError:
    return UserError(
        "rules over places need a detector that gives a map with its scores, such as "
        "detector=scene; leave only 'at least' among score.rules."
    )


def _sizes(values: np.ndarray) -> np.ndarray:
    """Return the share of the frame of the region of each cell, 0 outside: float64 [h, w]."""
    high = (values >= values.max() / 2) & (values > 0)
    _, regions, facts, _ = cv2.connectedComponentsWithStats(high.astype(np.uint8), connectivity=4)
    return np.where(high, facts[regions, cv2.CC_STAT_AREA] / values.size, 0.0)
