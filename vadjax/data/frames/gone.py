"""Frames of a clip that is known, but whose files are no longer there."""

import numpy as np

from vadjax.data.frames.on_demand import Frames
from vadjax.errors import UserError


class GoneFrames(Frames):
    """How many frames there were, and of which size; none can be read.

    Args:
        name: of the clip, for the message.
        num_frames: how many there were.
        size: height and width in pixels.
    """

    def __init__(self, name: str, num_frames: int, size: tuple[int, int]):
        super().__init__(num_frames, size=size)
        self._name = name

    def _read(self, index: int) -> np.ndarray:
        raise UserError(
            f"{self._name} is no longer there, and what was measured of it is not in the cache "
            "either: put the clip back, give the features.cache_dir of before, or train anew."
        )
