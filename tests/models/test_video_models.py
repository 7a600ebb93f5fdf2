"""Models over pixels and their losses against sums written from the definitions."""

import jax
import numpy as np
import pytest

from tests.models import build
from vadjax.errors import UserError
from vadjax.evaluation.psnr import psnr_score
from vadjax.models.model import groups_of


def _frames(seed=0, count=2, shape=(4, 5, 2)):
    return np.tanh(np.random.default_rng(seed).normal(size=(count, 1, *shape))).astype(np.float32)


def test_the_losses_of_frame_prediction_are_those_of_the_paper():
    goal = build.objective("adversarial", intensity=0.5, gradient=2.0, adversarial=0.25)
    output, target = _frames(0), _frames(1)
    fake, real = _frames(2, shape=(3, 3, 1))[:, 0], _frames(3, shape=(3, 3, 1))[:, 0]
    outputs, batch = {"output": output, "fake": fake, "real": real}, {"weight": np.array([1.0, 0])}

    def edges(image, c):
        """Differences to the right and below, zero beyond the border."""
        h, w, _ = image.shape
        for y in range(h):
            for x in range(w):
                here = image[y, x, c]
                yield abs((image[y, x + 1, c] if x + 1 < w else 0) - here)
                yield abs((image[y + 1, x, c] if y + 1 < h else 0) - here)

    one, two = output[0, 0], target[0, 0]
    squared = np.mean((one - two) ** 2)
    steps = [
        abs(a - b) for c in range(2) for a, b in zip(edges(one, c), edges(two, c), strict=True)
    ]
    wanted = 0.5 * squared + 2.0 * sum(steps) / one.size
    np.testing.assert_allclose(goal.loss(outputs, target, batch, {})[0], wanted, rtol=1e-5)

    judge, generate = groups_of(goal)
    chance = lambda logits: 1 / (1 + np.exp(-logits))  # noqa: E731
    fooled = np.mean((chance(fake[0]) - 1) ** 2) / 2
    total, weight = generate.loss(outputs, target, batch, {})
    np.testing.assert_allclose(total, wanted + 0.25 * fooled, rtol=1e-5)
    told = np.mean((chance(real[0]) - 1) ** 2) / 2 + np.mean(chance(fake[0]) ** 2) / 2
    np.testing.assert_allclose(judge.loss(outputs, target, batch, {})[0], told, rtol=1e-5)
    assert weight == 1 and (judge.name, generate.name) == ("discriminator", "generator")
    assert judge.learning_rate == 0.1, "the published rates are 1e-4 and 1e-5"


def test_without_adversarial_weight_there_is_no_discriminator():
    goal = build.objective("adversarial", adversarial=0.0)
    model = build.model("frame_prediction", task=goal)
    variables = jax.eval_shape(model.init, jax.random.key(0), build.windows(model))
    assert set(variables["params"]) == {"generator"} and len(groups_of(goal)) == 1


def test_psnr_is_of_pixels_mapped_to_0_to_1():
    goal = build.objective("predict", reduce="psnr")
    output, target = _frames(0), _frames(1)
    found = goal.frame_score({"output": output}, target)
    mse = np.square((output + 1) / 2 - (target + 1) / 2).mean((2, 3, 4))
    np.testing.assert_allclose(found, psnr_score(mse), rtol=1e-5)


def test_the_predicted_frame_is_not_read_for_its_prediction():
    model = build.model("frame_prediction", task="adversarial")
    x = build.windows(model)
    apply, variables = build.jit(model.apply), build.variables(model, x)
    before, after = (apply(variables, rows)[0] for rows in (x, build.changed(x, -1, 1.0)))
    np.testing.assert_array_equal(before["output"], after["output"])
    np.testing.assert_array_equal(before["fake"], after["fake"])
    assert np.abs(before["real"] - after["real"]).max() > 1e-4


def test_a_window_that_the_strides_do_not_divide_is_refused():
    model = build.model("memae", task="reconstruct", channels=(4, 5, 6))
    x = build.windows(model, steps=4)
    with pytest.raises(UserError, match=r"window.length is 6.*give a multiple of 4"):
        model.apply(build.variables(model, x), np.concatenate([x, x[:, :2]], axis=1))


@pytest.mark.parametrize("name", ["stacked_autoencoder", "convlstm_autoencoder"])
def test_frames_of_which_pixels_would_be_left_out_are_refused(name):
    with pytest.raises(UserError, match=r"wants a height and a width of .* for instance to one of"):
        build.model(name, task="reconstruct", feature_shape=(64, 96, 1))


def test_frames_too_small_for_the_poolings_are_refused():
    with pytest.raises(UserError, match="leave nothing of rows of shape"):
        build.model("cnn_lstm", task="classify", feature_shape=(6, 32, 3))


def test_the_memory_is_updated_in_training_alone_and_keeps_unit_length():
    model = build.model("mnad", task="reconstruct")
    x = build.windows(model, steps=1)
    variables = model.init(jax.random.key(0), x)
    before = variables["memory"]["items"]
    np.testing.assert_allclose(np.linalg.norm(before, axis=1), 1, rtol=1e-5)
    scored = model.apply(variables, x)[1]
    trained = model.apply(variables, x, train=True)[1]
    np.testing.assert_array_equal(scored["memory"]["items"], before)
    after = trained["memory"]["items"]
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("shape", [(15, 24, 1), (2, 2, 1)])
def test_frames_that_the_levels_do_not_divide_are_refused(shape):
    with pytest.raises(UserError, match="multiples of 4, but rows have shape"):
        build.model("frame_prediction", feature_shape=shape, channels=(4, 5, 6))


@pytest.mark.parametrize(
    "name, task, least",
    [
        ("mnad", "predict", 4),
        ("stae", "reconstruct_predict", 4),
        ("memae", "reconstruct", 8),
        ("conv3d_autoencoder", "reconstruct", 8),
        ("std", "reconstruct_last", 8),
        ("stcen", "adversarial", 8),
        ("amae", "predict", 8),
    ],
)
@pytest.mark.parametrize("shape", [(2, 2, 1), (12, 18, 1)])
def test_frames_smaller_than_the_strides_are_refused(name, task, least, shape):
    with pytest.raises(UserError, match=rf"multiples of {least}, but rows have shape"):
        build.model(name, task=task, feature_shape=shape, channels=(4, 5, 6))


@pytest.mark.parametrize(
    "name, key, widths",
    [
        ("stacked_autoencoder", "channels", (8, 4)),
        ("convlstm_autoencoder", "channels", (8, 4, 2, 1)),
        ("unet_segmenter", "channels", (8, 4)),
        ("sigmoid_autoencoder", "units", (8, 4)),
    ],
)
def test_another_number_of_widths_is_refused(name, key, widths):
    task = "classify" if name == "unet_segmenter" else "reconstruct"
    with pytest.raises(UserError, match=rf"wants as many widths as .*model.{key} is"):
        build.model(name, task=task, **{key: widths})
