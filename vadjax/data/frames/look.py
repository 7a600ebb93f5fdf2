"""What a frame looks like, whatever it shows: size, light, colour, sharpness, compression."""

import re

import numpy as np

TIME = re.compile(r"(?:19|20)\d\d-?[01]\d-?[0-3]\d[ T_-]?([01]\d|2[0-3])[-:.h]?([0-5]\d)")
BLOCK = 8  # pixels of the blocks of JPEG, MPEG and H.264
CUES = {  # in words for a reader
    "width": "width in pixels",
    "height": "height in pixels",
    "brightness": "mean brightness",
    "contrast": "spread of the brightness",
    "colour": "mean distance of red, green and blue",
    "sharpness": "mean difference of neighbouring pixels",
    "compression": "differences across the edges of 8 x 8 blocks, against those within",
    "hour": "time of day in the clip's name",
}


def look_of(frame: np.ndarray) -> dict[str, float]:
    """Measure a frame.

    Args:
        frame: uint8 [h, w] or [h, w, 3] RGB.

    Returns:
        All of `CUES` but the hour; a frame narrower than two blocks has compression 1.
    """
    frame = np.asarray(frame)
    values = frame.astype(np.float32)
    grey = values if frame.ndim == 2 else values.mean(2)
    colour = 0.0 if frame.ndim == 2 else float(np.ptp(values, axis=2).mean())
    across = np.abs(np.diff(grey, axis=1)).mean(0)  # [w - 1], between columns
    edges = np.arange(len(across)) % BLOCK == BLOCK - 1
    within = across[~edges].mean() if (~edges).any() else 0.0
    blocks = float(across[edges].mean() / within) if edges.any() and within > 0 else 1.0
    return {
        "width": float(frame.shape[1]),
        "height": float(frame.shape[0]),
        "brightness": float(grey.mean()),
        "contrast": float(grey.std()),
        "colour": colour,
        "sharpness": float(across.mean()) if len(across) else 0.0,
        "compression": blocks,
    }


def hour_of(name: str) -> float | None:
    """Return the time of day that a name has behind a date, in hours, or None.

    >>> hour_of("door_2024-05-01_13-45"), hour_of("test/0101345")
    (13.75, None)
    """
    found = TIME.search(name)
    return int(found[1]) + int(found[2]) / 60 if found else None
