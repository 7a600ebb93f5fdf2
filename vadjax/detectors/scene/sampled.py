"""Some frames of a clip, evenly spaced, by which a whole clip is doubted."""

import numpy as np

from vadjax.data.arrays.row_view import release
from vadjax.data.clip import Clip
from vadjax.features.scene.meter import CHANNELS

MOST = 256  # frames that are looked at


def sampled(clip: Clip, channel: str, *, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Read one channel of the cells of some frames.

    Args:
        clip: whose cells are stored.
        channel: one of `features.scene.meter.CHANNELS`.
        start: frame from which on they are taken.

    Returns:
        Numbers of the frames, int [n], and float16 [n, h, w]; n is at most `MOST`.
    """
    cells = clip.rows("cells")
    step = max(1, -(-(len(cells) - start) // MOST))
    values = np.array(cells[start::step][..., CHANNELS.index(channel)])
    release(cells)
    return start + step * np.arange(len(values)), values
