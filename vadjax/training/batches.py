"""The order of windows in an epoch, their batches, and what each batch gathers."""

import math
from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp

from vadjax.errors import UserError
from vadjax.training.state import ORDER, key_of

AXIS = "data"  # of the devices over which a batch is divided


def permutation(
    seed: jax.Array, epoch: jax.Array, length: int, count: jax.Array | None = None
) -> jax.Array:
    """Return the order of `count` windows in an epoch, a pure function of (seed, epoch).

    Two rounds of sorting by random bits, as `jax.random.permutation` does it for 1,600 to 2.6
    million values; one bit string for each window, so that padding changes no order.

    Args:
      seed: uint32 scalar.
      epoch: int32 scalar.
      length: of the table.
      count: windows of it, the first ones; None is all. The padding comes after them.

    Returns:
      int32 [length].
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
    """Return the number of batches of an epoch.

    Args:
      count: windows.
      batch_size: windows in a batch.

    Returns:
      Batches; the last one may be smaller.
    """
    return math.ceil(count / batch_size)


def steps_of(table: Mapping, batch_size: int) -> int:
    """Return the number of batches of an epoch over a table.

    Args:
      table: of `inputs.tables`.
      batch_size: windows in a batch; runs are cut already.

    Returns:
      Batches, or runs.
    """
    if "frames" in table:
        return len(table["frames"])
    if "longer" in table:
        return num_steps(len(table["longer"]), max(1, batch_size // 2))
    return num_steps(len(table["rows"]), batch_size)


def plan(table: Mapping, order: Callable, batch_size: int) -> dict[str, jax.Array]:
    """Return what each step of an epoch takes.

    Args:
      table: of `inputs.tables`; where members have tables of different lengths, these are padded,
        and `count`, an int32 scalar, says how many windows (or runs) there are.
      order: (length, count) -> int [length].
      batch_size: windows.

    Returns:
      index and weight [steps, b], see `batches`; or run int [steps].
    """
    count = table.get("count")
    if "frames" in table:
        return {"run": order(table["frames"].shape[0], count)}
    if "longer" in table:
        return pairs(table, order(table["rows"].shape[0], count), batch_size)
    index, weight = batches(order(table["rows"].shape[0], count), batch_size, count)
    return {"index": index, "weight": weight}


def pairs(table: Mapping, order: jax.Array, batch_size: int) -> dict[str, jax.Array]:
    """Cut an epoch into batches of as many abnormal as normal bags.

    Every bag of the larger class comes once, those of the smaller class again from the beginning
    of their order; the last batch is padded with weight 0. Losses compare the bags of a batch, so
    it is not divided over devices.

    Args:
      table: `positive` bool [n]; `longer` [m], m being the size of the larger class (of all
        members the largest); `count` as in `plan`.
      order: int [n], of all bags.
      batch_size: bags of both classes.

    Returns:
      index int32, weight float32 [steps, b]: an abnormal and a normal bag in turn.

    Raises:
      UserError: a batch would be divided over several devices.
    """
    if jax.lax.axis_size(AXIS) > 1:
        raise UserError("a batch of bags is not divided over devices: set train.num_devices=1.")
    length, half = order.shape[0], max(1, batch_size // 2)
    steps = num_steps(table["longer"].shape[0], half)
    positive = table["positive"][order]
    there = jnp.arange(length) < table.get("count", length)
    group = jnp.where(there, jnp.where(positive, 0, 1), 2)
    ordered = order[jnp.argsort(group, stable=True)]  # abnormal, normal, padding
    sizes = [(group == kind).sum() for kind in range(2)]
    place = jnp.arange(steps * half)
    abnormal = ordered[place % jnp.maximum(sizes[0], 1)]
    normal = ordered[sizes[0] + place % jnp.maximum(sizes[1], 1)]
    index = jnp.stack([abnormal, normal], 1).reshape(steps, 2 * half)
    weight = jnp.repeat(place < jnp.maximum(*sizes), 2).reshape(steps, 2 * half)
    return {"index": index.astype(jnp.int32), "weight": weight.astype(jnp.float32)}


def batches(
    order: jax.Array, batch_size: int, count: jax.Array | None = None
) -> tuple[jax.Array, jax.Array]:
    """Cut `order` into batches and take this device's columns.

    The last batch is padded to the batch size, and every batch to a multiple of the devices, by
    window 0 with weight 0.

    Args:
      order: int [n].
      batch_size: windows.
      count: what comes after the first `count` of `order` has weight 0 too; None is all.

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


def pick(table: Mapping, step: Mapping) -> dict[str, jax.Array]:
    """Return which rows a step of `plan` reads, this device's share of its windows.

    Args:
      table: of `inputs.tables`.
      step: one step of `plan`.

    Returns:
      index int32, weight float32 [b]; rows int32 [b, t]; bag int32 [b]; padding int32 [b] where the
      table has it; and of a run (see runs.py) frames int32 [f], its rows, and local int32 [b, t],
      its windows as positions among them.
    """
    if "run" not in step:
        picked = dict(step)
    else:
        run, devices = step["run"], jax.lax.axis_size(AXIS)
        share = math.ceil(table["index"].shape[1] / devices)

        def mine(name):
            values = table[name][run]
            missing = share * devices - values.shape[0]
            values = jnp.pad(values, ((0, missing), *((0, 0) for _ in values.shape[1:])))
            return jax.lax.dynamic_slice_in_dim(values, jax.lax.axis_index(AXIS) * share, share)

        picked = {"frames": table["frames"][run]}
        picked |= {name: mine(name) for name in ("index", "weight", "local")}
    index = picked["index"]
    if "padding" in table:
        picked["padding"] = table["padding"][index]
    return {**picked, "rows": table["rows"][index], "bag": table["video"][index]}


def gather(data: Mapping, picked: Mapping, reads: Sequence[str] = ()) -> dict[str, jax.Array]:
    """Return the batch of the windows that `pick` names.

    Args:
      data: features [n, ...] and labels of rows; where members standardise by themselves,
        `standard` holds mean and std [c].
      picked: see `pick`.
      reads: labels to gather, see `Objective.reads`.

    Returns:
      windows float32 [b, t, ...]; index, weight [b]; where `picked` has padding, real bool [b, t],
      false where the first row of a short clip is repeated; of a run frames float32 [f, ...] and
      local [b, t]; and of `reads` frame_label int32 [b, t], cell_label float32 [b, h, w] of the
      last row, video_label, video_class, bag int32 [b].
    """
    rows = picked["rows"]
    batch = {
        "windows": _features(data, rows),
        "index": picked["index"],
        "weight": picked["weight"],
    }
    if "padding" in picked:
        batch["real"] = jnp.arange(rows.shape[1]) >= picked["padding"][:, None]
    if "frame_label" in reads:
        batch["frame_label"] = data["frame_label"][rows]
    if "cell_label" in reads:
        batch["cell_label"] = data["cell_label"][rows[:, -1]].astype(jnp.float32)
    if "video_label" in reads:
        batch["video_label"] = data["video_label"][rows[:, 0]]
    if "video_class" in reads:
        batch["video_class"] = data["video_class"][rows[:, 0]]
    if "bag" in reads:
        batch["bag"] = picked["bag"]
    if "frames" in picked:
        batch |= {"frames": _features(data, picked["frames"]), "local": picked["local"]}
    return batch


def _features(data: Mapping, rows: jax.Array) -> jax.Array:
    features = data["features"][rows].astype(jnp.float32)
    if "standard" in data:
        features = (features - data["standard"]["mean"]) / data["standard"]["std"]
    return features
