"""What a frame looks like: by hand, and blocks against real JPEG."""

import cv2
import numpy as np
import pytest

from vadjax.data.frames.look import CUES, hour_of, look_of


def test_a_frame_by_hand():
    frame = np.zeros((2, 3, 3), np.uint8)
    frame[0, 0] = (30, 0, 60)
    found = look_of(frame)
    assert (found["width"], found["height"]) == (3, 2)
    assert found["brightness"] == pytest.approx(30 / 6)
    assert found["contrast"] == pytest.approx(np.std([30, 0, 0, 0, 0, 0]))
    assert found["colour"] == pytest.approx(60 / 6)
    assert found["sharpness"] == pytest.approx(30 / 4)  # four pairs of neighbours
    assert found["compression"] == 1  # no edge of a block
    assert {*found, "hour"} == set(CUES)
    assert look_of(frame[..., 0])["colour"] == 0


def test_compression_shows_in_the_edges_of_blocks():
    rng = np.random.default_rng(0)
    plain = cv2.GaussianBlur(rng.integers(0, 255, (96, 128), np.uint8), (0, 0), 2)
    values = [look_of(plain)["compression"]]
    for quality in (60, 20, 5):
        packed = cv2.imencode(".jpg", plain, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        values.append(look_of(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))["compression"])
    assert values == sorted(values) and 0.9 < values[0] < 1.1 < 1.5 < values[-1]


@pytest.mark.parametrize(
    ("name", "hour"),
    [
        ("train/door_20240501T1345", 13.75),
        ("cam 2024-05-01 07.30.10", 7.5),
        ("test/01", None),
        ("20249999_1234", None),
    ],
)
def test_the_hour_of_a_name(name, hour):
    assert hour_of(name) == hour
