"""Score a video with this folder.

python score.py VIDEO > scores.csv

Needs numpy, OpenCV (cv2) and Pillow; PyAV (av) for video files. A VIDEO may be a folder of images.
"""

import functools
import types

from scorer.detectors.frontend import Frontend
from scorer.detectors.motion import FlowBox, FrameDifference
from scorer.pipeline.fold_mean import MeanStream
from streamed import followed, load, main, scored  # noqa: F401

DETECTORS = {one.name: one for one in (FrameDifference, FlowBox)}


def stream_of(programs, about, fps=None):
    """Return what scores one video frame by frame.

    Args:
        programs: none: there is no network.
        about: detector.json.
        fps: not used.

    Returns:
        An object whose `update(frame)`, of uint8 [h, w, 3] RGB or [h, w], gives a list of one
        score with index and score, None for the first frame.
    """
    config = types.SimpleNamespace(features=types.SimpleNamespace(tap=""))  # no network is read
    frontend = Frontend(config, backbone=None)
    return MeanStream([DETECTORS[about["detector"]](config, frontend).stream({})])


score = functools.partial(scored, stream_of)


if __name__ == "__main__":
    main(stream_of, __doc__)
