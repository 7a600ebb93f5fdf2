"""Draws a picture into a frame at a place, to a fraction of a pixel, behind what is nearer."""

import dataclasses

import cv2
import numpy as np

from vadjax.features.scene.reference import Reference
from vadjax.pseudo.tracks import body_at, find_bodies

_EDGE = 0.7  # px, deviation of the blur of a picture's edge
_NEARER = 0.15  # heights of a body by which a foot has to be lower to stand before another one
_HIGHEST = 1.6  # heights of a body up to which a component is one body, and hides what is behind
SHOWN = 0.5  # share of a pixel that a picture covers, from which on the pixel is abnormal


@dataclasses.dataclass(frozen=True, eq=False)
class Placed:
    """A picture at a place of one frame.

    Attributes:
        picture: uint8 [h, w] or [h, w, 3].
        mask: uint8 [h, w], 1 is the object.
        foot: (x, y), pixels of the frame, of the middle of the picture's lower edge.
        scale: of the picture.
        abnormal: it counts as abnormal in this frame.
    """

    picture: np.ndarray
    mask: np.ndarray
    foot: tuple[float, float]
    scale: float = 1.0
    abnormal: bool = True


def draw(frame: np.ndarray, placed: Placed, reference: Reference) -> tuple[np.ndarray, np.ndarray]:
    """Draw one picture.

    Args:
        frame: uint8 [h, w] or [h, w, 3].
        placed: the picture; grey or colour as the frame.
        reference: of the camera: what stands nearer hides the picture.

    Returns:
        The frame, and bool [h, w], which pixels show the picture.
    """
    height, width = placed.mask.shape
    (x, y), scale = placed.foot, placed.scale
    left, top = int(np.floor(x - scale * width / 2)) - 2, int(np.floor(y - scale * height)) - 2
    size = int(np.ceil(scale * width)) + 5, int(np.ceil(scale * height)) + 5
    move = np.array(
        [[scale, 0, x - scale * width / 2 - left], [0, scale, y - scale * height - top]], np.float32
    )
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    soft = cv2.GaussianBlur(placed.mask.astype(np.float32), (0, 0), max(_EDGE / scale, _EDGE))
    cover = cv2.warpAffine(soft, move, size, flags=how)
    drawn = cv2.warpAffine(
        placed.picture.astype(np.float32), move, size, flags=how, borderMode=cv2.BORDER_REPLICATE
    )
    tall, wide = frame.shape[:2]
    shown = np.zeros((tall, wide), bool)
    inside = np.s_[max(top, 0) : min(top + size[1], tall), max(left, 0) : min(left + size[0], wide)]
    if inside[0].start >= inside[0].stop or inside[1].start >= inside[1].stop:
        return frame, shown
    own = np.s_[
        inside[0].start - top : inside[0].stop - top, inside[1].start - left : inside[1].stop - left
    ]
    cover, drawn = cover[own].copy(), drawn[own]
    cover[_nearer(frame, y, reference)[inside]] = 0
    shown[inside] = cover > SHOWN
    part = frame[inside].astype(np.float32)
    weight = cover if frame.ndim == 2 else cover[..., None]
    out = frame.copy()
    out[inside] = np.clip(np.rint(part * (1 - weight) + drawn * weight), 0, 255).astype(np.uint8)
    return out, shown


def _nearer(frame: np.ndarray, foot: float, reference: Reference) -> np.ndarray:
    """Mark the bodies whose feet are lower in the picture, bool [h, w]."""
    labels, stats = find_bodies(frame, reference)
    scale = frame.shape[0] / reference.shape[0]
    feet = (stats[:, 1] + stats[:, 3]) * scale
    tall = body_at(reference, feet)
    before = (feet > foot + _NEARER * tall) & (stats[:, 3] * scale < _HIGHEST * tall)
    before[0] = False  # the background
    hidden = before[labels].astype(np.uint8)
    return cv2.resize(hidden, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
