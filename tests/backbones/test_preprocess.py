"""Preprocessing: resizing against a filter written out here, and places mapped back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vadjax.backbones.preprocess import FITS, Preprocess
from vadjax.errors import UserError


def triangle_resize(frame, size):
    """Antialiased bilinear resizing: a triangle as wide as an output pixel."""
    for axis, out in enumerate(size):
        scale = frame.shape[axis] / out
        centres = (np.arange(out) + 0.5) * scale
        distance = np.abs(np.arange(frame.shape[axis]) + 0.5 - centres[:, None])
        weights = np.maximum(1 - distance / max(scale, 1), 0)
        weights /= weights.sum(1, keepdims=True)
        frame = np.moveaxis(np.tensordot(weights, frame, (1, axis)), 0, axis)
    return frame


@pytest.mark.parametrize("shape", [(40, 60, 3), (40, 60), (9, 7)])
def test_resizing_is_antialiased(shape):
    frame = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    out = Preprocess(size=(16, 12), interpolation="bilinear")(frame)
    assert out.dtype == np.uint8 and out.shape == (16, 12, 3 if len(shape) == 3 else 1)
    wanted = triangle_resize(np.float64(frame), (16, 12)).reshape(out.shape)
    assert np.abs(out - wanted).max() <= 1.01


def test_a_grey_frame_equals_its_colour_form():
    grey = np.random.default_rng(0).integers(0, 256, (50, 70), np.uint8)
    preprocess = Preprocess(size=(24, 24), fit="crop")
    colour = preprocess(np.repeat(grey[..., None], 3, axis=2))
    np.testing.assert_array_equal(preprocess(grey), colour[..., :1])
    np.testing.assert_array_equal(preprocess(grey[..., None]), preprocess(grey))


def test_channels_convert():
    frame = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    grey = Preprocess(size=(8, 8), channels=1)(frame)
    luma = frame @ [0.299, 0.587, 0.114]
    assert grey.shape == (8, 8, 1) and np.abs(grey[..., 0] - luma).max() <= 1
    colour = Preprocess(size=(8, 8), channels=3)(frame[..., 0])
    np.testing.assert_array_equal(colour, np.repeat(frame[..., :1], 3, axis=2))


def test_crop_is_the_checkpoints_centre_crop():
    frame = np.random.default_rng(0).integers(0, 256, (100, 151, 3), np.uint8)
    out = Preprocess(size=(56, 56), fit="crop", crop_pct=0.875)(frame)
    # The shorter side to 56 / .875 = 64, the longer to int(64 * 1.51) = 96.
    whole = np.asarray(Image.fromarray(frame).resize((96, 64), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(out, whole[4:60, 20:76])


def test_pad_keeps_the_frame_and_fills_with_the_mean():
    frame = np.full((20, 40, 3), 7, np.uint8)
    out = Preprocess(size=(32, 32), fit="pad", mean=(0.5, 0.2, 0.8))(frame)
    np.testing.assert_array_equal(out[8:24], 7)
    np.testing.assert_array_equal(out[0, 0], [128, 51, 204])
    np.testing.assert_array_equal(out[-1], np.broadcast_to([128, 51, 204], (32, 3)))


def test_native_is_the_frame_itself():
    frame = np.random.default_rng(0).integers(0, 256, (21, 34, 3), np.uint8)
    np.testing.assert_array_equal(Preprocess(fit="native")(frame), frame)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    fit=st.sampled_from(FITS),
    frame_size=st.tuples(st.integers(60, 140), st.integers(60, 140)),
    size=st.tuples(st.integers(30, 90), st.integers(30, 90)),
    place=st.tuples(st.floats(0.35, 0.65), st.floats(0.35, 0.65)),
)
def test_a_spot_is_mapped_back_to_where_it_was(fit, frame_size, size, place):
    y, x = (int(p * n) for p, n in zip(place, frame_size, strict=True))
    frame = np.zeros(frame_size, np.uint8)
    frame[y - 4 : y + 4, x - 4 : x + 4] = 255  # its centre is at the edge (y, x)
    preprocess = Preprocess(size=size, interpolation="bilinear", fit=fit, mean=(0.0,), std=(1.0,))
    out = preprocess(frame)[..., 0].astype(float)
    if fit == "crop" and not out.any():
        return  # the spot lies outside
    rows, columns = np.indices(out.shape) + 0.5
    spot = np.array([(columns * out).sum(), (rows * out).sum()]) / out.sum()
    if fit == "crop" and (out[[0, -1]].any() or out[:, [0, -1]].any()):
        return  # the crop cuts the spot
    back = preprocess.points_to_frame(spot, map_shape=out.shape, frame_shape=frame.shape)
    np.testing.assert_allclose(back, [x, y], atol=0.5)


@pytest.mark.parametrize("fit", FITS)
def test_a_hot_cell_is_hot_in_the_frame(fit):
    frame_shape, values = (90, 130, 3), np.zeros((7, 7), np.float32)
    values[3, 2] = 1
    preprocess = Preprocess(size=(56, 56), fit=fit)
    heat = preprocess.map_to_frame(values, frame_shape)
    shape = frame_shape[:2]
    x, y = preprocess.points_to_frame([2.5, 3.5], map_shape=(7, 7), frame_shape=shape)
    hottest = np.unravel_index(np.nanargmax(heat), shape)
    assert np.hypot(hottest[0] + 0.5 - y, hottest[1] + 0.5 - x) < 2
    assert heat.shape == shape and np.isnan(heat).any() == (fit == "crop")


def test_boxes_are_clipped_to_the_frame():
    preprocess = Preprocess(size=(32, 32), fit="pad")
    boxes = preprocess.boxes_to_frame([[0, 0, 4, 4]], map_shape=(4, 4), frame_shape=(20, 40))
    np.testing.assert_allclose(boxes, [[0, 0, 40, 20]])
    boxes = preprocess.boxes_to_frame([1, 1.5, 2, 2], map_shape=(4, 4), frame_shape=(20, 40))
    np.testing.assert_allclose(boxes, [10, 5, 20, 10])


def test_the_spec_tells_what_matters():
    stretch = Preprocess(size=(4, 5)).spec()
    assert stretch["size"] == [4, 5] and stretch["fit"] == "stretch" and "crop_pct" not in stretch
    assert "size" not in Preprocess(fit="native").spec()
    assert Preprocess(fit="crop").spec() != Preprocess(fit="crop", crop_pct=0.9).spec()


@pytest.mark.parametrize("shape", [(4, 4, 2), (4,), (1, 4, 4, 3)])
def test_wrong_frames_are_named(shape):
    with pytest.raises(UserError, match=r"frame is uint8 \[.*wanted uint8"):
        Preprocess()(np.zeros(shape, np.uint8))
    with pytest.raises(UserError, match="frame is float64"):
        Preprocess()(np.zeros((4, 4)))
