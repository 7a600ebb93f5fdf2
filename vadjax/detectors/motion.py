"""How much moves between two frames, in the box where it is most: nothing is learned."""

from typing import ClassVar

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import ClipDetector, State, Stream
from vadjax.detectors.frontend import RowStream
from vadjax.features.motion import MOTION_NAMES


class _Motion(ClipDetector):
    """One column of the motion measures (`features.motion`).

    The first frame has none before it and carries the second frame's value.
    """

    inputs = ("motion",)
    column: ClassVar[str]

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Return the measure of each frame; see `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record.
        """
        index = MOTION_NAMES.index(self.column)
        predicted = np.arange(len(clip)) > 0
        predicted[:1] |= len(clip) == 1
        return clip.scored(np.array(clip.rows("motion")[:, index]), predicted)

    def stream(self, state: State) -> Stream:
        """Measure frame by frame; see `Detector.stream`."""
        index = MOTION_NAMES.index(self.column)

        def push(rows: dict[str, np.ndarray | None]) -> float | None:
            measures = rows["motion"]
            return None if measures is None else float(measures[index])

        return RowStream(self.frontend, self.inputs, push)


class FrameDifference(_Motion):
    """The largest mean absolute difference of grey levels over a box."""

    name, column = "frame_difference", "difference"


class FlowBox(_Motion):
    """The largest mean speed of Farneback's optical flow over a box."""

    name, column = "flow_box", "flow"
