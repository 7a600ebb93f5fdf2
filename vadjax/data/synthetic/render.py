"""Render a scenario as frames, with exact masks, labels and tracks."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vadjax.data.synthetic.actors import Actor
from vadjax.data.synthetic.backdrop import Backdrop
from vadjax.data.synthetic.camera import Camera
from vadjax.data.synthetic.scenario import FPS
from vadjax.data.synthetic.shapes import FURNITURE, Strokes

_ZOOM = 2  # figures are drawn this much larger and shrunk, for smooth edges


def min_pixels(height: int, width: int) -> int:
    """Scale the number of visible abnormal pixels that make a frame abnormal.

    Args:
        height: of the frame, pixels.
        width: of the frame, pixels.

    Returns:
        12 at 160 x 240 pixels, at least 4.
    """
    return max(4, round(12 * height * width / (160 * 240)))


@dataclass(frozen=True)
class Clip:
    """A rendered clip and its ground truth.

    `kinds` and `masks` hold, and `labels` count, an abnormal object only in frames where at least
    `min_pixels` of it are visible; shadows belong to no object.
    """

    frames: np.ndarray  # uint8 [t, h, w, 3], red, green, blue
    masks: np.ndarray  # uint8 [t, h, w], 1 on abnormal objects
    labels: np.ndarray  # uint8 [t], 1 where the mask is not empty
    kinds: dict[str, np.ndarray]  # kind of anomaly -> uint8 [t]
    tracks: list[dict]  # of every actor: kind, first frame, boxes, visible pixels, abnormal frames


@dataclass(frozen=True)
class _Light:
    """Weather and camera of one clip; arrays are [t]."""

    ambient: np.ndarray
    sun: np.ndarray
    gain: np.ndarray  # [3], colour of the light
    direction: np.ndarray  # [2], metres of shadow per metre of height
    sway: np.ndarray  # [t, layers], pixels that the tops of leaves move sideways
    noise: float  # grey levels


def _light(rng: np.random.Generator, num_frames: int, height: int, num_layers: int) -> _Light:
    """Sunny or dull, with clouds that pass within tens of seconds, and gusts of wind."""
    time = np.arange(num_frames) / FPS
    cloud = sum(
        np.sin(2 * np.pi * (time / rng.uniform(8, 40) + rng.random())) / k for k in (1, 2, 3)
    )
    sunny = rng.uniform(0.15, 0.6)
    sun = sunny * (1 + rng.uniform(0, 0.35) * np.clip(cloud, -1, 1))
    ambient = rng.uniform(0.78, 0.98) - 0.6 * sunny + 0.1 * (sun - sunny)
    gust = np.clip(0.5 + 0.5 * np.sin(2 * np.pi * (time / rng.uniform(5, 12) + rng.random())), 0, 1)
    strength = rng.uniform(0.002, 0.02) * height * (0.3 + 0.7 * gust)
    waves = [
        np.sin(2 * np.pi * (time * rng.uniform(0.4, 1.1) + rng.random())) for _ in range(num_layers)
    ]
    return _Light(
        ambient=ambient,
        sun=sun,
        gain=(1 + rng.normal(0, 0.02, 3)).astype(np.float32),
        direction=np.array([rng.uniform(0.35, 0.9), rng.uniform(0.1, 0.45)]),
        sway=np.stack(waves, 1) * strength[:, None],
        noise=rng.uniform(1.5, 4.0),
    )


class Renderer:
    """Draws clips of one scene.

    Args:
        camera: gives the frame size.
        backdrop: the scene, for the same camera.
    """

    def __init__(self, camera: Camera, backdrop: Backdrop):
        self._camera, self._backdrop = camera, backdrop
        self._fine = Camera(camera.height * _ZOOM, camera.width * _ZOOM)
        self._furniture = [Strokes(figure, self._fine) for figure in backdrop.furniture]

    def render(
        self, scenario: Sequence[Actor], rng: np.random.Generator, *, num_frames: int
    ) -> Clip:
        """Draw one clip.

        Args:
            scenario: the actors, each over all frames.
            rng: gives weather and noise.
            num_frames: length of the clip.

        Returns:
            Frames and ground truth.

        Raises:
            ValueError: more actors are in view at once than there are ids in a byte.
        """
        camera = self._camera
        light = _light(rng, num_frames, camera.height, len(self._backdrop.leaves))
        figures = [actor.figure(FPS) for actor in scenario]
        bodies = [Strokes(figure, self._fine) for figure in figures]
        shadows = [Strokes(figure, camera, light.direction) for figure in figures]
        identities = _identities(bodies)
        grain = rng.normal(0, light.noise, (camera.height + 64, camera.width + 64, 3))
        grain = grain.astype(np.float32)
        frames = np.empty((num_frames, camera.height, camera.width, 3), np.uint8)
        owners = np.empty((num_frames, camera.height, camera.width), np.uint8)
        for t in range(num_frames):
            paint, owners[t] = self._figures(bodies, identities, t)
            image = self._compose(paint, owners[t], self._shadow(shadows, t), light, t)
            row, column, flip = *rng.integers(0, 64, 2), rng.integers(2)
            noise = grain[row : row + camera.height, column : column + camera.width]
            image += -noise if flip else noise
            # Unlike a conversion of type, this rounds and saturates.
            frames[t] = cv2.convertScaleAbs(np.maximum(image, 0, out=image))
        return Clip(frames, *_truth(scenario, owners, bodies, identities))

    def _figures(
        self, bodies: list[Strokes], identities: list[int], t: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return colour and cover [h, w, 4] of all figures, and each pixel's owner (0: none)."""
        fine = np.zeros((self._fine.height, self._fine.width, 4), np.uint8)
        drawn = [(s.depth[0], FURNITURE, s, 0) for s in self._furniture if s.in_view[0]]
        seen = [(i, s) for i, s in zip(identities, bodies, strict=True) if s.in_view[t]]
        drawn += [(s.depth[t], i, s, t) for i, s in seen]
        for _, identity, strokes, moment in sorted(drawn, key=lambda d: -d[0]):
            strokes.draw(fine, moment, identity)
        owner = cv2.extractChannel(fine, 3)
        cv2.insertChannel(cv2.threshold(owner, 0, 255, cv2.THRESH_BINARY)[1], fine, 3)
        size = (self._camera.width, self._camera.height)
        paint = cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
        return paint, owner[::_ZOOM, ::_ZOOM]

    def _shadow(self, shadows: list[Strokes], t: int) -> np.ndarray:
        """Return the share of sunlight that reaches the ground, [h, w] float32 in 0..1."""
        mask = np.zeros((self._camera.height, self._camera.width), np.uint8)
        for strokes in shadows:
            if strokes.in_view[t]:
                strokes.draw(mask, t, 255)
        return 1 - cv2.GaussianBlur(mask, (3, 3), 0).astype(np.float32) * (0.9 / 255)

    def _compose(self, paint, owner, reaching, light: _Light, t: int) -> np.ndarray:
        """Light the ground, put the figures on it and the leaves before them; [h, w, 3] float32."""
        backdrop = self._backdrop
        ambient, sun = np.float32(light.ambient[t]), np.float32(light.sun[t])
        ground = (ambient + sun * backdrop.sunlit * reaching) * (
            1 - paint[..., 3] / np.float32(255)
        )
        image = backdrop.albedo * ground[..., None]
        image += paint[..., :3] * (ambient + np.float32(0.85) * sun)
        for leaves, shift in zip(backdrop.leaves, light.sway[t], strict=True):
            leaves.sway_over(
                image, owner, shift=shift, level=float(ambient + np.float32(0.8) * sun)
            )
        image *= light.gain
        return image


def _identities(bodies: Sequence[Strokes]) -> list[int]:
    """Give each figure an id in 1 to 254; figures share one only where there are more than ids.

    Figures that share an id are in view one after the other.
    """
    if len(bodies) < FURNITURE:
        return list(range(1, len(bodies) + 1))
    free_from = [0] * (FURNITURE - 1)  # first frame in which each id is free again
    identities = [1] * len(bodies)
    spans = [np.flatnonzero(body.in_view) for body in bodies]
    for index in sorted(range(len(bodies)), key=lambda i: spans[i][0] if len(spans[i]) else -1):
        if not len(seen := spans[index]):
            continue
        slot = int(np.argmin(free_from))
        if free_from[slot] > seen[0]:
            raise ValueError(f"more than {FURNITURE - 1} actors are in view at once")
        free_from[slot], identities[index] = int(seen[-1]) + 1, slot + 1
    return identities


def _truth(
    scenario: Sequence[Actor],
    owners: np.ndarray,
    bodies: Sequence[Strokes],
    identities: Sequence[int],
):
    """Masks, labels, kinds and tracks from whose every pixel is."""
    num_frames, height, width = owners.shape
    least = min_pixels(height, width)
    masks, tracks = np.zeros_like(owners), []
    kinds: dict[str, np.ndarray] = {}
    counts = np.stack([np.bincount(o.ravel(), minlength=256) for o in owners])
    for identity, actor, body in zip(identities, scenario, bodies, strict=True):
        visible = np.flatnonzero(counts[:, identity] * body.in_view)
        if not len(visible):
            continue
        boxes = []
        for t in range(visible[0], visible[-1] + 1):
            mine = (owners[t] == identity).astype(np.uint8)
            boxes.append(list(cv2.boundingRect(mine)))
            if actor.abnormal[t] and counts[t, identity] >= least:
                masks[t] |= mine
                kinds.setdefault(actor.kind, np.zeros(num_frames, np.uint8))[t] = 1
        tracks.append(
            {
                "kind": actor.kind,
                "start": int(visible[0]),
                "boxes": boxes,  # x, y, width, height in pixels; zeros where hidden
                "pixels": counts[visible[0] : visible[-1] + 1, identity].tolist(),
                "abnormal": actor.abnormal[visible[0] : visible[-1] + 1].astype(int).tolist(),
            }
        )
    return masks, masks.any((1, 2)).astype(np.uint8), kinds, tracks
