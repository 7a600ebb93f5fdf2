"""Scores by the labels of training windows alone: what a split at window level gives away."""

from collections.abc import Sequence

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import stretches_of
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import ClipDetector, Progress, State, Stream
from vadjax.errors import UserError
from vadjax.scoring import label_lookup


class _LabelLookup(ClipDetector):
    delay = None

    def stream(self, state: State) -> Stream:
        """Refuse: a new video has no labelled training windows.

        Raises:
            UserError: always.
        """
        raise UserError(f"detector {self.name!r} looks up labels and cannot score a new video.")


class NearestInTime(_LabelLookup):
    """The label of the training window nearest in time; no picture is looked at."""

    name = "nearest_in_time"

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Keep where the training units lie, and their labels. See `Detector.fit`.

        Args:
            train: clips of labelled units.
            validation: not read.
            seed: not used.
            progress: not used.

        Returns:
            video, frame int [m], labels uint8 [m], and `fitted_on`.
        """
        (clip,) = train
        video, frame = _where(clip)
        return {
            "video": video,
            "frame": frame,
            "labels": _labels(clip),
            "fitted_on": _fitted_on(train),
        }

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """See `scoring.label_lookup.nearest_in_time`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record.
        """
        known = (state["video"], state["frame"])
        return clip.scored(label_lookup.nearest_in_time(known, state["labels"], _where(clip)))


class NearestAlike(_LabelLookup):
    """How much nearer the most alike abnormal training window is than the most alike normal one."""

    name, inputs = "nearest_alike", ("features",)

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Keep the features of the training units, and their labels. See `Detector.fit`.

        Args:
            train: clips of labelled units.
            validation: not read.
            seed: not used.
            progress: not used.

        Returns:
            features float [m, d], labels uint8 [m], and `fitted_on`.
        """
        (clip,) = train
        return {
            "features": _features(clip),
            "labels": _labels(clip),
            "fitted_on": _fitted_on(train),
        }

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """See `scoring.label_lookup.nearest_alike`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record.
        """
        scores = label_lookup.nearest_alike(state["features"], state["labels"], _features(clip))
        return clip.scored(scores)


def _where(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """Return the source video's number and the frame of each unit."""
    rows, known = clip.last_rows, clip.provenance()
    return (known.video if known.source is None else known.source)[rows], known.frame[rows]


def _fitted_on(clips: Sequence[Clip]) -> dict:
    return {"training": stretches_of(clips, lambda clip: clip.last_rows)}


def _labels(clip: Clip) -> np.ndarray:
    return clip.labels if clip.units.labels is None else clip.units.labels


def _features(clip: Clip) -> np.ndarray:
    rows = clip.rows("features")[clip.last_rows]
    return rows.mean(tuple(range(1, rows.ndim - 1)), dtype=np.float32) if rows.ndim > 2 else rows
