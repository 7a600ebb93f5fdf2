"""One training step: a pure function of one member on one device.

It runs inside a mapped axis "data" (see parallel.py), over which sums are reduced, so that the
number of devices changes nothing but the rounding.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from vadjax.models.model import Model, Objective, groups_of
from vadjax.training import optimizers
from vadjax.training.batches import AXIS
from vadjax.training.state import DROPOUT, State, key_of, variables_of
from vadjax.training.temporal_rate import changes_of, rate_factors

TINY = 1e-12  # least sum of weights, for a batch of padding alone
STREAMS = 16  # of random numbers, see state.py; each parameter group has others


class Settings(NamedTuple):
    """What is fixed when the epoch is compiled.

    `warmup_steps` and `total_steps` are steps of training; the rest are keys of `config.train`.
    """

    batch_size: int
    optimizer: str = "adam"
    schedule: str = "constant"
    clip_norm: float = 0.0
    mix: float = 0.0
    adapt: str = "none"
    warmup_steps: int = 0
    total_steps: int = 1

    @classmethod
    def of(cls, train: Any, steps: int) -> "Settings":
        """Read the settings from the config.

        Args:
          train: the config section.
          steps: of an epoch.

        Returns:
          The settings.
        """
        return cls(
            batch_size=train.batch_size,
            optimizer=train.optimizer,
            schedule=train.schedule,
            clip_norm=float(train.clip_norm),
            mix=float(train.mix),
            adapt=train.adapt,
            warmup_steps=round(train.warmup_epochs * steps),
            total_steps=train.epochs * steps,
        )


def make_train_step(model: Model, objective: Objective, settings: Settings) -> Callable:
    """Return the pure function (state, batch) -> (state, metrics).

    The batch is this device's share: what `gather` returns. Losses and weights of all devices are
    added before they are divided. Parameter groups are updated one after another. The metrics hold
    the learning rate and `losses`: by group `sum` and `weight` of the whole batch. The model's
    state is reduced over the devices as the model declares it.

    Args:
      model: see `Model`.
      objective: see `Objective`.
      settings: what the compiled program fixes.

    Returns:
      The function.
    """
    groups = groups_of(objective)

    def update(state: State, batch: dict, number: int, learning_rate: jax.Array):
        """Update the parameters of one group; return (state, weighted sum and weight of loss)."""
        group = groups[number]
        key = jax.random.fold_in(key_of(state.seed, DROPOUT + STREAMS * number), state.step)
        keys = jax.vmap(jax.random.fold_in, (None, 0))(key, batch["index"])  # one an example

        def losses(params):
            variables = variables_of({**state.params, **params}, state.model_state)
            outputs, model_state = model.apply(
                variables,
                **inputs_of(model, variables, batch),
                train=True,
                hparams=state.hparams,
                rngs={"dropout": keys},
            )
            total, weight = group.loss(outputs, batch["windows"], batch, state.hparams)
            return total, (weight, model_state)

        params = {group.name: state.params[group.name]}
        (total, (weight, model_state)), grads = jax.value_and_grad(losses, has_aux=True)(params)
        grads, total, weight = sum_over_devices((grads, total, weight))
        scale = 1.0 / jnp.maximum(weight, TINY)
        grads = jax.tree.map(lambda grad: grad * scale, grads)
        if group.learning_rate != 1.0:
            learning_rate = group.learning_rate * learning_rate
        optimizer = optimizers.create(
            group.optimizer or settings.optimizer,
            learning_rate=learning_rate,
            weight_decay=state.hparams["weight_decay"],
            clip_norm=settings.clip_norm,
            b1=group.b1,
            b2=group.b2,
        )
        several = len(groups) > 1
        moments = state.opt_state[group.name] if several else state.opt_state
        updates, moments = optimizer.update(grads, moments, params)
        state = dataclasses.replace(
            state,
            params={**state.params, **jax.tree.map(jnp.add, params, updates)},
            model_state=_over_devices(state.model_state, model_state, model.reductions),
            opt_state={**state.opt_state, group.name: moments} if several else moments,
        )
        return state, {"sum": total, "weight": weight}

    def train_step(state: State, batch: dict) -> tuple[State, dict]:
        learning_rate = state.hparams["learning_rate"] * optimizers.schedule(
            settings.schedule,
            state.step,
            total_steps=settings.total_steps,
            warmup_steps=settings.warmup_steps,
        )
        learning_rate *= state.plateau.get("factor", 1.0)
        if settings.adapt == "temporal":
            batch, factor = _by_context(batch)
            learning_rate *= factor
        metrics: dict = {"learning_rate": learning_rate, "losses": {}}
        for number, group in enumerate(groups):
            state, metrics["losses"][group.name] = update(state, batch, number, learning_rate)
        return dataclasses.replace(state, step=state.step + 1), metrics

    return train_step


def _by_context(batch: dict) -> tuple[dict, jax.Array]:
    """Weigh each window by the factor of its learning rate; return the mean factor too.

    Losses are divided by the sum of the weights, so that the mean is a factor on the whole step.
    """
    factors = rate_factors(changes_of(batch["windows"]))
    own = factors * batch["weight"]
    sums = sum_over_devices((own.sum(), jnp.asarray(batch["weight"], jnp.float32).sum()))
    return {**batch, "weight": own}, sums[0] / jnp.maximum(sums[1], TINY)


def inputs_of(model: Model, variables: dict, batch: dict) -> dict:
    """Return what the model is applied to: windows, or of a run its frames, projected once.

    Args:
      model: see `Model`.
      variables: of the model.
      batch: of `batches.gather`.

    Returns:
      Arguments of `Model.apply`.
    """
    if "frames" in batch and hasattr(model, "project"):
        projected = model.project(variables, batch["frames"])
        return {"windows": projected[batch["local"]], "projected": True}
    return {"windows": batch["windows"]}


def sum_over_devices(tree: Any) -> Any:
    """Add the arrays of all devices."""
    # XLA keeps the reduction over one device on the CPU, at a cost in every step.
    return tree if jax.lax.axis_size(AXIS) == 1 else jax.lax.psum(tree, AXIS)


def _over_devices(old: Mapping, new: Mapping, reductions: Mapping[str, str]) -> dict:
    """Reduce each collection of the model's state as the model declares it; "mean" otherwise."""
    devices = jax.lax.axis_size(AXIS)

    def reduce(kind, before, after):
        if devices == 1 or kind == "keep" or not jnp.issubdtype(after.dtype, jnp.floating):
            return after
        if kind == "max":
            return jax.lax.pmax(after, AXIS)
        if kind == "sum":
            return before + jax.lax.psum(after - before, AXIS)
        return jax.lax.psum(after, AXIS) / devices

    return {
        name: jax.tree.map(
            functools.partial(reduce, reductions.get(name, "mean")), old[name], collection
        )
        for name, collection in new.items()
    }
