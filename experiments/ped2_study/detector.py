"""The fused detector: local speed and appearance of moving regions, calibrated without labels."""

import dataclasses
from collections.abc import Mapping

import jax
import numpy as np

from vadjax import backbones
from vadjax.features import regions
from vadjax.scoring import by_place
from vadjax.scoring.fusion import CALIBRATIONS

LENGTH = 8  # frames, of the causal means inside the detector
NUM_COMPONENTS = 64
NUM_FOLDS = 4  # of the training clips, for held-out normal scores
_BATCH = 32

Measures = dict[str, np.ndarray]


class Looks:
    """Crops to features: lite0's stage 5, 112 channels, averaged over the crop."""

    def __init__(self, cache_dir):
        size = (regions.CROP, regions.CROP)
        backbone = backbones.create("tf_efficientnet_lite0", size=size, cache_dir=cache_dir)
        self.source, self._variables = backbone.weights_source, backbone.prepared()
        self._run = jax.jit(
            lambda v, x: backbone.apply(v, x, taps=("stage5",))["taps"]["stage5"].mean((1, 2))
        )

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """Return float16 [n, 112]."""
        found = []
        for start in range(0, len(crops), _BATCH):
            part = crops[start : start + _BATCH]
            full = np.concatenate([part, np.zeros((_BATCH - len(part), *part.shape[1:]), np.uint8)])
            found.append(np.asarray(self._run(self._variables, full))[: len(part)])
        return np.concatenate(found or [np.zeros((0, 112))]).astype(np.float16)


def measure(frames, background: np.ndarray, looks: Looks) -> Measures:
    """Return a video's measures: flow and directions per cell; frame, centre, features per crop."""
    meter, moving, crops = regions.RegionMeter(background), [], []
    for frame in frames:
        now = meter.update(frame)
        crops.append(now.crops)
        moving.append(dataclasses.replace(now, crops=now.crops[:0]))
    return {
        "flow": np.stack([m.flow for m in moving]),
        "directions": np.stack([m.directions for m in moving]),
        "frames": np.repeat(np.arange(len(moving)), [len(m.centres) for m in moving]),
        "centres": np.concatenate([m.centres for m in moving]),
        "looks": looks(np.concatenate(crops)),
    }


class SpeedCue:
    """Speed of the foreground relative to the largest normal speed at the same location."""

    def __init__(self, fit: list[Measures]):
        self._scale = by_place.normal_scale(
            np.concatenate([by_place.speed(m["flow"], length=LENGTH) for m in fit])
        )

    def __call__(self, m: Measures) -> np.ndarray:
        return by_place.speed(m["flow"], length=LENGTH) / self._scale


class LookCue:
    """Distance of each crop's features to the nearest normal crop, in whitened components."""

    def __init__(self, fit: list[Measures]):
        looks = np.concatenate([m["looks"] for m in fit]).astype(np.float32)
        self._mean = looks.mean(0)
        _, size, axes = np.linalg.svd(looks[::3] - self._mean, full_matrices=False)
        deviation = size[:NUM_COMPONENTS] / np.sqrt(len(looks) / 3)
        self._axes = axes[:NUM_COMPONENTS].T / (deviation + 1e-3 * deviation[0])
        self._bank = self._whiten(looks)[::2]
        self._base = float(
            np.quantile(by_place.nearest(self._bank, self._whiten(looks)[1::4]), 0.05)
        )

    def _whiten(self, looks: np.ndarray) -> np.ndarray:
        return (looks.astype(np.float32) - self._mean) @ self._axes

    def __call__(self, m: Measures) -> np.ndarray:
        columns, rows = (m["centres"] // regions.CELL).astype(int).T
        maps = by_place.paint(
            by_place.nearest(self._bank, self._whiten(m["looks"])),
            rows,
            columns,
            m["frames"],
            shape=m["flow"].shape[:3],
            base=self._base,
        )
        return by_place.causal_mean(maps, LENGTH)


class DirectionCue:
    """Distance of each cell's speeds by direction to the nearest normal cell of the same row."""

    def __init__(self, fit: list[Measures]):
        self._fit = np.concatenate([self._rows(m) for m in fit])
        self._seen = np.concatenate([m["flow"][..., 2] for m in fit])

    def _rows(self, m: Measures) -> np.ndarray:
        share = by_place.causal_mean(m["flow"][..., 2:], LENGTH)
        return by_place.causal_mean(m["directions"], LENGTH) / (share + 0.1)

    def __call__(self, m: Measures) -> np.ndarray:
        seen = m["flow"][..., 2]
        return by_place.nearest_by_row(
            self._fit, self._rows(m), fit_seen=self._seen, test_seen=seen, bank=5000
        )


CUES = {"speed": SpeedCue, "look": LookCue, "direction": DirectionCue}


def folds(names: list[str]) -> list[list[str]]:
    """Return the held-out clips of each fold: every fourth clip."""
    return [names[i::NUM_FOLDS] for i in range(NUM_FOLDS)]


def held_out_maps_of(
    cue: str, train: Mapping[str, Measures], clips: Mapping[str, tuple[str, Measures]]
):
    """Return maps from cues that were fitted without the clip in question.

    Args:
        cue: a key of `CUES`.
        train: clip -> measures.
        clips: name -> (the training clip that it comes from, measures).

    Returns:
        name -> maps [t, h, w].
    """
    maps = {}
    for held in folds(list(train)):
        fitted = CUES[cue]([m for name, m in train.items() if name not in held])
        maps.update({n: fitted(m) for n, (source, m) in clips.items() if source in held})
    return maps


def top(maps: np.ndarray) -> np.ndarray:
    """Return the largest value of each frame, [t]."""
    return maps.reshape(len(maps), -1).max(1)


def calibrate(kind: str, normal: Mapping[str, np.ndarray]):
    """Fit a calibration to the largest value per frame of held-out normal maps."""
    return CALIBRATIONS[kind].fit([top(m) for m in normal.values()])


def fuse(calibrated: list[np.ndarray], rule: str) -> tuple[np.ndarray, np.ndarray]:
    """Fuse calibrated maps of the cues into frame scores [t] and one map [t, h, w].

    "max" takes the largest cue at each cell, "sum" adds the cues' largest values of the frame.
    """
    if rule == "max":
        fused = np.maximum.reduce(calibrated)
        return top(fused), fused
    return sum(map(top, calibrated)), sum(calibrated)
