"""The convolutions of the autoencoder against XLA's, and maps of any size."""

import jax
import numpy as np
import pytest

from tests.models import build
from vadjax.errors import UserError
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


def test_the_sigmoid_autoencoder_is_the_equations_of_its_article():
    model = build.model("sigmoid_autoencoder", task="reconstruct", units=(5,))
    x = build.windows(model, steps=2)
    v = build.variables(model, x)
    p = jax.tree.map(lambda a: np.asarray(a, np.float64), v["params"])

    def logistic(a):
        return 1 / (1 + np.exp(-a))

    flat = (x.astype(np.float64) + 1) / 2  # pixels 0 .. 1, as there
    inputs = (2 * flat - 1).reshape(4, 2, -1)
    z = logistic(inputs @ p["encoder"]["kernel"] + p["encoder"]["bias"])
    rebuilt = logistic(z @ p["decoder"]["kernel"] + p["decoder"]["bias"]).reshape(x.shape)
    outputs, _ = model.apply(v, x)
    np.testing.assert_allclose(outputs["hidden"], z, rtol=1e-5)
    np.testing.assert_allclose((outputs["output"] + 1) / 2, rebuilt, rtol=1e-5, atol=1e-6)
    # The largest squared error of a pixel is the score under reduce=max.
    scores = build.objective("reconstruct", reduce="max").frame_score(outputs, x)
    largest = 4 * np.square(rebuilt - flat).max(axis=(2, 3, 4))  # of -1 .. 1: twice the distance
    np.testing.assert_allclose(scores, largest, rtol=1e-4)


def test_the_sigmoid_autoencoder_has_one_code():
    with pytest.raises(UserError, match=r"wants as many widths as \(256,\)"):
        build.model("sigmoid_autoencoder", task="reconstruct", units=(5, 3))
