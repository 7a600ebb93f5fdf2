"""Region-based and track-based detection criterion (Ramachandra and Jones, WACV 2020).

At a threshold, a true region is detected if a detection of its frame has an IoU of at least `BETA`
with it; a track, if at least a share `ALPHA` of its regions is; a detection is false if it has less
than `BETA` with every true region of its frame. RBDC and TBDC are the areas under the rates of
detected regions and tracks against false detections per frame, from 0 to 1 of the latter.

A map's regions merge as the threshold falls, so neither rate need be monotone. The curve gives, at
so many false detections, the best that any threshold with no more of them reaches (the running
maximum), linear between its points, and flat from its last point on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vadjax.evaluation.regions import Cut, iou
from vadjax.evaluation.tracks import Truth

ALPHA = 0.1
BETA = 0.1


@dataclass(eq=False)
class Sweep:
    """Detections at all thresholds at once: what changes at which level, frame by frame.

    Attributes:
        beta: least IoU of a detection.
    """

    beta: float = BETA
    frames: int = 0
    regions: int = 0
    tracks: int = 0
    _levels: list = field(default_factory=list)  # arrays of them; equal for all frames, or own ones
    _false: list = field(default_factory=list)  # (levels, false detections more than above)
    _found: list = field(default_factory=list)  # (levels, track, true regions more than above)
    _lengths: list = field(default_factory=list)  # true regions of each track

    def add(self, cuts: Sequence[Cut], truth: Truth) -> None:
        """Add one video.

        Args:
            cuts: the detections of each frame.
            truth: its true regions.
        """
        for cut, boxes, tracks in zip(cuts, truth.boxes, truth.tracks, strict=True):
            self._add_frame(cut, boxes, tracks + self.tracks)
        own = np.concatenate(truth.tracks)
        self._lengths.append(np.bincount(own, minlength=truth.num_tracks))
        self.frames += len(cuts)
        self.regions += len(own)
        self.tracks += truth.num_tracks

    def _add_frame(self, cut: Cut, boxes: np.ndarray, tracks: np.ndarray) -> None:
        if not self._levels or self._levels[-1] is not cut.levels:
            self._levels.append(cut.levels)
        hit = iou(cut.boxes, boxes) >= self.beta  # [k, g]
        false = np.bincount(cut.level[~hit.any(axis=1)], minlength=len(cut.levels))
        change = np.diff(false, prepend=0)
        at = np.flatnonzero(change)
        self._false.append((cut.levels[at], change[at]))
        found = np.zeros((len(cut.levels), len(boxes)), np.int64)
        np.maximum.at(found, cut.level, hit)
        change = np.diff(found, axis=0, prepend=0)
        at, which = np.nonzero(change)
        self._found.append((cut.levels[at], tracks[which], change[at, which]))

    def curves(self, alpha: float = ALPHA) -> tuple[np.ndarray, ...]:
        """Return the rates at every threshold, from the highest down.

        Args:
            alpha: least share of a track's regions.

        Returns:
            thresholds: float64 [n], falling.
            fpr: float64 [n], false detections per frame.
            rbdr: float64 [n], share of the true regions detected.
            tbdr: float64 [n], share of the tracks detected.
        """
        thresholds = np.unique(-np.concatenate(self._levels))
        num = len(thresholds)
        levels, false = map(np.concatenate, zip(*self._false, strict=True))
        fpr = np.cumsum(np.bincount(np.searchsorted(thresholds, -levels), false, num)) / self.frames
        levels, track, change = map(np.concatenate, zip(*self._found, strict=True))
        when = np.searchsorted(thresholds, -levels)
        rbdr = np.cumsum(np.bincount(when, change, num)) / max(self.regions, 1)
        lengths = np.concatenate(self._lengths)
        when, change = _tracks_found(when, track, change, alpha * lengths)
        tbdr = np.cumsum(np.bincount(when, change, num)) / max(self.tracks, 1)
        return -thresholds, fpr, rbdr, tbdr


def _tracks_found(
    when: np.ndarray, track: np.ndarray, change: np.ndarray, needed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Turn found and lost regions into found and lost tracks.

    Args:
        when: int [k], number of the threshold.
        track: int [k], whose region is found (change 1) or lost (-1) there.
        change: int [k].
        needed: float [tracks], regions that make a track found.

    Returns:
        The thresholds, int [n], and the tracks found (1) or lost (-1) there, int [n].
    """
    keys, at = np.unique(np.stack([track, when]), axis=1, return_inverse=True)
    track, when = keys
    count = np.cumsum(np.bincount(at.ravel(), change, len(when)))  # over the tracks before, too
    first = np.diff(track, prepend=-1) > 0
    before = np.append(0, count)[:-1][first]
    count = count - np.repeat(before, np.diff(np.append(np.flatnonzero(first), len(track))))
    enough = (count >= needed[track] - 1e-9).astype(np.int64)
    return when, enough - np.where(first, 0, np.append(0, enough)[:-1])


def area(fpr: np.ndarray, rate: np.ndarray) -> float:
    """Return the area under the running maximum of `rate` for `fpr` from 0 to 1.

    >>> area(np.array([0.0, 0.5, 0.75]), np.array([0.5, 0.5, 1.0]))
    0.6875
    >>> area(np.array([0.0, 2.0]), np.array([0.0, 1.0]))  # cut at 1
    0.25

    Args:
        fpr: float [n], false detections per frame.
        rate: float [n], detected share.

    Returns:
        The area, from 0 to 1.
    """
    order = np.lexsort((rate, fpr))
    x, y = np.append(0, fpr[order]), np.maximum.accumulate(np.append(0, rate[order]))
    inside = x < 1  # the first point always
    end, last = y[inside][-1], x[inside][-1]
    if not inside.all():
        after = int(np.argmin(inside))
        end += (1 - last) / (x[after] - last) * (y[after] - end)
    x, y = np.append(x[inside], 1), np.append(y[inside], end)
    return float(np.trapezoid(y, x))
