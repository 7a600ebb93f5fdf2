"""A Gaussian of the features of each place: what is unlike the normal at this place.

PaDiM (Defard et al., 2020): the maps of several stages are resized to the first, 100 of their
channels are taken at random, or all are projected to 100 dimensions that are orthogonal
(semi-orthogonal embedding, Kim et al., 2021), and each place gets a mean and a covariance. The map
of Mahalanobis distances is enlarged and blurred, and its largest value is the score.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import stretches_of
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import ClipDetector, Progress, State, Stream
from vadjax.detectors.feature_distance import normal_frames
from vadjax.detectors.frontend import RowStream
from vadjax.detectors.tap_rows import Batch, Kept, batches, taps_or

TAPS = ("stage2", "stage3", "stage5")  # of tf_efficientnet_lite0: a 4th, 8th, 16th of the size
PIXELS = 4  # of a place of the first of these stages, for the blur
BATCH = 32  # rows of a program
FITTED = 64  # rows by which the Gaussians are updated: each update passes over all covariances


class Padim(ClipDetector):
    """Mahalanobis distance of each place from the normal features of this place."""

    name = "padim"

    def __init__(self, config: Any, frontend: Any = None):
        super().__init__(config, frontend)
        self.inputs = taps_or(config, TAPS)
        self._on_device = Kept(_on_device)

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Measure the normal training frames, a batch at a time. See `Detector.fit`.

        Args:
            train: clips, whose frames with label 0 are measured.
            validation: not read.
            seed: of the channels, or of the projection.
            progress: not used.

        Returns:
            `embedding`, int32 [d] (channels) or float32 [c, d] (a projection); `grid`, two int;
            mean float32 [h w, d] and `white` [h w, d, d] (`scoring.place_gaussian.fit`);
            `fitted_on`.
        """
        from vadjax.scoring import place_gaussian

        facts: dict[str, Any] = {}

        def embedded() -> Iterator[tuple[Any, int]]:
            for clip in train:
                chosen = normal_frames(clip)
                for maps, count in batches(clip, self.inputs, size=FITTED, chosen=chosen):
                    if not facts:
                        width = sum(each.shape[-1] for each in maps)
                        facts["embedding"] = self._embedding(width, seed)
                        facts["grid"] = [int(size) for size in maps[0].shape[1:3]]
                    yield _embedded(maps, facts["embedding"]), count

        fitted = place_gaussian.fit(embedded())
        read = stretches_of(train, normal_frames)
        return {**facts, **fitted, "fitted_on": {"training": read}}

    def _embedding(self, width: int, seed: int) -> np.ndarray:
        """Draw which channels are taken, int32 [d], or a projection [width, d]."""
        rng, dims = np.random.default_rng(seed), self.config.places.dims
        if self.config.places.embedding == "orthogonal":
            drawn = rng.normal(size=(width, min(dims or width, width)))
            factor, triangle = np.linalg.qr(drawn)
            return (factor * np.sign(np.diag(triangle))).astype(np.float32)
        if not dims or dims >= width:
            return np.arange(width, dtype=np.int32)
        return np.sort(rng.permutation(width)[:dims]).astype(np.int32)

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Measure every place of every frame. See `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record, with maps on the grid of the first stage, blurred.
        """
        maps, scores = clip.new_maps((len(clip), *state["grid"])), np.empty(len(clip), np.float32)
        start, fitted = 0, self._on_device(state)
        for rows, count in batches(clip, self.inputs, size=BATCH):
            found, coarse = _measured(rows, *fitted, grid=tuple(state["grid"]))
            own = slice(start, start + count)
            scores[own], maps[own] = np.asarray(found)[:count], np.asarray(coarse)[:count]
            start += count
        return clip.scored(scores, maps=maps)

    def stream(self, state: State) -> Stream:
        """Measure frame by frame; see `Detector.stream`."""
        fitted, grid = self._on_device(state), tuple(state["grid"])

        def score(rows: dict[str, np.ndarray | None]) -> tuple[float, np.ndarray]:
            maps = tuple(np.asarray(rows[name])[None] for name in self.inputs)
            found, coarse = _measured(maps, *fitted, grid=grid)
            return float(found[0]), np.asarray(coarse)[0]

        return RowStream(self.frontend, self.inputs, score)

    def describe(self, state: State) -> dict[str, Any]:
        """Say how many numbers describe how many places."""
        return {"normal_places": len(state["mean"]), "place_dims": state["mean"].shape[1]}


def _on_device(state: State) -> tuple[Any, ...]:
    import jax

    return state["embedding"], *(jax.device_put(state[name]) for name in ("mean", "white"))


def _embedded(maps: Batch, embedding: np.ndarray) -> Any:
    """Return the embedding of each place, float32 [h w, b, d]."""
    return _programs()[0](maps, _by_map(maps, embedding))


def _measured(maps: Batch, embedding: np.ndarray, mean: Any, white: Any, *, grid: tuple) -> Any:
    """Return scores [b] and maps [b, h, w]."""
    return _programs()[1](maps, _by_map(maps, embedding), mean, white, grid=grid)


def _by_map(maps: Batch, embedding: np.ndarray) -> Any:
    """Return which channels of each map are taken; a projection as it is.

    Channels are taken before the maps are enlarged: after it there are many more places.
    """
    if embedding.ndim == 2:
        return embedding
    stops = np.cumsum([each.shape[-1] for each in maps])
    starts = np.searchsorted(embedding, stops[:-1])  # channels are in their order
    firsts = (0, *stops[:-1])
    parts = np.split(embedding, starts)
    return tuple(part - first for part, first in zip(parts, firsts, strict=True))


@functools.cache
def _programs() -> tuple[Any, Any]:
    """Return the compiled programs; each is traced once for each shape."""
    import jax
    import jax.numpy as jnp

    from vadjax.scoring.place_gaussian import distances
    from vadjax.scoring.tap_maps import Smoother, joined

    def embed(maps, embedding):
        if isinstance(embedding, tuple):
            maps = [jnp.take(each, own, axis=-1) for each, own in zip(maps, embedding, strict=True)]
        rows = joined(maps, linear=False)
        rows = rows.reshape(len(rows), -1, rows.shape[-1])  # [b, h w, c]
        if isinstance(embedding, tuple):
            return rows
        return jnp.matmul(rows, embedding, precision="highest")

    def measure(maps, embedding, mean, white, *, grid):
        away = distances(mean, white, embed(maps, embedding)).reshape(-1, *grid)
        smoother = Smoother.of(grid, factor=PIXELS)
        return smoother.fine(away).max((1, 2)), smoother.coarse(away)

    def by_place(maps, embedding):
        return embed(maps, embedding).transpose(1, 0, 2)

    return jax.jit(by_place), jax.jit(measure, static_argnames="grid")
