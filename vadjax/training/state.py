"""Everything that changes while a model trains, in one pytree."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jax.typing import ArrayLike

from vadjax.training import optimizers

INIT, ORDER, DROPOUT, MIX = range(4)  # streams of random numbers, each its own fold of the seed


@struct.dataclass
class State:
    """State of one member after `step` steps and `epoch` epochs.

    Hyperparameters and the seed are arrays, so that a population is this dataclass with a leading
    member axis on every leaf.

    Attributes:
      params: parameters by group; {"model": ...} for all models without an adversary.
      model_state: the model's other collections (batch norm, memories).
      opt_state: the optimizer's moments.
      hparams: float32 arrays by name: learning_rate, weight_decay, dropout, class_weight [k],
        plateau_patience, plateau_factor.
      seed: uint32 scalar; every random number derives from it and the counters below.
      step: int32 scalar.
      epoch: int32 scalar.
      best: params and model_state of the best epoch.
      best_metric: float32 scalar, the loss on held-out windows; lower is better.
      best_epoch: int32 scalar; 0 before the first epoch.
      plateau: see `optimizers.start_plateau`.
    """

    params: Any
    model_state: Any
    opt_state: Any
    hparams: Any
    seed: jax.Array
    step: jax.Array
    epoch: jax.Array
    best: Any
    best_metric: jax.Array
    best_epoch: jax.Array
    plateau: Any = struct.field(default_factory=dict)


def create(
    model: Any, windows: ArrayLike, *, seed: ArrayLike, hparams: Mapping, optimizer: str = "adam"
) -> State:
    """Build the state before the first step; pure, so that it may be jitted and vmapped.

    Args:
      model: has `init(key, windows) -> variables`.
      windows: [b, t, ...] float32; only shape and dtype matter.
      seed: uint32 scalar.
      hparams: see `State`.
      optimizer: name for `optimizers.create`.
    """
    seed = jnp.asarray(seed, jnp.uint32)
    variables = dict(model.init(key_of(seed, INIT), windows))
    params = {"model": variables.pop("params")}
    none = jnp.float32(0)
    moments = optimizers.create(optimizer, learning_rate=none, weight_decay=none).init(params)
    return State(
        params=params,
        model_state=variables,
        opt_state=moments,
        hparams={name: jnp.asarray(value, jnp.float32) for name, value in hparams.items()},
        seed=seed,
        step=jnp.int32(0),
        epoch=jnp.int32(0),
        best={"params": params, "model_state": variables},
        best_metric=jnp.float32(jnp.inf),
        best_epoch=jnp.int32(0),
        plateau=optimizers.start_plateau(hparams),
    )


def key_of(seed: jax.Array, stream: int) -> jax.Array:
    """Return the key of one stream of random numbers (`INIT`, `ORDER` or `DROPOUT`)."""
    return jax.random.fold_in(jax.random.key(seed), stream)


def variables_of(params: Mapping, model_state: Mapping) -> dict:
    """Return the variables that `model.apply` takes."""
    return {"params": params["model"], **model_state}
