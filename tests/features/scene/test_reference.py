"""What is learnt of a camera: working size, background, height of bodies."""

import dataclasses

import cv2
import numpy as np
import pytest

from tests import drawn
from vadjax.errors import UserError
from vadjax.features.scene import reference as references
from vadjax.features.scene.reference import Reference, fit_reference, working_size


def scene(shape, tall, number=48, seed=0):
    """Frames in which bodies of one height walk about: three in each, or one where it is near."""
    rng, back = np.random.default_rng(seed), drawn.backdrop(shape)
    wide = max(4, round(0.45 * tall))
    body = drawn.texture(tall, wide)
    for _ in range(number):
        frame = back.copy()
        parts = 3 if tall < 0.4 * shape[0] else 1
        for place in range(parts):
            y = int(rng.integers(4, shape[0] - tall - 4))
            first, last = (shape[1] * k // parts for k in (place, place + 1))
            x = int(rng.integers(first + 3, last - wide - 3))
            frame[y : y + tall, x : x + wide] = body
        yield frame


@pytest.mark.parametrize(
    ("shape", "tall"),
    [((240, 320), 12), ((240, 320), 30), ((288, 384), 200), ((120, 160), 40)],
    ids=["from a roof", "as usual", "near", "small frames"],
)
def test_bodies_of_any_size_get_a_working_size(shape, tall):
    found = fit_reference(scene(shape, tall, 48))
    scale = found.shape[0] / shape[0]
    assert found.estimated and found.frame_shape == shape
    low, high = 0.97 * tall, tall + 3.5  # the foreground is blurred, and a bit higher
    assert low * scale <= np.median(found.body) <= high * scale
    low, high = references.HEIGHTS
    limited = found.shape[0] in (low, high)
    assert 25 <= np.median(found.body) <= 56 or limited
    assert found.shape[0] % references.CELL == 0 and low <= found.shape[0] <= high
    assert abs(found.shape[1] / found.shape[0] - shape[1] / shape[0]) < 0.06  # keeps the aspect
    assert found.body.shape == (found.shape[0],) and found.limit.shape == found.shape


def test_bodies_are_those_whose_middle_is_in_a_row():
    """Drawn ones grow with the row of the foot, by known numbers."""
    rng, shape = np.random.default_rng(2), (240, 320)
    back, frames = drawn.backdrop(shape), []
    for _ in range(80):
        frame = back.copy()
        foot = int(rng.integers(70, 230))
        tall = round(8 + 0.14 * foot)
        x = int(rng.integers(5, 280))
        frame[foot - tall : foot, x : x + round(0.45 * tall)] = 225
        frames.append(frame)
    found = fit_reference(frames)
    scale = found.shape[0] / shape[0]
    middle = 140  # foot = middle + height / 2, so height = (8 + .14 m) / .93
    row = round(middle * scale)
    np.testing.assert_allclose(found.body[row] / scale, (8 + 0.14 * middle) / 0.93, rtol=0.12)
    slope = np.polyfit(
        np.arange(100, 180), found.body[(np.arange(100, 180) * scale).astype(int)] / scale, 1
    )
    assert 0.05 < slope[0] < 0.1  # about half of the .14 / .93 that were drawn


def test_the_background_is_the_median_of_the_frames():
    frames = list(scene((96, 128), 32, 25))
    same, smaller = fit_reference(frames), fit_reference(scene((192, 256), 90))
    assert same.shape[0] > 96 and smaller.shape[0] == 96
    for found, known, how in (
        (same, frames, cv2.INTER_LINEAR),
        (smaller, scene((192, 256), 90), cv2.INTER_AREA),
    ):
        size = found.shape[::-1]
        resized = [cv2.resize(frame, size, interpolation=how) for frame in known]
        np.testing.assert_array_equal(found.background, np.median(resized, axis=0))


def test_where_nothing_moves_an_eighth_of_the_frame_is_taken_and_it_is_said():
    found = fit_reference([drawn.backdrop((96, 128))] * 5)
    assert not found.estimated
    np.testing.assert_allclose(found.body, found.shape[0] / 8)


def test_it_survives_as_arrays():
    found = fit_reference(scene((96, 128), 24, 20))
    again = Reference.from_arrays(found.arrays())
    for field in dataclasses.fields(Reference):
        one, other = getattr(found, field.name), getattr(again, field.name)
        assert type(one) is type(other)
        np.testing.assert_array_equal(one, other)
    assert again.fingerprint == found.fingerprint and again.shape == found.shape
    other = dataclasses.replace(found, body=found.body + 1)
    assert other.fingerprint != found.fingerprint


def test_a_row_of_cells_has_the_height_of_its_middle():
    back = drawn.backdrop((100, 130))
    camera = drawn.reference(back)
    camera.body[:] = np.arange(100)
    assert camera.grid == (12, 16)
    np.testing.assert_array_equal(camera.cell_body, np.arange(12) * 8 + 4)


def test_frames_of_several_sizes_or_none_are_refused():
    with pytest.raises(UserError, match="one fixed camera"):
        fit_reference([np.zeros((96, 128), np.uint8), np.zeros((48, 64), np.uint8)])
    with pytest.raises(UserError, match="0 normal frames"):
        fit_reference([])


def test_colour_and_grey_frames_give_the_same():
    grey = list(scene((96, 128), 24, 20))
    colour = [np.dstack([frame] * 3) for frame in grey]
    assert fit_reference(colour).fingerprint == fit_reference(grey).fingerprint


@pytest.mark.parametrize(
    ("shape", "height", "size"),
    [((240, 360), 240, (240, 360)), ((720, 1280), 240, (240, 424)), ((100, 100), 3, (16, 16))],
)
def test_working_sizes_are_whole_cells(shape, height, size):
    assert working_size(shape, height) == size
