"""The measures of frames as rows of fixed size, as the store keeps them."""

from collections.abc import Sequence

import numpy as np

from vadjax.features.scene.meter import CHANNELS, CROP, NUM_WINDOWS, Measured
from vadjax.features.scene.reference import Reference
from vadjax.features.scene.seen_objects import NUM_OBJECTS, RATE
from vadjax.objects import ObjectDetector

INPUTS = ("cells", "windows")
OBJECTS = "objects"  # a further input, where there is an object detector
VERSION = 9  # of the measures; a new one whenever they change
PLACE = 2  # first values of a window: x and y of its centre


def scene_spec(reference: Reference, *, looks: dict) -> dict:
    """Describe everything that determines the rows, for the store's fingerprint.

    Args:
        reference: of the camera.
        looks: of the network that embeds windows.

    Returns:
        What JSON can hold.
    """
    return {
        "scene": VERSION,
        "reference": reference.fingerprint,
        "channels": CHANNELS,
        "windows": (NUM_WINDOWS, CROP),
        "looks": looks,
    }


def scene_specs(
    reference: Reference, *, looks: dict, objects: ObjectDetector | None
) -> dict[str, dict]:
    """Describe the rows of each input, for the stores' fingerprints.

    Args:
        reference: of the camera.
        looks: of the network that embeds windows.
        objects: what names objects, or None.

    Returns:
        Name of the input -> what JSON can hold.
    """
    spec = scene_spec(reference, looks=looks)
    specs = {name: {**spec, "rows": name} for name in ("cells", "windows")}
    if objects is not None:
        specs["objects"] = {
            "rows": "objects",
            "frame": list(reference.frame_shape),
            "working": list(reference.shape),
            "looks": (RATE, NUM_OBJECTS),
            "objects": objects.spec(),
        }
    return specs


def window_rows(measured: Sequence[Measured], looks: np.ndarray) -> np.ndarray:
    """Put the windows of frames into rows.

    Args:
        measured: of each frame.
        looks: float16 [n, d], the embeddings of all their windows, one behind the other.

    Returns:
        float16 [frames, NUM_WINDOWS, 2 + d]: x and y (pixels of the working frame) and embedding
        of each window, the strongest first; NaN where a frame has fewer.
    """
    rows = np.full((len(measured), NUM_WINDOWS, PLACE + looks.shape[1]), np.nan, np.float16)
    start = 0
    for row, frame in zip(rows, measured, strict=True):
        count = len(frame.centres)
        row[:count, :PLACE] = frame.centres
        row[:count, PLACE:] = looks[start : start + count]
        start += count
    return rows
