"""Video models over pixels against networks of PyTorch with the same weights, and their sizes.

The twins are written from the papers, in torch's own layers. Where VADJAX_PUBLIC_CODE names a
folder with the authors' repositories, the twins are compared with these too.
"""

import jax
import numpy as np
import pytest

from tests.models import build
from vadjax.models.model import num_parameters

torch = pytest.importorskip("torch")
F = torch.nn.functional


def tensors(tree):
    """The variables as tensors; parameters keep their gradients."""
    return jax.tree.map(lambda a: torch.tensor(np.asarray(a), requires_grad=True), tree)


def first(x):
    """[b, ..., c] to torch's [b, c, ...]."""
    return x.movedim(-1, 1)


def last(x):
    """Torch's [b, c, ...] to [b, ..., c]."""
    return x.movedim(1, -1)


def stacked(windows):
    """Frames of windows [b, t, h, w, c] as channels, torch's order."""
    return windows.permute(0, 1, 4, 2, 3).flatten(1, 2)


def conv(p, x, **kwargs):
    kernel = p["kernel"].movedim((-1, -2), (0, 1))  # [o, i, ...]
    function = F.conv2d if kernel.ndim == 4 else F.conv3d
    return function(x, kernel, p["bias"], **kwargs)


def deconv(p, x, **kwargs):
    kernel = p["kernel"].movedim((-2, -1), (0, 1))  # [i, o, ...]
    function = F.conv_transpose2d if kernel.ndim == 4 else F.conv_transpose3d
    return function(x, kernel, p["bias"], **kwargs)


def frame_prediction(variables, windows):
    """StevenLiuWen/ano_pred_cvpr2018, Codes/unet.py and the discriminator of Codes/pix2pix.py."""
    p = variables["params"]["generator"]

    def twice(x, name):
        for j in range(2):
            x = torch.relu(conv(p[f"{name}_{j}"], x, padding=1))
        return x

    x, skips = stacked(windows[:, :-1]), []
    levels = sum(name.startswith("down") for name in p) // 2
    for i in range(levels):
        x = twice(F.max_pool2d(x, 2) if i else x, f"down_{i}")
        skips.append(x)
    for i in reversed(range(levels - 1)):
        up = torch.relu(deconv(p[f"up_{i}"], x, stride=2))
        x = twice(torch.cat([skips[i], up], 1), f"merge_{i}")
    frame = torch.tanh(conv(p["output"], x, padding=1))

    def judged(x):
        p = variables["params"]["discriminator"]
        count = sum(name.startswith("conv") for name in p)
        for i in range(count):
            x = F.pad(x, (2, 2, 2, 2), mode="reflect")
            x = F.leaky_relu(conv(p[f"conv_{i}"], x, stride=2 if i < count - 1 else 1), 0.2)
        return conv(p["logits"], F.pad(x, (2, 2, 2, 2), mode="reflect"))

    return {
        "output": last(frame)[:, None],
        "fake": last(judged(frame)),
        "real": last(judged(first(windows[:, -1]))),
    }


CASES = {
    # name: (twin, objective, rows, settings)
    "frame_prediction": (frame_prediction, "adversarial", 5, {"channels": (4, 5, 6, 7)}),
}


@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_equal_torch(case):
    twin, task, steps, settings = CASES[case]
    name = case.partition(",")[0]
    model = build.model(name, task=task, **settings)
    x = build.windows(model, batch=2, steps=steps)
    variables = build.variables(model, x)
    weights = {}

    @build.jit
    def ours(params, weights):
        def total(params):
            outputs, _ = model.apply({**variables, "params": params}, x)
            return sum((weights[key] * outputs[key]).sum() for key in weights), outputs

        return jax.grad(total, has_aux=True)(params)

    own = tensors(variables)
    expected = twin(own, torch.tensor(x))
    rng = np.random.default_rng(1)
    weights = {k: rng.normal(size=v.shape).astype(np.float32) for k, v in expected.items()}
    grads, outputs = ours(variables["params"], weights)
    sum((torch.tensor(weights[k]) * v).sum() for k, v in expected.items()).backward()

    def close(path, got, wanted):
        wanted = wanted.detach().numpy()
        error = np.abs(np.asarray(got) - wanted).max()
        assert error <= 1e-3 * max(np.abs(wanted).max(), 1e-3), (path, error)

    for key, value in expected.items():
        close(key, outputs[key], value)
    wanted = jax.tree.map(lambda a: a.grad, own["params"])
    jax.tree_util.tree_map_with_path(close, grads, wanted)


# Of the published sizes, counted from the layers of the code that is named.
SIZES = {
    # Codes/unet.py, 12 channels to 3: convolutions 3x3, up-convolutions 2x2, all with bias;
    # Codes/pix2pix.py, 4x4, 3 to 128, 256, 512, 512, 1.
    "frame_prediction": (
        ("adversarial", (256, 256, 3), 5, {"channels": (64, 128, 256, 512)}),
        sum(
            k * k * i * o + o
            for k, i, o in [
                *((3, 12, 64), (3, 64, 64), (3, 64, 128), (3, 128, 128), (3, 128, 256)),
                *((3, 256, 256), (3, 256, 512), (3, 512, 512), (2, 512, 256), (3, 512, 256)),
                *((3, 256, 256), (2, 256, 128), (3, 256, 128), (3, 128, 128), (2, 128, 64)),
                *((3, 128, 64), (3, 64, 64), (3, 64, 3)),
                *((4, 3, 128), (4, 128, 256), (4, 256, 512), (4, 512, 512), (4, 512, 1)),
            ]
        ),
    ),
}


@pytest.mark.parametrize("name", SIZES)
def test_parameters_of_the_published_size(name):
    (task, shape, steps, settings), count = SIZES[name]
    model = build.model(name.partition(",")[0], task=task, feature_shape=shape, **settings)
    windows = jax.ShapeDtypeStruct((1, steps, *shape), np.float32)
    found = num_parameters(jax.eval_shape(lambda: model.init(jax.random.key(0), windows)))
    assert found == count
