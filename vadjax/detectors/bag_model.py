"""Models of bags, trained by gradient on labels of whole videos."""

import functools
import itertools
from collections.abc import Iterator, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import FittedOn, Stretch, stretches_of
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.windows import WindowTable
from vadjax.detectors.bags import Instances, bag, segments, snippets
from vadjax.detectors.contract import State, Stream
from vadjax.detectors.window_model import WindowModel
from vadjax.detectors.window_state import trained_of
from vadjax.errors import UserError
from vadjax.features.standardize import Standardizer

if TYPE_CHECKING:
    from vadjax.training.inputs import TrainingData

AT_ONCE = 1 << 26  # bytes of instances that are scored in one call


class BagModel(WindowModel):
    """A scorer of instances; of each training video it reads its rows and its one label.

    A snippet is the mean of `window.length` consecutive rows. A video is a bag of `bag.segments`
    instances for training (`bag.instances`); a test video is scored snippet by snippet, or in as
    many segments (`bag.scored`), and each of its rows has the score of its instance.

    Args:
        config: whole; window.length, bag, model, objective, train and score are read.
        frontend: see `detectors.create`.
    """

    name, maps = "bag_model", False

    @property
    def delay(self) -> int | None:  # type: ignore[override]
        """Frames after a frame that its score waits for; None: the whole video."""
        return self.config.window.length - 1 if self.config.bag.scored == "snippets" else None

    def training_data(
        self, train: Sequence[Clip], validation: Sequence[Clip]
    ) -> "tuple[Standardizer, TrainingData]":
        """Return what a training reads.

        Args:
            train: clips of the training units.
            validation: clips of the validation units.

        Returns:
            The standardisation, and `training.inputs.TrainingData` whose windows are whole bags.

        Raises:
            UserError: a clip has no label.
        """
        [(standardizer, data)] = self.pooled([(train, validation)])
        return standardizer, data._replace(standardize=standardizer.apply)

    def pooled(
        self, pairs: "Sequence[tuple[Sequence[Clip], Sequence[Clip]]]"
    ) -> "list[tuple[Standardizer, TrainingData]]":
        """Return what several trainings read, which share the bags, not standardised.

        Args:
            pairs: training and validation clips of each.

        Returns:
            The standardisation and the data of each.

        Raises:
            UserError: a clip has no label.
        """
        from vadjax.training.inputs import TrainingData

        known = {c.id: c for pair in pairs for c in itertools.chain(*pair)}
        numbers = {name: index for index, name in enumerate(known)}
        bags = [self._bag(clip) for clip in known.values()]
        labels = np.array([_label(clip) for clip in known.values()], np.int32)
        made = []
        for train, validation in pairs:
            noted: FittedOn = {"training": _all_of(train), "early stopping": _all_of(validation)}
            data = TrainingData(
                bags,
                self._table([numbers[clip.id] for clip in train]),
                self._table([numbers[clip.id] for clip in validation]),
                video_labels=labels,
                noted=noted,
                pairs=True,
            )
            made.append((self.standardizer(train), data))
        return made

    def _bag(self, clip: Clip) -> np.ndarray:
        b = self.config.bag
        more = {"count": b.segments, "kind": b.instances}
        return bag(clip.rows("features"), length=self.config.window.length, **more)

    def _table(self, numbers: Sequence[int]) -> WindowTable:
        """Return the windows that are the bags of these numbers."""
        count = self.config.bag.segments
        video = np.array(numbers, np.int32)
        return WindowTable((video[:, None] * count + np.arange(count)).astype(np.int32), video)

    def instances(self, clip: Clip) -> Instances:
        """Return the instances of a clip that get a score, not standardised."""
        rows = clip.rows("features")
        if self.config.bag.scored == "segments":
            return segments(rows, self.config.bag.segments)
        return snippets(rows, self.config.window.length)

    def score_clips(
        self, state: State, clips: Sequence[Clip], *, shared: MutableMapping | None = None
    ) -> list[ScoredVideo]:
        """Score clips. See `Detector.score_clips`.

        Args:
            state: what `fit` returned.
            clips: to score.
            shared: not used: instances are few.

        Returns:
            A record for each clip.
        """
        scored = []
        for group in self._groups(clips):
            scores = self.scores(state, np.concatenate([own.rows for _, own in group]))
            cuts = np.cumsum([len(own.rows) for _, own in group])[:-1]
            for (clip, own), values in zip(group, np.split(scores, cuts), strict=True):
                scored.append(clip.scored(np.repeat(values, own.counts)))
        return scored

    def _groups(self, clips: Sequence[Clip]) -> Iterator[list[tuple[Clip, Instances]]]:
        """Yield clips with their instances, about `AT_ONCE` bytes at a time."""
        group: list[tuple[Clip, Instances]] = []
        for clip in clips:
            group.append((clip, self.instances(clip)))
            if sum(own.rows.nbytes for _, own in group) > AT_ONCE:
                yield group
                group = []
        if group:
            yield group

    def scores(self, state: State, rows: np.ndarray) -> np.ndarray:
        """Score instances.

        Args:
            state: what `fit` returned.
            rows: float32 [n, ...], not standardised.

        Returns:
            float32 [n] in [0, 1].
        """
        from vadjax.scoring.score_fn import make_score_fn

        variables, standardizer = trained_of(state)
        sizes = {"length": 1, "batch_size": self.config.score.batch_size}
        run = make_score_fn(self.model(rows.shape[1:]), self.objective, **sizes)
        return run(
            variables, standardizer.apply(rows), np.arange(len(rows), dtype=np.int32)[:, None]
        )[:, 0]

    def stream(self, state: State) -> Stream:
        """Score snippet by snippet; see `Detector.stream`.

        Raises:
            UserError: the segments of a video are known when it has ended.
        """
        if self.config.bag.scored == "segments":
            raise UserError(
                "bag.scored=segments divides whole videos and cannot score a stream; train with "
                "bag.scored=snippets."
            )
        from vadjax.detectors.bag_stream import BagStream

        read, length = self.frontend.reader("features"), self.config.window.length
        return BagStream(read, length, functools.partial(self.scores, state))

    def describe(self, state: State) -> dict[str, Any]:
        """Return what metrics.json says of the model."""
        from vadjax.models.model import num_parameters

        c = self.config
        return {
            "window": c.window.length,
            "model": c.model.name,
            "objective": c.objective.name,
            "bag": c.bag.to_dict(),
            "parameters": num_parameters(state["variables"]),
        }


def _label(clip: Clip) -> int:
    """Return the label of a clip's video."""
    label = clip.videos[0].video_label
    if label is None:
        raise UserError(f"{clip.id} has no label of its own to learn from.")
    return int(label)


def _all_of(clips: Sequence[Clip]) -> list[Stretch]:
    return stretches_of(clips, lambda clip: np.arange(len(clip)))
