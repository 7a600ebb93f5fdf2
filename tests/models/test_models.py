"""What holds for every model with every objective that it serves."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from tests.models import build
from vadjax import models
from vadjax.errors import UserError
from vadjax.models.model import groups_of, num_parameters


def _cases(cases):
    ids = ["-".join((m, "two" if two else "one", o)) for m, two, o in cases]
    return pytest.mark.parametrize("name,bidirectional,task", cases, ids=ids)


def made(name, bidirectional, task, **kwargs):
    goal = build.objective(task)
    model = build.model(name, bidirectional=bidirectional, task=goal, **kwargs)
    return model, goal, build.windows(model)


def dropout_keys(count, seed=0):
    return jax.random.split(jax.random.key(seed), count)


# Those with a state have tests of their own.
@_cases(
    [
        case
        for case in build.SERVED
        if case[2] not in ("motion", "density") and case[0] not in build.NORMALISED
    ]
)
def test_outputs_scores_and_gradients(name, bidirectional, task):
    model, goal, x = made(name, bidirectional, task)
    batch, s = build.batch_of(build.BATCH), goal.num_scored(build.STEPS)

    @build.jit
    def run(variables, x):
        def loss(variables, x):
            keys = {"dropout": dropout_keys(build.BATCH)}
            outputs, state = model.apply(variables, x, train=True, rngs=keys)
            hparams, total = {"class_weight": jnp.array([0.5, 2.0])}, 0.0
            for group in groups_of(goal):
                sums, weights = group.loss(outputs, x, batch, hparams)
                total = total + sums / weights
            return total, (outputs, state)

        last, _ = model.apply(variables, x, num_outputs=s)
        scores = goal.frame_score(last, x[:, -s:])
        of_all = goal.frame_score(model.apply(variables, x)[0], x)
        return jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)(variables, x), scores, of_all

    result = run(build.variables(model, x), x)
    ((value, (outputs, state)), (grads, grad_x)), scores, of_all = result
    assert state == {} and np.isfinite(value)
    assert all(a.dtype == jnp.float32 for a in (value, scores, *outputs.values()))
    assert all(np.abs(g).max() > 0 for g in jax.tree.leaves(grads)), "every parameter learns"
    assert np.abs(grad_x[:-1]).max() > 0
    assert np.abs(grad_x[-1]).max() == 0, "a padded example has no share in the loss"
    assert scores.shape == (build.BATCH, s)
    np.testing.assert_allclose(of_all, scores, atol=1e-6)


@_cases(build.ONCE)
def test_members_under_vmap_equal_each_alone(name, bidirectional, task):
    model, goal, x = made(name, bidirectional, task, dropout=0.3)
    variables, rates = build.variables(model, x, members=3), jnp.array([0.0, 0.2, 0.6])
    batch, keys = build.batch_of(build.BATCH), dropout_keys(build.BATCH)

    def grads(variables, rate):
        def loss(variables):
            outputs, _ = model.apply(
                variables, x, train=True, hparams={"dropout": rate}, rngs={"dropout": keys}
            )
            return goal.loss(outputs, x, batch, {})[0]

        return jax.value_and_grad(loss)(variables)

    together, alone = build.jit(jax.vmap(grads))(variables, rates), build.jit(grads)
    for i in range(3):
        member, got = jax.tree.map(lambda a, i=i: a[i], (variables, together))
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5),
            got,
            alone(member, rates[i]),
        )


def test_members_are_drawn_from_their_own_keys():
    model, _, x = made("gru", False, "predict", units=(3,))
    keys = dropout_keys(2)
    together = build.jit(jax.vmap(model.init, in_axes=(0, None)))(keys, x)
    alone = build.jit(model.init)(keys[1], x)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[1], b, atol=1e-6), together, alone)
    recurrent = alone["params"]["forward_0"]["recurrent_kernel"]
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(3), atol=1e-5)


@_cases(
    [
        ("gru", True, "reconstruct"),
        ("dense", False, "predict"),
        ("unet_segmenter", False, "segment"),
    ]
)
def test_dropout_does_not_depend_on_the_split_of_a_batch(name, bidirectional, task):
    model, _, x = made(name, bidirectional, task, dropout=0.5)
    variables, keys = build.variables(model, x), dropout_keys(build.BATCH)

    @build.jit
    def run(x, keys, rate):
        rngs = {"dropout": keys}
        return model.apply(variables, x, train=True, hparams={"dropout": rate}, rngs=rngs)[0]

    whole = run(x, keys, 0.5)["output"]
    parts = [run(x[i : i + 2], keys[i : i + 2], 0.5)["output"] for i in (0, 2)]
    np.testing.assert_allclose(whole, np.concatenate(parts), atol=1e-6)
    off = build.jit(model.apply)(variables, x)[0]["output"]
    assert np.abs(whole - off).max() > 1e-4
    assert np.abs(whole - run(x, dropout_keys(build.BATCH, 1), 0.5)["output"]).max() > 1e-4
    np.testing.assert_allclose(run(x, keys, 0.0)["output"], off, atol=1e-6)


def test_dropout_keeps_the_share_and_the_mean():
    from vadjax.models.layers import make_dropout

    keys = {"dropout": dropout_keys(50)}
    drop = make_dropout(0.5, train=True, hparams={"dropout": 0.3}, keys=keys)
    x = jnp.ones((50, 400))
    y = drop(x, 0)
    assert abs(float((y == 0).mean()) - 0.3) < 0.01
    np.testing.assert_allclose(y[y > 0], 1 / 0.7, rtol=1e-6)
    assert (y != drop(x, 1)).any(), "layers drop independently"
    np.testing.assert_array_equal(drop(x.T, 0, batch_axis=1), y.T)
    with pytest.raises(ValueError, match=r"7 examples but dropout keys \(50,\)"):
        drop(x[:7], 0)


def test_dropout_of_rate_zero_draws_nothing():
    model, _, x = made("lstm", True, "classify")
    variables = build.variables(model, x)
    program = jax.make_jaxpr(lambda x: model.apply(variables, x, train=True)[0])(x)
    assert "random" not in str(program) and "threefry" not in str(program)


def test_training_with_dropout_wants_keys():
    model, _, x = made("lstm", False, "classify", dropout=0.5)
    with pytest.raises(ValueError, match="one key per example"):
        model.apply(build.variables(model, x), x, train=True)


@_cases([("gru", True, "predict"), ("conv_autoencoder", False, "reconstruct")])
def test_bfloat16_is_close_and_float32_is_the_default(name, bidirectional, task):
    outputs = {}
    for dtype in (None, "bfloat16"):
        changes = {} if dtype is None else {"dtype": dtype}
        model, _, x = made(name, bidirectional, task, **changes)
        variables = build.variables(model, x)
        assert {a.dtype for a in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
        outputs[dtype] = build.jit(model.apply)(variables, x)[0]["output"]
        assert outputs[dtype].dtype == jnp.float32
    error = np.abs(outputs[None] - outputs["bfloat16"]).max() / np.abs(outputs[None]).max()
    assert 0 < error < 0.03


@pytest.mark.parametrize("name", ["dense_autoencoder", "conv_autoencoder"])
def test_autoencoders_take_each_row_for_itself(name):
    model, _, x = made(name, False, "reconstruct")
    apply, variables = build.jit(model.apply), build.variables(model, x)
    output = apply(variables, x)[0]["output"]
    one = apply(variables, x[:, 2:3])[0]["output"]
    np.testing.assert_allclose(output[:, 2:3], one, atol=1e-6)


# Published systems: facts of their layer lists; Keras's biases (tests/models/test_cells.py).
PUBLISHED = {
    512: {"lstm": 70305, "gru": 52961, "lstm_gru": 76641, "simple_rnn": 17985, "dense": 164417},
    768: {"lstm": 103073, "gru": 77537, "lstm_gru": 109409, "simple_rnn": 26177, "dense": 246337},
    1024: {"lstm": 135841, "gru": 102113, "lstm_gru": 142177, "simple_rnn": 34369, "dense": 328257},
    1280: {"lstm": 168609, "gru": 126689, "lstm_gru": 174945, "simple_rnn": 42561, "dense": 410177},
}


def _count(model, steps):
    shape = jax.ShapeDtypeStruct((1, steps, *model.feature_shape), jnp.float32)
    return num_parameters(jax.eval_shape(lambda: model.init(jax.random.key(0), shape)))


@pytest.mark.parametrize("width,counts", PUBLISHED.items())
def test_parameters_of_rahmani(width, counts):
    for name, count in counts.items():
        units = (32, 32) if name == "lstm_gru" else (32,)
        model = build.model(
            name, task="classify", feature_shape=(width,), units=units, dropout=0.3, head="rahmani"
        )
        assert _count(model, 10) == count, name


def test_parameters_of_ullah_and_firas():
    softmax = build.objective("classify", activation="softmax")
    ullah = build.model(
        task=softmax, feature_shape=(1000,), embed=512, units=(512,) * 3, dropout=0.5
    )
    assert _count(ullah, 15) == 6_811_138
    # static_rnn over [a, b, a]: the last cell is the first one, with its parameters.
    reused = build.model(
        task=softmax, feature_shape=(1000,), embed=512, units=(512,) * 3, dropout=0.5, reuse=True
    )
    assert _count(reused, 15) == 512_512 + 2 * 2_099_200 + 1_026 == 4_711_938
    lstm = [4 * ((d + 256) * 256 + 256) for d in (1000, 256, 256)]
    dense = [30 * 256 * 128 + 128, 128 * 128 + 128, 128 * 5 + 5]
    five = build.objective("recognize", activation="softmax", num_classes=5)
    residual = build.model(
        "residual_lstm", task=five, feature_shape=(1000,), units=(256,) * 3, head="ullah"
    )
    assert _count(residual, 30) == sum(lstm) + sum(dense)
    recurrent_part = {32: 2304, 64: 12544}  # frame size -> its flattened convolutions
    for size, total in {32: 2_847_297, 64: 13_333_057}.items():
        firas = build.model(
            task="classify", feature_shape=(recurrent_part[size],), units=(256, 128), head="firas"
        )
        assert _count(firas, 20) == total - 896 - 18_496  # less the two convolutions


def test_a_reused_layer_is_the_same_layer():
    """The last of three layers computes what a model of its own does, given the first's weights."""
    task = build.objective("classify")
    make = lambda reuse: build.model(task=task, embed=4, units=(4, 4, 4), reuse=reuse)  # noqa: E731
    shared, plain = make(True), make(False)
    x = build.windows(shared)
    variables = build.variables(shared, x)
    params = dict(variables["params"])
    assert "forward_2" not in params
    twin = {"params": {**params, "forward_2": params["forward_0"]}}
    ours = build.jit(shared.apply)(variables, x)[0]["output"]
    theirs = build.jit(plain.apply)(twin, x)[0]["output"]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(
    "kwargs,match",
    [
        ({"name": "ltsm"}, "model 'ltsm' unknown.*Did you mean 'lstm'?"),
        ({"head": "rahmany"}, "model.head 'rahmany' unknown; .*Did you mean 'rahmani'?"),
        ({"units": ()}, r"model.units is \(\), but wants the width of each layer"),
        ({"units": (4, 0)}, r"model.units is \(4, 0\)"),
        ({"dropout": 1.0}, "model.dropout is 1.0, but wants a rate from 0 to below 1"),
        ({"dtype": "float16"}, "model.dtype 'float16' unknown; choose one of bfloat16, float32"),
        ({"reuse": True, "units": (4, 4, 4)}, "reads 6 values a row: give at least three widths"),
        (
            {"name": "residual_lstm", "task": "recognize", "units": (3, 4, 3)},
            r"model.units is \(3, 4, 3\), but residual_lstm .* the first two equal",
        ),
        ({"name": "lstm_gru", "units": (4,)}, "lstm_gru wants at least two layers"),
        ({"feature_shape": (7, 7, 3)}, "lstm reads pooled features .*use .*conv_autoencoder"),
        ({"name": "dense", "task": "reconstruct"}, "dense serves .*use .*dense_autoencoder"),
        ({"name": "conv_autoencoder"}, "conv_autoencoder serves the objective reconstruct only"),
        (
            {"name": "conv_autoencoder", "task": "reconstruct", "feature_shape": (6,)},
            r"reads feature maps of shape \(h, w, c\), but the features have shape \(6,\)",
        ),
        (
            {"name": "conv_autoencoder", "task": "reconstruct", "channels": ()},
            r"model.channels is \(\)",
        ),
    ],
)
def test_errors_say_what_to_do(kwargs, match):
    with pytest.raises(UserError, match=match):
        build.model(**kwargs)


def test_wrong_windows_are_refused():
    model, _, x = made("conv_autoencoder", False, "reconstruct")
    with pytest.raises(UserError, match=r"windows \[batch, time, 7, 11, 3\], but got shape"):
        model.init(jax.random.key(0), x[..., 0])


def test_create_takes_a_config_for_the_objective():
    goal = ConfigDict({"name": "predict"})
    served = models.create(build.model_config(), feature_shape=[6], objective=goal)
    assert served == build.model(units=build.model_config().units)
    assert served.min_length == 2


def test_listing_the_models_imports_no_jax():
    code = "import sys; from vadjax.models import MODELS; print(MODELS, 'jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'lstm_gru'" in done.stdout and done.stdout.endswith("False\n")


def test_the_registry_says_what_models_and_objectives_are():
    """Each registered pair builds, of rows of the registered shape, and no other pair."""
    shapes = {"vectors": [(6,)], "maps": [(16, 24, 7), (27, 35, 7)]}  # strides halve or cut off
    for name, entry in models.MODELS.items():
        for task in models.OBJECTIVES:
            made = []
            for shape in shapes[entry.reads]:
                try:
                    made.append(build.model(name, task=task, feature_shape=shape))
                except UserError as error:
                    if task not in entry.objectives:
                        assert f"{name} serves the objective" in str(error)
            assert bool(made) == (task in entry.objectives), (name, task)
            assert all(one.feature_shape in shapes[entry.reads] for one in made)
    assert all(e.title for e in (*models.MODELS.values(), *models.OBJECTIVES.values()))
