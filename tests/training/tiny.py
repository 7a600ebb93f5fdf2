"""A model, objectives and data small enough to train in milliseconds; shared by the tests."""

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from vadjax.data.splits.windows import window_table
from vadjax.training.fit import TrainingData


class Tiny:
    """One tanh layer with dropout, which counts its training steps in its model state."""

    reductions = {"counts": "mean"}  # noqa: RUF012 - never changed

    def init(self, key, windows):
        width = windows.shape[-1]
        kernel = 0.3 * jax.random.normal(key, (width, width))
        return {
            "params": {"kernel": kernel, "bias": jnp.zeros(width)},
            "counts": {"steps": jnp.zeros(())},
        }

    def apply(self, variables, windows, *, train=False, hparams=None, rngs=None):
        counts = {"counts": {"steps": variables["counts"]["steps"] + train}}
        if train:
            rate = hparams["dropout"]
            keep = jax.vmap(lambda key: jax.random.bernoulli(key, 1 - rate, windows.shape[1:]))
            windows = jnp.where(keep(rngs["dropout"]), windows / (1 - rate), 0.0)
        hidden = jnp.tanh(windows @ variables["params"]["kernel"] + variables["params"]["bias"])
        return {"hidden": hidden}, counts


class Predict:
    """Mean squared error of the next row."""

    name, supervised, reads = "predict", False, ()

    def loss(self, outputs, windows, batch, hparams):
        error = jnp.square(outputs["hidden"][:, :-1] - windows[:, 1:]).mean((1, 2))  # [b]
        return (batch["weight"] * error).sum(), batch["weight"].sum()


class Classify:
    """Weighted cross-entropy of the last row's first hidden unit."""

    name, supervised, num_classes = "classify", True, 2
    reads = ("frame_label",)

    def window_label(self, frame_label, real=None):
        return frame_label[:, -1]

    def loss(self, outputs, windows, batch, hparams):
        label = self.window_label(batch["frame_label"])
        weight = batch["weight"] * hparams["class_weight"][label]
        logit = outputs["hidden"][:, -1, 0]
        loss = jnp.logaddexp(0.0, jnp.where(label == 1, -logit, logit))
        return (weight * loss).sum(), weight.sum()


def data(*, width=4, lengths=(30, 22), held_out=20, length=5, labels=False, seed=0):
    """Autoregressive features of a few clips, the last of them held out."""
    rng = np.random.default_rng(seed)
    rows = sum(lengths) + held_out
    features = rng.normal(size=(rows, width)).astype(np.float32)
    for i in range(1, rows):
        features[i] = 0.8 * np.roll(features[i - 1], 1) + 0.3 * features[i]
    frame_labels = (rng.random(rows) < 0.3).astype(np.int32) if labels else None
    return TrainingData(
        clips=np.split(features, np.cumsum(lengths)),
        frame_labels=frame_labels,
        train=window_table(lengths, length=length, stride=1),
        validation=window_table([held_out], length=length, stride=1, starts=[sum(lengths)]),
    )


def config(**train):
    """A config with what `fit` reads; keyword arguments override its `train` section."""
    tree = ConfigDict(
        {
            "seed": 3,
            "model": {"dropout": 0.2},
            "objective": {"class_weight": "balanced"},
            "train": {
                "epochs": 4,
                "batch_size": 8,
                "batches": "windows",
                "optimizer": "adamw",
                "learning_rate": 1e-2,
                "weight_decay": 1e-2,
                "schedule": "constant",
                "warmup_epochs": 1,
                "clip_norm": 0.5,
                "mix": 0.0,
                "adapt": "none",
                "patience": 0,
                "parallel": "shard_map",
                "num_devices": 1,
                "memory_mb": 0,
                "checkpoint_every": 2,
            },
        }
    )
    tree.train.update(train)
    return tree
