"""Distance of a frame's features from those of normal frames: kNN and Mahalanobis.

Both are fitted on the normal frames of the training clips, standardised by their own statistics;
feature maps are averaged over locations first.
"""

import abc
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from vadjax.data.arrays.row_view import BLOCK_BYTES, JoinedRows, Rows, RowView
from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import stretches_of
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import ClipDetector, Progress, State, Stream
from vadjax.detectors.frontend import RowStream
from vadjax.features.standardize import Standardizer
from vadjax.scoring import distances

BANK_BYTES = 1 << 28  # of normal frames that kNN keeps: 52,428 of 1,280 features


class _FeatureDistance(ClipDetector, abc.ABC):
    inputs = ("features",)

    @abc.abstractmethod
    def fit_features(self, features: Rows) -> Any:
        """Fit standardised normal features, float32 [n, d]; return arrays and plain values."""

    @abc.abstractmethod
    def distances(self, fitted: Any, rows: Rows) -> np.ndarray:
        """Measure standardised rows.

        Args:
            fitted: what `fit_features` returned.
            rows: float32 [m, d].

        Returns:
            float32 [m].
        """

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Keep the normal training frames, standardised. See `Detector.fit`.

        Args:
            train: clips, whose frames with label 0 are kept.
            validation: not read.
            seed: not used: nothing is drawn.
            progress: not used.

        Returns:
            mean and std float32 [d], `fitted`, what `fit_features` returned, and `fitted_on`.
        """
        normal = [normal_rows(clip) for clip in train]
        standardizer = Standardizer.fit(normal)
        fitted = self.fit_features(JoinedRows([RowView(x, standardizer.apply) for x in normal]))
        read = stretches_of(train, normal_frames)
        return {
            "mean": standardizer.mean,
            "std": standardizer.std,
            "fitted": fitted,
            "fitted_on": {"standardisation": read, "training": read},
        }

    def score_clips(self, state: State, clips: Sequence[Clip]) -> list[ScoredVideo]:
        """Measure the frames of all clips, a chunk at a time. See `Detector.score_clips`.

        Args:
            state: what `fit` returned.
            clips: to score.

        Returns:
            A record for each clip.
        """
        if not clips:
            return []
        standardized = functools.partial(self._standardized, state)
        rows = JoinedRows([RowView(clip.rows("features"), standardized) for clip in clips])
        cuts = np.cumsum([len(clip) for clip in clips])[:-1]
        scores = np.split(self.distances(state["fitted"], rows), cuts)
        return [clip.scored(each) for clip, each in zip(clips, scores, strict=True)]

    def stream(self, state: State) -> Stream:
        """Measure frame by frame; see `Detector.stream`."""

        def score(rows: dict[str, np.ndarray | None]) -> float | None:
            row = rows["features"]
            assert row is not None  # features have a row for every frame
            return float(self.distances(state["fitted"], self._standardized(state, row[None]))[0])

        return RowStream(self.frontend, self.inputs, score)

    def _standardized(self, state: State, rows: np.ndarray) -> np.ndarray:
        return Standardizer(state["mean"], state["std"]).apply(pooled(rows))


class NearestNeighbours(_FeatureDistance):
    """Mean Euclidean distance to the `evaluate.knn` nearest normal training frames."""

    name = "knn"

    def fit_features(self, features: Rows) -> np.ndarray:
        """Keep them; of more than `BANK_BYTES`, evenly spaced ones."""
        num, width = features.shape
        kept = min(num, max(1, BANK_BYTES // (4 * width)))
        bank, count = np.empty((kept, width), np.float32), 0
        chosen = np.arange(kept) * num // kept
        step = max(1, BLOCK_BYTES // (4 * width))
        for start in range(0, num, step):
            within = chosen[(chosen >= start) & (chosen < start + step)] - start
            bank[count : count + len(within)] = features[start : start + step][within]
            count += len(within)
        return bank

    def describe(self, state: State) -> dict[str, Any]:
        """Say how many normal frames are kept."""
        return {"normal_frames_kept": len(state["fitted"])}

    def distances(self, fitted: np.ndarray, rows: Rows) -> np.ndarray:
        """See `scoring.distances.knn`.

        Args:
            fitted: float32 [n, d].
            rows: float32 [m, d].

        Returns:
            float32 [m].
        """
        return distances.knn(fitted, rows, k=self.config.evaluate.knn)


class Mahalanobis(_FeatureDistance):
    """Mahalanobis distance from the normal training frames, with a shrunk covariance."""

    name = "mahalanobis"

    def fit_features(self, features: Rows) -> dict:
        """See `scoring.distances.fit_mahalanobis`."""
        return distances.fit_mahalanobis(features)

    def distances(self, fitted: dict, rows: Rows) -> np.ndarray:
        """See `scoring.distances.mahalanobis`.

        Args:
            fitted: what `fit_features` returned.
            rows: float32 [m, d].

        Returns:
            float32 [m].
        """
        return distances.mahalanobis(fitted, rows)


def normal_rows(clip: Clip) -> Rows:
    """Return the rows of a training clip whose label is 0, pooled, as they are read."""
    rows, normal = clip.rows("features"), normal_frames(clip)
    chosen = None if len(normal) == len(clip) else normal
    change = None if rows.ndim == 2 else pooled
    return rows if chosen is None and change is None else RowView(rows, change, chosen=chosen)


def pooled(rows: np.ndarray) -> np.ndarray:
    """Average maps [t, h, w, d] over locations, crops [t, crops, d] over crops: [t, d]."""
    middle = tuple(range(1, rows.ndim - 1))
    return np.asarray(rows, np.float32).mean(axis=middle) if middle else rows


def normal_frames(clip: Clip) -> np.ndarray:
    """Return the numbers of the rows with label 0, int [k]."""
    return np.flatnonzero(clip.labels == 0)
