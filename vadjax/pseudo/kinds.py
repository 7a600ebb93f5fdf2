"""The kinds of pseudo-anomalies: what is drawn where in each frame of a normal clip.

Every kind also comes as one that is there from the first frame on.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Protocol

import cv2
import numpy as np

from vadjax.features.scene.reference import Reference
from vadjax.pseudo.directions import MOVES, goes_one_way
from vadjax.pseudo.drawing import Placed
from vadjax.pseudo.paths import played
from vadjax.pseudo.tracks import MARGIN, Track, body_at

LATER = (0.15, 0.35)  # of the clip, when something comes that is not there from the first frame
_FAST = (2.0, 3.0)  # times as fast
_USUAL = (0.8, 1.2)  # times as fast as the track, of what only looks odd
_PAUSE_S = 1.0  # seconds from one runner to the next
_WALKS_S = 2.0  # seconds that a body walks before it stops
_BAG = (0.3, 0.5)  # heights of a body
_CONTRAST = 35.0  # grey levels by which a piece differs from the ground before it at least

Frames = list[list[Placed]]


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """What a pseudo-anomaly is made of and made for.

    Attributes:
        reference: of the camera.
        fps: frames a second of the clip.
        num_frames: of the clip.
        frame: uint8 [h, w] or [h, w, 3], one of the clip.
        actors: tracks with pictures, of other normal clips where there are some.
        crowd: all tracks of the camera.
    """

    reference: Reference
    fps: float
    num_frames: int
    frame: np.ndarray
    actors: Sequence[Track]
    crowd: Sequence[Track]


class Kind(Protocol):
    """Makes one kind of pseudo-anomaly."""

    def __call__(self, scene: Scene, rng: np.random.Generator, *, first: bool) -> Frames | None:
        """Choose what is drawn where.

        Args:
            scene: what it is made of.
            rng: draws.
            first: it is there, or stands there, from the first frame.

        Returns:
            What is drawn in each frame; None where no track serves.
        """
        ...


def _pasted(scene: Scene, rng: np.random.Generator, *, first: bool) -> Frames | None:
    """A widened or turned body, or a piece of the ground, moves as a body does."""

    def odd(track: Track) -> tuple[np.ndarray, np.ndarray]:
        how = rng.integers(3)
        if how == 2:
            piece, mask = _piece(scene, rng, rng.uniform(0.6, 1.0), rng.uniform(0.5, 1.1))
            return _contrasting(scene, piece, track.path[len(track) // 2]), mask
        picture, mask = track.pictures[int(rng.integers(len(track.pictures)))]
        if how == 1:
            return np.rot90(picture).copy(), np.rot90(mask).copy()
        wide = rng.uniform(1.6, 2.2)
        return cv2.resize(picture, None, fx=wide, fy=1.0), cv2.resize(mask, None, fx=wide, fy=1.0)

    return _moving(scene, rng, _moving_tracks(scene), first=first, speeds=_USUAL, picture=odd)


def _fast(scene: Scene, rng: np.random.Generator, *, first: bool) -> Frames | None:
    """A body goes its way two to three times as fast."""
    tracks = _moving_tracks(scene)
    speeds = [np.hypot(*track.velocity) for track in tracks]
    quick = [t for t, speed in zip(tracks, speeds, strict=True) if speed >= np.median(speeds)]
    return _moving(scene, rng, quick, first=first, speeds=_FAST)


def _reversed_way(scene: Scene, rng: np.random.Generator, *, first: bool) -> Frames | None:
    """A body, mirrored, goes its way back where all others go one way."""
    tracks = [t for t in _moving_tracks(scene) if goes_one_way(t, scene.crowd)]
    return _moving(scene, rng, tracks, first=first, speeds=(1.0, 1.0), backwards=True)


def _stopped(scene: Scene, rng: np.random.Generator, *, first: bool) -> Frames | None:
    """A body stops and stays where it is; it is abnormal from then on."""
    tracks = _moving_tracks(scene) or list(scene.actors)
    if not tracks:
        return None
    track = tracks[int(rng.integers(len(tracks)))]
    stop = int(rng.integers(len(track) // 3, len(track)))
    walks = 0 if first else min(stop, round(_WALKS_S * scene.fps))
    begin = 0 if first else _later(scene, rng)
    out: Frames = [[] for _ in range(scene.num_frames)]
    for number in range(begin, scene.num_frames):
        shown = min(stop - walks + number - begin, stop)
        placed = _placed(scene, track, track.pictures[shown], track.feet[shown])
        out[number] = [dataclasses.replace(placed, abnormal=shown == stop)]
    return out


def _left_behind(scene: Scene, rng: np.random.Generator, *, first: bool) -> Frames | None:
    """A thing as large as a bag is there where bodies walk, and stays."""
    if not scene.actors:
        return None
    track = scene.actors[int(rng.integers(len(scene.actors)))]
    foot = track.path[rng.integers(len(track))] + rng.uniform(-0.3, 0.3, 2) * track.height[0]
    foot = np.clip(foot, track.height[0] / 2, np.array(scene.frame.shape[1::-1]) - 2.0)
    tall, wide = rng.uniform(*_BAG, 2)
    picture, mask = _piece(scene, rng, tall, wide, row=float(foot[1]))
    picture = _contrasting(scene, picture, foot)
    begin = 0 if first else _later(scene, rng)
    placed = Placed(picture, mask, (float(foot[0]), float(foot[1])))
    return [[placed] if number >= begin else [] for number in range(scene.num_frames)]


KINDS: dict[str, Kind] = {
    "pasted": _pasted,
    "fast": _fast,
    "reversed": _reversed_way,
    "stopped": _stopped,
    "left_behind": _left_behind,
}


def _moving_tracks(scene: Scene) -> list[Track]:
    return [t for t in scene.actors if np.hypot(*t.velocity) >= MOVES and t.length >= 0.5]


def _later(scene: Scene, rng: np.random.Generator) -> int:
    return int(scene.num_frames * rng.uniform(*LATER))


def _moving(
    scene: Scene,
    rng: np.random.Generator,
    tracks: Sequence[Track],
    *,
    first: bool,
    speeds: tuple[float, float],
    backwards: bool = False,
    picture: Callable[[Track], tuple[np.ndarray, np.ndarray]] | None = None,
) -> Frames | None:
    """Let one body after another pass, until the clip ends."""
    if not tracks:
        return None
    out: Frames = [[] for _ in range(scene.num_frames)]
    number = 0 if first else _later(scene, rng)
    while number < scene.num_frames:
        track = tracks[int(rng.integers(len(tracks)))]
        speed = rng.uniform(*speeds) * track.fps / scene.fps
        feet, shown, start = played(track, scene.frame.shape[:2], speed=speed, backwards=backwards)
        if first and not number:
            feet, shown = feet[start:], shown[start:]
        else:  # its own track has to lie within the clip
            early = max(0, start - (scene.num_frames - number) // 2)
            feet, shown = feet[early:], shown[early:]
        one = picture(track) if picture else None
        for foot, frame in zip(feet[: scene.num_frames - number], shown, strict=False):
            own = one or track.pictures[frame]
            if backwards:
                own = own[0][:, ::-1].copy(), own[1][:, ::-1].copy()
            out[number].append(_placed(scene, track, own, foot))
            number += 1
        number += round(_PAUSE_S * scene.fps)
    return out


def _placed(
    scene: Scene, track: Track, picture: tuple[np.ndarray, np.ndarray], foot: np.ndarray
) -> Placed:
    """Place a picture of a track, as large as a body is in that row."""
    usual, own = body_at(scene.reference, np.array([foot[1], np.median(track.feet[:, 1])]))
    scale = float(usual / own)
    return Placed(*picture, (float(foot[0]), float(foot[1]) + MARGIN * scale), scale)


def _piece(
    scene: Scene, rng: np.random.Generator, tall: float, wide: float, *, row: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Cut an oval or a rectangle out of the frame, so many heights of a body tall and wide."""
    frame = scene.frame
    body = float(np.median(scene.reference.body)) * frame.shape[0] / scene.reference.shape[0]
    if row is not None:
        body = float(body_at(scene.reference, row))
    h = int(np.clip(round(tall * body), 4, frame.shape[0] // 2))
    w = int(np.clip(round(wide * body), 4, frame.shape[1] // 2))
    top, left = (int(rng.integers(0, n - k)) for n, k in zip(frame.shape, (h, w), strict=False))
    mask = np.pad(np.ones((h, w), np.uint8), MARGIN)
    if rng.random() < 0.5:
        centre, axes = (w // 2 + MARGIN, h // 2 + MARGIN), (w // 2, h // 2)
        mask = np.zeros_like(mask)
        cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, -1)
    around = [(MARGIN, MARGIN)] * 2 + [(0, 0)] * (frame.ndim - 2)
    return np.pad(frame[top : top + h, left : left + w], around, mode="edge"), mask


def _contrasting(scene: Scene, picture: np.ndarray, foot: np.ndarray) -> np.ndarray:
    """Make a picture so bright or dark that it is seen at a place."""
    x, y = np.rint(foot).astype(int)
    height, width = picture.shape[:2]
    near = np.s_[max(y - height, 0) : max(y, 1), max(x - width // 2, 0) : max(x + width // 2, 1)]
    ground = float(scene.frame[near].mean()) if scene.frame[near].size else 128.0
    if abs(ground - picture.mean()) >= _CONTRAST:
        return picture
    wanted = ground + _CONTRAST * (1 if ground < 128 else -1)
    moved = picture.astype(np.float32) + (wanted - picture.mean())
    return np.clip(np.rint(moved), 0, 255).astype(np.uint8)
