"""The beginnings of Ped2's training clips, whose first frames are coarser, scored by LSTMs."""

import dataclasses

import numpy as np
import pytest

from tests.detectors.test_detectors import World, config
from vadjax import data
from vadjax.data.video import Frames

pytestmark = pytest.mark.slow

NUM_FRAMES, NUM_CLIPS, LENGTH = 40, 16, 16


class Head(Frames):
    """The first frames of a video."""

    def __init__(self, frames):
        super().__init__(NUM_FRAMES, size=frames.shape)
        self._of = frames

    def _read(self, index: int) -> np.ndarray:
        return self._of[index]


@pytest.fixture(scope="module")
def held_out(real_data, tmp_path_factory):
    """Scores [clips, t] of every clip by a detector that did not see it, and which are its own."""
    made = config(window__length=LENGTH, model__units=(32,), train__epochs=4)
    f = made.features
    f.backbone, f.weights, f.height, f.width = "tf_efficientnet_lite0", "", 224, 336
    world = World(tmp_path_factory.mktemp("ped2"), made)
    root = real_data / "data" / "ped2" / "training" / "frames"
    clips = []
    for folder in sorted(root.iterdir())[:NUM_CLIPS]:
        video = data.open_video(folder)
        head = dataclasses.replace(video, id=f"train/{folder.name}", frames=Head(video.frames))
        clips.append(world.clip(head))
    detector, found = world.run.make_detector("window_model"), []
    for index in range(2):
        block, rest = clips[index::2], clips[1 - index :: 2]
        world.progress.name = f"block{index}"
        state = detector.fit(rest[1:], rest[:1], seed=0, progress=world.progress)
        found += detector.score_clips(state, block)
    return np.stack([v.scores for v in found]), np.stack([v.predicted for v in found])


def test_first_frames_of_normal_clips_score_no_higher_than_later_ones(held_out):
    """Rates at quantiles of whole windows' scores; one clip of 16 is .07 of a position's."""
    scores, predicted = held_out
    early, later = scores[:, : LENGTH - 1], scores[:, LENGTH - 1 :]
    assert not predicted[:, 0].any() and predicted[:, 1:].all()
    for quantile, factor in ((0.9, 2), (0.99, 3)):
        above = early >= np.quantile(later, quantile)
        assert above.mean() <= factor * (1 - quantile)
        assert above[:, 0].mean() <= 3 / NUM_CLIPS
