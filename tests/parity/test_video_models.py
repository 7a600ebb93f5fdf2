"""Video models over pixels against networks of PyTorch with the same weights, and their sizes.

The twins are written from the papers, in torch's own layers. Where VADJAX_PUBLIC_CODE names a
folder with the authors' repositories, the twins are compared with these too.
"""

import functools
import itertools
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.models import build
from tests.parity.spatiotemporal import amae, stae, stcen, std
from tests.parity.torch_layers import conv, deconv, first, last, normed, stacked, tensors
from vadjax.models.model import num_parameters

ROOT = pathlib.Path(__file__).parents[2]
torch = pytest.importorskip("torch")
F = torch.nn.functional


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


def mnad(variables, windows, *, predicts, training):
    """cvlab-yonsei/MNAD, model/final_future_prediction_..._top1.py or model/Reconstruction.py."""
    p = variables["params"]

    def block(x, name, up=False):
        moved = {"stride": 2, "padding": 1, "output_padding": 1} if up else {"padding": 1}
        x = (deconv if up else conv)(p[name], x, **moved)
        return torch.relu(normed(variables, name, x, training))

    x, skips, levels = stacked(windows[:, :-1] if predicts else windows[:, -1:]), [], 3
    for i in range(levels):
        x = block(block(F.max_pool2d(x, 2) if i else x, f"down_{i}_0"), f"down_{i}_1")
        skips.append(x)
    x = conv(p[f"down_{levels}_1"], block(F.max_pool2d(x, 2), f"down_{levels}_0"), padding=1)
    items = variables["memory"]["items"].detach()
    query = F.normalize(x, dim=1).permute(0, 2, 3, 1)
    flat = query.flatten(0, 2)
    like = torch.softmax(flat @ items.T, 1)
    _, nearest = torch.topk(like, 2, dim=1)
    near, far = items[nearest[:, 0]], items[nearest[:, 1]]
    losses = F.mse_loss(flat, near) + F.triplet_margin_loss(flat, near, far, margin=1.0)
    read = torch.cat([flat, like.detach() @ items], 1).unflatten(0, query.shape[:3])
    x = block(block(read.permute(0, 3, 1, 2), "code_0"), "code_1")
    for i in reversed(range(levels)):
        x = block(x, f"up_{i}", up=True)
        x = torch.cat([skips[i], x], 1) if predicts else x
        x = block(block(x, f"merge_{i}_0"), f"merge_{i}_1")
    frame = torch.tanh(conv(p["output"], x, padding=1))
    new = items.clone()
    over_queries = torch.softmax(flat.detach() @ items.T, 0)
    for i in range(len(items)):  # the loop of the authors' get_update_query
        own = nearest[:, 0] == i
        weight = over_queries[own, i] / over_queries[:, i].max()
        new[i] += (weight[:, None] * flat.detach()[own]).sum(0)
    return {
        "output": last(frame)[:, None],
        "penalty mean": (0.1 if predicts else 0.01) * losses,
        "new items": F.normalize(new, dim=1),
    }


def conv3d(variables, windows, *, memory, training):
    """donggong1/memae-anomaly-detection, models/memae_3dconv.py and models/ae_3dconv.py."""
    p, x = variables["params"], first(windows)
    levels = sum(name.startswith("down") and not name.endswith("norm") for name in p)
    for i in range(levels):
        x = conv(p[f"down_{i}"], x, stride=(2 if i else 1, 2, 2), padding=1)
        x = F.leaky_relu(normed(variables, f"down_{i}", x, training), 0.2)
    outputs = {}
    if memory:
        code = last(x)
        weight = torch.softmax(code @ p["memory"].T, -1)
        weight = F.normalize(F.hardshrink(weight, 0.0025), p=1, dim=-1)
        outputs["penalty mean"] = -2e-4 * (weight * torch.log(weight + 1e-12)).sum(-1).mean()
        x = first(weight @ p["memory"])
    for i in reversed(range(1, levels)):
        x = deconv(p[f"up_{i}"], x, stride=2, padding=1, output_padding=1)
        x = F.leaky_relu(normed(variables, f"up_{i}", x, training), 0.2)
    x = deconv(p["output"], x, stride=(1, 2, 2), padding=1, output_padding=(0, 1, 1))
    return {**outputs, "output": last(x)}


def stacked_autoencoder(variables, windows):
    """Hasan et al. 2016, figure 3."""
    p, sizes = variables["params"], []
    x = torch.tanh(conv(p["down_0"], stacked(windows), stride=4))
    for i, padding in ((1, 2), (2, 1)):
        sizes.append(x.shape[2:])
        x = torch.tanh(conv(p[f"down_{i}"], F.max_pool2d(x, 2), padding=padding))
    x = torch.tanh(deconv(p["up_2"], x, padding=1))
    for name, moved in (("up_1", {"padding": 2}), ("output", {"stride": 4})):
        height, width = sizes.pop()
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2]), mode="replicate")
        x = torch.tanh(deconv(p[name], x, **moved))
    return {"output": x.unflatten(1, (windows.shape[1], -1)).permute(0, 1, 3, 4, 2)}


def convlstm(variables, windows):
    """harshtikuu/Abnormal_Event_Detection, model.py, with time as the axis of the LSTMs."""
    p, t = variables["params"], windows.shape[1]
    x = first(windows.flatten(0, 1))
    x = torch.tanh(conv(p["down_1"], torch.tanh(conv(p["down_0"], x, stride=4)), stride=2))
    rows = list(x.unflatten(0, (-1, t)).unbind(1))
    for i in range(3):
        own = p[f"lstm_{i}"]
        recurrent = {"kernel": own["recurrent_kernel"], "bias": None}
        state = cell = torch.zeros(len(windows), own["recurrent_kernel"].shape[2], *x.shape[2:])
        states = []
        for row in rows:
            gates = conv(own["input"], row, padding=1) + conv(recurrent, state, padding=1)
            i_, f, g, o = gates.chunk(4, 1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i_) * torch.tanh(g)
            state = torch.sigmoid(o) * torch.tanh(cell)
            states.append(state)
        rows = states
    x = torch.stack(rows, 1).flatten(0, 1)
    x = torch.tanh(deconv(p["up_1"], x, stride=2))
    x = torch.tanh(deconv(p["output"], x, stride=4))
    return {"output": last(x).unflatten(0, (-1, t))}


def cnn_lstm(variables, windows):
    """firasabdelaziz/AnomalyDetectionDeepLearning's layers."""
    p, x = variables["params"], first(windows.flatten(0, 1))
    for i in range(2):
        x = F.max_pool2d(torch.relu(conv(p[f"convolutions_{i}"], x)), 2)
    x = last(x).flatten(1).unflatten(0, windows.shape[:2])
    scanner = p["scanner"]
    for i in range(2):
        own = scanner[f"forward_{i}"]
        u = own["recurrent_kernel"].shape[0]
        lstm = torch.nn.LSTM(x.shape[-1], u, batch_first=True)
        values = own["input_kernel"].T, own["recurrent_kernel"].T, own["bias"], 0 * own["bias"]
        named = dict(zip([n for n, _ in lstm.named_parameters()], values, strict=True))
        x = torch.func.functional_call(lstm, named, (x,))[0]
    head = scanner["output_head"]
    for name in sorted(head):  # hidden_0, output
        x = F.linear(x, head[name]["kernel"].T, head[name]["bias"])
        x = torch.relu(x) if name != "output" else x
    return {"output": x[:, -1:]}


FOUR, THREE = {"channels": (4, 5, 6, 7)}, {"channels": (8, 5, 6)}
CASES = {
    # name: (twin, objective, rows, settings)
    "frame_prediction": (frame_prediction, "adversarial", 5, FOUR),
    "stacked_autoencoder": (stacked_autoencoder, "reconstruct", 4, THREE),
    "convlstm_autoencoder": (convlstm, "reconstruct", 4, THREE),
    "std": (std, "reconstruct_last", 4, THREE),
    "stcen": (stcen, "adversarial", 5, THREE),
    "amae": (amae, "predict", 5, THREE),
    "cnn_lstm": (cnn_lstm, "classify", 4, {"units": (6, 5), "head": "firas"}),
}
for _training in (False, True):
    _mode = ", training" if _training else ""
    for _task in ("predict", "reconstruct"):
        _twin = functools.partial(mnad, predicts=_task == "predict", training=_training)
        CASES[f"mnad, {_task}{_mode}"] = (_twin, _task, 5 if _task == "predict" else 1, FOUR)
    _twin = functools.partial(stae, training=_training)
    CASES[f"stae{_mode}"] = (_twin, "reconstruct_predict", 8, THREE)
    for _name in ("memae", "conv3d_autoencoder"):
        _twin = functools.partial(conv3d, memory=_name == "memae", training=_training)
        CASES[f"{_name}{_mode}"] = (_twin, "reconstruct", 8, {"channels": (4, 5, 6, 7)})


@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_equal_torch(case):
    twin, task, steps, settings = CASES[case]
    name = case.partition(",")[0]
    model = build.model(name, task=task, **settings)
    x = build.windows(model, batch=2, steps=steps)
    variables = build.variables(model, x)
    for leaf in jax.tree.leaves(variables.get("batch_stats", {})):
        np.abs(leaf, out=leaf)  # variances
    if "memory" in variables:
        items = variables["memory"]["items"]
        items /= np.linalg.norm(items, axis=1, keepdims=True)
    variables = jax.tree.map(jnp.asarray, variables)
    training = case.endswith("training")

    @build.jit
    def ours(params, weights):
        def total(params):
            outputs, state = model.apply({**variables, "params": params}, x, train=training)
            if "penalty" in outputs:
                outputs["penalty mean"] = outputs["penalty"].mean()
            if training and "memory" in state:
                outputs["new items"] = state["memory"]["items"]
            return sum((weights[key] * outputs[key]).sum() for key in weights), outputs

        return jax.grad(total, has_aux=True)(params)

    own = tensors(variables)
    expected = twin(own, torch.tensor(x))
    if not training:
        expected.pop("new items", None)
    rng = np.random.default_rng(1)
    weights = {k: rng.normal(size=v.shape).astype(np.float32) for k, v in expected.items()}
    grads, outputs = ours(variables["params"], weights)
    sum((torch.tensor(w) * expected[k]).sum() for k, w in weights.items()).backward()

    def close(path, got, wanted, least=1e-2):
        wanted = wanted.detach().numpy()
        error = np.abs(np.asarray(got) - wanted).max()
        assert error <= 2e-3 * max(np.abs(wanted).max(), least), (path, error)

    for key, value in expected.items():
        close(key, outputs[key], value)
    wanted = jax.tree.map(lambda a: a.grad, own["params"])
    # A bias below a batch norm has no gradient but rounding.
    least = 0.1 * max(float(a.abs().max()) for a in jax.tree.leaves(wanted))
    close_too = functools.partial(close, least=least)
    jax.tree_util.tree_map_with_path(close_too, grads, wanted)


def layers(size, *widths, norm=False):
    """Parameters of convolutions with bias from each width to the next, batch norm after each."""
    pairs = itertools.pairwise(widths)
    return sum(size**2 * i * o + o + 2 * o * norm for i, o in pairs)


def conv3d_size(*widths):
    """As `layers` with batch norm, 3x3x3."""
    return sum(27 * i * o + o + 2 * o for i, o in itertools.pairwise(widths))


FRAME, WIDE = (256, 256, 3), (64, 128, 256, 512)

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
    # model/final_future_prediction_..._top1.py, without its batch norm of 1,024 that is not used.
    "mnad, predict": (
        ("predict", (256, 256, 3), 5, {"channels": (64, 128, 256, 512), "memory": 10}),
        layers(3, 12, 64, 64, 128, 128, 256, 256, 512, norm=True)
        + layers(3, 512, 512)
        + layers(3, 1024, 512, 512, 256, norm=True)  # the last one is transposed
        + layers(3, 512, 256, 256, 128, norm=True)
        + layers(3, 256, 128, 128, 64, norm=True)
        + layers(3, 128, 64, 64, norm=True)
        + layers(3, 64, 3),
    ),
    # model/Reconstruction.py, likewise.
    "mnad, reconstruct": (
        ("reconstruct", (256, 256, 3), 1, {"channels": (64, 128, 256, 512), "memory": 10}),
        layers(3, 3, 64, 64, 128, 128, 256, 256, 512, norm=True)
        + layers(3, 512, 512)
        + layers(3, 1024, 512, 512, 512, 256, 256, 256, 128, 128, 128, 64, 64, norm=True)
        + layers(3, 64, 3),
    ),
    # models/memae_3dconv.py and models/ae_3dconv.py.
    "memae": (
        ("reconstruct", (256, 256, 1), 16, {"channels": (96, 128, 256, 256), "memory": 2000}),
        conv3d_size(1, 96, 128, 256, 256, 256, 128, 96) + 27 * 96 + 1 + 2000 * 256,
    ),
    "conv3d_autoencoder": (
        ("reconstruct", (256, 256, 1), 16, {"channels": (96, 128, 256, 256)}),
        conv3d_size(1, 96, 128, 256, 256, 256, 128, 96) + 27 * 96 + 1,
    ),
    "stacked_autoencoder": (
        ("reconstruct", (227, 227, 1), 10, {"channels": (512, 256, 128)}),
        layers(11, 10, 512)
        + layers(5, 512, 256)
        + layers(3, 256, 128, 128)
        + layers(5, 128, 256)
        + layers(11, 256, 10),
    ),
    # harshtikuu/Abnormal_Event_Detection, model.py; an LSTM of width u has 4 u filters over i + u.
    "convlstm_autoencoder": (
        ("reconstruct", (227, 227, 1), 10, {"channels": (128, 64, 32)}),
        15_616 + 204_864 + 295_168 + 110_720 + 221_440 + 204_928 + 15_489,
    ),
    # YuhaoCheng/PyAnomaly; two decoders.
    "stae": (
        ("reconstruct_predict", (256, 256, 1), 32, {"channels": (32, 48, 64, 64)}),
        conv3d_size(1, 32, 48, 64, 64) + 2 * (conv3d_size(64, 48, 32, 32) + 27 * 32 + 1),
    ),
    # Of the re-interpreted ones at the size of docs/models.md, counted from their description.
    # Two autoencoders, of the last of five frames and of all to the four changes; 32 centres.
    "std": (
        ("reconstruct_last", FRAME, 5, {"channels": WIDE, "memory": 32}),
        layers(3, 3, *WIDE)
        + layers(3, *WIDE[::-1], 3)
        + layers(3, 15, *WIDE)
        + layers(3, *WIDE[::-1], 12)
        + 32 * 2 * 512,
    ),
    # 3-D convolutions down; each level over four frames at once to a map, the last to mean and
    # log-variance; a transposed convolution and one of both maps up. Judged by 3 x 4 x 4.
    "stcen": (
        ("adversarial", FRAME, 5, {"channels": WIDE}),
        sum(27 * i * o + o for i, o in itertools.pairwise((3, *WIDE)))
        + sum(4 * n * n + n for n in (64, 128, 256, 512, 512))
        + sum(layers(3, 2 * n, n) * 2 for n in (256, 128, 64))
        + layers(3, 64, 3)
        + sum(48 * i * o + o for i, o in itertools.pairwise((3, *WIDE)))
        + 27 * 512
        + 1,
    ),
    # Two autoencoders and a decoder of both codes; squeeze to a sixteenth, and excitation.
    "amae": (
        ("predict", FRAME, 5, {"channels": WIDE}),
        layers(3, 3, *WIDE)
        + layers(3, 12, *WIDE)
        + 2 * layers(3, *WIDE[::-1], 3)
        + layers(3, 1024, 256, 128, 64, 3)
        + layers(1, 1024, 64, 1024),
    ),
    # Its README prints 2,846,273, without the 1,024 biases of the first LSTM.
    "cnn_lstm, 32": (
        ("classify", (32, 32, 3), 20, {"channels": (32, 64), "units": (256, 128), "head": "firas"}),
        2_846_273 + 4 * 256,
    ),
    "cnn_lstm, 64": (
        ("classify", (64, 64, 3), 20, {"channels": (32, 64), "units": (256, 128), "head": "firas"}),
        13_333_057,
    ),
}


@pytest.mark.parametrize("name", SIZES)
def test_parameters_of_the_published_size(name):
    (task, shape, steps, settings), count = SIZES[name]
    model = build.model(name.partition(",")[0], task=task, feature_shape=shape, **settings)
    windows = jax.ShapeDtypeStruct((1, steps, *shape), np.float32)
    found = num_parameters(jax.eval_shape(lambda: model.init(jax.random.key(0), windows)))
    assert found == count


@pytest.mark.parametrize("name", SIZES)
def test_the_page_has_the_counts(name):
    """docs/models.md prints them, those of a discriminator apart."""
    _, count = SIZES[name]
    of_judges = {"frame_prediction": 6_831_489, "stcen": 8_281_537}.get(name, 0)
    page = (ROOT / "docs" / "models.md").read_text("utf-8")
    published = (ROOT / "docs" / "published_forms.md").read_text("utf-8")
    assert f"{count - of_judges:,}" in page + published
    assert not of_judges or f"{of_judges:,}" in page
