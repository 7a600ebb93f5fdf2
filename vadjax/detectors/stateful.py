"""A recurrent model whose state is carried from frame to frame, from a video's first to its last.

Keras calls it `stateful`. `window_model` begins each window with an empty state, so that a score
hangs on the frames of its window alone; here it hangs on all frames before, each of which is read
once: a step of the recurrence a frame instead of a window. The model is trained on windows, from
empty states, as for `window_model`.
"""

import dataclasses
import pathlib
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from vadjax.data.arrays.row_view import RowView
from vadjax.data.clip import Clip
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import ClipDetector, Progress, State, Stream
from vadjax.detectors.frontend import RowStream
from vadjax.detectors.window_model import WindowModel
from vadjax.detectors.window_state import trained_of
from vadjax.scoring.aggregate import fill

SETTLED = 0.05  # of the deviation of normal scores, by which two states may differ in a score
FOLLOWED = 256  # frames for which they are compared
STARTS = 32  # places in the training clips at which a second state begins


class Stateful(ClipDetector):
    """Scores each frame by the state after all frames before it.

    Args:
        config: whole; what `WindowModel` reads.
        frontend: see `detectors.create`.
    """

    name, inputs = "stateful", ("features",)

    def __init__(self, config: ConfigDict, frontend: Any = None):
        super().__init__(config, frontend)
        self._trained = WindowModel(config, frontend)

    @property
    def objective(self) -> Any:
        """What the model is trained for."""
        return self._trained.objective

    @property
    def predicts(self) -> bool:
        """Whether a row is compared with what was expected, so that the first has no score."""
        return bool(self.objective.min_length > 1)

    def model(self, row_shape: Sequence[int]) -> Any:
        """Return the model that is trained, for rows of a shape."""
        return self._trained.model(row_shape)

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Train the model on windows, then measure its warm-up. See `Detector.fit`.

        Args:
            train: clips to train on.
            validation: clips for early stopping and the choice of the epoch.
            seed: of the training.
            progress: shows the epochs.

        Returns:
            What `WindowModel.fit` returns, and `warm_up`, int (`warm_up_of`), and `settled`.
        """
        # The trainings of a cross-fit are no part of the run's folder, and all are fitted here.
        with tempfile.TemporaryDirectory() as folder:
            own = dataclasses.replace(progress, workdir=pathlib.Path(folder))
            state = self._trained.fit(train, validation, seed=seed, progress=own)
        warm_up, settled = warm_up_of(self._late_starts(state, train))
        more = "" if settled else " at least"
        progress.say(
            f"warm-up:{more} {warm_up} frames, in which scores hang on where a video began"
        )
        return {**state, "warm_up": warm_up, "settled": settled}

    def _late_starts(
        self, state: State, clips: Sequence[Clip]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return scores from a place in a clip on: by the whole clip, and by a state begun there.

        Abnormal frames have no part in it.
        """
        found, skipped = [], int(self.predicts)
        each = max(1, STARTS // max(1, len(clips)))
        for clip in clips[:: max(1, len(clips) // STARTS)]:
            if clip.labels.any():
                continue
            whole = self.scores(state, clip.rows("features"))
            for start in np.linspace(0, len(whole), each + 2)[1:-1].astype(int).tolist():
                stop = min(start + FOLLOWED, len(whole))
                late = self.scores(state, clip.rows("features")[start:stop])
                found.append((whole[start:stop][skipped:], late[skipped:]))
        return found

    def scores(self, state: State, rows: Any) -> np.ndarray:
        """Return the scores of a video's rows.

        Args:
            state: what `fit` returned.
            rows: float [t, d], as they are read.

        Returns:
            float32 [t]; that of row 0 means nothing where the model predicts.
        """
        from vadjax.scoring.carried import score_rows

        variables, standardizer = trained_of(state)
        standard = RowView(rows, standardizer.apply)
        model = self.model(standard.shape[1:])
        return score_rows(model, self.objective, variables, standard)

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Score a clip from its first frame to its last. See `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record, without threshold and alarms.
        """
        if len(clip) < 2 and self.predicts:
            return clip.scored(np.zeros(len(clip), np.float32))
        scores = self.scores(state, clip.rows("features"))
        predicted = np.arange(len(clip)) >= int(self.predicts)
        return clip.scored(fill(scores, predicted), predicted)

    def stream(self, state: State) -> Stream:
        """Score frame by frame; see `Detector.stream`."""
        from vadjax.scoring.carried import begin, make_step_fn

        variables, standardizer = trained_of(state)
        model: Any = None
        carried: Any = None

        def push(rows: dict[str, np.ndarray | None]) -> float | None:
            nonlocal model, carried
            row = rows["features"]
            assert row is not None  # features have a row for every frame
            standard = standardizer.apply(row[None])
            is_first = model is None
            if is_first:
                model = self.model(standard.shape[1:])
                carried = begin(model, variables)
            step = make_step_fn(model, self.objective)
            carried, score = step(variables, carried, standard)
            return None if is_first and self.predicts else float(score)

        return RowStream(self.frontend, self.inputs, push)

    def describe(self, state: State) -> dict[str, Any]:
        """Return what metrics.json says of the model."""
        known = {"warm_up_frames": int(state["warm_up"]), "warm_up_settled": bool(state["settled"])}
        facts = self._trained.describe(state)
        facts.pop("first_frames", None)
        return {**facts, **known}


def warm_up_of(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[int, bool]:
    """Return after how many frames a state no longer shows where it began.

    Args:
        pairs: scores of the same frames by a state that began long before, and by one that began
            with the first of them, float32 [t] each.

    Returns:
        The first frame from which on the mean difference stays below `SETTLED` of the deviation of
        the scores; and whether there is one: else how far was compared.
    """
    if not pairs:
        return 0, False
    deviation = float(np.concatenate([whole for whole, _ in pairs]).std())
    # As far as half of the pairs reach: a mean over fewer would be that of other clips.
    reach = int(np.median([len(whole) for whole, _ in pairs]))
    apart = np.full((len(pairs), reach), np.nan)
    for number, (whole, late) in enumerate(pairs):
        count = min(reach, len(whole))
        apart[number, :count] = np.abs(whole - late)[:count]
    far = np.flatnonzero(np.nanmean(apart, axis=0) >= max(SETTLED * deviation, 1e-12))
    last = int(far[-1]) + 1 if len(far) else 0
    return last, last < reach
