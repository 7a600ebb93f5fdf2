"""Anomaly maps drawn over frames: colour by strength, contours and boxes; truth dashed.

What the detector says is a solid line, what is true a dashed one, so that neither needs colour.
"""

from collections.abc import Sequence

import cv2
import numpy as np

LEVEL = 0.5  # of a map in 0..1: where contours and boxes are drawn
OPACITY = 0.6  # of the colour at full strength
MIN_SHARE = 0.001  # of the frame: smaller regions are left out
DETECTED, TRUE, HALO = (255, 148, 92), (255, 255, 255), (20, 18, 16)  # RGB
DASH = 4  # pixels

# Inferno rises evenly in lightness, also in print and for colour-blind eyes; without its darkest
# third, which would only dim the frame. Both tables are uint8 [1, 256, 3]: the colour times its
# opacity, and what is left of the frame.
_STEPS = np.linspace(88, 255, 256).round().astype(np.uint8)[:, None]
_COLOURS = cv2.applyColorMap(_STEPS, cv2.COLORMAP_INFERNO)[:, 0, ::-1]
_OPACITY = OPACITY * np.linspace(0, 1, 256)[:, None]
_PAINT = np.round(_COLOURS * _OPACITY).astype(np.uint8)[None]
_KEEP = np.round(255 * (1 - _OPACITY.repeat(3, 1))).astype(np.uint8)[None]


def rgb(frame: np.ndarray) -> np.ndarray:
    """Return a frame, uint8 [H, W] or [H, W, 3], as [H, W, 3] of its own memory."""
    frame = np.asarray(frame)
    return np.repeat(frame[..., None], 3, 2) if frame.ndim == 2 else frame.copy()


def overlay(frame: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Paint a map over a frame, the more opaque the stronger; 0 leaves the frame as it is.

    Args:
        frame: uint8 [H, W] or [H, W, 3] RGB.
        heat: float [H, W] in 0..1; beyond is clipped.

    Returns:
        uint8 [H, W, 3] RGB.

    Raises:
        ValueError: another size than the frame's, or values that are not finite.
    """
    heat = _checked(heat, frame.shape)
    strength = cv2.merge([np.round(255 * heat.clip(0, 1)).astype(np.uint8)] * 3)
    kept = cv2.multiply(rgb(frame), cv2.LUT(strength, _KEEP), scale=1 / 255)
    return cv2.add(kept, cv2.LUT(strength, _PAINT))


def contours(heat: np.ndarray, *, level: float = LEVEL) -> list[np.ndarray]:
    """Return the outlines of the regions at and above a level.

    A constant map has no regions, however high its value.

    Args:
        heat: float [H, W].
        level: least value of a region.

    Returns:
        int32 [n, 2] of (x, y) each.

    Raises:
        ValueError: not a map [H, W] of finite values.
    """
    heat = _checked(heat)
    if heat.size == 0 or heat.min() == heat.max():
        return []
    above = (heat >= level).astype(np.uint8)
    outlines, _ = cv2.findContours(above, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    smallest = max(1, MIN_SHARE * heat.size)
    return [one[:, 0] for one in outlines if _pixels(one) >= smallest]


def _pixels(outline: np.ndarray) -> int:
    """Count the pixels within an outline, those under it included (Pick's theorem)."""
    return int(cv2.contourArea(outline) + cv2.arcLength(outline, True) / 2 + 1)


def boxes(heat: np.ndarray, *, level: float = LEVEL) -> list[tuple[int, int, int, int]]:
    """Return the bounding boxes of the regions at and above a level.

    Args:
        heat: float [H, W].
        level: least value of a region.

    Returns:
        (x, y, width, height) in pixels, largest first.

    Raises:
        ValueError: not a map [H, W] of finite values.
    """
    found = []
    for one in contours(heat, level=level):
        x, y, width, height = cv2.boundingRect(one)
        found.append((x, y, width, height))
    return sorted(found, key=lambda box: -box[2] * box[3])


def draw_contours(image: np.ndarray, outlines: Sequence[np.ndarray]) -> np.ndarray:
    """Draw outlines as solid lines with a dark halo.

    Args:
        image: uint8 [H, W, 3]; changed in place.
        outlines: int32 [n, 2] of (x, y) each.

    Returns:
        `image`.
    """
    for colour, width in ((HALO, 3), (DETECTED, 1)):
        cv2.polylines(image, [np.asarray(o) for o in outlines], True, colour, width, cv2.LINE_AA)
    return image


def draw_boxes(image: np.ndarray, regions: Sequence[tuple[int, int, int, int]]) -> np.ndarray:
    """Draw boxes as solid lines with a dark halo.

    Args:
        image: uint8 [H, W, 3]; changed in place.
        regions: (x, y, width, height) each, in pixels.

    Returns:
        `image`.
    """
    for colour, width in ((HALO, 3), (DETECTED, 1)):
        for x, y, w, h in regions:
            cv2.rectangle(image, (x, y), (x + w - 1, y + h - 1), colour, width)
    return image


def draw_truth(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Draw the outlines of the true regions as dashed lines.

    Args:
        image: uint8 [H, W, 3]; changed in place.
        mask: uint8 0/1 [H, W].

    Returns:
        `image`.

    Raises:
        ValueError: the mask has another size than the image.
    """
    mask = np.asarray(mask)
    if mask.shape != image.shape[:2]:
        raise ValueError(f"mask of {mask.shape} pixels for a frame of {image.shape[:2]}")
    outlines, _ = cv2.findContours(
        np.ascontiguousarray(mask, np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    for outline in outlines:
        points = outline[:, 0]
        drawn = np.arange(len(points)) // DASH % 2 == 0
        ground = np.zeros(mask.shape, np.uint8)
        ground[points[drawn, 1], points[drawn, 0]] = 1
        image[cv2.dilate(ground, np.ones((3, 3), np.uint8)) > 0] = HALO
        image[ground > 0] = TRUE
    return image


def explained(
    frame: np.ndarray,
    heat: np.ndarray | None = None,
    *,
    mask: np.ndarray | None = None,
    boxed: bool = False,
) -> np.ndarray:
    """Draw a map, its contours or boxes, and the true regions over a frame.

    Args:
        frame: uint8 [H, W] or [H, W, 3] RGB.
        heat: float [H, W] in 0..1, or None.
        mask: uint8 0/1 [H, W], or None.
        boxed: boxes instead of contours.

    Returns:
        uint8 [H, W, 3] RGB.
    """
    image = rgb(frame) if heat is None else overlay(frame, heat)
    if heat is not None and boxed:
        draw_boxes(image, boxes(heat))
    elif heat is not None:
        draw_contours(image, contours(heat))
    return image if mask is None else draw_truth(image, mask)


def strip(pictures: Sequence[np.ndarray], *, height: int = 180, gap: int = 4) -> np.ndarray:
    """Place pictures side by side at one height on white.

    Args:
        pictures: uint8 [h, w, 3] each, of any sizes.
        height: of the strip in pixels.
        gap: between pictures in pixels.

    Returns:
        uint8 [height, width, 3].

    Raises:
        ValueError: no pictures.
    """
    if not pictures:
        raise ValueError("a strip needs a picture")
    between = np.full((height, gap, 3), 255, np.uint8)
    row = []
    for picture in pictures:
        width = max(1, round(picture.shape[1] * height / picture.shape[0]))
        shrinks = picture.shape[0] > height
        row += [
            cv2.resize(
                picture,
                (width, height),
                interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
            ),
            between,
        ]
    return np.concatenate(row[:-1], axis=1)


def _checked(heat: np.ndarray, shape: tuple[int, ...] | None = None) -> np.ndarray:
    heat = np.asarray(heat, np.float32)
    if heat.ndim != 2 or (shape is not None and heat.shape != shape[:2]):
        wanted = "[H, W]" if shape is None else f"{shape[:2]}, as the frame's"
        raise ValueError(f"a map has shape {heat.shape}; it must be {wanted}")
    if not np.isfinite(heat).all():
        raise ValueError(f"a map has {np.sum(~np.isfinite(heat))} values that are not finite")
    return heat
