"""The recurrences against PyTorch (goldens) and against loops in NumPy."""

import functools
import importlib.util
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.models import build
from vadjax.models.cells import CELLS
from vadjax.models.recurrence import Recurrence, _step

ROOT = pathlib.Path(__file__).parents[2]


def _tool():
    path = ROOT / "tools" / "make_goldens_models.py"
    spec = importlib.util.spec_from_file_location("make_goldens_models", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = _tool()


@pytest.fixture(scope="module")
def goldens():
    with np.load(TOOL.DEFAULT_PATH) as file:
        return dict(file)


def from_torch(arrays: dict, prefix: str, *, layers: int, directions: int) -> dict:
    """Our parameters, or their gradients' counterparts, from PyTorch's by name."""
    params = {}
    for i in range(layers):
        for j in range(directions):
            end = f"_l{i}" + ("_reverse" if j else "")
            get = {n: arrays[f"{prefix}/{n}{end}"] for n in ("weight_ih", "weight_hh")}
            b_ih, b_hh = (arrays[f"{prefix}/{n}{end}"] for n in ("bias_ih", "bias_hh"))
            layer = {
                "input_kernel": get["weight_ih"].T,
                "recurrent_kernel": get["weight_hh"].T,
                "bias": b_ih,
            }
            if len(b_ih) == 3 * TOOL.UNITS:
                layer["recurrent_bias"] = b_hh
            elif prefix == "param":
                layer["bias"] = b_ih + b_hh  # the sum's gradient is that of either
            params[f"{'backward' if j else 'forward'}_{i}"] = layer
    return params


@pytest.mark.parametrize("case", TOOL.CASES, ids=lambda c: TOOL.case_name(*c))
def test_states_and_gradients_equal_torch(case, goldens):
    kind, layers, directions = case
    start = TOOL.case_name(*case) + "/"
    golden = {k.removeprefix(start): v for k, v in goldens.items() if k.startswith(start)}
    model = build.model(
        kind,
        task="classify",
        feature_shape=(TOOL.FEATURES,),
        units=(TOOL.UNITS,) * layers,
        bidirectional=directions == 2,
    )
    params = build.variables(model, golden["inputs"])["params"]
    recurrent = from_torch(golden, "param", layers=layers, directions=directions)
    assert params.keys() - recurrent.keys() == {"output_head"}

    def total(recurrent, inputs):
        outputs, _ = model.apply({"params": {**params, **recurrent}}, inputs)
        return jnp.sum(outputs["hidden"] * golden["weights"]), outputs["hidden"]

    run = build.jit(jax.grad(total, argnums=(0, 1), has_aux=True))
    (grads, grad_inputs), states = run(recurrent, golden["inputs"])
    np.testing.assert_allclose(states, golden["states"], atol=1e-5)
    np.testing.assert_allclose(grad_inputs, golden["grad_inputs"], atol=1e-5)
    wanted = from_torch(golden, "grad", layers=layers, directions=directions)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), grads, wanted)

    last = states[:, [-1, 0][:directions]]
    final = np.stack([last[:, j, j * TOOL.UNITS :][:, : TOOL.UNITS] for j in range(directions)])
    np.testing.assert_allclose(final, golden["final"][-directions:], atol=1e-5)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _numpy_step(kind, p, h, c, x):
    """One step, written from the papers: p float64 parameters, one example."""
    a, b = x @ p["input_kernel"] + p["bias"], h @ p["recurrent_kernel"]
    if kind == "simple_rnn":
        return np.tanh(a + b), c
    if kind == "lstm":
        i, f, g, o = np.split(a + b, 4)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        return _sigmoid(o) * np.tanh(c), c
    if kind == "relu_lstm":
        i, f, g, o = np.split(a + b, 4)
        c = _sigmoid(f) * c + _sigmoid(i) * np.maximum(g, 0)
        return _sigmoid(o) * np.maximum(c, 0), c
    (xr, xz, xn), (hr, hz, hn) = np.split(a, 3), np.split(b + p["recurrent_bias"], 3)
    z = _sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + _sigmoid(xr + hr) * hn) + z * h, c


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_equals_a_loop(kind, reverse):
    layer = Recurrence(kind, 3, 2)
    x = np.random.default_rng(0).normal(size=(4, 1, 3)).astype(np.float32)

    def run(layer, x):
        return layer.scan(layer.init_carry(1), layer.project(x), reverse=reverse)

    shapes = jax.eval_shape(lambda: layer.init(jax.random.key(0), x, method=run))
    rng = np.random.default_rng(1)
    variables = jax.tree.map(lambda a: rng.normal(size=a.shape).astype(np.float32), shapes)
    _, states = build.jit(lambda v: layer.apply(v, x, method=run))(variables)
    p = jax.tree.map(np.float64, variables["params"])
    h = c = np.zeros(2)
    for t in reversed(range(4)) if reverse else range(4):
        h, c = _numpy_step(kind, p, h, c, x[t, 0])
        np.testing.assert_allclose(states[t, 0], h, atol=1e-6)


def _plain_scan(layer, carry, xs, reverse):
    """`Recurrence.scan` as autodiff would have it."""

    def body(carry, x):
        carry = _step(CELLS[layer.cell], layer._recurrent_params(), carry, x)[0]
        return carry, carry[0]

    return jax.lax.scan(body, carry, xs, reverse=reverse)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("both", [False, True])
def test_gradients_equal_those_of_a_plain_scan(kind, members, both):
    first, second = Recurrence(kind, 3, 4), Recurrence(kind, 4, 4)
    rng = np.random.default_rng(0)

    def draw(*shape):
        return (0.5 * rng.normal(size=(members, *shape))).astype(np.float32)

    def layer_variables():
        width = first.width
        params = {"input_kernel": draw(3, width), "bias": draw(width)}
        params["recurrent_kernel"] = draw(4, width)
        if CELLS[kind].recurrent_bias:
            params["recurrent_bias"] = draw(width)
        return {"params": params}

    variables = layer_variables()
    above = layer_variables()
    above["params"]["input_kernel"] = draw(4, first.width)
    start = tuple(draw(2, 4) for _ in range(CELLS[kind].num_states))
    weights = draw(5, 2, 4)

    def total(scan, below, above, start, x, weights):
        def run(layer, x, reverse):
            return scan(layer, start, layer.project(x), reverse)

        carry, states = first.apply(below, x, False, method=run)
        last, states = second.apply(above, states, both, method=run)
        # Every output has a gradient: the states, and the last carries of both layers.
        return jnp.sum(states * weights) + sum(jnp.sum(jnp.sin(a)) for a in (*carry, *last))

    def grads(scan):
        one = jax.grad(functools.partial(total, scan), argnums=(0, 1, 2, 3))
        return build.jit(jax.vmap(one))(variables, above, start, x, weights)

    x = draw(5, 2, 3)
    ours = grads(lambda layer, carry, xs, reverse: layer.scan(carry, xs, reverse=reverse))
    wanted = grads(_plain_scan)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), ours, wanted)
    assert all(np.abs(a).max() > 1e-3 for a in jax.tree.leaves(ours))


@pytest.mark.parametrize("kind", CELLS)
def test_gradients_in_bfloat16_are_those_of_float32_rounded(kind):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 2, 3)).astype(np.float32)

    def grads(dtype):
        layer = Recurrence(kind, 3, 4, dtype=jnp.dtype(dtype))

        def run(layer, x):
            return layer.scan(layer.init_carry(2), layer.project(x))[1]

        shapes = jax.eval_shape(lambda: layer.init(jax.random.key(0), x, method=run))
        draws = np.random.default_rng(1)
        variables = jax.tree.map(lambda a: draws.normal(size=a.shape).astype(np.float32), shapes)

        def total(variables):
            return layer.apply(variables, x, method=run).astype(jnp.float32).sum()

        return build.jit(jax.grad(total))(variables)["params"]

    half, full = grads("bfloat16"), grads("float32")
    for name, grad in full.items():
        assert half[name].dtype == np.float32
        np.testing.assert_allclose(half[name], grad, atol=0.05 * np.abs(grad).max())


def test_biases_are_those_of_keras():
    layers = {kind: Recurrence(kind, 3, 4) for kind in CELLS}
    x = np.zeros((1, 3), np.float32)

    @build.jit
    def start(key):
        return {k: v.init(key, x, method="project")["params"] for k, v in layers.items()}

    for kind, params in start(jax.random.key(0)).items():
        vectors = np.concatenate([v for v in params.values() if v.ndim == 1])
        assert vectors.size == {"simple_rnn": 1, "lstm": 4, "relu_lstm": 4, "gru": 6}[kind] * 4
        ones = np.zeros(vectors.size)
        if kind.endswith("lstm"):
            ones[4:8] = 1  # the forget gate
        np.testing.assert_array_equal(vectors, ones)
