"""Where a student, taught on normal frames alone, does not give what its teacher gives.

The teacher is the backbone. A small network learns to give its later maps from its early one
(`models/student.py`), and fails where the image is unlike what it was taught on. After STFPM (Wang
et al., BMVC 2021) and EfficientAD (Batzner et al., WACV 2024), with these differences: their
students read pixels, this one the map of an early stage, which costs a tenth; differences are of
standardised features and not of directions; each stage counts by its mean difference on normal
frames; there is no autoencoder beside it, and no other images that it must not learn.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vadjax.data.arrays.row_view import RowView, release
from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import stretches_of
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import ClipDetector, Progress, State, Stream
from vadjax.detectors.feature_distance import normal_frames
from vadjax.detectors.frontend import RowStream
from vadjax.detectors.tap_rows import Batch, Kept, batches, check_maps, taps_or
from vadjax.errors import UserError
from vadjax.features.standardize import Standardizer

TAPS = ("stage2", "stage3", "stage5")  # of tf_efficientnet_lite0: read, learnt, learnt
PIXELS = 8  # of a place of the first learnt stage, for the blur
LEVEL_FRAMES = 256  # evenly spaced ones, on which the mean difference is measured


class StudentTeacher(ClipDetector):
    """Difference of a student's maps from those of the backbone, its teacher."""

    name = "student_teacher"

    def __init__(self, config: Any, frontend: Any = None):
        super().__init__(config, frontend)
        self.inputs = taps_or(config, TAPS)
        self._on_device = Kept(_on_device)

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Teach the student on normal training frames. See `Detector.fit`.

        Args:
            train: clips, whose frames with label 0 are taught.
            validation: not read.
            seed: of all random numbers.
            progress: gets lines.

        Returns:
            `params`, `strides`; mean and std float32 [c] of each stage; `levels` float32, the mean
            difference of each learnt stage; `grid`, two int; `fitted_on`.

        Raises:
            UserError: no normal frame, or stages that do not go together.
        """
        from vadjax.training.imitation import fit_student

        rows = [normal_frames(clip) for clip in train]
        if not sum(map(len, rows)):
            raise UserError("detector student_teacher got no normal row; give training images.")
        check_maps(self.inputs, [train[0].rows(name) for name in self.inputs])
        fits = [
            Standardizer.fit(
                [
                    RowView(clip.rows(name), chosen=own)
                    for clip, own in zip(train, rows, strict=True)
                ]
            )
            for name in self.inputs
        ]
        statistics = [(each.mean, each.std) for each in fits]
        params, strides = fit_student(
            self._reader(train, rows),
            num=sum(map(len, rows)),
            statistics=statistics,
            updates=self.config.places.updates,
            seed=seed,
            say=progress.detail,
        )
        state = {"params": _numpy(params), "strides": strides, "statistics": statistics}
        levels, grid = self._levels(state, train)
        read = stretches_of(train, normal_frames)
        fitted_on = {"standardisation": read, "training": read}
        return {**state, "levels": levels, "grid": grid, "fitted_on": fitted_on}

    def _reader(
        self, clips: Sequence[Clip], rows: Sequence[np.ndarray]
    ) -> Callable[[np.ndarray], Batch]:
        """Return a function: sorted numbers of normal rows over all clips -> their maps."""
        ends = np.cumsum([len(own) for own in rows])

        def read(numbers: np.ndarray) -> Batch:
            which = np.searchsorted(ends, numbers, side="right")
            found: list[list[np.ndarray]] = [[] for _ in self.inputs]
            for clip in np.unique(which).tolist():
                at = rows[clip][numbers[which == clip] - (ends[clip] - len(rows[clip]))]
                for maps, name in zip(found, self.inputs, strict=True):
                    own = clips[clip].rows(name)
                    maps.append(own[at])
                    release(own)
            return tuple(np.concatenate(maps) for maps in found)

        return read

    def _levels(self, state: State, clips: Sequence[Clip]) -> tuple[np.ndarray, list[int]]:
        """Return the mean difference of each learnt stage, and the grid of the first."""
        every = max(1, sum(len(normal_frames(clip)) for clip in clips) // LEVEL_FRAMES)
        fitted, means, number = self._on_device(state), [], 0
        grid = [0, 0]
        for clip in clips:
            chosen = normal_frames(clip)
            chosen = chosen[(np.arange(len(chosen)) + number) % every == 0]
            number += len(normal_frames(clip))
            for maps, _ in batches(clip, self.inputs, size=1, chosen=chosen):
                grid = [int(size) for size in maps[1].shape[1:3]]
                means.append(np.asarray(_programs()[0](maps, *fitted, tuple(state["strides"]))))
        return np.maximum(np.mean(means, 0), 1e-6).astype(np.float32), grid

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Measure every place of every frame. See `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record, with maps on the grid of the first learnt stage, blurred.
        """
        maps, scores = clip.new_maps((len(clip), *state["grid"])), np.empty(len(clip), np.float32)
        for at, (rows, _) in enumerate(batches(clip, self.inputs, size=1)):
            found, coarse = self._measured(state, rows)
            scores[at], maps[at] = float(found), np.asarray(coarse)
        return clip.scored(scores, maps=maps)

    def stream(self, state: State) -> Stream:
        """Measure frame by frame; see `Detector.stream`."""

        def score(rows: dict[str, np.ndarray | None]) -> tuple[float, np.ndarray]:
            maps = tuple(np.asarray(rows[name])[None] for name in self.inputs)
            found, coarse = self._measured(state, maps)
            return float(found), np.asarray(coarse)

        return RowStream(self.frontend, self.inputs, score)

    def describe(self, state: State) -> dict[str, Any]:
        """Say how many parameters the student has."""
        arrays = [each for layer in state["params"] for each in layer.values()]
        return {"num_params": int(sum(each.size for each in arrays))}

    def _measured(self, state: State, maps: Batch) -> Any:
        """Return the score of one frame and its map [h, w]."""
        fitted, strides = self._on_device(state), tuple(state["strides"])
        return _programs()[1](maps, *fitted, strides, state["levels"])


def _numpy(params: Any) -> Any:
    return [{name: np.asarray(value) for name, value in layer.items()} for layer in params]


def _on_device(state: State) -> tuple[Any, Any]:
    import jax

    return jax.device_put((state["params"], tuple(map(tuple, state["statistics"]))))


@functools.cache
def _programs() -> tuple[Any, Any]:
    """Return the compiled programs: mean differences of the stages; score and map of a frame."""
    import jax
    import jax.numpy as jnp

    from vadjax.models import student
    from vadjax.scoring.tap_maps import Smoother, joined
    from vadjax.training.imitation import standardised

    def differences(maps, params, statistics, strides):
        return student.errors(params, standardised(maps, statistics), strides=strides)

    def means(maps, params, statistics, strides):
        return jnp.stack([each.mean() for each in differences(maps, params, statistics, strides)])

    def measure(maps, params, statistics, strides, levels):
        found = differences(maps, params, statistics, strides)
        found = [each[..., None] / level for each, level in zip(found, levels, strict=True)]
        away = joined(found, linear=True).mean(-1)  # [1, h, w]
        smoother = Smoother.of((away.shape[1], away.shape[2]), factor=PIXELS)
        return smoother.fine(away).max(), smoother.coarse(away)[0]

    return jax.jit(means, static_argnums=3), jax.jit(measure, static_argnums=3)
