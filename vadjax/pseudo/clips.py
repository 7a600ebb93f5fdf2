"""Pseudo-abnormal clips as videos: frames, labels and masks, drawn when they are read."""

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from vadjax.data.frames.on_demand import Frames
from vadjax.data.labels.masks import Masks
from vadjax.data.video import Video
from vadjax.errors import unknown
from vadjax.features.scene.reference import Reference
from vadjax.pseudo.drawing import Placed, draw
from vadjax.pseudo.kinds import KINDS, Scene
from vadjax.pseudo.tracks import Track, follow

VERSION = 1  # of the clips; a new one whenever other frames come out
LEAST = 0.03  # of the square of a body's height, pixels from which on something is seen


class Stretch(NamedTuple):
    """Frames of a normal video, half-open."""

    video: Video
    start: int
    stop: int

    @property
    def name(self) -> str:
        """The video and the frames."""
        return f"{self.video.id}[{self.start}:{self.stop}]"

    def frames(self) -> Iterator[np.ndarray]:
        """Yield its frames in order."""
        return itertools.islice(iter(self.video.frames), self.start, self.stop)


class PastedFrames(Frames):
    """Frames of a stretch with something drawn into them."""

    def __init__(self, stretch: Stretch, reference: Reference, placed: Sequence[list[Placed]]):
        super().__init__(len(placed), size=stretch.video.frames.shape)
        self.stretch, self.reference, self.placed = stretch, reference, placed

    def __iter__(self) -> Iterator[np.ndarray]:
        for frame, placed in zip(self.stretch.frames(), self.placed, strict=True):
            yield self.drawn(frame, placed)[0]

    def _read(self, index: int) -> np.ndarray:
        return self.drawn(self.base(index), self.placed[index])[0]

    def base(self, index: int) -> np.ndarray:
        """Return a frame as it was."""
        return self.stretch.video.frames[self.stretch.start + index]

    def drawn(self, frame: np.ndarray, placed: list[Placed]) -> tuple[np.ndarray, np.ndarray]:
        """Draw all pictures of a frame.

        Args:
            frame: as it was, uint8 [h, w] or [h, w, 3].
            placed: what is drawn.

        Returns:
            The frame, and bool [h, w], which pixels are abnormal.
        """
        out, abnormal = frame, np.zeros(frame.shape[:2], bool)
        for one in placed:
            out, shown = draw(out, one, self.reference)
            if one.abnormal:
                abnormal |= shown
        return out, abnormal


class PastedMasks(Masks):
    """The abnormal pixels of `PastedFrames`."""

    def __init__(self, frames: PastedFrames):
        super().__init__(len(frames))
        self._frames = frames

    def _read(self, index: int) -> np.ndarray:
        frames = self._frames
        _, shown = frames.drawn(frames.base(index), frames.placed[index])
        return (shown & (shown.sum() >= least_pixels(frames.reference))).astype(np.uint8)

    @functools.cached_property
    def labels(self) -> np.ndarray:
        """Which frames have an abnormal pixel, uint8 [t]."""
        frames, least = self._frames, least_pixels(self._frames.reference)
        return np.array(
            [
                frames.drawn(frame, placed)[1].sum() >= least if placed else False
                for frame, placed in zip(frames.stretch.frames(), frames.placed, strict=True)
            ],
            np.uint8,
        )


def least_pixels(reference: Reference) -> int:
    """Return from how many abnormal pixels on a frame is abnormal."""
    scale = reference.frame_shape[0] / reference.shape[0]
    return max(4, round(LEAST * (float(np.median(reference.body)) * scale) ** 2))


def tracks_of(stretches: Sequence[Stretch], reference: Reference, *, fps: float) -> list[Track]:
    """Follow the bodies of several stretches.

    Args:
        stretches: normal ones of one camera.
        reference: of the camera.
        fps: frames a second of a video that does not say its own.

    Returns:
        The tracks of all.
    """
    return [
        track
        for one in stretches
        for track in follow(one.frames(), reference, clip=one.name, fps=one.video.fps or fps)
    ]


def make_clip(
    stretch: Stretch,
    kind: str,
    *,
    first: bool,
    reference: Reference,
    tracks: Sequence[Track],
    actors: Sequence[Track],
    fps: float,
    seed: int,
) -> Video | None:
    """Make one pseudo-abnormal clip.

    Args:
        stretch: normal frames of a fixed camera.
        kind: one of `kinds.KINDS`.
        first: the anomaly is there from the first frame on.
        reference: of the camera.
        tracks: all that were followed before it.
        actors: those whose pictures may be drawn; of other clips where there are some.
        fps: frames a second, where the video does not say.
        seed: the same clip comes of the same seed.

    Returns:
        A video with labels and masks; None where no track serves for this kind.

    Raises:
        UserError: the kind is unknown.
    """
    if kind not in KINDS:
        raise unknown("kind of pseudo-anomaly", kind, KINDS)
    rate = stretch.video.fps or fps
    frame = next(stretch.frames())
    scene = Scene(reference, rate, stretch.stop - stretch.start, frame, actors, tracks)
    placed = KINDS[kind](scene, np.random.default_rng(seed), first=first)
    if placed is None:
        return None
    frames = PastedFrames(stretch, reference, placed)
    masks = PastedMasks(frames)
    name = f"{kind}{'_first' if first else ''}"
    labels = masks.labels
    return dataclasses.replace(
        stretch.video,
        id=f"{stretch.name}/{name}",
        frames=frames,
        fps=rate,
        times=None,
        labels=labels,
        masks=masks,
        content=None,
        substituted=(),
        fingerprint=f"pseudo{VERSION}-{stretch.video.fingerprint}-{stretch.start}-{name}-{seed}",
        metadata={"kinds": {name: labels}},
    )
