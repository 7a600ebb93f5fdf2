"""The map of what is normal before a camera."""

import cv2
import numpy as np
import pytest

from vadjax.detectors.normal_scene import Arrow, NormalScene
from vadjax.report import normal_map


def scene(**changes):
    seen = np.zeros((6, 8), np.float32)
    seen[:, 2:4], seen[:, 4:6] = 0.01, 0.5
    facts = {
        **{"background": np.full((48, 64), 160, np.uint8), "seen": seen, "body": 20.0},
        "arrows": (Arrow((20, 20), (0.8, 0.0), 1.0, 1.5), Arrow((40, 30), (0.0, -0.4), 0.5)),
        **{"frames": 900, "seconds": 90.0, "speed": 0.7},
        **changes,
    }
    return NormalScene(**facts)


def test_what_was_never_seen_is_dark_and_grey_and_the_rest_coloured_by_how_often():
    found = normal_map.shaded(scene(), width=640).astype(int)
    assert found.shape == (480, 640, 3)
    never, rarely, often = found[240, 40], found[240, 240], found[240, 400]
    assert np.ptp(never) <= 1 and never[0] == round(160 * normal_map._NEVER)
    assert rarely.mean() > never.mean() + 10 and often.mean() > rarely.mean()
    for colour in (rarely, often):
        assert colour[1] > colour[0] + 10  # green above red, as in the legend


def test_strength_is_logarithmic():
    low, high = normal_map.LOWEST, 0.1
    found = normal_map.level(np.array([0, low, np.sqrt(low * high), high]), high)
    np.testing.assert_allclose(found, [0, 0, 0.5, 1], atol=1e-6)


def test_the_longest_arrow_is_a_part_of_a_body_and_the_scale_a_round_speed():
    normal = scene()
    assert normal_map.length_of_1(normal) * 0.8 == pytest.approx(normal_map.LONGEST * 20)
    assert normal_map.speed_of_scale(normal) == 0.5
    assert normal_map.length_of_1(scene(arrows=())) > 0


@pytest.mark.parametrize("arrows", [None, ()], ids=["arrows", "nothing moves"])
def test_the_picture_is_that_of_the_scene_with_white_arrows(arrows):
    normal = scene() if arrows is None else scene(arrows=arrows)
    jpeg = normal_map.picture(normal)
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[1] == normal_map.WIDTH and abs(image.shape[0] - 750) <= 1
    assert len(jpeg) < 300_000
    white = (image > 235).all(2)
    assert white.any() == (arrows is None)
    if arrows is None:
        at = (
            np.array([20, 20 + normal_map.BESIDE * normal.body]) * 1000 / 64
        )  # it keeps to its right
        assert white[int(at[1]) - 3 : int(at[1]) + 4, int(at[0])].any()


def test_the_same_scene_gives_the_same_picture():
    assert normal_map.picture(scene()) == normal_map.picture(scene())
