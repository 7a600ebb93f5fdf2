"""Distance of the features of each place from those of normal places, wherever these were seen.

The bank of PatchCore (Roth et al., CVPR 2022, section 3) at one stage of the backbone: the features
of a place are averaged over its 3 x 3 neighbourhood, and the largest distance of a place is the
score. It differs in three things: one stage is read and not two; the bank is thinned evenly and not
by a coreset; the score is not weighted by the neighbours of the nearest place.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.ndimage import uniform_filter

from vadjax.data.arrays.half import to_single
from vadjax.data.arrays.row_view import RowView, blocks
from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import stretches_of
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import ClipDetector, Progress, State, Stream
from vadjax.detectors.feature_distance import normal_frames
from vadjax.detectors.frontend import RowStream
from vadjax.features.standardize import Standardizer
from vadjax.scoring import distances

MAX_PLACES = 1 << 15  # of normal images that are kept: 15 MB of 112 features


class NearestPlaces(ClipDetector):
    """Mean Euclidean distance of each place to the `evaluate.knn` nearest normal places."""

    name, inputs = "knn_places", ("features",)

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Keep places of the normal training frames, standardised. See `Detector.fit`.

        Args:
            train: clips, whose frames with label 0 are kept.
            validation: not read.
            seed: not used: nothing is drawn.
            progress: not used.

        Returns:
            mean and std float32 [c]; `bank` float32 [n, c], every place or, of more than
            `MAX_PLACES`, evenly spaced ones; `places`, how many there were; and `fitted_on`.
        """
        rows = [
            RowView(clip.rows("features"), smoothed, chosen=normal_frames(clip)) for clip in train
        ]
        standardizer = Standardizer.fit(rows)
        total, bank = sum(int(np.prod(each.shape[:-1])) for each in rows), []
        kept = min(total, MAX_PLACES)
        chosen = np.arange(kept) * total // kept
        start = 0
        for block in itertools.chain.from_iterable(map(blocks, rows)):
            places = standardizer.apply(block).reshape(-1, block.shape[-1])
            inside = (chosen >= start) & (chosen < start + len(places))
            bank.append(places[chosen[inside] - start])
            start += len(places)
        read = stretches_of(train, normal_frames)
        return {
            "mean": standardizer.mean,
            "std": standardizer.std,
            "bank": np.concatenate(bank),
            "places": total,
            "fitted_on": {"standardisation": read, "training": read},
        }

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Measure every place of every frame. See `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record, with maps on the grid of the features.
        """
        rows = clip.rows("features")
        maps, start = clip.new_maps(rows.shape[:3]), 0
        for block in blocks(rows):
            maps[start : start + len(block)] = self._maps(state, block)
            start += len(block)
        return clip.scored(maps.max((1, 2)), maps=maps)

    def stream(self, state: State) -> Stream:
        """Measure frame by frame; see `Detector.stream`."""

        def score(rows: dict[str, np.ndarray | None]) -> tuple[float, np.ndarray]:
            row = rows["features"]
            assert row is not None  # features have a row for every frame
            [heat] = self._maps(state, row[None])
            return float(heat.max()), heat

        return RowStream(self.frontend, self.inputs, score)

    def describe(self, state: State) -> dict[str, Any]:
        """Say how many places of the normal frames are kept, and of how many."""
        return {"normal_places": int(state["places"]), "normal_places_kept": len(state["bank"])}

    def _maps(self, state: State, rows: np.ndarray) -> np.ndarray:
        """Measure maps [t, h, w, c]; return float32 [t, h, w]."""
        places = Standardizer(state["mean"], state["std"]).apply(smoothed(rows))
        flat = places.reshape(-1, places.shape[-1])
        away = distances.knn(state["bank"], flat, k=self.config.evaluate.knn)
        return away.reshape(rows.shape[:3])


def smoothed(rows: np.ndarray) -> np.ndarray:
    """Average maps over the 3 x 3 neighbourhood of each place.

    Args:
        rows: float [t, h, w, c].

    Returns:
        float32 [t, h, w, c]; at an edge the mean of the neighbours that there are.
    """
    rows = np.asarray(rows)
    rows = to_single(rows) if rows.dtype == np.float16 else rows.astype(np.float32)
    there = uniform_filter(np.ones(rows.shape[1:3], np.float32), 3, mode="constant")
    means = uniform_filter(rows, (1, 3, 3, 1), mode="constant")
    return means / there[..., None]
