"""How far a frame's features are from those of the frame before it."""

from collections.abc import Sequence

import numpy as np

from vadjax.data.arrays.row_view import BLOCK_BYTES, RowView
from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import stretches_of
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import ClipDetector, Progress, State, Stream
from vadjax.detectors.feature_distance import normal_frames, normal_rows, pooled
from vadjax.detectors.frontend import RowStream
from vadjax.features.standardize import Standardizer
from vadjax.scoring.aggregate import fill


class FeatureDifference(ClipDetector):
    """Euclidean distance between the standardised features of a frame and of the one before.

    Feature maps are averaged over locations. The first frame of a clip takes the second's score;
    a clip of one frame scores 0.
    """

    name, inputs = "feature_difference", ("features",)

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Measure the normal training frames. See `Detector.fit`.

        Args:
            train: clips, whose frames with label 0 are measured.
            validation: not read.
            seed: not used: nothing is drawn.
            progress: not used.

        Returns:
            mean and std float32 [d], by which features are standardised, and `fitted_on`.
        """
        measured = Standardizer.fit(normal_rows(clip) for clip in train)
        read = {"standardisation": stretches_of(train, normal_frames)}
        return {"mean": measured.mean, "std": measured.std, "fitted_on": read}

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Measure all steps, a block at a time. See `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record, without threshold and alarms.
        """
        scores = np.zeros(len(clip), np.float32)
        if len(clip) < 2:
            return clip.scored(scores)
        rows = RowView(clip.rows("features"))
        step = max(1, BLOCK_BYTES // max(1, rows[:1].nbytes))
        for start in range(0, len(scores) - 1, step):
            scores[start + 1 : start + step + 1] = _steps(state, rows[start : start + step + 1])
        predicted = np.arange(len(clip)) > 0
        return clip.scored(fill(scores, predicted), predicted)

    def stream(self, state: State) -> Stream:
        """Measure step by step; see `Detector.stream`."""
        before: np.ndarray | None = None

        def push(rows: dict[str, np.ndarray | None]) -> float | None:
            nonlocal before
            last, before = before, rows["features"]
            assert before is not None  # features have a row for every frame
            return None if last is None else float(_steps(state, np.stack([last, before]))[0])

        return RowStream(self.frontend, self.inputs, push)


def _steps(state: State, rows: np.ndarray) -> np.ndarray:
    """Return the distance of each row but the first from the one before.

    Args:
        state: mean and std.
        rows: [t, d], or maps [t, h, w, d].

    Returns:
        float32 [t - 1], in standard deviations.
    """
    standardized = Standardizer(state["mean"], state["std"]).apply(pooled(rows))
    return np.linalg.norm(np.diff(standardized, axis=0), axis=1)
