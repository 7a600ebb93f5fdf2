"""A camera that is covered, blinded, out of focus or hangs is noticed; one that sees is not."""

import cv2
import numpy as np
import pytest

from vadjax.live.sight import Sight


def view(rng, number=0):
    """A picture with edges and a little noise, as every real one has."""
    image = np.kron(np.random.default_rng(7).integers(40, 200, (12, 16)), np.ones((20, 20)))
    cv2.circle(image, (20 + 3 * number % 280, 120), 12, 250, -1)
    return (image + rng.normal(0, 2, image.shape)).clip(0, 255).astype(np.uint8)


CHANGES = {
    "covered": lambda image, rng: (12 + rng.normal(0, 2, image.shape)).clip(0, 255),
    "blinded": lambda image, rng: np.full(image.shape, 250.0),
    "out of focus": lambda image, rng: cv2.GaussianBlur(image, (0, 0), 12),
    "hangs": lambda image, rng: view(np.random.default_rng(0)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_is_said_after_a_while_and_is_over_when_it_is(what):
    sight, rng = Sight(), np.random.default_rng(0)
    said = []
    for second in range(300):
        image = view(rng, second)
        if 100 <= second < 200:
            image = CHANGES[what](image, rng).astype(np.uint8)
        sight.update(float(second), image)
        said.append(sight.sentence)
    assert not any(said[:103]) and not any(said[201:])
    assert all(what in text for text in said[162:200])


def test_a_view_that_goes_dark_for_a_moment_is_nothing():
    sight, rng = Sight(), np.random.default_rng(0)
    for second in range(200):
        image = view(rng, second)
        sight.update(float(second), image // 30 if second % 20 < 3 else image)
        assert not sight.sentence
