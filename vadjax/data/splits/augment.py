"""Altered copies of training clips: whole clips, so that both classes are altered alike.

Only what a fold trains on gets copies. A copy knows its source frame by frame, and the audit of
leakage counts the test windows that hold a frame of which a copy was used: there must be none. The
published recipe, which copies abnormal frames alone, is `splits.copies`.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from vadjax.data.frames.altered import ALTERATIONS, AlteredFrames, to_bytes
from vadjax.data.labels.masks import Masks
from vadjax.data.splits.copies import RECIPES
from vadjax.data.splits.units import Fold, Segment, Units
from vadjax.data.video import Video
from vadjax.errors import UserError, unknown

NONE = "none"


def _flip(frame: np.ndarray, _: float, __: np.random.Generator) -> np.ndarray:
    return np.ascontiguousarray(frame[:, ::-1])


def _contrast(frame: np.ndarray, factor: float, _: np.random.Generator) -> np.ndarray:
    mean = frame.mean(dtype=np.float64)
    return to_bytes((frame - mean) * factor + mean)


@dataclasses.dataclass(frozen=True)
class Change:
    """A way to alter the frames of a clip, all of them alike.

    Attributes:
        alter: see `AlteredFrames`.
        strengths: of which each clip has one, drawn by its id.
        mirrored: places of a frame change with it, and so do masks.
    """

    alter: Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
    strengths: tuple[float, ...] = (0.0,)
    mirrored: bool = False


LIGHT = (0.75, 0.85, 1.15, 1.3)  # factors
CHANGES = {
    "flip": Change(_flip, mirrored=True),
    "brightness": Change(ALTERATIONS["brighter"].alter, LIGHT),
    "contrast": Change(_contrast, LIGHT),  # about the frame's mean
    "noise": Change(ALTERATIONS["noise"].alter, (2.0, 4.0, 8.0)),  # deviation, grey levels
    "blur": Change(ALTERATIONS["blur"].alter, (0.5, 1.0, 1.5)),  # deviation, pixels
}


class MirroredMasks(Masks):
    """The masks of a clip from right to left."""

    def __init__(self, base: Masks):
        super().__init__(len(base), paths=base.paths)
        self._base = base

    def __iter__(self) -> Iterator[np.ndarray]:
        return (np.ascontiguousarray(mask[:, ::-1]) for mask in self._base)

    def _read(self, index: int) -> np.ndarray:
        return np.ascontiguousarray(self._base[index][:, ::-1])


def names_of(value: str) -> tuple[str, ...]:
    """Return the changes that `dataset.augment` names.

    >>> names_of("flip,brightness"), names_of("none")
    (('flip', 'brightness'), ())

    Args:
        value: names with commas or plus signs between them, "none", or a recipe of `copies`.

    Returns:
        The names, each once; none for "none".

    Raises:
        UserError: one is unknown, or a recipe does not stand alone.
    """
    names = tuple(dict.fromkeys(part.strip() for part in value.replace("+", ",").split(",")))
    for name in names:
        if name not in (NONE, *CHANGES, *RECIPES):
            raise unknown("dataset.augment", name, (NONE, *CHANGES, *RECIPES))
        if name not in CHANGES and len(names) > 1:
            raise UserError(f"dataset.augment={value!r}: {name} stands alone.")
    return () if names == (NONE,) else names


def copies_of_clips(videos: Sequence[Video], names: Sequence[str]) -> tuple[Video, ...]:
    """Copy whole clips, altered; labels, rate and scene are those of the source.

    Args:
        videos: to be copied.
        names: of `CHANGES`.

    Returns:
        A video "<id>~<change>" for each clip and change. `metadata` holds `source_id`,
        `augmentation` and `frames`, the frames of the source.
    """
    return tuple(_copy(video, name, CHANGES[name]) for video in videos for name in names)


def with_copies(fold: Fold, copies: Sequence[Video]) -> Fold:
    """Add to what a fold trains on the copies of it, and of nothing else.

    Args:
        fold: of whole clips or stretches of them.
        copies: of `copies_of_clips`, of any clips.

    Returns:
        The fold; its copies' segments are those of their sources.
    """
    made: dict[str, list[str]] = {}
    for copy in copies:
        made.setdefault(copy.metadata["source_id"], []).append(copy.id)
    added = tuple(
        Segment(name, segment.start, segment.stop)
        for segment in fold.train.segments
        for name in made.get(segment.video_id, ())
    )
    train = dataclasses.replace(fold.train, segments=(*fold.train.segments, *added))
    return dataclasses.replace(fold, train=train)


def trained_clips(folds: Sequence[Fold]) -> list[str]:
    """Return the ids of the clips that folds, or their cross-fits, may train on, each once."""
    tables = [units for f in folds for units in (f.train, f.validation, f.calibration)]
    return list(dict.fromkeys(s.video_id for units in tables for s in units.segments))


def uneven(units: Units, videos: Sequence[Video]) -> str:
    """Say how the classes of training frames differ in their copies.

    Args:
        units: what a fold trains on.
        videos: all of them, copies included; one without labels of frames is normal.

    Returns:
        A statistic of the audit; "" where both classes have as many copies a frame.
    """
    known = {video.id: video for video in videos}
    counts = np.zeros((2, 2))  # [original or copy, normal or abnormal]
    for segment in units.segments:
        video = known[segment.video_id]
        labels = np.zeros(len(video.frames)) if video.labels is None else np.asarray(video.labels)
        own = np.bincount((labels[segment.start : segment.stop] > 0).astype(int), minlength=2)
        counts[int("source_id" in video.metadata)] += own
    if not counts[1].any() or not counts[0].all():  # one class, which cannot differ from another
        return (
            "" if counts[1][0] or not counts[1][1] else "only abnormal frames have altered copies"
        )
    normal, abnormal = counts[1] / counts[0]
    if not normal:
        return "only abnormal frames have altered copies"
    if abs(normal - abnormal) < 1e-9:
        return ""
    return f"a normal frame has {normal:.2f} altered copies, an abnormal one {abnormal:.2f}"


def _copy(video: Video, name: str, change: Change) -> Video:
    # Another seed of the run takes the same copies from the feature store.
    seed = int.from_bytes(hashlib.sha256(f"{video.id}~{name}".encode()).digest()[:4], "little")
    strength = float(np.random.default_rng(seed).choice(change.strengths))
    masks = video.masks
    if masks is not None and change.mirrored:
        masks = MirroredMasks(masks)
    return dataclasses.replace(
        video,
        id=f"{video.id}~{name}",
        frames=AlteredFrames(video.frames, change.alter, strength, seed=seed),
        masks=masks,
        fingerprint=f"{video.fingerprint}-{name}-{strength:.6g}",
        content=None,
        metadata={
            **video.metadata,
            "source_id": video.id,
            "augmentation": name,
            "frames": np.arange(len(video.frames)),
        },
    )
