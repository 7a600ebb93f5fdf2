"""What scanners promise: causality, streams, shared projections, members, devices."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from tests.models import build
from vadjax.errors import UserError

CAUSAL = [*[(name, "predict") for name in build.SCANNERS], ("lstm_gru", "classify")]


def made(name="lstm", **kwargs):
    model = build.model(name, **kwargs)
    x = build.windows(model)
    return model, build.variables(model, x), x


def run(model, variables, x, **kwargs):
    return build.jit(functools.partial(model.apply, **kwargs))(variables, x)[0]


@pytest.mark.parametrize("name,task", CAUSAL)
def test_a_later_row_changes_no_earlier_output(name, task):
    model, variables, x = made(name, task=task)
    apply = build.jit(model.apply)
    before, after = (apply(variables, rows)[0] for rows in (x, build.changed(x, 2, 1.0)))
    np.testing.assert_array_equal(before["hidden"][:, :2], after["hidden"][:, :2])
    assert (np.abs(before["hidden"] - after["hidden"])[:, 2:] > 0).any((0, 2)).all()


@pytest.mark.parametrize(
    "name,bidirectional", [("lstm", False), *[(name, True) for name in build.SCANNERS]]
)
def test_a_prediction_never_sees_its_target(name, bidirectional):
    model, variables, x = made(name, bidirectional=bidirectional)
    apply = build.jit(lambda x: model.apply(variables, x)[0]["output"])
    output = apply(x)
    assert output.shape == (build.BATCH, 1 if bidirectional else build.STEPS - 1, build.FEATURES)
    np.testing.assert_array_equal(output, apply(build.changed(x, -1, 9.0)))
    assert (apply(build.changed(x, 0, 9.0))[:, -1] != output[:, -1]).any()


@pytest.mark.parametrize(
    "name,bidirectional,task",
    [
        ("simple_rnn", True, "predict"),
        ("lstm", False, "predict"),
        ("gru", True, "classify"),
        ("lstm_gru", False, "reconstruct"),
    ],
)
def test_projected_equals_plain(name, bidirectional, task):
    model, variables, x = made(name, bidirectional=bidirectional, task=task, embed=3)
    rows = x.reshape(-1, build.FEATURES)
    projected = model.project(variables, rows).reshape(*x.shape[:2], -1)
    plain, shared = run(model, variables, x), run(model, variables, projected, projected=True)
    for key in plain:
        np.testing.assert_allclose(plain[key], shared[key], atol=1e-6)


def _lstm_step(p, x, h, c):
    gates = x @ p["input_kernel"] + p["bias"] + h @ p["recurrent_kernel"]
    i, f, g, o = np.split(gates, 4, axis=-1)
    c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    return np.tanh(c) / (1 + np.exp(-o)), c


def test_the_decoder_writes_backwards_from_the_code_alone():
    model, variables, x = made(task="reconstruct", units=(4, 3))
    outputs = run(model, variables, x)
    assert outputs["output"].shape == x.shape
    p = jax.tree.map(np.float64, variables["params"])
    # Replay: the encoder's final carry, then the decoder from the last row to the first.
    states = [(np.zeros((build.BATCH, n)), np.zeros((build.BATCH, n))) for n in (4, 3)]
    for t in range(build.STEPS):
        row = x[:, t]
        for layer in range(2):
            states[layer] = _lstm_step(p[f"forward_{layer}"], row, *states[layer])
            row = states[layer][0]
    code, (h, c) = row, states[1]
    for t in reversed(range(build.STEPS)):
        h, c = _lstm_step(p["decoder"], code, h, c)
        out = p["output_head"]["output"]
        wanted = h @ out["kernel"] + out["bias"]
        np.testing.assert_allclose(outputs["output"][:, t], wanted, atol=1e-6)


@pytest.mark.parametrize("heads", ["forward", "both"])
def test_classifier_reads_the_final_states(heads):
    model, variables, x = made("gru", task="classify", bidirectional=heads == "both")
    outputs = run(model, variables, x)
    width = 3
    final = [outputs["hidden"][:, -1, :width]]
    if heads == "both":
        final.append(outputs["hidden"][:, 0, width:])
    out = variables["params"]["output_head"]["output"]
    wanted = np.concatenate(final, -1) @ out["kernel"] + out["bias"]
    np.testing.assert_allclose(outputs["output"][:, 0], wanted, atol=1e-6)


def test_a_model_runs_and_differentiates_under_shard_map():
    # Default typing of shard_map: a scan's carry must vary as its inputs do.
    model, variables, x = made("gru", bidirectional=True, task="reconstruct")
    mesh = Mesh(jax.devices()[:1], ("data",))

    def grads(variables, x):
        return jax.grad(lambda v: jnp.sum(model.apply(v, x)[0]["output"] ** 2))(variables)

    whole, shards = PartitionSpec(), PartitionSpec("data")
    mapped = jax.shard_map(grads, mesh=mesh, in_specs=(whole, shards), out_specs=whole)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
        build.jit(mapped)(variables, x),
        build.jit(grads)(variables, x),
    )


def test_wrong_rows_are_refused():
    model, variables, x = made()
    with pytest.raises(UserError, match=r"rows \[n, 6\], but got shape \(3, 5\)"):
        model.project(variables, np.zeros((3, 5)))
    with pytest.raises(UserError, match=r"windows \[batch, time, 12\], but got shape \(4, 5, 6\)"):
        model.apply(variables, x, projected=True)
    with pytest.raises(UserError, match=r"window.length is 1, .* at least 2"):
        model.apply(variables, x[:, :1])
