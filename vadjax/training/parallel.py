"""The devices of one training; the only file that knows of `shard_map` and `pmap`."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from vadjax.errors import UserError, unknown
from vadjax.training.step import AXIS

MODES = ("shard_map", "pmap")
MEMBER = "member"


class Devices:
    """A mesh (member, data): members lie on some of the devices, a batch is divided over the rest.

    Trees of members have a leading axis [members, ...]. `pmap` keeps a device axis before it on
    every array, `shard_map` has one array laid over the mesh; the methods hide the difference.
    """

    def __init__(self, count: int = 0, *, mode: str = "shard_map", members: int = 1):
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
        across = math.gcd(members, count)
        if mode == "pmap" and across < count:  # pmap has one axis: members or data
            across = 1
        self.mode, self.count, self.members = mode, count, members
        self._across, self._along = across, count // across
        mesh = np.array(present[:count]).reshape(across, self._along)
        self._mesh = Mesh(mesh, (MEMBER, AXIS))

    def place(self, tree: Any) -> Any:
        """Copy a tree of host arrays to every device."""
        if self.mode == "pmap":
            tree = jax.tree.map(lambda x: np.broadcast_to(x, (self.count, *np.shape(x))), tree)
        return jax.device_put(tree, self._sharding(PartitionSpec()))

    def place_members(self, tree: Any) -> Any:
        """Lay a tree of host arrays [members, ...] over the devices."""
        if self.mode == "pmap":
            each = self.members // self._across
            tree = jax.tree.map(lambda x: np.reshape(x, (-1, each, *np.shape(x)[1:])), tree)
            tree = jax.tree.map(lambda x: np.repeat(x, self._along, axis=0), tree)
        return jax.device_put(tree, self._sharding(PartitionSpec(MEMBER)))

    def fetch(self, tree: Any, member: int | None = None) -> Any:
        """Return host copies, safe from donation: of one member, or of all [members, ...]."""

        def copy(leaf):
            if self.mode == "pmap":
                leaf = leaf[:: self._along].reshape(self.members, *leaf.shape[2:])
            return np.array(leaf if member is None else leaf[member])

        return jax.tree.map(copy, tree)

    def insert(self, tree: Any, member: int, value: Any) -> Any:
        """Return a placed tree [members, ...], which is donated, with one member replaced."""
        if self.mode == "pmap":
            everyone = self.fetch(tree)
            for old, new in zip(jax.tree.leaves(everyone), jax.tree.leaves(value), strict=True):
                old[member] = new
            return self.place_members(everyone)
        return self._insert(tree, member, value)

    @functools.cached_property
    def _insert(self) -> Callable:
        def insert(tree, member, value):
            return jax.tree.map(lambda old, new: old.at[member].set(new), tree, value)

        sharding = self._sharding(PartitionSpec(MEMBER))
        return jax.jit(insert, donate_argnums=0, out_shardings=sharding)

    def compile(self, epoch: Callable, states: Any, own: Any, shared: Any) -> Callable:
        """Compile (states, own, shared) -> (states, scalars) for placed arguments.

        Args:
          epoch: (state, own, shared) -> (state, scalars) of one member.
          states: [members, ...]; donated.
          own: [members, ...], what each member reads for itself.
          shared: what all members read.

        Returns:
          The compiled function. It blocks until every device is done: on the CPU a second call that
          is queued while collectives of the first still wait can deadlock.
        """
        each = self.members // self._across

        def share(states, own, shared):
            if each > 1:
                return jax.vmap(epoch, (0, 0, None))(states, own, shared)
            # A batch of one would cost the CPU its fastest matrix products.
            states, own = jax.tree.map(lambda x: x[0], (states, own))
            return jax.tree.map(lambda x: x[None], epoch(states, own, shared))

        if self.mode == "pmap":
            axis = AXIS
            if self._across > 1:
                axis, share = MEMBER, _alone(share)
            devices = list(self._mesh.devices.flat)
            mapped = jax.pmap(share, axis_name=axis, devices=devices, donate_argnums=0)
        else:
            mine, whole = PartitionSpec(MEMBER), PartitionSpec()
            mapped = jax.jit(
                # Gradients are reduced by hand, so the automatic reduction is switched off.
                jax.shard_map(
                    share,
                    mesh=self._mesh,
                    in_specs=(mine, mine, whole),
                    out_specs=mine,
                    check_vma=False,
                ),
                donate_argnums=0,
            )
        compiled = mapped.lower(states, own, shared).compile()
        return lambda *args: jax.block_until_ready(compiled(*args))

    def _sharding(self, spec: PartitionSpec) -> NamedSharding:
        if self.mode == "pmap":
            spec = PartitionSpec((MEMBER, AXIS))
        return NamedSharding(self._mesh, spec)


def _alone(share: Callable) -> Callable:
    """Give a function the axis "data" of one device."""

    def run(*args):
        out = jax.vmap(share, in_axes=None, axis_name=AXIS, axis_size=1)(*args)
        return jax.tree.map(lambda x: x[0], out)

    return run
