"""Which devices a training takes, and how this process reads arrays that lie on them."""

import jax
import numpy as np
from jax.experimental import multihost_utils

from vadjax.errors import UserError


def choose_devices(count: int, mode: str) -> list:
    """Choose the devices of a training, those of one process side by side.

    Args:
      count: how many, the same number of each process; 0 is one on CPU, all elsewhere.
      mode: "shard_map" or "pmap".

    Returns:
      JAX devices.

    Raises:
      UserError: there are fewer, or the mode is not for several processes.
    """
    present, processes = jax.devices(), jax.process_count()
    cpu = jax.default_backend() == "cpu"
    count = count or (processes if cpu else len(present))
    if not 0 < count <= len(present):
        raise UserError(
            f"train.num_devices is {count}, but JAX sees {len(present)} "
            f"{jax.default_backend()} device(s); choose 1 to {len(present)}, or 0."
        )
    if processes == 1:
        return present[:count]
    if mode == "pmap":
        raise UserError("train.parallel=pmap is for one process; choose shard_map for several.")
    by_process = [[d for d in present if d.process_index == i] for i in range(processes)]
    if count % processes or count // processes > min(map(len, by_process)):
        raise UserError(
            f"train.num_devices is {count}, but every one of {processes} processes has to give as "
            f"many devices, at most {min(map(len, by_process))}; choose a multiple of {processes}."
        )
    return [device for mine in by_process for device in mine[: count // processes]]


def on_host() -> bool:
    """Say whether arrays are in this process's memory: to index them there takes no compilation."""
    return jax.default_backend() == "cpu" and jax.process_count() == 1


def whole_array(leaf: jax.Array) -> jax.Array | np.ndarray:
    """Return an array of which this process sees all."""
    if leaf.is_fully_addressable:
        return leaf
    if leaf.is_fully_replicated:
        return leaf.addressable_data(0)
    return multihost_utils.process_allgather(leaf, tiled=True)
