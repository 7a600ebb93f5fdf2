"""The mean of what the detectors of several folds say of one video: scores, maps and parts."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.data.arrays.new_array import New, in_memory
from vadjax.data.arrays.row_view import BLOCK_BYTES, release
from vadjax.data.scored_video import Finding, ScoredVideo
from vadjax.detectors.abilities import Finds, Kept, Notices
from vadjax.detectors.contract import FrameScore


class MeanStream:
    """The mean of the streams of several folds' detectors; see `detectors.contract.Stream`.

    Args:
        streams: at least one; their delays are equal.
    """

    def __init__(self, streams: Sequence[Any]):
        self._streams = list(streams)

    def update(self, frame: np.ndarray, time: float | None = None) -> list[FrameScore]:
        """Take the next frame.

        Args:
            frame: uint8 [h, w, 3] RGB, or [h, w] grey.
            time: timestamp in seconds.

        Returns:
            The scores that are final now.
        """
        return mean_scores([stream.update(frame, time) for stream in self._streams])

    def close(self) -> list[FrameScore]:
        """Return the scores of the frames that waited for later ones."""
        return mean_scores([stream.close() for stream in self._streams])

    @property
    def inner(self) -> list[Any]:
        """The streams of the detectors themselves, without rules."""
        return [getattr(stream, "inner", stream) for stream in self._streams]

    def changed(self) -> str:
        """Say that the frames are not of what was learnt; see `abilities.Notices`."""
        first = self._streams[0]
        return first.changed() if isinstance(first, Notices) else ""

    def finding(self, kept: Kept | None = None) -> Finding | None:
        """Say what the first fold's detector saw in the last frame; see `abilities.Finds`."""
        first = self._streams[0]
        return first.finding(kept) if isinstance(first, Finds) else None


def mean_scores(by_fold: Sequence[list[FrameScore]]) -> list[FrameScore]:
    """Average what several streams give for the same frames.

    Args:
        by_fold: of each stream, equally many.

    Returns:
        A score for each frame; None where one of them has none. Its map is the mean where all give
        one, its parts are those that all give.
    """
    if len(by_fold) == 1:
        return by_fold[0]
    return [_mean_score(scores) for scores in zip(*by_fold, strict=True)]


def _mean_score(scores: Sequence[FrameScore]) -> FrameScore:
    values = [one.score for one in scores if one.score is not None]
    maps = [one.map for one in scores if one.map is not None]
    return FrameScore(
        scores[0].index,
        scores[0].time,
        float(np.mean(values)) if len(values) == len(scores) else None,
        _mean(maps) if len(maps) == len(scores) else None,
        {name: float(np.mean(own)) for name, own in _by_name([one.parts for one in scores])},
    )


def mean_video(scored: Sequence[ScoredVideo], *, new_maps: New = in_memory) -> ScoredVideo:
    """Average the records of one video by the detectors of several folds.

    Args:
        scored: at least one, of equal length.
        new_maps: makes the array of the mean maps.

    Returns:
        The first record, with mean scores and mean probabilities of classes; with mean maps where
        all have maps of one grid, and the mean of each part that all have.
    """
    if len(scored) == 1:
        return scored[0]
    maps = [one.maps for one in scored if one.maps is not None]
    alike = len(maps) == len(scored) and len({values.shape for values in maps}) == 1
    classes = scored[0].recognized
    if classes is not None:
        found = [one.recognized.probabilities for one in scored if one.recognized is not None]
        classes = dataclasses.replace(classes, probabilities=_mean(found))
    return dataclasses.replace(
        scored[0],
        scores=_mean([one.scores for one in scored]),
        recognized=classes,
        maps=_mean_maps(maps, new_maps) if alike else None,
        parts={name: _mean(own) for name, own in _by_name([one.parts for one in scored])},
    )


def _mean_maps(maps: Sequence[np.ndarray], new: New) -> np.ndarray:
    """Average maps [t, h, w] a stretch at a time, since they may lie on disk."""
    mean = new(maps[0].shape)
    step = max(1, BLOCK_BYTES // max(1, maps[0][:1].nbytes))
    for start in range(0, len(mean), step):
        at = slice(start, start + step)
        mean[at] = _mean([values[at] for values in maps])
        for values in (*maps, mean):
            release(values)
    return mean


def _by_name(parts: Sequence[Mapping[str, Any]]) -> list[tuple[str, list]]:
    """Return the values of each name that all have."""
    names = [name for name in parts[0] if all(name in own for own in parts)]
    return [(name, [own[name] for own in parts]) for name in names]


def _mean(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack(values).mean(0, np.float64).astype(np.float32)
