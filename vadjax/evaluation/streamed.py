"""Exact figures of any number of videos in bounded memory: videos come one at a time, once.

Frames are sorted on disk, 8 bytes each (`sorted_frames`), and read once by rising score. Memory
holds a fixed number of frames and about 100 bytes a video. Redrawing videos would read all frames
hundreds of times, so the interval is Obuchowski's (1997, Biometrics 53, 567-578) for clustered
data: every frame's share of pairs won is summed by video, and the variance is that of these sums.
"""

import pathlib
import tempfile
from collections.abc import Iterable
from typing import Any

import numpy as np

from vadjax.errors import UserError
from vadjax.evaluation.bootstrap import MIN_VIDEOS
from vadjax.evaluation.frame import confusion, threshold_metrics
from vadjax.evaluation.sorted_frames import MOST_VIDEOS, Entries, SortedFrames, packed

AT_ONCE = 1 << 21  # frames in memory: about 300 MB with what sorting and counting take
NORMAL_975 = 1.959963984540054


def evaluate_stream(
    videos: Iterable[tuple[str, Any, Any]],
    *,
    threshold: float | None = None,
    folder: pathlib.Path | None = None,
    at_once: int = AT_ONCE,
) -> dict[str, Any]:
    """Evaluate videos that come one after another.

    Args:
        videos: (name, scores [t], labels [t] {0, 1}) of each; higher scores are more abnormal, and
            are read as float32, as scores.npz keeps them. Labels None: the video is counted alone.
        threshold: frames from it upwards are called abnormal; None leaves that part out.
        folder: where 8 bytes a frame are kept until the end; None is that of temporary files.
        at_once: frames in memory.

    Returns:
        videos, unlabelled, frames, abnormal_frames; auc_micro, its 95 % interval auc_micro_ci95
        (None below eight videos), auc_macro and how many videos of one class it skips
        (macro_skipped), ap, ap_chance, eer; None where undefined. With a threshold: its confusion
        and rates as `threshold`.

    Raises:
        UserError: a video has not one label a score, or a score that is not finite.
    """
    with tempfile.TemporaryDirectory(prefix="vadjax-frames-", dir=folder) as own:
        frames = SortedFrames(pathlib.Path(own) / "frames", at_once=at_once)
        try:
            intake = _Intake(frames, at_once, threshold)
            for name, scores, labels in videos:
                intake.add(name, scores, labels)
            intake.flush()
            return {**intake.counts(), **_ranked(frames, intake)}
        finally:
            frames.close()


class _Intake:
    """Collects videos until they fill the memory that they may have."""

    def __init__(self, frames: SortedFrames, at_once: int, threshold: float | None):
        self._frames, self._at_once, self._threshold = frames, at_once, threshold
        self._held: list[tuple[str, np.ndarray, np.ndarray]] = []
        self._num_held = self.unlabelled = 0
        self.num_videos = self.num_abnormal = self.num_normal = self._skipped = 0
        self._macro = 0.0
        self._called = dict.fromkeys(("tp", "fp", "tn", "fn"), 0)
        self.abnormal: list[np.ndarray] = []  # frames of each video, by part
        self.normal: list[np.ndarray] = []

    def add(self, name: str, scores: Any, labels: Any) -> None:
        """Take a video."""
        if labels is None:
            self.unlabelled += 1
            return
        scores, labels = np.asarray(scores, np.float32), np.asarray(labels)
        if scores.ndim != 1 or scores.shape != labels.shape:
            raise UserError(
                f"{name}: scores of shape {scores.shape}, but labels of {labels.shape}; both need "
                "one value a frame."
            )
        if self._held and self._num_held + len(scores) > self._at_once:
            self.flush()
        self._held.append((name, scores, labels))
        self._num_held += len(scores)

    def flush(self) -> None:
        """Sort what is held, and write it as a run."""
        if not self._held:
            return
        names, parts, truths = zip(*self._held, strict=True)
        lengths, count = [len(part) for part in parts], len(parts)
        scores, truth = np.concatenate(parts), np.concatenate(truths)
        self._held, self._num_held = [], 0
        if self.num_videos + count > MOST_VIDEOS:
            raise UserError(f"more than {MOST_VIDEOS:,} videos.")
        video = np.repeat(np.arange(count), lengths)
        for wrong, what in (
            (~np.isfinite(scores), "scores that are not finite"),
            ((truth != 0) & (truth != 1), "labels that are neither 0 nor 1"),
        ):
            if wrong.any():
                raise UserError(f"{names[video[np.argmax(wrong)]]} has {what}.")
        label = truth.astype(bool)
        abnormal = np.bincount(video[label], minlength=count)
        normal = np.bincount(video[~label], minlength=count)
        self._add_macro(packed(scores, video, label), abnormal, normal)
        if self._threshold is not None:
            own = confusion(scores >= np.float32(self._threshold), label)
            self._called = {key: value + own[key] for key, value in self._called.items()}
        self._frames.add(packed(scores, video + self.num_videos, label))
        self.num_videos += count
        self.num_abnormal += int(abnormal.sum())
        self.num_normal += int(normal.sum())
        self.abnormal.append(abnormal)
        self.normal.append(normal)

    def _add_macro(self, words: np.ndarray, abnormal: np.ndarray, normal: np.ndarray) -> None:
        """Add the AUC within each video of both classes."""
        low = np.uint64((1 << 32) - 1)
        label = words & np.uint64(1)
        # Video first, then score: the halves of a word change places.
        words = ((words & low) >> np.uint64(1)) << np.uint64(33) | (
            (words >> np.uint64(32)) << np.uint64(1) | label
        )
        words.sort()
        label = (words & np.uint64(1)).astype(np.int64)
        start = np.flatnonzero(np.append(True, np.diff(words >> np.uint64(1)) != 0))
        p, n = np.add.reduceat(label, start), np.add.reduceat(1 - label, start)
        video = (words[start] >> np.uint64(33)).astype(np.int64)
        before = np.cumsum(n) - n - (np.cumsum(normal) - normal)[video]
        twice = np.bincount(video, weights=p * (2 * before + n), minlength=len(normal))
        both = (abnormal > 0) & (normal > 0)
        self._macro += float((twice[both] / (2.0 * abnormal[both] * normal[both])).sum())
        self._skipped += int((~both).sum())

    def counts(self) -> dict[str, Any]:
        """Return what needs no order of the frames."""
        known, total = self.num_videos - self._skipped, self.num_abnormal + self.num_normal
        found: dict[str, Any] = {
            "videos": self.num_videos,
            "unlabelled": self.unlabelled,
            "frames": total,
            "abnormal_frames": self.num_abnormal,
            "auc_macro": self._macro / known if known else None,
            "macro_skipped": self._skipped,
            "ap_chance": self.num_abnormal / total if total else None,
        }
        if self._threshold is not None:
            rates = threshold_metrics(self._called)
            found["threshold"] = {"value": self._threshold, "confusion": self._called, **rates}
        return found


def _ranked(frames: SortedFrames, intake: _Intake) -> dict[str, Any]:
    """Return the figures that the order of all frames gives."""
    found: dict[str, Any] = dict.fromkeys(("auc_micro", "auc_micro_ci95", "ap", "eer"))
    if not intake.num_abnormal or not intake.num_normal:
        if intake.num_abnormal:
            found["ap"] = 1.0
        return found
    walk = _Walk(intake.num_abnormal, intake.num_normal, intake.num_videos)
    for entries in frames.ranges():
        walk.take(entries)
    area = walk.twice_won / (2 * intake.num_abnormal * intake.num_normal)
    found.update(auc_micro=area, ap=walk.precision, eer=walk.eer())
    if intake.num_videos >= MIN_VIDEOS:
        counts = np.concatenate(intake.abnormal), np.concatenate(intake.normal)
        half = NORMAL_975 * clustered_variance(area, *walk.shares(), *counts) ** 0.5
        found["auc_micro_ci95"] = [max(area - half, 0.0), min(area + half, 1.0)]
    return found


class _Walk:
    """Goes through all frames by rising score.

    Attributes:
        twice_won: twice the pairs that abnormal frames win, a tie being half.
        precision: average precision.
    """

    def __init__(self, abnormal: int, normal: int, videos: int):
        self._abnormal, self._normal, self._videos = abnormal, normal, videos
        self._below = [0, 0]  # abnormal, normal frames before the next range
        self._won, self._lost = np.zeros(videos), np.zeros(videos)
        self.twice_won, self.precision = 0, 0.0
        self._last, self._next = (1.0, 1.0), (0.0, 0.0)  # (fpr, tpr) about equal errors
        self._passed = False

    def take(self, entries: Entries) -> None:
        """Take the next range."""
        edge = np.append(True, np.diff(entries.key) != 0)
        start, group = np.flatnonzero(edge), np.cumsum(edge) - 1
        p = np.add.reduceat(entries.abnormal, start)
        n = np.add.reduceat(entries.normal, start)
        p_below = self._below[0] + np.cumsum(p) - p
        n_below = self._below[1] + np.cumsum(n) - n
        twice = 2 * n_below + n  # twice the normal frames below, of an abnormal one
        self.twice_won += int((p * twice).sum())
        above = 2 * (self._abnormal - p_below) - p  # twice the abnormal ones above a normal one
        for sums, count, pairs in (
            (self._won, entries.abnormal, twice),
            (self._lost, entries.normal, above),
        ):
            sums += np.bincount(entries.video, weights=count * pairs[group], minlength=self._videos)
        tp, fp = self._abnormal - p_below, self._normal - n_below
        self.precision += float((p * (tp / (tp + fp))).sum()) / self._abnormal
        self._cross(fp / self._normal, tp / self._abnormal)
        self._below = [self._below[0] + int(p.sum()), self._below[1] + int(n.sum())]

    def _cross(self, fpr: np.ndarray, tpr: np.ndarray) -> None:
        """Keep the points between which false positives fall below the misses."""
        if self._passed:
            return
        beyond = np.flatnonzero(fpr - (1 - tpr) < 0)
        last = beyond[0] if len(beyond) else len(fpr)
        if last:
            self._last = float(fpr[last - 1]), float(tpr[last - 1])
        if len(beyond):
            self._next, self._passed = (float(fpr[last]), float(tpr[last])), True

    def eer(self) -> float:
        """Return the rate where both errors are equal, linear between two points."""
        (low_fpr, low_tpr), (fpr, tpr) = self._next, self._last
        before, after = low_fpr - (1 - low_tpr), fpr - (1 - tpr)
        return low_fpr - before / (after - before) * (fpr - low_fpr)

    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Return, by video, the shares of pairs won summed over abnormal and over normal frames."""
        return self._won / (2 * self._normal), self._lost / (2 * self._abnormal)


def clustered_variance(
    area: float, won: np.ndarray, lost: np.ndarray, abnormal: np.ndarray, normal: np.ndarray
) -> float:
    """Return the variance of the AUC where the frames of a video depend on one another.

    Args:
        area: the AUC.
        won: float [v], of each video the sum over its abnormal frames of the share of all normal
            frames below.
        lost: float [v], the sum over its normal frames of the share of all abnormal frames above.
        abnormal: int [v], its abnormal frames.
        normal: int [v], its normal frames.

    Returns:
        Obuchowski 1997, the variance of section 2; 0 where one video alone has frames of a class.
    """
    a, b = won - abnormal * area, lost - normal * area
    m, n = abnormal.sum(), normal.sum()
    with_a, with_b = int((abnormal > 0).sum()), int((normal > 0).sum())
    num = len(won)
    s10 = with_a / max(with_a - 1, 1) * (a @ a) / m
    s01 = with_b / max(with_b - 1, 1) * (b @ b) / n
    s11 = num / max(num - 1, 1) * (a @ b)
    return max(float(s10 / m + s01 / n + 2 * s11 / (m * n)), 0.0)
