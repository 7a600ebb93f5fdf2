"""Everything that changes while a model trains, in one pytree."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax.typing import ArrayLike

from vadjax.models.model import Model, ParameterGroup
from vadjax.training import optimizers

INIT, ORDER, DROPOUT, MIX = range(4)  # streams of random numbers, each its own fold of the seed


@struct.dataclass
class State:
    """State of one member after `step` steps and `epoch` epochs.

    Hyperparameters and the seed are arrays, so that a population is this dataclass with a leading
    member axis on every leaf.

    Attributes:
      params: parameters by group (see `ParameterGroup`); {"model": ...} where there is one.
      model_state: the model's other collections (batch norm, memories).
      opt_state: the optimizer's moments; of several groups by group.
      hparams: float32 arrays by name: learning_rate, weight_decay, dropout, class_weight [k],
        plateau_patience, plateau_factor.
      seed: uint32 scalar; every random number derives from it and the counters below.
      step: int32 scalar.
      epoch: int32 scalar.
      best: params and model_state of the best epoch.
      best_metric: float32 scalar, the validation loss; lower is better.
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
    model: Model,
    windows: jax.Array | np.ndarray,
    *,
    seed: ArrayLike,
    hparams: Mapping,
    optimizer: str = "adam",
    groups: Sequence[ParameterGroup] = (),
) -> State:
    """Build the state before the first step; pure, so that it may be jitted and vmapped.

    Args:
      model: see `Model`.
      windows: [b, t, ...] float32; only shape and dtype matter.
      seed: uint32 scalar.
      hparams: see `State`.
      optimizer: name for `optimizers.create`.
      groups: of the objective, where there are several.

    Returns:
      The state of one member.
    """
    seed = jnp.asarray(seed, jnp.uint32)
    variables = dict(model.init(key_of(seed, INIT), windows))
    params = _by_group(variables.pop("params"), groups)
    none = jnp.float32(0)

    def moments(names: Sequence[str], name: str) -> Any:
        transform = optimizers.create(name or optimizer, learning_rate=none, weight_decay=none)
        return transform.init({name: params[name] for name in names})

    if len(groups) > 1:
        opt_state = {group.name: moments([group.name], group.optimizer) for group in groups}
    else:
        opt_state = moments(list(params), groups[0].optimizer if groups else "")
    return State(
        params=params,
        model_state=variables,
        opt_state=opt_state,
        hparams={name: jnp.asarray(value, jnp.float32) for name, value in hparams.items()},
        seed=seed,
        step=jnp.int32(0),
        epoch=jnp.int32(0),
        best={"params": params, "model_state": variables},
        best_metric=jnp.float32(jnp.inf),
        best_epoch=jnp.int32(0),
        plateau=optimizers.start_plateau(hparams),
    )


def begun_from(state: State, variables: Mapping, groups: Sequence[ParameterGroup] = ()) -> State:
    """Return the state before the first step with the parameters of an earlier training.

    Args:
      state: what `create` returned, of the same model.
      variables: {"params": ..., and the other collections}.
      groups: of the objective, where there are several.

    Returns:
      The state; its moments and counters are those of the beginning.
    """
    own = jax.tree.map(jnp.asarray, dict(variables))
    params = _by_group(own.pop("params"), groups)
    best = {"params": params, "model_state": own}
    return dataclasses.replace(state, params=params, model_state=own, best=best)


def key_of(seed: jax.Array, stream: int) -> jax.Array:
    """Return the key of one stream of random numbers.

    Args:
      seed: uint32 scalar.
      stream: `INIT`, `ORDER`, `DROPOUT` or `MIX`.

    Returns:
      A typed key.
    """
    return jax.random.fold_in(jax.random.key(seed), stream)


def variables_of(params: Mapping, model_state: Mapping) -> dict:
    """Return the variables that `model.apply` takes.

    Args:
      params: by group.
      model_state: the other collections.

    Returns:
      {"params": ..., and the other collections}.
    """
    merged: dict = {}
    for group in params.values():
        merged |= group
    return {"params": merged, **model_state}


def _by_group(params: Mapping, groups: Sequence[ParameterGroup]) -> dict:
    """Divide the model's parameters among the groups; each belongs to exactly one."""
    if len(groups) < 2:
        return {groups[0].name if groups else "model": params}
    named = [module for group in groups for module in group.modules]
    if sorted(named) != sorted(params):
        raise ValueError(f"parameter groups hold {sorted(named)}, the model {sorted(params)}")
    return {group.name: {name: params[name] for name in group.modules} for group in groups}
