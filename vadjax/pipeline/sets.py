"""Accuracy and motion of every training, validation and test video of a run."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.units import Fold
from vadjax.data.splits.windows import window_span
from vadjax.detectors.window_state import trained_of
from vadjax.evaluation.parts import Part
from vadjax.evaluation.psnr import psnr_score
from vadjax.evaluation.sets import SETS, sets_part
from vadjax.features.motion_levels import (
    EFFECTIVE,
    FLOW,
    SIGNIFICANT,
    MotionLevels,
    flow_explained,
    level_of,
)
from vadjax.pipeline.cross_fit import fitted_units
from vadjax.pipeline.run import Run
from vadjax.pipeline.score import score_clips, without_maps
from vadjax.storage import artifacts
from vadjax.training.temporal_rate import changes_of, rate_factors

PEAK = 2.0  # of pixels in -1 .. 1


def sets_of(run: Run, test: Sequence[ScoredVideo], thresholds: Sequence[float | None]) -> Part:
    """Score the training and validation clips too, and put all videos into rows.

    Args:
        run: with a trained detector.
        test: the scored test videos.
        thresholds: of each fold.

    Returns:
        The part `sets` of metrics.json, and reasons.
    """
    if run.protocol.unit != "video" or run.unit != "frame":
        return None, {"sets": "only whole videos belong to one set each"}
    sets: dict[str, list[ScoredVideo]] = {name: [] for name in SETS}
    measured: dict[tuple[str, str], dict] = {}
    scale: MotionLevels | None = None
    for fold in run.folds:
        clips = _clips(run, fold)
        state = artifacts.read_state(run.workdir, fold.index)
        for name in ("training", "validation"):
            with run.console.doing(f"scoring the {name} clips"):
                scored = score_clips(run, state, clips[name])
            sets[name] += [without_maps(video).as_normal() for video in scored]
        if "motion" in run.stores:
            scale = MotionLevels.fit([clip.rows("motion") for clip in clips["training"]])
        for name, own in clips.items():
            for clip in own:
                measured[name, clip.id] = measure(run, clip, scale, state)
    sets["test"] = list(test)
    psnr = None
    if make := psnr_of(run):
        psnr = {(name, v.id): make(v.scores) for name in sets for v in sets[name]}
    facts: dict[str, Any] | None = None
    if scale is not None:
        facts = {
            **{"difference_above": scale.difference, "difference_deviations": SIGNIFICANT},
            **{"flow_begins": list(scale.flow), "effectiveness_begins": list(EFFECTIVE)},
        }
    return sets_part(sets, thresholds, measured=measured, psnr=psnr, scale=facts)


def _clips(run: Run, fold: Fold) -> dict[str, list[Clip]]:
    """Return a fold's clips by set, each once, without altered copies."""
    own = {v.id for v in (*run.dataset.train, *run.dataset.test)}
    of_set = {
        "training": fitted_units(run, fold),
        "validation": [fold.validation, fold.calibration],
        "test": [fold.test],
    }
    found: dict[str, list[Clip]] = {}
    seen: set[str] = set()
    for name, tables in of_set.items():
        clips = [clip for units in dict.fromkeys(tables) for clip in run.clips(units, fold)]
        fresh = {c.id: c for c in clips if c.videos[0].id in own and c.id not in seen}
        seen |= set(fresh)
        found[name] = list(fresh.values())
    return found


def measure(run: Run, clip: Clip, scale: MotionLevels | None, state: Any) -> dict[str, Any]:
    """Measure the motion of one clip, and the learning rate that its windows have.

    Args:
        run: that the clip belongs to.
        clip: one segment.
        scale: of motion; None where the run has none.
        state: of the detector.

    Returns:
        Values of `evaluation.sets.MEASURED`.
    """
    own: dict[str, Any] = {}
    if "variables" in state:  # of a network
        own["learning_rate"] = float(run.config.train.learning_rate) * _factor(run, clip, state)
    if scale is None:
        return own
    rows = clip.rows("motion")
    (segment,) = clip.units.segments
    explained = flow_explained(_Frames(clip.videos[0].frames, segment.start, len(rows)))
    return own | {
        "difference_rate": scale.difference_rate(rows),
        "flow": float(np.mean(rows[:, FLOW], dtype=np.float64)),
        "motion": scale.motion(rows),
        "flow_explained": explained,
        "effectiveness": None if explained is None else level_of(explained, EFFECTIVE),
    }


def _factor(run: Run, clip: Clip, state: Any) -> float:
    """Return the mean factor on the learning rate over a clip's windows; 1 without any."""
    length, dilation = run.config.window.length, run.config.window.dilation
    rows, span = clip.rows("features"), window_span(length, dilation)
    if run.config.train.adapt == "none" or len(rows) < span or length < 2:
        return 1.0
    apply = trained_of(state).standardizer.apply
    pairs = [
        np.stack([apply(rows[at : at + 1])[0], apply(rows[at + dilation : at + dilation + 1])[0]])
        for at in range(len(rows) - dilation)
    ]
    changes = np.concatenate([np.asarray(changes_of(pair[None]))[0] for pair in pairs])
    windows = np.arange(len(rows) - span + 1)[:, None] + dilation * np.arange(length - 1)
    return float(np.mean(rate_factors(changes[windows])))


class _Frames:
    """A stretch of a video's frames."""

    def __init__(self, frames: Any, start: int, count: int):
        self._frames, self._start, self._count = frames, start, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> np.ndarray:
        return self._frames[self._start + index]


def psnr_of(run: Run) -> Any:
    """Return scores -> dB of each frame, where scores are squared errors of pixels; else None."""
    c = run.config
    squared = c.objective.name in ("predict", "reconstruct", "adversarial")
    if not run.gradient or not squared or c.features.standardize != "range" or c.score.rules:
        return None
    if c.objective.reduce == "psnr":
        return lambda scores: -scores
    return (lambda scores: -psnr_score(scores, peak=PEAK)) if c.objective.reduce == "mean" else None
