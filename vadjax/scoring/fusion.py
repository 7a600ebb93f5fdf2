"""Fuse several scores of the same frames, calibrated on held-out normal clips.

The calibration uses normal clips that nothing was trained on, never the frames that are scored:
statistics of the test set, such as the minimum and maximum of each test video, would look ahead and
assume an anomaly in every video (docs/protocols.md, section 2).
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.scoring.tail import Tail, TailCheck, check, exponential, pareto

TAIL = 0.95  # quantile from which on the tail is exponential


@dataclasses.dataclass(frozen=True)
class Standard:
    """Distance of a score from the held-out normal mean, in standard deviations."""

    mean: float
    deviation: float

    @classmethod
    def fit(cls, normal: Sequence[np.ndarray]) -> "Standard":
        """Fit on the scores of held-out normal videos, each an array of any shape."""
        values = _pooled(normal)
        return cls(float(values.mean()), max(float(values.std()), 1e-12))

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Calibrate scores of any shape; float32."""
        return ((np.asarray(scores, np.float64) - self.mean) / self.deviation).astype(np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class Surprise:
    """Rarity of a score among held-out normal ones: -log10 of the share that is not below it.

    Up to the quantile `TAIL` this is the empirical share, interpolated; above it excesses are
    modelled as exponential, or as generalised Pareto (`scoring.tail`), so that scores above all
    that were seen keep their order. Below the tail only the order of scores matters, so that cues
    of any unit can be added.

    Attributes:
        levels: float64 [96], quantiles up to `TAIL`.
        surprises: float64 [96], of them.
        excess: scale of the tail.
        shape: of the tail; 0 is exponential.
    """

    levels: np.ndarray
    surprises: np.ndarray
    excess: float
    shape: float = 0.0

    @classmethod
    def fit(cls, normal: Sequence[np.ndarray], tail: str = "exponential") -> "Surprise":
        """Fit on the scores of held-out normal videos.

        Args:
            normal: of each video, an array of any shape.
            tail: one of `tail.TAILS`; "checked" takes the Pareto tail where its check prefers it.

        Returns:
            The calibration.
        """
        values = _pooled(normal)
        shares = np.linspace(0, TAIL, 96)
        levels = np.quantile(values, shares)
        over = values[values > levels[-1]] - levels[-1]
        by_shape = tail == "pareto" or (tail == "checked" and check_tail(normal).pareto)
        found = pareto(over) if by_shape else exponential(over)
        return cls(levels, -np.log10(1 - shares), found.scale, found.shape)

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Calibrate scores of any shape; float32, at least 0."""
        scores = np.asarray(scores, np.float64)
        body = np.interp(scores, self.levels, self.surprises)
        tail = Tail(self.shape, self.excess).decades(scores - self.levels[-1])
        return (body + tail).astype(np.float32)


def check_tail(normal: Sequence[np.ndarray]) -> TailCheck:
    """Compare the tails that the scores of held-out normal videos may have; see `tail.check`.

    Args:
        normal: of each video, an array of any shape.

    Returns:
        The check, of what exceeds the quantile `TAIL` of all.
    """
    start = np.quantile(_pooled(normal), TAIL)
    clips = [np.ravel(video).astype(np.float64) for video in normal]
    return check([clip[clip > start] - start for clip in clips])


CALIBRATIONS: dict[str, type[Standard | Surprise]] = {"standard": Standard, "surprise": Surprise}


def fuse(
    scores: Mapping[str, Mapping[str, np.ndarray]],
    normal: Mapping[str, Mapping[str, np.ndarray]],
    *,
    calibration: str = "standard",
) -> dict[str, np.ndarray]:
    """Calibrate each cue on held-out normal scores, and sum.

    Args:
        scores: cue -> video -> [t] or maps [t, h, w]; the same videos and shapes in every cue.
        normal: cue -> held-out normal video -> scores of the same cue, from models that were not
            trained on that video.
        calibration: a key of `CALIBRATIONS`.

    Returns:
        Video -> float32 of the shape of its scores.

    Raises:
        ValueError: cues differ in their videos or shapes, or a cue has no held-out normal scores.
    """
    if calibration not in CALIBRATIONS:
        raise ValueError(f"calibration {calibration!r} unknown; choose of {list(CALIBRATIONS)}")
    fused: dict[str, np.ndarray] = {}
    shapes = {cue: {v: np.shape(s) for v, s in videos.items()} for cue, videos in scores.items()}
    if not scores or any(shape != next(iter(shapes.values())) for shape in shapes.values()):
        raise ValueError(f"cues {list(scores)} should have the same videos of the same shapes")
    for cue, videos in scores.items():
        scale = CALIBRATIONS[calibration].fit(list(normal.get(cue, {}).values()))
        for video, values in videos.items():
            fused[video] = fused.get(video, 0) + scale(values)
    return fused


def _pooled(normal: Sequence[np.ndarray]) -> np.ndarray:
    values = np.concatenate([np.ravel(v) for v in normal]) if len(normal) else np.zeros(0)
    if not len(values) or not np.isfinite(values).all():
        raise ValueError("held-out normal scores should be finite, and at least one")
    return values.astype(np.float64)
