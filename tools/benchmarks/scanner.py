"""LSTMs over windows of features: training on arbitrary and on neighbouring windows, scoring.

The network, the data, the optimiser (Adam) and the batch are the same on all sides: LSTM layers, a
linear layer on the last state, binary cross-entropy. vadjax and torch gather windows by row from
features on the device; Keras gets arrays of windows. "train contiguous" trains the same windows on
all sides: vadjax in batches of consecutive windows, whose frames are projected once
(`train.batches=runs`), the others in the usual shuffled batches.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

UNIT = "windows"
PRECISIONS = ("float32", "bfloat16")
ROWS, SCORE_BATCH = 4096, 256


class Shape(NamedTuple):
    """Sizes of a network and its training; `passes` over all windows make a sample of scoring."""

    units: tuple[int, ...]
    length: int
    width: int
    batch: int = 64
    steps: int = 20
    passes: int = 1


LARGE = Shape(units=(256, 128), length=15, width=1000)
SMALL = Shape(units=(32,), length=10, width=1280, passes=10)  # a pass takes 30 ms


def data(shape: Shape, *, contiguous: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features [n, d], labels [n] and windows [batch * steps, t], consecutive or not."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(ROWS, shape.width)).astype(np.float32)
    labels = rng.integers(0, 2, ROWS).astype(np.int32)
    starts = rng.permutation(ROWS - shape.length + 1)
    starts = np.sort(starts) if contiguous else starts
    starts = starts[: shape.batch * shape.steps]
    return features, labels, (starts[:, None] + np.arange(shape.length)).astype(np.int32)


def train_vadjax(shape: Shape, *, contiguous: bool) -> Callable[[], float]:
    """Train epochs as `python -m vadjax.main` does: one program that gathers windows."""
    from tools.benchmarks import epochs

    config = epochs.config_of("classify", units=shape.units)
    config.train.batch_size = shape.batch
    config.train.batches = "runs" if contiguous else "windows"
    return epochs.sample_of(config, *data(shape, contiguous=contiguous))


def train_torch(shape: Shape, *, contiguous: bool) -> Callable[[], float]:
    """Train with the usual loop over shuffled batches."""
    from tools.benchmarks import torch_side

    arrays = data(shape, contiguous=contiguous)
    return torch_side.train_lstm(*arrays, units=shape.units, batch=shape.batch)


def train_keras(shape: Shape, *, contiguous: bool) -> Callable[[], float]:
    """Train with `fit` over shuffled batches."""
    from tools.benchmarks import keras_side

    arrays = data(shape, contiguous=contiguous)
    return keras_side.train_lstm(*arrays, units=shape.units, batch=shape.batch)


def score_vadjax(shape: Shape) -> Callable[[], float]:
    """Score every window of a clip at stride 1, with one projection per frame."""
    from vadjax.runtime import devices

    devices.setup()
    import jax

    from tools.benchmarks import epochs
    from tools.benchmarks.cost import count
    from vadjax.scoring.score_fn import make_score_fn

    features, _, _ = data(shape)
    config = epochs.config_of("classify", units=shape.units)
    model, objective = epochs.network(config, (shape.width,))
    rows = (np.arange(ROWS - shape.length + 1)[:, None] + np.arange(shape.length)).astype(np.int32)
    variables = model.init(jax.random.key(0), np.zeros((1, shape.length, shape.width), np.float32))
    run = make_score_fn(model, objective, length=shape.length, batch_size=SCORE_BATCH)
    placed = run.put(features, rows)

    def sample() -> float:
        start = time.perf_counter()
        for _ in range(shape.passes):
            run.fetch(variables, *placed)
        return shape.passes * len(rows) / (time.perf_counter() - start)

    def scored(variables, projected, features, rows):
        outputs, _ = model.apply(variables, projected[rows], num_outputs=1, projected=True)
        return objective.frame_score(outputs, features[rows[:, -1:]])

    def cost():
        """Return the cost of a window: projection of its frames, and its steps in the layers."""
        projected = jax.eval_shape(model.project, variables, features)
        project = count(model.project, variables, features).times(1 / len(rows))
        scan = count(scored, variables, projected, features, rows[:SCORE_BATCH])
        return project + scan.times(1 / SCORE_BATCH)

    sample.cost = cost
    return sample


def score_torch(shape: Shape) -> Callable[[], float]:
    """Gather and score every window."""
    from tools.benchmarks import torch_side

    sizes = {"length": shape.length, "units": shape.units, "passes": shape.passes}
    return torch_side.score_lstm(data(shape)[0], batch=SCORE_BATCH, **sizes)


def score_keras(shape: Shape) -> Callable[[], float]:
    """Score with `predict` over all windows."""
    from tools.benchmarks import keras_side

    sizes = {"length": shape.length, "units": shape.units, "passes": shape.passes}
    return keras_side.score_lstm(data(shape)[0], batch=SCORE_BATCH, **sizes)


def _training(shape: Shape, *, contiguous: bool) -> dict:
    return {
        "vadjax": lambda: train_vadjax(shape, contiguous=contiguous),
        "torch": lambda: train_torch(shape, contiguous=contiguous),
        "keras": lambda: train_keras(shape, contiguous=contiguous),
    }


def _scoring(shape: Shape) -> dict:
    return {
        "vadjax": lambda: score_vadjax(shape),
        "torch": lambda: score_torch(shape),
        "keras": lambda: score_keras(shape),
    }


CASES = {
    "train windows": _training(LARGE, contiguous=False),
    "train contiguous": _training(LARGE, contiguous=True),
    "score stride 1": _scoring(LARGE),
    "score LSTM 32": _scoring(SMALL),
}
EXTRA_CASES = {
    "train contiguous, quick": _training(LARGE._replace(steps=8), contiguous=True),
    "score LSTM 32, quick": _scoring(SMALL._replace(passes=2)),
}
