"""Clips that a run knows without its data set: those it was trained on, and those added later."""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from vadjax import data
from vadjax.data.clip import known_of
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.units import Segment
from vadjax.data.video import Dataset, Video
from vadjax.storage.clips import with_frames


class Added(NamedTuple):
    """A clip that was added.

    Attributes:
        video: its frames need not be there.
        scores: float32 [t], by the detector as it was before.
        predicted: bool [t], see `ScoredVideo`.
    """

    video: Video
    scores: np.ndarray
    predicted: np.ndarray

    @property
    def segment(self) -> Segment:
        """All of its frames."""
        return Segment(self.video.id, 0, len(self.video.frames))

    @property
    def scored(self) -> ScoredVideo:
        """Its held-out scores, for the threshold."""
        known = known_of(self.video, self.segment)
        return ScoredVideo(self.video.id, self.scores, predicted=self.predicted, **known)


def load_dataset(config: Any, *, cache_dir: pathlib.Path, known: Sequence[Video]) -> Dataset:
    """Load a data set whose training clips may have been removed since the training.

    Args:
        config: the section `dataset`.
        cache_dir: see `data.load`.
        known: all training clips, as they were; none: they have to be there.

    Returns:
        The data set; with `known`, its training side is that of before.

    Raises:
        UserError: see `data.load`.
    """
    if not known:
        return data.load(config, cache_dir=cache_dir)
    config = config.copy_and_resolve_references()
    with config.unlocked():
        config.train_may_be_gone = True
    there = data.load(config, cache_dir=cache_dir)
    return dataclasses.replace(there, train=with_frames(known, there.train))
