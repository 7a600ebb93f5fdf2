"""Trees of arrays on the devices of one training: laid over them, fetched, members replaced."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from vadjax.errors import unknown
from vadjax.training.batches import AXIS
from vadjax.training.placement import choose_devices, on_host, whole_array

MODES = ("shard_map", "pmap")
MEMBER = "member"


class DeviceTrees:
    """A mesh (member, data): members are on some of the devices, a batch is divided over the rest.

    Trees of members have a leading axis [members, ...]. `pmap` keeps a device axis before it on
    every array, `shard_map` has one array laid over the mesh; the methods hide the difference.
    """

    def __init__(
        self, count: int = 0, *, mode: str = "shard_map", members: int = 1, whole: bool = False
    ):
        """Take `count` devices, the same number of each process; 0 is one on CPU, all elsewhere.

        With `whole` a batch is not divided: only as many are taken as divide the members.

        Raises:
          UserError: there are fewer devices, or the mode is unknown or not for several processes.
        """
        if mode not in MODES:
            raise unknown("train.parallel", mode, MODES)
        taken = choose_devices(count, mode)
        count = len(taken)
        across = math.gcd(members, count)
        if mode == "pmap" and across < count:  # pmap has one axis: members or data
            across = 1
        if whole:
            taken, count = taken[:across], across
        self.mode, self.count, self.members = mode, count, members
        self._across, self._along = across, count // across
        mesh = np.array(taken).reshape(across, self._along)
        self._mesh = Mesh(mesh, (MEMBER, AXIS))

    def place(self, tree: Any) -> Any:
        """Copy a tree of host arrays to every device."""
        if self.mode == "pmap":
            tree = jax.tree.map(lambda x: np.broadcast_to(x, (self.count, *np.shape(x))), tree)
        return self._put(tree, PartitionSpec())

    def place_members(self, tree: Any) -> Any:
        """Lay a tree of host arrays [members, ...] over the devices."""
        if self.mode == "pmap":
            each = self.members // self._across
            tree = jax.tree.map(lambda x: np.reshape(x, (-1, each, *np.shape(x)[1:])), tree)
            tree = jax.tree.map(lambda x: np.repeat(x, self._along, axis=0), tree)
        return self._put(tree, PartitionSpec(MEMBER))

    @property
    def shape(self) -> tuple[int, int]:
        """Members on a device, and devices that divide a batch."""
        return self.members // self._across, self._along

    def place_blocks(self, block: Callable[[range, int], Any]) -> Any:
        """Lay over the devices what each of them reads alone, copied there at once.

        Args:
          block: (members of a device, number of the device along the batch) -> tree of host arrays
            [members, ...]; called for the devices of this process.

        Returns:
          A tree for the argument `blocks` of `compile`.
        """
        each = self.members // self._across
        pmap, placed = self.mode == "pmap", []
        for (i, j), device in np.ndenumerate(self._mesh.devices):
            if device.process_index == jax.process_index():
                tree = block(range(i * each, (i + 1) * each), j)
                tree = jax.tree.map(lambda x: x[None] if pmap else x[:, None], tree)
                placed.append(jax.device_put(tree, device))
        lead = (self.count, each) if pmap else (self.members, self._along)
        sharding = self._sharding(PartitionSpec(MEMBER, AXIS))

        def join(*leaves):
            shape = (*lead, *leaves[0].shape[2:])
            return jax.make_array_from_single_device_arrays(shape, sharding, leaves)

        return jax.tree.map(join, *placed)

    def block_shapes(self, shapes: Any) -> Any:
        """Return what `place_blocks` would, as shapes: for `compile`.

        Args:
          shapes: tree of arrays or shapes of one member on one device, without leading axes.

        Returns:
          A tree of `jax.ShapeDtypeStruct`s.
        """
        each = self.members // self._across
        lead = (self.count, each) if self.mode == "pmap" else (self.members, self._along)
        sharding = self._sharding(PartitionSpec(MEMBER, AXIS))
        return jax.tree.map(
            lambda x: jax.ShapeDtypeStruct((*lead, *x.shape), x.dtype, sharding=sharding), shapes
        )

    def fetch(self, tree: Any, member: int | None = None) -> Any:
        """Return host copies, safe from donation.

        Where members are on the devices of several processes, all processes have to call it.

        Args:
          tree: placed, [members, ...].
          member: which one; None is all.

        Returns:
          NumPy arrays, of one member or [members, ...].
        """
        local = on_host()
        alone = jax.process_count() == 1
        if member is not None and alone and not (local or self.mode == "pmap"):
            return jax.tree.map(np.array, jax.device_get(self._take(tree, member)))

        def copy(leaf):
            leaf = np.asarray(whole_array(leaf)) if local else whole_array(leaf)
            if self.mode == "pmap":
                leaf = leaf[:: self._along].reshape(self.members, *leaf.shape[2:])
            return np.array(leaf if member is None else leaf[member])

        return jax.tree.map(copy, tree)

    def insert(self, tree: Any, values: Mapping[int, Any]) -> Any:
        """Replace some members.

        Args:
          tree: placed, [members, ...]; donated.
          values: of each member to replace, host arrays.

        Returns:
          The placed tree.
        """
        if self.mode == "pmap" or on_host():
            everyone = self.fetch(tree)
            for member, value in values.items():
                for old, new in zip(jax.tree.leaves(everyone), jax.tree.leaves(value), strict=True):
                    old[member] = new
            return self.place_members(everyone)
        for member, value in values.items():
            tree = self._insert(tree, member, value)
        return tree

    @functools.cached_property
    def _take(self) -> Callable:
        """One member of a tree, in one program instead of one for each array."""
        return jax.jit(lambda tree, member: jax.tree.map(lambda x: x[member], tree))

    @functools.cached_property
    def _insert(self) -> Callable:
        def insert(tree, member, value):
            return jax.tree.map(lambda old, new: old.at[member].set(new), tree, value)

        sharding = self._sharding(PartitionSpec(MEMBER))
        return jax.jit(insert, donate_argnums=0, out_shardings=sharding)

    def _put(self, tree: Any, spec: PartitionSpec) -> Any:
        sharding = self._sharding(spec)
        if jax.process_count() == 1:
            return jax.device_put(tree, sharding)

        def put(leaf):  # device_put would first compare the leaf between all processes
            leaf = np.asarray(leaf)
            return jax.make_array_from_callback(leaf.shape, sharding, lambda index: leaf[index])

        return jax.tree.map(put, tree)

    def _sharding(self, spec: PartitionSpec) -> NamedSharding:
        if self.mode == "pmap":
            spec = PartitionSpec((MEMBER, AXIS))
        return NamedSharding(self._mesh, spec)
