"""The networks that tools/bench.py sets side by side are the same."""

import jax
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tools.benchmarks import autoencoder, epochs, scanner, torch_side, video  # noqa: E402


def test_convolutional_autoencoders_agree():
    config = epochs.config_of("reconstruct", name="conv_autoencoder", channels=autoencoder.CHANNELS)
    model, _ = epochs.network(config, autoencoder.MAP)
    net = autoencoder.torch_conv()
    theirs = {name: p.detach().numpy() for name, p in net.named_parameters()}

    def one(name):  # a 1x1 convolution is a dense layer
        return {"kernel": theirs[f"{name}.weight"][:, :, 0, 0].T, "bias": theirs[f"{name}.bias"]}

    params = {
        "thin": one("thin"),
        "output": one("out"),
        "down_0_kernel": theirs["down.weight"].transpose(2, 3, 1, 0),
        "down_0_bias": theirs["down.bias"],
        "up_0_kernel": theirs["up.weight"].transpose(2, 3, 0, 1)[::-1, ::-1],
        "up_0_bias": theirs["up.bias"],
    }
    maps = np.random.default_rng(0).normal(size=(2, 1, *autoencoder.MAP)).astype(np.float32)
    ours = jax.jit(model.apply)({"params": params}, maps)[0]["output"][:, 0]
    with torch.inference_mode():
        other = net(torch.from_numpy(maps[:, 0]).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    np.testing.assert_allclose(ours, other.numpy(), atol=1e-5)


def test_scanners_have_the_same_parameters():
    """But for the second bias of torch's LSTM, which adds to the first."""
    shape = scanner.LARGE
    model, _ = epochs.network(epochs.config_of("classify", units=shape.units), (shape.width,))
    variables = model.init(jax.random.key(0), np.zeros((1, shape.length, shape.width), np.float32))
    ours = sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))
    net = torch_side.lstm(shape.width, shape.units)
    theirs = sum(p.numel() for name, p in net.named_parameters() if "bias_hh" not in name)
    assert ours == theirs


@pytest.mark.parametrize("kind", ["2-D", "3-D"])
def test_video_models_have_the_same_layers(kind):
    """Kernels of the same sizes in the same number; test_video_models.py has values."""
    case = {"2-D": video.FLAT, "3-D": video.DEEP}[kind]
    model, _ = epochs.network(video._config(case), case.frame)
    rows = np.zeros((1, case.length, *case.frame), np.float32)
    variables = jax.eval_shape(model.init, jax.random.key(0), rows)
    net = {"2-D": video.torch_unet, "3-D": video.torch_conv3d}[kind](case)

    def sizes(leaves):
        return sorted(tuple(sorted(leaf.shape)) for leaf in leaves)

    assert sizes(jax.tree.leaves(variables["params"])) == sizes(net.parameters())
    _, windows = video._data(case)
    assert windows.shape == (48, case.length), "whole batches"
