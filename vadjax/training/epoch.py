"""One epoch of one member: scans over training and validation batches, and what is kept of it.

The three parts are pure functions. Resident training compiles them into one program (`make_epoch`);
chunked training calls them apart (chunked.py), with equal results.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp

from vadjax.models.model import Model, Objective, groups_of
from vadjax.training import optimizers
from vadjax.training.batches import gather, permutation, pick, plan
from vadjax.training.mixing import mixed, partners
from vadjax.training.state import State, variables_of
from vadjax.training.step import (
    TINY,
    Settings,
    inputs_of,
    make_train_step,
    sum_over_devices,
)


class Parts(NamedTuple):
    """The parts of an epoch, pure functions of one member.

    `steps` is scanned over its first axis. Resident, it is what `batches.plan` returned, and `data`
    holds the tables too; chunked, it holds what `batches.pick` returns for each step already, and
    `data` the rows of these steps alone.

    Attributes:
      train: (state, data, steps) -> (state, metrics of each step [s]).
      validate: (state, data, steps) -> (losses, weights) of each step [s].
      finish: (state, metrics, losses, first_step) -> (state, scalars).
    """

    train: Callable
    validate: Callable
    finish: Callable


def make_parts(model: Model, objective: Objective, settings: Settings) -> Parts:
    """Make the parts of an epoch.

    Args:
      model: see `Model`.
      objective: see `Objective`.
      settings: what the compiled program fixes.

    Returns:
      See `Parts`.
    """
    train_step = make_train_step(model, objective, settings)
    reads, last = objective.reads, groups_of(objective)[-1].name

    def picked(data: Mapping, split: str, step: Mapping) -> Mapping:
        return step if "rows" in step else pick(data[split], step)

    def mix(state: State, data: Mapping, step: Mapping, batch: dict) -> dict:
        if "other_rows" in step:
            rows, where = step["other_rows"], step["mixed"]
        else:
            table = data["train"]
            count = table.get("count", len(table["rows"]))
            index = batch["index"]
            other, where = partners(state.seed, state.step, index, count=count, rate=settings.mix)
            rows = table["rows"][other]
        return mixed(batch, gather(data, {**step, "rows": rows}, reads), where)

    def train(state: State, data: Mapping, steps: Mapping) -> tuple[State, dict]:
        def body(state, step):
            step = picked(data, "train", step)
            batch = gather(data, step, reads)
            if settings.mix:
                batch = mix(state, data, step, batch)
            new, metrics = train_step(state, batch)
            if "count" in data.get("train", ()):  # beyond a member's last batch, nothing happens
                full = metrics["losses"][last]["weight"] > 0
                new = jax.tree.map(lambda a, b: jnp.where(full, a, b), new, state)
            return new, metrics

        return jax.lax.scan(body, state, steps)

    def validate(state: State, data: Mapping, steps: Mapping) -> tuple[jax.Array, jax.Array]:
        variables = variables_of(state.params, state.model_state)

        def body(_, step):
            batch = gather(data, picked(data, "validation", step), reads)
            inputs = inputs_of(model, variables, batch)
            outputs, _ = model.apply(variables, **inputs, train=False, hparams=state.hparams)
            return None, objective.loss(outputs, batch["windows"], batch, state.hparams)

        return sum_over_devices(jax.lax.scan(body, None, steps)[1])

    def finish(
        state: State, metrics: Mapping, losses: tuple, first_step: jax.Array
    ) -> tuple[State, dict]:
        steps = state.step - first_step
        sums = [loss["sum"] for loss in metrics["losses"].values()]
        finite = jnp.isfinite(sum(sums[1:], start=sums[0]))  # [steps]
        train_losses = {
            name if name == last else f"{name}_loss": loss["sum"].sum()
            / jnp.maximum(loss["weight"].sum(), TINY)
            for name, loss in metrics["losses"].items()
        }

        total, weight = jax.tree.map(jnp.sum, losses)
        metric = total / jnp.maximum(weight, TINY)
        better = metric < state.best_metric
        now = {"params": state.params, "model_state": state.model_state}
        state = dataclasses.replace(
            state,
            epoch=state.epoch + 1,
            best=jax.tree.map(lambda new, old: jnp.where(better, new, old), now, state.best),
            best_metric=jnp.where(better, metric, state.best_metric),
            best_epoch=jnp.where(better, state.epoch + 1, state.best_epoch),
            plateau=optimizers.after_epoch(state.plateau, better, state.hparams),
        )
        return state, {
            "train_loss": train_losses.pop(last),
            **train_losses,
            "select_loss": metric,
            "learning_rate": metrics["learning_rate"][steps - 1],
            "bad_step": jnp.where(finite.all(), -1, first_step + jnp.argmin(finite)),
            "step": state.step,
            "epoch": state.epoch,
            "best_metric": state.best_metric,
            "best_epoch": state.best_epoch,
        }

    return Parts(train, validate, finish)


def make_epoch(model: Model, objective: Objective, settings: Settings) -> Callable:
    """Return the pure function (state, data) -> (state, scalars) of one epoch.

    It trains on all training windows in an order that depends on (seed, epoch) alone, computes the
    validation loss, and keeps the parameters with the least.

    `data` holds what `inputs.resident_arrays` returns. Where members have tables of different
    lengths, these are padded, and `count`, an int32 scalar, says how many windows (of a table of
    runs: how many runs) there are. Where members standardise by themselves, `standard` holds mean
    and std [c].

    The scalars: train_loss, of the last parameter group (and NAME_loss of each other one),
    select_loss, learning_rate, step, epoch, best_metric, best_epoch, and bad_step, the first step
    of this epoch whose loss is not finite, or -1.

    Args:
      model: see `Model`.
      objective: see `Objective`.
      settings: what the compiled program fixes.

    Returns:
      The function.
    """
    parts = make_parts(model, objective, settings)

    def epoch(state: State, data: Mapping) -> tuple[State, dict]:
        first_step = state.step
        order = functools.partial(permutation, state.seed, state.epoch)
        steps = plan(data["train"], order, settings.batch_size)
        state, metrics = parts.train(state, data, steps)
        steps = plan(data["validation"], in_order, settings.batch_size)
        return parts.finish(state, metrics, parts.validate(state, data, steps), first_step)

    return epoch


def in_order(length: int, count: jax.Array | None = None) -> jax.Array:
    """Return the order of validation windows.

    Args:
      length: of the table.
      count: not used: padding comes last in any case.

    Returns:
      int [length].
    """
    return jnp.arange(length)
