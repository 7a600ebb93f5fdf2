"""One training step, and the epoch that scans it: pure functions of one member on one device.

Both run inside a mapped axis "data" (see parallel.py), over which sums are reduced, so that the
number of devices changes nothing but the rounding. A population is `jax.vmap(epoch, (0, None))`.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from vadjax.training import optimizers
from vadjax.training.mixing import mixed, partners
from vadjax.training.state import DROPOUT, ORDER, State, key_of, variables_of

AXIS = "data"
TINY = 1e-12  # least sum of weights, for a batch of padding alone


class Settings(NamedTuple):
    """What is fixed when the epoch is compiled.

    `warmup_steps` and `total_steps` are steps of training; the rest are keys of `config.train`.
    """

    batch_size: int
    optimizer: str = "adam"
    schedule: str = "constant"
    clip_norm: float = 0.0
    mix: float = 0.0
    warmup_steps: int = 0
    total_steps: int = 1

    @classmethod
    def of(cls, train: Any, steps: int) -> "Settings":
        """Read them from `config.train`, for so many steps an epoch."""
        return cls(
            batch_size=train.batch_size,
            optimizer=train.optimizer,
            schedule=train.schedule,
            clip_norm=float(train.clip_norm),
            mix=float(train.mix),
            warmup_steps=round(train.warmup_epochs * steps),
            total_steps=train.epochs * steps,
        )


def make_train_step(model: Any, objective: Any, settings: Settings) -> Callable:
    """Return the pure function (state, batch) -> (state, metrics).

    The batch is this device's share: what `gather` returns. Losses and weights of all devices are
    added before they are divided. The metrics hold `sum` and `weight` of the whole batch, and the
    learning rate. The model's state is reduced over the devices as the model declares it.
    """

    def train_step(state: State, batch: dict) -> tuple[State, dict]:
        key = jax.random.fold_in(key_of(state.seed, DROPOUT), state.step)
        keys = jax.vmap(jax.random.fold_in, (None, 0))(key, batch["index"])  # one an example

        def losses(params):
            variables = variables_of(params, state.model_state)
            outputs, model_state = model.apply(
                variables,
                **_inputs(model, variables, batch),
                train=True,
                hparams=state.hparams,
                rngs={"dropout": keys},
            )
            total, weight = objective.loss(outputs, batch["windows"], batch, state.hparams)
            return total, (weight, model_state)

        (total, (weight, model_state)), grads = jax.value_and_grad(losses, has_aux=True)(
            state.params
        )
        grads, total, weight = _sum_over_devices((grads, total, weight))
        scale = 1.0 / jnp.maximum(weight, TINY)
        grads = jax.tree.map(lambda grad: grad * scale, grads)

        learning_rate = state.hparams["learning_rate"] * optimizers.schedule(
            settings.schedule,
            state.step,
            total_steps=settings.total_steps,
            warmup_steps=settings.warmup_steps,
        )
        learning_rate *= state.plateau.get("factor", 1.0)
        optimizer = optimizers.create(
            settings.optimizer,
            learning_rate=learning_rate,
            weight_decay=state.hparams["weight_decay"],
            clip_norm=settings.clip_norm,
        )
        updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
        state = dataclasses.replace(
            state,
            params=jax.tree.map(jnp.add, state.params, updates),
            model_state=_over_devices(model_state, model.reductions),
            opt_state=opt_state,
            step=state.step + 1,
        )
        return state, {"sum": total, "weight": weight, "learning_rate": learning_rate}

    return train_step


def make_epoch(model: Any, objective: Any, settings: Settings) -> Callable:
    """Return the pure function (state, data) -> (state, scalars) of one epoch.

    It trains on all fitted windows in an order that depends on (seed, epoch) alone, computes the
    loss of the held-out windows, and keeps the parameters with the least.

    `data` holds features [n, ...], frame_label int32 [n], video_label int32 [n] and the tables
    train and select, each {rows int32 [m, t], video int32 [m]}. Where members have tables of
    different lengths, these are padded, and `count`, an int32 scalar, says how many windows there
    are: the batches are those of the table without its padding. Where members standardise by
    themselves, `standard` holds mean and std [c].

    A table that `runs.cut_runs` has cut into runs is trained run by run, in an order of runs; its
    `count` is that of the runs.

    The scalars: train_loss, select_loss, learning_rate, step,
    epoch, best_metric, best_epoch, and bad_step, the first step of this epoch whose loss
    is not finite, or -1.
    """
    train_step = make_train_step(model, objective, settings)

    def plan(table: dict, order: Callable) -> tuple:
        """Return what each step takes: indices and weights of windows, or the number of a run."""
        count = table.get("count")
        if "frames" in table:
            return (order(table["frames"].shape[0], count),)
        return batches(order(table["rows"].shape[0], count), settings.batch_size, count)

    def take(data: dict, split: str, chosen: tuple) -> dict:
        if len(chosen) == 1:
            return gather_run(data, split, *chosen)
        return gather(data, split, *chosen)

    def select_loss(state: State, data: dict) -> jax.Array:
        variables = variables_of(state.params, state.model_state)

        def body(_, chosen):
            batch = take(data, "select", chosen)
            inputs = _inputs(model, variables, batch)
            outputs, _ = model.apply(variables, **inputs, train=False, hparams=state.hparams)
            return None, objective.loss(outputs, batch["windows"], batch, state.hparams)

        _, parts = jax.lax.scan(body, None, plan(data["select"], lambda n, count: jnp.arange(n)))
        total, weight = _sum_over_devices(jax.tree.map(jnp.sum, parts))
        return total / jnp.maximum(weight, TINY)

    def epoch(state: State, data: dict) -> tuple[State, dict]:
        count, first_step = data["train"].get("count"), state.step

        def body(state, chosen):
            batch = take(data, "train", chosen)
            if settings.mix:
                windows = len(data["train"]["rows"]) if count is None else count
                which, whether = partners(state, batch, count=windows, rate=settings.mix)
                batch = mixed(batch, gather(data, "train", which, batch["weight"]), whether)
            new, metrics = train_step(state, batch)
            if count is not None:  # beyond a member's last batch, nothing happens
                full = metrics["weight"] > 0
                new = jax.tree.map(lambda a, b: jnp.where(full, a, b), new, state)
            return new, metrics

        order = functools.partial(permutation, state.seed, state.epoch)
        state, metrics = jax.lax.scan(body, state, plan(data["train"], order))
        steps = state.step - first_step
        finite = jnp.isfinite(metrics["sum"])  # [steps]
        total, weight = metrics["sum"].sum(), metrics["weight"].sum()
        train_loss = total / jnp.maximum(weight, TINY)

        metric = select_loss(state, data)
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
            "train_loss": train_loss,
            "select_loss": metric,
            "learning_rate": metrics["learning_rate"][steps - 1],
            "bad_step": jnp.where(finite.all(), -1, first_step + jnp.argmin(finite)),
            "step": state.step,
            "epoch": state.epoch,
            "best_metric": state.best_metric,
            "best_epoch": state.best_epoch,
        }

    return epoch


def permutation(
    seed: jax.Array, epoch: jax.Array, length: int, count: jax.Array | None = None
) -> jax.Array:
    """Return the order of `count` windows in an epoch, a pure function of (seed, epoch).

    Two rounds of sorting by random bits, as `jax.random.permutation` does it for 1,600 to 2.6
    million values; one bit string for each window, so that padding changes no order.

    Args:
      seed, epoch: integers.
      length: of the table.
      count: windows of it, the first ones; None is all. The padding comes after them.
    """
    key, order = jax.random.fold_in(key_of(seed, ORDER), epoch), jnp.arange(length)
    for _ in range(2):
        key, subkey = jax.random.split(key)
        keys = [jax.random.bits(subkey, (length,), jnp.uint32)]
        if count is not None:
            keys.insert(0, jnp.arange(length) >= count)
        order = jax.lax.sort((*keys, order), num_keys=len(keys))[-1]
    return order


def num_steps(count: int, batch_size: int) -> int:
    """Return the number of batches of an epoch over `count` windows."""
    return math.ceil(count / batch_size)


def steps_of(table: dict, batch_size: int) -> int:
    """Return the number of batches of an epoch over a table of `inputs.resident_arrays`."""
    if "frames" in table:
        return len(table["frames"])
    return num_steps(len(table["rows"]), batch_size)


def batches(
    order: jax.Array, batch_size: int, count: jax.Array | None = None
) -> tuple[jax.Array, jax.Array]:
    """Cut `order` into batches and take this device's columns.

    The last batch is padded to the batch size, and every batch to a multiple of the devices, by
    window 0 with weight 0; what comes after the first `count` of `order` has weight 0 too.

    Returns:
      index int32 [steps, b], weight float32 [steps, b].
    """
    length, devices = order.shape[0], jax.lax.axis_size(AXIS)
    batch_size = min(batch_size, length)
    steps, share = num_steps(length, batch_size), math.ceil(batch_size / devices)
    weight = jnp.ones(length) if count is None else jnp.arange(length) < count

    def table(values):
        values = jnp.pad(values, (0, steps * batch_size - length)).reshape(steps, batch_size)
        values = jnp.pad(values, ((0, 0), (0, share * devices - batch_size)))
        return jax.lax.dynamic_slice_in_dim(values, jax.lax.axis_index(AXIS) * share, share, 1)

    return table(order.astype(jnp.int32)), table(weight.astype(jnp.float32))


def gather(data: dict, split: str, index: jax.Array, weight: jax.Array) -> dict:
    """Return the batch of the windows `index` [b] of a table: features and labels by row.

    Returns:
      windows float32 [b, t, ...]; index, weight, bag, video_label [b]; rows, frame_label [b, t];
      cell_label float32 [b, h, w] of the last row, where there are masks.
    """
    rows = data[split]["rows"][index]
    windows = data["features"][rows].astype(jnp.float32)
    if "standard" in data:
        windows = (windows - data["standard"]["mean"]) / data["standard"]["std"]
    cells = {}
    if "cell_label" in data:
        cells["cell_label"] = data["cell_label"][rows[:, -1]].astype(jnp.float32)
    return {
        **cells,
        "windows": windows,
        "index": index,
        "rows": rows,
        "weight": weight,
        "frame_label": data["frame_label"][rows],
        "video_label": data["video_label"][rows[:, 0]],
        "bag": data[split]["video"][index],
    }


def gather_run(data: dict, split: str, run: jax.Array) -> dict:
    """Return the batch of a run of neighbouring windows (see runs.py), this device's share of it.

    Returns:
      What `gather` returns; frames float32 [f, ...], the rows of the run; local int32 [b, t], the
      windows as positions among them.
    """
    table, devices = data[split], jax.lax.axis_size(AXIS)
    share = math.ceil(table["index"].shape[1] / devices)

    def mine(name):
        values = table[name][run]
        missing = share * devices - values.shape[0]
        values = jnp.pad(values, ((0, missing), *((0, 0) for _ in values.shape[1:])))
        return jax.lax.dynamic_slice_in_dim(values, jax.lax.axis_index(AXIS) * share, share)

    rows = table["frames"][run]
    frames = data["features"][rows].astype(jnp.float32)
    if "standard" in data:
        frames = (frames - data["standard"]["mean"]) / data["standard"]["std"]
    batch = gather(data, split, mine("index"), mine("weight"))
    return {**batch, "frames": frames, "local": mine("local")}


def _inputs(model: Any, variables: dict, batch: dict) -> dict:
    """Return what the model is applied to: windows, or in a run its frames projected once."""
    if "frames" in batch and hasattr(model, "project"):
        projected = model.project(variables, batch["frames"])
        return {"windows": projected[batch["local"]], "projected": True}
    return {"windows": batch["windows"]}


def _sum_over_devices(tree: Any) -> Any:
    # XLA keeps the reduction over one device on the CPU, at a cost in every step.
    return tree if jax.lax.axis_size(AXIS) == 1 else jax.lax.psum(tree, AXIS)


def _over_devices(model_state: dict, reductions: Mapping[str, str]) -> dict:
    """Reduce each collection of the model's state as the model declares it; "mean" otherwise."""

    def reduce(kind, leaf):
        if kind == "keep" or not jnp.issubdtype(leaf.dtype, jnp.floating):
            return leaf
        if kind == "max":
            return leaf if jax.lax.axis_size(AXIS) == 1 else jax.lax.pmax(leaf, AXIS)
        total = _sum_over_devices(leaf)
        return total if kind == "sum" else total / jax.lax.axis_size(AXIS)

    return {
        name: jax.tree.map(functools.partial(reduce, reductions.get(name, "mean")), collection)
        for name, collection in model_state.items()
    }
