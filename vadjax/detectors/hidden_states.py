"""How far a recurrent model's hidden state is from the states of normal training windows.

Elavarasi et al. score a frame by the "deviation" of an LSTM's hidden states from normal ones (the
steps 10 to 12 of their temporal algorithm), and say neither which state nor which distance. Here it
is the state of the top layer after the last row of the window, and its distance from the mean of
normal training windows, Euclidean or Mahalanobis. What the model was trained for (to predict,
to give the window back, to classify) shapes the states, and its error is not read.
"""

import collections
import contextlib
import dataclasses
import pathlib
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from vadjax.data.clip import Clip
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.windows import window_span
from vadjax.detectors.contract import ClipDetector, Progress, State, Stream
from vadjax.detectors.frontend import RowStream
from vadjax.detectors.window_model import WindowModel
from vadjax.features.standardize import Standardizer
from vadjax.scoring.distances import fit_mahalanobis, mahalanobis
from vadjax.scoring.first_frames import repeated_windows


@dataclasses.dataclass(frozen=True)
class FinalState:
    """Stands for an objective where windows are scored: gives the state after the last row."""

    def num_scored(self, t: int) -> int:
        """One row, the last."""
        return 1

    def frame_score(self, outputs: Mapping, windows: Any) -> Any:
        """Return the hidden state after the last row.

        Args:
            outputs: `hidden` float32 [b, s, u].
            windows: not read.

        Returns:
            float32 [b, 1, u].
        """
        return outputs["hidden"][:, -1:]


class HiddenStates(ClipDetector):
    """A recurrent model is trained, then the states of its normal training windows are averaged.

    The first frames of a video have windows that repeat its first frame.

    Args:
        config: whole; hidden.distance, and what `WindowModel` reads.
        frontend: see `detectors.create`.
    """

    name, inputs = "hidden_states", ("features",)

    def __init__(self, config: ConfigDict, frontend: Any = None):
        super().__init__(config, frontend)
        self._trained = WindowModel(config, frontend)

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Train the model, then measure its states on the training windows. See `Detector.fit`.

        The training is logged, and resumed where checkpoints lie, as that of `WindowModel`.

        Args:
            train: clips to train on; states are those of frames with label 0.
            validation: clips for early stopping and the choice of the epoch.
            seed: of the training.
            progress: its workdir gets log.jsonl, tensorboard/ and checkpoints/; without one, what
                is interrupted begins again.

        Returns:
            What `WindowModel.fit` returns, and `states`: the mean [u], or what `fit_mahalanobis`
            returns.
        """
        with contextlib.ExitStack() as opened:
            if progress.workdir is None:  # nothing is to be kept, such as of a cross-fit
                folder = pathlib.Path(opened.enter_context(tempfile.TemporaryDirectory()))
                progress = dataclasses.replace(progress, workdir=folder)
            state = self._trained.fit(train, validation, seed=seed, progress=progress)
        whole = window_span(self.config.window.length, self.config.window.dilation) - 1
        known = [
            self.states(state, clip.rows("features"))[whole:][clip.labels[whole:] == 0]
            for clip in train
            if len(clip) > whole
        ]
        normal = np.concatenate(known).astype(np.float64)
        if self.config.hidden.distance == "mahalanobis":
            return {**state, "states": fit_mahalanobis(normal)}
        return {**state, "states": {"mean": normal.mean(axis=0)}}

    def model(self, row_shape: Sequence[int]) -> Any:
        """Return the model that is trained, for rows of a shape."""
        return self._trained.model(row_shape)

    def states(self, state: State, rows: np.ndarray) -> np.ndarray:
        """Return the hidden state at each row of a video.

        Args:
            state: what `fit` returned.
            rows: float [t, d], as they are read.

        Returns:
            float32 [t, u], after the window that ends at the row.
        """
        from vadjax.scoring.score_fn import make_score_fn

        standard = Standardizer(state["mean"], state["std"]).apply(np.asarray(rows))
        windows = self._windows(np.arange(len(standard)))
        sizes = {"length": windows.shape[1], "batch_size": self.config.score.batch_size}
        after = make_score_fn(self._trained.model(standard.shape[1:]), FinalState(), **sizes)
        return after(state["variables"], standard, windows)[:, -1]

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Measure the distance at every frame. See `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record, without threshold and alarms.
        """
        return clip.scored(self.distances(state, self.states(state, clip.rows("features"))))

    def distances(self, state: State, states: np.ndarray) -> np.ndarray:
        """Return the distance of each hidden state from the normal ones.

        Args:
            state: what `fit` returned.
            states: float32 [t, u].

        Returns:
            float32 [t].
        """
        if "factor" in state["states"]:
            return mahalanobis(state["states"], states)
        away = states.astype(np.float64) - state["states"]["mean"]
        return np.sqrt(np.square(away).sum(axis=1)).astype(np.float32)

    def stream(self, state: State) -> Stream:
        """Measure frame by frame, over a ring buffer of rows; see `Detector.stream`."""
        from vadjax.detectors.window_stream import make_window_fn

        span = window_span(self.config.window.length, self.config.window.dilation)
        kept: collections.deque = collections.deque(maxlen=span)
        standardizer = Standardizer(state["mean"], state["std"])

        def score(rows: dict[str, np.ndarray | None]) -> float:
            row = rows["features"]
            assert row is not None  # features have a row for every frame
            kept.append(standardizer.apply(row[None])[0])
            window = np.stack(kept)[self._windows(np.array([len(kept) - 1]))]  # [1, t, d]
            after = make_window_fn(
                self._trained.model(window.shape[2:]), FinalState(), num_scored=1
            )
            states = np.asarray(after(state["variables"], window))[:, -1]
            return float(self.distances(state, states)[0])

        return RowStream(self.frontend, self.inputs, score)

    def describe(self, state: State) -> dict[str, Any]:
        """Return what metrics.json says of the model."""
        return {**self._trained.describe(state), "distance": self.config.hidden.distance}

    def _windows(self, frames: np.ndarray) -> np.ndarray:
        """Return the windows that end at frames, int32 [n, length or length + 1]."""
        window = self.config.window
        rows = repeated_windows(frames, length=window.length, dilation=window.dilation)
        if self.config.objective.name != "predict":
            return rows
        return np.concatenate([rows, rows[:, -1:]], axis=1)  # a predictor never reads the last row
