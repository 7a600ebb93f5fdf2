"""Models at the smallest size, shared by the tests."""

import jax
import numpy as np
from ml_collections import ConfigDict

from vadjax import models
from vadjax.models import objectives
from vadjax.models.conv3d_autoencoder import WholeWindows

BATCH, STEPS, FEATURES = 4, 5, 6
MAP = (7, 11, 3)
CELLS = (3, 4, 7)
SCANNERS = ("simple_rnn", "lstm", "gru", "lstm_gru")

MAPS = {"conv_autoencoder": MAP, "appearance_to_flow": CELLS, "unet_segmenter": MAP}
FRAME = (16, 32, 1)
# Models of frames as pixels.
MAPS |= dict.fromkeys(("frame_prediction", "mnad", "memae", "conv3d_autoencoder"), FRAME)
MAPS |= {"stacked_autoencoder": (23, 27, 1), "convlstm_autoencoder": (27, 35, 1)}
MAPS |= dict.fromkeys(("cnn_lstm", "stae", "std", "stcen", "amae"), FRAME)
NORMALISED = (
    "mnad",
    "memae",
    "conv3d_autoencoder",
    "stae",
)  # by the batch: see test_video_models.py
MAPS |= {"sigmoid_autoencoder": (4, 6, 1)}
MAPS |= dict.fromkeys(("place_simple_rnn", "place_lstm", "place_gru", "place_lstm_gru"), CELLS)

# Every model, and every objective in one and two directions: (name, bidirectional, objective).
SERVED = [
    ("simple_rnn", False, "predict"),
    ("simple_rnn", True, "reconstruct"),
    ("lstm", False, "predict"),
    ("lstm", False, "reconstruct"),
    ("lstm", True, "predict"),
    ("gru", True, "classify"),
    ("lstm_gru", False, "classify"),
    ("lstm_gru", True, "reconstruct"),
    ("lstm", True, "recognize"),
    ("residual_lstm", False, "recognize"),
    ("residual_lstm", True, "classify"),
    ("transformer", False, "predict"),
    ("transformer", True, "predict"),
    ("transformer", False, "classify"),
    ("tcn", False, "predict"),
    ("tcn", False, "classify"),
    ("attention_pooling", False, "predict"),
    ("attention_pooling", False, "classify"),
    ("lstm_encoder_decoder", False, "reconstruct"),
    ("dense", False, "predict"),
    ("dense_autoencoder", False, "reconstruct"),
    ("vae", False, "elbo"),
    ("vae", False, "reconstruct"),
    ("memory_autoencoder", False, "reconstruct"),
    ("conv_autoencoder", False, "reconstruct"),
    ("sigmoid_autoencoder", False, "reconstruct"),
    ("appearance_to_flow", False, "motion"),
    ("place_simple_rnn", False, "density"),
    ("place_lstm", False, "density"),
    ("place_gru", False, "density"),
    ("place_lstm_gru", False, "density"),
    ("place_gru", True, "density"),
    ("unet_segmenter", False, "classify"),
    ("unet_segmenter", False, "segment"),
    ("frame_prediction", False, "predict"),
    ("frame_prediction", False, "adversarial"),
    ("mnad", False, "predict"),
    ("mnad", False, "reconstruct"),
    ("memae", False, "reconstruct"),
    ("conv3d_autoencoder", False, "reconstruct"),
    ("stacked_autoencoder", False, "reconstruct"),
    ("stae", False, "reconstruct_predict"),
    ("std", False, "reconstruct_last"),
    ("stcen", False, "predict"),
    ("stcen", False, "adversarial"),
    ("amae", False, "predict"),
    ("convlstm_autoencoder", False, "reconstruct"),
    ("cnn_lstm", False, "classify"),
    ("cnn_lstm", True, "recognize"),
]
ONCE = list({case[0]: case for case in reversed(SERVED)}.values())  # each model once

COMPILER_OPTIONS = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
}


def jit(function):
    """Compile `function` quickly, which is what takes the time here; it returns NumPy arrays."""
    compiled = jax.jit(function, compiler_options=COMPILER_OPTIONS)
    return lambda *args: jax.device_get(compiled(*args))


def model_config(**changes):
    """The config section `model` with `changes`."""
    config = ConfigDict(
        {
            "name": "lstm",
            "units": (4, 3),
            "bidirectional": False,
            "dropout": 0.0,
            "head": "linear",
            "channels": (4, 5),
            "embed": 0,
            "memory": 7,
            "lag": 2,
            "mean": 2,
            "calibrate": "place",
            "mixture": 1,
            "sharing": "all",
            "boxes": (3,),
            "dtype": "float32",
        }
    )
    config.update(changes)
    return config


def objective(name="predict", **changes):
    """An objective by name."""
    config = ConfigDict(
        {"name": name, "activation": "sigmoid", "label_rule": "last", "reduce": "mean"}
    )
    with config.unlocked():
        config.update(changes)
    return objectives.create(config)


def model(name="lstm", *, task="predict", feature_shape=None, **changes):
    """A model by name, for the objective `task` (a name or an Objective)."""
    if feature_shape is None:
        feature_shape = MAPS.get(name, (FEATURES,))
    task = objective(task) if isinstance(task, str) else task
    layers = (4, 3) if name.endswith("lstm_gru") else (3,)
    layers = (3, 3, 4) if name == "residual_lstm" else layers
    of_three = ("unet_segmenter", "stacked_autoencoder", "convlstm_autoencoder")
    widths = (8, 5, 6) if name in of_three else (4, 5)
    config = model_config(**{"name": name, "units": layers, "channels": widths, **changes})
    return models.create(config, feature_shape=feature_shape, objective=task)


def windows(a_model, *, batch=BATCH, steps=STEPS, seed=0):
    """Random windows [batch, steps, ...] for a model."""
    if isinstance(a_model, WholeWindows):
        steps -= steps % a_model.min_length
    shape = (batch, steps, *a_model.feature_shape)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def variables(a_model, x, *, seed=0, members=None):
    """Random parameters of a model's shapes, [members, ...] if asked; nothing is compiled."""
    shapes = jax.eval_shape(a_model.init, jax.random.key(0), x)
    rng, lead = np.random.default_rng(seed), () if members is None else (members,)

    def draw(path, leaf):
        values = (0.4 * rng.normal(size=lead + leaf.shape)).astype(leaf.dtype)
        variance = jax.tree_util.keystr(path).endswith("['var']")  # below 0 all would be NaN
        return 0.5 + abs(values) if variance else values

    return jax.tree_util.tree_map_with_path(draw, shapes)


def changed(x, row, amount):
    """The windows with `amount` added to one row."""
    x = x.copy()
    x[:, row] += amount
    return x


def batch_of(count, *, steps=STEPS, seed=0):
    """A batch with random labels, the last example padded."""
    labels = np.random.default_rng(seed).integers(0, 2, (count, steps)).astype(np.int32)
    weight = np.ones(count, np.float32)
    weight[-1] = 0
    cells = np.random.default_rng(seed).random((count, *MAP[:2])).astype(np.float32)
    named = {"frame_label": labels, "video_class": labels[:, 0], "cell_label": cells}
    return {"weight": weight, **named}
