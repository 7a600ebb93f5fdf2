"""TCN, attention pooling, encoder-decoder and two autoencoders against networks of PyTorch."""

import itertools

import jax
import numpy as np
import pytest

from tests.models import build

torch = pytest.importorskip("torch")
F = torch.nn.functional
BATCH, STEPS, WIDTH = 6, 12, 20


def tensors(tree):
    """The parameters as tensors that keep their gradients."""
    return jax.tree.map(lambda a: torch.tensor(np.asarray(a), requires_grad=True), tree)


def linear(p, x):
    return F.linear(x, p["kernel"].T, p.get("bias"))


def mlp(p, x, prefix, count):
    for i in range(count):
        x = torch.relu(linear(p[f"{prefix}_{i}"], x))
    return x


def tcn(p, x):
    """As locuslab/TCN is described: weight-normalised `Conv1d`s over padded rows, then a cut."""
    x = x[:, :-1].transpose(1, 2)  # [b, c, t]
    for i in range(2):
        inner = x
        for j in range(2):
            own = p[f"block_{i}_{j}"]
            v = own["kernel"].permute(2, 1, 0)  # [out, in, k]
            weight = torch._weight_norm(v, own["scale"][:, None, None], 0)
            inner = F.conv1d(inner, weight, own["bias"], padding=2 * 2**i, dilation=2**i)
            inner = torch.relu(inner[..., : -2 * 2**i])
        if f"shortcut_{i}" in p:
            own = p[f"shortcut_{i}"]
            x = F.conv1d(x, own["kernel"].T[..., None], own["bias"])
        x = torch.relu(x + inner)
    return {"output": linear(p["head"]["output"], x.transpose(1, 2))}


def attention(p, x):
    x = mlp(p, x[:, :-1], "layer", 2)
    score = (torch.tanh(linear(p["seen"], x)) * torch.sigmoid(linear(p["gate"], x))) @ p[
        "attention"
    ]
    weight = torch.softmax(score, 1)  # [b, t, 1]
    pooled = torch.einsum("bto,btu->bou", weight, x)
    return {"output": linear(p["head"]["output"], pooled), "attention": weight[..., 0]}


def lstm_cells(p, side, widths):
    cells = []
    for i, (d, u) in enumerate(itertools.pairwise(widths)):
        own, cell = p[f"{side}_{i}"], torch.nn.LSTMCell(d, u)
        values = own["input_kernel"].T, own["recurrent_kernel"].T, own["bias"], 0 * own["bias"]
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        cells.append((cell, dict(zip(names, values, strict=True))))
    return cells


def step(cells, x, states):
    new = []
    for (cell, values), state in zip(cells, states, strict=True):
        state = torch.func.functional_call(cell, values, (x, state))
        new.append(state)
        x = state[0]
    return new


def encoder_decoder(p, x, *, forced):
    widths = (WIDTH, 8, 5)
    states = [(torch.zeros(len(x), u),) * 2 for u in widths[1:]]
    encoder, decoder = (lstm_cells(p, side, widths) for side in ("encoder", "decoder"))
    for t in range(x.shape[1]):
        states = step(encoder, x[:, t], states)
    rows = [linear(p["linear"], states[-1][0])]
    for t in range(x.shape[1] - 1, 0, -1):
        states = step(decoder, x[:, t] if forced else rows[-1], states)
        rows.append(linear(p["linear"], states[-1][0]))
    return {"output": torch.stack(rows[::-1], 1)}


def vae(p, x):
    inner = mlp(p, x, "encoder", 1)
    mean, log_variance = linear(p["mean"], inner), linear(p["log_variance"], inner)
    posterior = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum(-1)
    return {"output": linear(p["output"], mlp(p, mean, "decoder", 1)), "penalty": 2 * kl / WIDTH}


def memory(p, x):
    """Equations 3 to 7 and 9 of the paper."""
    code = linear(p["code"], mlp(p, x, "encoder", 1))
    like = F.cosine_similarity(code[..., None, :], p["memory"], dim=-1)
    weight = F.normalize(F.hardshrink(torch.softmax(like, -1), 1 / len(p["memory"])), p=1, dim=-1)
    entropy = -(weight * torch.log(weight + 1e-12)).sum(-1)
    rows = mlp(p, weight @ p["memory"], "decoder", 1)
    return {"output": linear(p["output"], rows), "address": weight, "penalty": 2e-4 * entropy}


CASES = {
    "tcn": (tcn, "predict", (8, 5), False),
    "attention_pooling": (attention, "predict", (8, 5), False),
    "lstm_encoder_decoder": (encoder_decoder, "reconstruct", (8, 5), False),
    "lstm_encoder_decoder, forced": (encoder_decoder, "reconstruct", (8, 5), True),
    "vae": (vae, "elbo", (8, 5), False),
    "memory_autoencoder": (memory, "reconstruct", (8, 5), False),
}


@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_equal_torch(case):
    peer, task, units, forced = CASES[case]
    name = case.partition(",")[0]
    model = build.model(name, task=task, units=units, feature_shape=(WIDTH,))
    x = build.windows(model, batch=BATCH, steps=STEPS)
    params = build.variables(model, x)["params"]
    goal, batch = build.objective(task), build.batch_of(BATCH)

    @build.jit
    def ours(params, x):
        def loss(params):
            outputs, _ = model.apply({"params": params}, x, train=forced)
            total, weight = goal.loss(outputs, x, batch, {})
            return total / weight, outputs

        return jax.grad(loss, has_aux=True)(params)

    grads, outputs = ours(params, x)
    own, rows = tensors(params), torch.tensor(x)
    expected = peer(own, rows, forced=forced) if name == "lstm_encoder_decoder" else peer(own, rows)
    for key, value in expected.items():
        np.testing.assert_allclose(outputs[key], value.detach().numpy(), atol=2e-5, err_msg=key)
    errors = (expected["output"] - rows[:, -expected["output"].shape[1] :]) ** 2
    losses = errors.mean((1, 2)) + expected.get("penalty", torch.zeros(BATCH, 1)).mean(1)
    weight = torch.tensor(np.asarray(batch["weight"], np.float32))
    ((losses * weight).sum() / weight.sum()).backward()

    def close(path, got, leaf):
        name = jax.tree_util.keystr(path)
        wanted = leaf.grad.numpy()
        error = np.abs(got - wanted).max()
        assert error <= 1e-4 * max(np.abs(wanted).max(), 1e-3), (name, error)

    jax.tree_util.tree_map_with_path(close, grads, own)
