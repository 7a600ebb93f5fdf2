"""Frames called abnormal -> alarms, one frame at a time: for files and for cameras.

An episode begins with a frame at or above the threshold and goes on while frames reach `release`.
Stretches less than `merge` apart are one. It is told from when it has lasted for `least`, and is
closed when `merge` has passed without a frame that reaches the threshold.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

SAME_S = 1e-6  # of times: rounding


@dataclasses.dataclass(frozen=True)
class Rule:
    """How scores become episodes.

    Attributes:
        threshold: from which on a frame is abnormal.
        release: from which on a frame continues what is abnormal; None: the threshold.
        merge: stretches less than this apart are one: in the unit of the times, such as seconds.
        least: stretches that last less are none, in the same unit.
    """

    threshold: float
    release: float | None = None
    merge: float = 1.0
    least: float = 0.0


class Episode(NamedTuple):
    """A stretch of abnormal frames.

    Attributes:
        first: number of its first frame.
        stop: one past the last abnormal frame so far.
        begin: time at which the first one begins.
        end: time at which the last one so far ends; while it goes on, when its last frame begins.
        peak: number of the frame with the highest score.
        peak_at: time at which that begins.
        score: of that frame.
        is_open: it may go on.
    """

    first: int
    stop: int
    begin: float
    end: float
    peak: int
    peak_at: float
    score: float
    is_open: bool = True


class EpisodeMachine:
    """Turns the scores of one source into episodes as they come.

    Args:
        rule: see `Rule`.
        same: times that differ by no more are equal; 0 where they are numbers of frames.
    """

    def __init__(self, rule: Rule, *, same: float = SAME_S):
        self.rule, self._same = rule, same
        self._inside = self._told = False
        self._now: Episode | None = None

    @property
    def current(self) -> Episode | None:
        """The episode that has been told and may go on; None where there is none."""
        return self._now if self._told else None

    @property
    def candidate(self) -> Episode | None:
        """The episode that goes on, told or not yet."""
        return self._now

    def update(self, number: int, at: float, score: float) -> list[Episode]:
        """Take the score of the next frame.

        Args:
            number: of the frame; numbers grow.
            at: when it begins.
            score: of it.

        Returns:
            Episodes that have begun to be told, open, and those that are closed now, in order.
        """
        rule, told = self.rule, list[Episode]()
        release = rule.threshold if rule.release is None else min(rule.release, rule.threshold)
        abnormal = score >= (release if self._inside else rule.threshold)
        if self._inside and self._now is not None:  # the frame before has ended
            self._now = self._now._replace(stop=number, end=at)
        apart = self._now is not None and not self._inside
        if apart and self._now is not None and at - self._now.end >= rule.merge - self._same:
            told += self._closed()
        self._inside = abnormal
        if abnormal and self._now is None:
            self._now = Episode(number, number + 1, at, at, number, at, score)
        elif abnormal and self._now is not None:
            self._now = self._now._replace(stop=number + 1, end=at)
            if score > self._now.score:
                self._now = self._now._replace(peak=number, peak_at=at, score=score)
        return [*told, *self._news()]

    def close(self, number: int, at: float) -> list[Episode]:
        """End what is open: the source has ended, or begins anew.

        Args:
            number: one past the last frame.
            at: when that ends.

        Returns:
            As `update`.
        """
        if self._now is None:
            return []
        if self._inside:
            self._now = self._now._replace(stop=number, end=at)
            self._inside = False
        return [*self._news(), *self._closed()]

    def _news(self) -> list[Episode]:
        """Tell the episode where it has lasted for long enough."""
        now = self._now
        if self._told or now is None or now.end - now.begin < self.rule.least - self._same:
            return []
        self._told = True
        return [now]

    def _closed(self) -> list[Episode]:
        assert self._now is not None
        closed = [self._now._replace(is_open=False)] if self._told else []
        self._now, self._told = None, False
        return closed


def episodes(
    scores: np.ndarray, edges: np.ndarray, rule: Rule, *, same: float = SAME_S
) -> list[Episode]:
    """Return the closed episodes of a whole video, by the same machine.

    It is fed only the frames at which something may change, so that a long video takes no longer
    than its alarms.

    Args:
        scores: float [t].
        edges: float64 [t + 1], when each frame begins and the last one ends.
        rule: see `Rule`.
        same: see `EpisodeMachine`.

    Returns:
        `Episode` of each.
    """
    values = np.asarray(scores, np.float64)
    release = rule.threshold if rule.release is None else min(rule.release, rule.threshold)
    level = (values >= release).astype(int) + (values >= rule.threshold)
    changes = np.flatnonzero(np.diff(level, prepend=0))
    stops = np.append(changes[1:], len(values))[: len(changes)]
    machine, found = EpisodeMachine(rule, same=same), list[Episode]()
    for start, stop in zip(changes.tolist(), stops.tolist(), strict=True):
        peak = start + int(np.argmax(values[start:stop]))
        found += machine.update(start, float(edges[start]), float(values[start]))
        if peak != start and level[start]:
            found += machine.update(peak, float(edges[peak]), float(values[peak]))
    if len(values):
        found += machine.close(len(values), float(edges[-1]))
    return [one for one in found if not one.is_open]
