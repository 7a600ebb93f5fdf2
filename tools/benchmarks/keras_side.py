"""Keras's side, on the backend in KERAS_BACKEND: `fit` and `predict` over arrays of windows.

The windows are made beforehand, as in scripts that train with Keras; this is not timed.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from tools.benchmarks import precision


def lstm(length: int, width: int, units: Sequence[int]):
    """Return LSTM layers and a dense layer on the last state: [b, t, width] -> logits [b, 1]."""
    package = keras()
    layers = [package.Input((length, width))]
    layers += [package.layers.LSTM(n, return_sequences=True) for n in units[:-1]]
    layers += [package.layers.LSTM(units[-1]), package.layers.Dense(1, dtype="float32")]
    return package.Sequential(layers)


def train_sample(model, loss, x: np.ndarray, y: np.ndarray, *, batch: int) -> Callable[[], float]:
    """Return a sample: `fit` for an epoch with Adam, in windows per second.

    Args:
        model: a Keras model.
        loss: a Keras loss or its name.
        x: [m, ...] windows.
        y: [m, ...] targets.
        batch: windows per batch.
    """
    model.compile(optimizer=keras().optimizers.Adam(1e-3), loss=loss)

    def sample() -> float:
        start = time.perf_counter()
        model.fit(x, y, batch_size=batch, epochs=1, shuffle=True, verbose=0)
        return len(x) / (time.perf_counter() - start)

    sample.note = _note()
    return sample


def train_lstm(features, labels, rows, *, units: Sequence[int], batch: int) -> Callable[[], float]:
    """Return a sample of an LSTM that learns the label of each window's last row."""
    loss = keras().losses.BinaryCrossentropy(from_logits=True)
    model = lstm(rows.shape[1], features.shape[1], units)
    y = labels[rows[:, -1]].astype(np.float32)[:, None]
    return train_sample(model, loss, features[rows], y, batch=batch)


def score_lstm(
    features, *, length: int, units: Sequence[int], batch: int, passes: int = 1
) -> Callable[[], float]:
    """Return a sample: `predict` over every window at stride 1, in windows per second."""
    model = lstm(length, features.shape[1], units)
    windows = features[np.arange(len(features) - length + 1)[:, None] + np.arange(length)]

    def sample() -> float:
        start = time.perf_counter()
        for _ in range(passes):
            model.predict(windows, batch_size=batch, verbose=0)
        return passes * len(windows) / (time.perf_counter() - start)

    sample.note = _note()
    return sample


def keras():
    """Return the package, set to the chosen precision."""
    import keras as package

    package.config.set_dtype_policy(precision.keras_policy())
    return package


def _note() -> str:
    return f"keras {keras().__version__} on {keras().backend.backend()}"
