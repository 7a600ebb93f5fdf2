"""Models of windows trained by gradient: scanners that predict or classify, autoencoders."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ml_collections import ConfigDict

from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import stretches_of
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.protocols import PROTOCOLS
from vadjax.data.splits.units import Segment
from vadjax.data.splits.windows import join_tables, window_span
from vadjax.data.text.class_names import names_of
from vadjax.data.video import Video
from vadjax.detectors.contract import ClipDetector, Progress, State, Stream
from vadjax.detectors.window_faults import check_memory, say_reach
from vadjax.detectors.window_finetune import finetuned
from vadjax.detectors.window_labels import cell_labels, row_labels, tells_classes
from vadjax.detectors.window_progress import conclude, reported
from vadjax.detectors.window_state import state_of, trained_of
from vadjax.errors import UserError
from vadjax.features.standardize import Standardizer

if TYPE_CHECKING:
    from vadjax.scoring.first_frames import FirstFrames


class WindowModel(ClipDetector):
    """A model over windows of feature rows.

    Rows are standardised by the training units' statistics, windows are cut at `window.stride`
    for training and at stride 1 for scoring, and the objective turns the model's outputs into
    scores of rows.

    Args:
        config: whole; window, model, objective, train, score, features.standardize and the
            protocol are read.
        frontend: see `detectors.create`.
    """

    name, inputs = "window_model", ("features",)
    maps = True  # of its gradients, in stage explain

    def __init__(self, config: ConfigDict, frontend: Any = None):
        super().__init__(config, frontend)
        self._models: dict[tuple[int, ...], Any] = {}

    @functools.cached_property
    def objective(self) -> Any:
        """The objective that `config.objective` names."""
        from vadjax.models import objectives

        label_rule = self.config.window.label
        settings = {**self.config.objective.to_dict(), "label_rule": label_rule}
        return objectives.create(ConfigDict(settings))

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes that the objective tells apart, normal first."""
        return names_of(self.config.objective.classes)

    @property
    def recognizes(self) -> bool:
        """Whether probabilities of classes are kept, not the score alone."""
        return tells_classes(self.objective, self.class_names)

    def model(self, row_shape: Sequence[int]) -> Any:
        """Return the model that `config.model` names, for rows of a shape; made once."""
        from vadjax import models

        shape = tuple(row_shape)
        if shape not in self._models:
            self._models[shape] = models.create(
                self.config.model, feature_shape=shape, objective=self.objective
            )
        return self._models[shape]

    def share(self, other: "WindowModel") -> None:
        """Use the model and objective of a detector of the same shapes, and so its programs."""
        self.__dict__["objective"], self._models = other.objective, other._models

    @property
    def span(self) -> int:
        """Consecutive rows that a window reaches over."""
        return window_span(self.config.window.length, self.config.window.dilation)

    @property
    def delay(self) -> int:  # type: ignore[override]
        """Frames after a frame that its score waits for."""
        if self.config.score.aggregate == "last":
            return 0
        length, both = self.config.window.length, bool(self.config.model.bidirectional)
        return self.objective.lookahead(length, both) * self.config.window.dilation

    def standardizer(self, clips: Iterable[Clip]) -> Standardizer:
        """Fit the standardisation of rows on training clips.

        Args:
            clips: of the training units.

        Returns:
            The standardisation; one that changes nothing where the protocol takes rows as they are.
        """
        clips = list(clips)
        arrays = [array for clip in clips for array in clip.used_arrays("features")]
        if not PROTOCOLS[self.config.dataset.protocol].standardized:
            channels = arrays[0].shape[-1]
            return Standardizer(np.zeros(channels, np.float32), np.ones(channels, np.float32))
        if self.config.features.standardize == "range":
            return Standardizer.of_pixels(arrays[0].shape[-1])
        fitted = Standardizer.fit(arrays, by_place=self.config.features.standardize == "place")
        read = stretches_of(clips, lambda clip: clip.units.used_rows())
        return dataclasses.replace(fitted, fitted_on=read)

    def training_data(
        self,
        train: Sequence[Clip],
        validation: Sequence[Clip],
    ) -> tuple[Standardizer, Any]:
        """Return what a training reads.

        Args:
            train: clips of the training units.
            validation: clips of the validation units; segments that both have are read once.

        Returns:
            The standardisation, and `training.inputs.TrainingData`.
        """
        from vadjax.training.inputs import TrainingData

        check_memory(self.config, train)
        standardizer, window = self.standardizer(train), self.config.window
        pool: dict[Segment, tuple[np.ndarray, Video]] = {}
        for clip in (*train, *validation):
            known = zip(clip.arrays("features"), clip.videos, strict=True)
            for segment, each in zip(clip.units.segments, known, strict=True):
                pool.setdefault(segment, each)
        starts = np.cumsum([0, *map(len, pool)]).tolist()
        start_of = dict(zip(pool, starts, strict=False)).__getitem__
        cut: dict[str, Any] = {"length": window.length, "dilation": window.dilation}
        cut |= {"start_of": start_of, "pad": window.short_clips == "pad"}
        cells = None
        if "cell_label" in self.objective.reads:
            of = {"objective": self.objective, "fit": self.config.features.fit}
            cells = [cell_labels(v, s, rows.shape[1:3], **of) for s, (rows, v) in pool.items()]
        labels: dict[str, Any] = self.row_labels({s: video for s, (_, video) in pool.items()})
        return standardizer, TrainingData(
            clips=[rows for rows, _ in pool.values()],
            train=join_tables([c.units.window_table(stride=window.stride, **cut) for c in train]),
            validation=join_tables([c.units.window_table(stride=1, **cut) for c in validation]),
            **labels,
            cell_labels=None if cells is None else np.concatenate(cells),
            standardize=standardizer.apply,
            segments=list(pool),
        )

    def row_labels(self, pool: Mapping[Segment, Video]) -> dict[str, np.ndarray]:
        """Return what the objective reads of labels; see `window_labels.row_labels`."""
        return row_labels(pool, self.objective, self.class_names)

    def fit(
        self,
        train: Sequence[Clip],
        validation: Sequence[Clip],
        *,
        seed: int,
        progress: Progress,
    ) -> State:
        """Train until the validation loss stops falling; resume where checkpoints lie.

        Args:
            train: clips to train on.
            validation: clips for early stopping and the choice of the epoch.
            seed: not read here: the config has it.
            progress: its workdir gets log.jsonl, tensorboard/ and checkpoints/.

        Returns:
            See `state_of`.

        Raises:
            UserError: see `training.fit.fit`.
            ValueError: `progress` has no workdir.
        """
        from vadjax.training.fit import fit

        if progress.workdir is None:
            raise ValueError("a window model keeps its checkpoints in Progress.workdir; give one.")
        standardizer, data = self.training_data(train, validation)
        say_reach(self.config, progress.say)

        def train_on(data: Any, config: ConfigDict, **more: Any) -> Any:
            with reported(progress, config, data) as (report, compiling):
                more |= {"report": report, "compiling": compiling, "workdir": progress.workdir}
                result = fit(self.model(data.row_shape), self.objective, data, config, **more)
            conclude(progress, result)
            progress.add_time(train_epochs_s=result.train_s, train_compile_s=result.compile_s)
            return result

        result = train_on(data, self.config, name=progress.name)
        if self.config.train.finetune_epochs:
            result = finetuned(self, result.variables, data, train_on, name=progress.name)
        return state_of(result.variables, standardizer, data.fitted_on)

    def score_clips(
        self, state: State, clips: Sequence[Clip], *, shared: MutableMapping | None = None
    ) -> list[ScoredVideo]:
        """Score clips in few calls of one program. See `Detector.score_clips`.

        Args:
            state: what `fit` returned.
            clips: to score; all of segments, or all of windows.
            shared: keeps the rows on the device between detectors of one standardisation; None
                keeps nothing.

        Returns:
            A record for each clip.

        Raises:
            UserError: a clip is too short for a score.
        """
        if not clips:
            return []
        if self.adapts():
            from vadjax.detectors import memory_at_test

            return memory_at_test.score_clips(self, state, clips)
        from vadjax.detectors.window_scores import score_clips

        return score_clips(self, state, clips, shared)

    def first_frames(self, model: Any) -> "FirstFrames":
        """Return how the frames before the end of a video's first window get a score."""
        from vadjax.scoring.first_frames import choose_first_frames

        c, cut = self.config, {k: self.config.window[k] for k in ("length", "dilation")}
        more = {"aggregate": c.score.aggregate, "mode": c.score.first_frames}
        return choose_first_frames(model, self.objective, **cut, **more)

    def adapts(self) -> list[str]:
        """Say how a frame's score hangs on other test frames; see `abilities.Adapter`."""
        if self.config.model.at_test == "frozen":
            return []
        from vadjax.detectors.memory_at_test import adaptations

        return adaptations(self.config.model.at_test)

    def stream(self, state: State) -> Stream:
        """Score windows over a ring buffer of rows; see `Detector.stream`."""
        if self.adapts():
            raise UserError(
                f"model.at_test={self.config.model.at_test} scales scores by the whole video, so "
                "that frames cannot be scored as they come: train with model.at_test=frozen."
            )
        from vadjax.detectors.window_stream import WindowStream

        return WindowStream(self, trained_of(state))

    def describe(self, state: State) -> dict[str, Any]:
        """Return what metrics.json says of the model."""
        from vadjax.models.model import num_parameters

        config = self.config
        early = self.span > 1 and config.score.aggregate == "last"
        return {
            **({"first_frames": config.score.first_frames} if early else {}),
            "window": config.window.length,
            "model": config.model.name,
            "bidirectional": bool(config.model.bidirectional),
            "objective": config.objective.name,
            "parameters": num_parameters(state["variables"]),
        }
