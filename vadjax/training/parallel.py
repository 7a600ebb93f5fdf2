"""The devices of one training; the only file that knows of `shard_map` and `pmap`."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from vadjax.errors import UserError, unknown
from vadjax.training.step import AXIS

MODES = ("shard_map", "pmap")


class Devices:
    """Data parallelism over the first `count` devices: state and features lie whole on each.

    `pmap` keeps a leading device axis on every array, `shard_map` one array replicated over the
    mesh; `place`, `compile` and `fetch` hide the difference.
    """

    def __init__(self, count: int = 0, *, mode: str = "shard_map"):
        """Take `count` devices; 0 is one on CPU, all elsewhere.

        Raises:
          UserError: there are fewer devices, or the mode is unknown.
        """
        if mode not in MODES:
            raise unknown("train.parallel", mode, MODES)
        present = jax.devices()
        count = count or (1 if jax.default_backend() == "cpu" else len(present))
        if not 0 < count <= len(present):
            raise UserError(
                f"train.num_devices is {count}, but JAX sees {len(present)} "
                f"{jax.default_backend()} device(s); choose 1 to {len(present)}, or 0."
            )
        self.mode, self.count = mode, count
        self._mesh = Mesh(np.array(present[:count]).reshape(1, count), ("member", AXIS))

    def place(self, tree: Any) -> Any:
        """Copy a tree of host arrays to every device."""
        if self.mode == "pmap":
            sharding = NamedSharding(self._mesh, PartitionSpec(AXIS))
            tree = jax.tree.map(lambda x: np.broadcast_to(x, (self.count, *np.shape(x))), tree)
        else:
            sharding = NamedSharding(self._mesh, PartitionSpec())
        return jax.device_put(tree, sharding)

    def compile(self, epoch: Callable, state: Any, data: Any) -> Callable:
        """Compile (state, data) -> (state, scalars) for placed arguments; the state is donated.

        The compiled function blocks until every device is done: on the CPU a second call that
        is queued while collectives of the first still wait can deadlock.
        """
        if self.mode == "pmap":
            devices = list(self._mesh.devices.flat)
            mapped = jax.pmap(epoch, axis_name=AXIS, devices=devices, donate_argnums=0)
        else:
            whole = PartitionSpec()
            mapped = jax.jit(
                # Gradients are reduced by hand, so the automatic reduction is switched off.
                jax.shard_map(
                    epoch, mesh=self._mesh, in_specs=whole, out_specs=whole, check_vma=False
                ),
                donate_argnums=0,
            )
        compiled = mapped.lower(state, data).compile()
        return lambda state, data: jax.block_until_ready(compiled(state, data))

    def fetch(self, tree: Any) -> Any:
        """Return host copies of the first device's arrays, safe from donation."""

        def first(leaf):
            value = np.array(leaf.addressable_shards[0].data)
            return value.reshape(value.shape[1:]) if self.mode == "pmap" else value

        return jax.tree.map(first, tree)
