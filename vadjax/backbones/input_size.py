"""The input size of a backbone that keeps the shape of the frames."""

import importlib
import math

from vadjax.backbones.registry import FAMILIES, family_of

STEP = 16  # pixels; sides are multiples of it
MOST = 2.0  # times the pixels of the checkpoint's own size
_FIXED = ("coatnet", "maxvit", "vit", "flow", "flow_lite0", "pixels")  # made for one size


def follows_frames(name: str) -> bool:
    """Return whether the default input size of a backbone follows the shape of the frames.

    Networks that learn positions at one size keep that, and so do those whose map is the image or
    cells of it. Imports no JAX; an unknown name has no such size either.
    """
    return any(name in names for family, names in FAMILIES.items() if family not in _FIXED)


def size_of_frames(name: str, frame: tuple[int, int]) -> tuple[int, int] | None:
    """Choose the input size of a backbone for frames of one shape.

    The short side is the checkpoint's, as things keep the size that they have in its square; the
    long one is the largest multiple of `STEP` pixels that the shape of the frames allows. Where
    that were more than `MOST` times the checkpoint's pixels, both are smaller.

    >>> size_of_frames("resnet18", (240, 360)), size_of_frames("resnet18", (1920, 1080))
    ((224, 336), (384, 224))

    Args:
        name: Of the backbone.
        frame: Height and width of the frames in pixels.

    Returns:
        Height and width; None where the backbone keeps its own size.
    """
    if not follows_frames(name):
        return None
    family = importlib.import_module(f"vadjax.backbones.{family_of(name)}")
    architecture = family.ARCHITECTURES[name]
    step, least = math.lcm(STEP, architecture.multiple), architecture.least
    short, pixels = min(architecture.preprocess.size), math.prod(architecture.preprocess.size)
    ratio = max(frame) / min(frame)
    if short * short * ratio > MOST * pixels:
        short = math.isqrt(int(MOST * pixels / ratio)) // step * step
    short = max(short, -(-least // step) * step)
    long = max(int(short * ratio + 1e-6) // step * step, short)
    long = max(min(long, int(MOST * pixels / short) // step * step), short)
    return (short, long) if frame[0] <= frame[1] else (long, short)


def size_of_crops(name: str, side: int) -> tuple[int, int]:
    """Choose the input size of a backbone for square crops.

    >>> size_of_crops("resnet18", 64), size_of_crops("vit_small_patch14_dinov2", 64)
    ((64, 64), (70, 70))

    Args:
        name: Of the backbone.
        side: Of the crops in pixels.

    Returns:
        Height and width: the least that it takes from there on, or its own where it takes no other.
    """
    family = importlib.import_module(f"vadjax.backbones.{family_of(name)}")
    architecture = getattr(family, "ARCHITECTURES", {}).get(name)
    if architecture is None or not architecture.layouts:
        return side, side
    if architecture.fixed:
        return architecture.preprocess.size
    step = architecture.multiple
    side = -(-max(side, architecture.least) // step) * step
    return side, side
