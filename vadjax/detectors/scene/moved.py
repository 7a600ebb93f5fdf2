"""Whether the camera was moved by a little: what then differs from the background stands there."""

import numpy as np

from vadjax.data.arrays.row_view import release
from vadjax.data.clip import Clip
from vadjax.detectors.scene.usual import share_above
from vadjax.features.scene.meter import CHANNELS

STANDS_S = 4.0  # seconds after which foreground counts as standing there
STANDING = 0.05  # share of the picture that stands, from which on the camera was moved
MORE = 5.0  # times as much as stood in training
SAMPLED = 64  # frames of the later half of a clip that are looked at


def moved(clip: Clip, counts: np.ndarray | None = None) -> str:
    """Say that much of the picture differs from the background and stands.

    After a camera was moved by a little, the edges of everything are foreground, and stay.

    Args:
        clip: that is scored.
        counts: int [bins, h, w] of standing still in training (`usual.Counts`), where known.

    Returns:
        The sentence, or "".
    """
    cells = clip.rows("cells")
    late = cells[len(cells) // 2 :]
    late = late[:: max(1, len(late) // SAMPLED)][..., CHANNELS.index("still_s")] >= STANDS_S
    standing = float(np.median(late.mean((1, 2))))
    release(cells)
    usual = 0.0 if counts is None else share_above(counts, STANDS_S)
    if standing < max(STANDING, MORE * usual):
        return ""
    return (
        f"{standing:.0%} of the picture differ from the background of the training clips and do "
        "not move: a camera that was moved, or something large that stands there; its scores mean "
        "little"
    )
