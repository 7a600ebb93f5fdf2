"""Distance of the features of each place from a thinned bank of normal places, wherever they were.

PatchCore (Roth et al., CVPR 2022): the maps of two stages are averaged over 3 x 3 places, resized
to the first and joined; of all normal places a coreset is kept, the greedy k-centre one; a place is
as far as its nearest normal place, and the largest of these distances, weighted by how usual that
normal place is, is the score of the image. It differs in this: places are chosen by their distance
itself, not by that of a random projection, and at most `MOST_PLACES` are kept, of at most
`CANDIDATE_BYTES` of evenly spaced ones.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import stretches_of
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import ClipDetector, Progress, State, Stream
from vadjax.detectors.feature_distance import normal_frames
from vadjax.detectors.frontend import RowStream
from vadjax.detectors.tap_rows import Batch, Kept, batches, taps_or
from vadjax.errors import UserError

TAPS = ("stage3", "stage5")  # of tf_efficientnet_lite0: an 8th and a 16th of the size
PIXELS = 8  # of a place of the first of these stages, for the blur
BATCH = 16  # rows that are read at once
CANDIDATE_BYTES = 1 << 28  # of the places among which the coreset is chosen
MOST_PLACES = 1 << 14  # of the coreset


class PatchCore(ClipDetector):
    """Distance of each place to the nearest of a coreset of normal places."""

    name = "patchcore"

    def __init__(self, config: Any, frontend: Any = None):
        super().__init__(config, frontend)
        self.inputs = taps_or(config, TAPS)
        self._bank = Kept(_on_device)

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Choose a coreset of the normal training frames' places. See `Detector.fit`.

        Args:
            train: clips, whose frames with label 0 are read.
            validation: not read.
            seed: of the first place of the coreset.
            progress: gets a line.

        Returns:
            `bank` float32 [n, c]; `grid`, two int; `places` and `candidates`, how many there were,
            and among how many was chosen; `fitted_on`.

        Raises:
            UserError: no normal frame, or numbers that are not finite.
        """
        from vadjax.scoring.coreset import k_centres

        candidates, grid, total = self._candidates(train)
        count = max(1, min(int(self.config.places.coreset * len(candidates)), MOST_PLACES))
        progress.say(f"coreset: {count} of {len(candidates)} normal places")
        first = int(np.random.default_rng(seed).integers(len(candidates)))
        read = stretches_of(train, normal_frames)
        return {
            "bank": candidates[k_centres(candidates, count=count, first=first)],
            "grid": grid,
            "places": total,
            "candidates": len(candidates),
            "fitted_on": {"training": read},
        }

    def _candidates(self, train: Sequence[Clip]) -> tuple[np.ndarray, list[int], int]:
        """Return evenly spaced normal places [n, c], the grid, and how many places there are."""
        rows = [normal_frames(clip) for clip in train]
        num, grid, start = sum(map(len, rows)), [0, 0], 0
        found, chosen, size = [], np.zeros(0, np.int64), 0
        for clip, normal in zip(train, rows, strict=True):
            for maps, count in batches(clip, self.inputs, size=BATCH, chosen=normal):
                block = np.asarray(_places(maps))[:count]  # [k, h w, c]
                if not start:
                    grid, size = [int(n) for n in maps[0].shape[1:3]], num * block.shape[1]
                    kept = min(size, max(1, CANDIDATE_BYTES // (4 * block.shape[2])))
                    chosen = np.arange(kept) * size // kept
                places = block.reshape(-1, block.shape[-1])
                low, high = np.searchsorted(chosen, (start, start + len(places)))
                found.append(places[chosen[low:high] - start])
                start += len(places)
        if not found:
            raise UserError("detector patchcore got no normal row; give training images.")
        candidates = np.concatenate(found)
        if not np.isfinite(candidates).all():
            raise UserError(
                "feature rows hold NaN or infinity; extract those videos again (remove them from "
                "features.cache_dir), or choose other weights."
            )
        return candidates, grid, size

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Measure every place of every frame. See `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record, with maps on the grid of the first stage, blurred.
        """
        maps, scores = clip.new_maps((len(clip), *state["grid"])), np.empty(len(clip), np.float32)
        start, bank = 0, self._bank(state)
        for rows, count in batches(clip, self.inputs, size=1):
            found, coarse = self._measured(rows, bank)
            scores[start], maps[start] = float(found), np.asarray(coarse)
            start += count
        return clip.scored(scores, maps=maps)

    def stream(self, state: State) -> Stream:
        """Measure frame by frame; see `Detector.stream`."""
        bank = self._bank(state)

        def score(rows: dict[str, np.ndarray | None]) -> tuple[float, np.ndarray]:
            maps = tuple(np.asarray(rows[name])[None] for name in self.inputs)
            found, coarse = self._measured(maps, bank)
            return float(found), np.asarray(coarse)

        return RowStream(self.frontend, self.inputs, score)

    def describe(self, state: State) -> dict[str, Any]:
        """Say how many places of the normal frames are kept, and of how many."""
        return {
            "normal_places": int(state["places"]),
            "normal_places_compared": int(state["candidates"]),
            "normal_places_kept": len(state["bank"]),
        }

    def _measured(self, maps: Batch, bank: Any) -> Any:
        """Return the score of one image and its map [h, w]."""
        return _programs()[1](maps, bank, neighbours=self.config.places.neighbours)


def _on_device(state: State) -> Any:
    import jax

    from vadjax.scoring.nearest_place import Bank

    return jax.jit(Bank.of)(state["bank"])


def _places(maps: Batch) -> Any:
    """Return the features of each place, float32 [b, h w, c]."""
    return _programs()[0](maps)


@functools.cache
def _programs() -> tuple[Any, Any]:
    """Return the compiled programs; each is traced once for each shape."""
    import jax

    from vadjax.scoring import nearest_place
    from vadjax.scoring.tap_maps import Smoother, averaged, joined

    def places(maps):
        rows = joined([averaged(each) for each in maps], linear=True)
        return rows.reshape(len(rows), -1, rows.shape[-1])

    def measure(maps, bank, *, neighbours):
        grid = maps[0].shape[1:3]
        score, away = nearest_place.score(bank, places(maps)[0], neighbours=neighbours)
        return score, Smoother.of(grid, factor=PIXELS).coarse(away.reshape(1, *grid))[0]

    return jax.jit(places), jax.jit(measure, static_argnames="neighbours")
