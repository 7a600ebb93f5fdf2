"""A moved camera is doubted, shaken and busy ones are not: by cells that are written down."""

import cv2
import numpy as np
import pytest

from tests import drawn
from vadjax.data.clip import Clip
from vadjax.data.splits.units import Segment, Units
from vadjax.detectors.scene.moved import moved
from vadjax.detectors.scene.usual import Counts, share_above

BACK = np.full((192, 256), 90, np.uint8)
BACK[60:120, 60:180] = drawn.backdrop((60, 120))  # the rest is plain, as a road is
CAMERA = drawn.reference(BACK, body=40)


def cells(share, standing, number=100):
    """Cells of a clip: a share of foreground everywhere, and some that stand from the middle on."""
    found = np.zeros((number, 20, 20, 5), np.float16)
    found[..., 2] = share
    found[number // 2 :, :, : round(20 * standing), 4] = 9.0
    return found


def doubt(cells, counts=None):
    clip = Clip("a", Units((Segment("a", 0, len(cells)),)), (), lambda name, segment: cells)
    return moved(clip, counts)


@pytest.mark.parametrize(
    ("share", "standing", "words"),
    [
        (0.2, 0.1, "10% of the picture differ from the background of the training clips and do"),
        (0.3, 0.0, ""),  # much moves
        (0.05, 0.0, ""),
    ],
)
def test_what_is_doubted(share, standing, words):
    found = doubt(cells(share, standing))
    assert found.startswith(words) and bool(found) == bool(words)


def test_what_stood_in_training_is_no_reason():
    counts = Counts((20, 20))
    for frame in cells(0.1, 0.1):
        counts.add(frame[..., 4])
    assert share_above(counts.counts, 4.0) == pytest.approx(0.05)
    assert doubt(cells(0.1, 0.1)) and not doubt(cells(0.1, 0.1), counts.counts)


def clip_of(shift):
    """Ten seconds of an empty scene, each frame shifted."""
    frames = []
    for x, y in shift:
        move = np.array([[1, 0, x], [0, 1, y]], np.float32)
        frames.append(cv2.warpAffine(BACK, move, (256, 192), borderMode=cv2.BORDER_REFLECT))
    return drawn.measured(frames, CAMERA, 10.0)["cells"]


def test_a_camera_that_was_moved_and_one_that_shakes():
    rng = np.random.default_rng(0)
    assert not doubt(clip_of(rng.uniform(-3, 3, (100, 2))))
    assert "a camera that was moved" in doubt(clip_of([(9.0, 0.0)] * 100))
