"""The convolutions of the autoencoder against XLA's, and maps of any size."""

import jax
import numpy as np
import pytest

from tests.models import build
from vadjax.models.autoencoder import conv3x3, conv_transpose4x4

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


def _pair(kernel_size, height=6, width=8):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, height, width, 3)).astype(np.float32)
    return x, rng.normal(size=(kernel_size, kernel_size, 3, 5)).astype(np.float32)


@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_equals_lax(stride):
    x, kernel = _pair(3)
    wanted = jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), ((1, 1), (1, 1)), dimension_numbers=DIMENSIONS
    )
    np.testing.assert_allclose(conv3x3(x, kernel, stride=stride), wanted, atol=1e-5)


def test_sub_pixel_form_equals_the_transposed_convolution():
    x, kernel = _pair(4, height=3, width=5)
    wanted = jax.lax.conv_transpose(x, kernel, (2, 2), "SAME", dimension_numbers=DIMENSIONS)
    np.testing.assert_allclose(conv_transpose4x4(x, kernel), wanted, atol=1e-5)


@pytest.mark.parametrize("height,width", [(7, 11), (8, 12), (1, 1), (2, 9)])
@pytest.mark.parametrize("channels", [(4,), (4, 5), (4, 5, 6, 7)])
def test_maps_of_any_size(height, width, channels):
    model = build.model(
        "conv_autoencoder",
        task="reconstruct",
        feature_shape=(height, width, 3),
        channels=channels,
    )
    x = build.windows(model, batch=2, steps=1)
    outputs, _ = jax.eval_shape(model.apply, build.variables(model, x), x)
    assert outputs["output"].shape == x.shape
    stride = 2 ** (len(channels) - 1)
    assert outputs["hidden"].shape == (
        2,
        1,
        -(-height // stride),
        -(-width // stride),
        channels[-1],
    )


def test_an_error_in_one_place_shows_there():
    goal = build.objective("reconstruct")
    x = np.zeros((1, 1, 5, 4, 3), np.float32)
    output = x.copy()
    output[0, 0, 3, 2] = [3, 0, 0]
    errors = goal.error_map({"output": output}, x)
    assert errors.shape == (1, 1, 5, 4)
    assert np.argwhere(errors).tolist() == [[0, 0, 3, 2]] and errors[0, 0, 3, 2] == 3
