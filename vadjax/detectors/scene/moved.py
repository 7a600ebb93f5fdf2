"""Whether the camera was moved by a little: what then differs from the background stands there."""

import numpy as np

from vadjax.data.clip import Clip
from vadjax.detectors.scene.sampled import sampled
from vadjax.detectors.scene.usual import share_above

STANDS_S = 4.0  # seconds after which foreground counts as standing there
STANDING = 0.05  # share of the picture that stands, from which on the camera was moved
MORE = 5.0  # times as much as stood in training


def moved(clip: Clip, counts: np.ndarray | None = None) -> str:
    """Say that much of the picture differs from the background and stands.

    After a camera was moved by a little, the edges of everything are foreground, and stay.

    Args:
        clip: that is scored.
        counts: int [bins, h, w] of standing still in training (`usual.Counts`), where known.

    Returns:
        The sentence, or "".
    """
    _, seconds = sampled(clip, "still_s", start=len(clip) // 2)
    standing = float(np.median((seconds >= STANDS_S).mean((1, 2))))
    usual = 0.0 if counts is None else share_above(counts, STANDS_S)
    if standing < max(STANDING, MORE * usual):
        return ""
    return (
        f"{standing:.0%} of the picture differ from the background of the training clips and do "
        "not move: a camera that was moved, or something large that stands there; its scores mean "
        "little"
    )
