"""The programs of one training on its devices; the only file that calls `shard_map` and `pmap`."""

from collections.abc import Callable
from typing import Any

import jax
from jax.errors import JaxRuntimeError
from jax.sharding import PartitionSpec

from vadjax.errors import lost
from vadjax.runtime.devices import cpu_lock
from vadjax.training.batches import AXIS
from vadjax.training.device_trees import MEMBER, DeviceTrees


class Devices(DeviceTrees):
    """The devices of one training, for which functions of one member are compiled."""

    def compile(
        self,
        function: Callable,
        states: Any,
        own: Any,
        shared: Any,
        blocks: Any = None,
        *,
        donate: bool = True,
    ) -> Callable:
        """Compile a function of one member for placed arguments of all members.

        Args:
          function: (state, own, shared) -> tree; (state, own, shared, block) where there are
            `blocks`. What it returns is equal on all devices that divide a batch.
          states: [members, ...].
          own: [members, ...], what each member reads for itself.
          shared: what all members read.
          blocks: of `place_blocks` or `block_shapes`.
          donate: the states' memory is used for the results.

        Returns:
          The compiled function of (states, own, shared) or (states, own, shared, blocks), which
          returns a tree [members, ...]. It blocks until every device is done: on the CPU a second
          call that is queued while collectives of the first still wait can deadlock.
        """
        arguments = (states, own, shared, *(() if blocks is None else (blocks,)))
        compiled = self.program(function, *arguments, donate=donate)

        def run(*args):
            try:
                with cpu_lock():
                    return jax.block_until_ready(compiled(*args))
            except JaxRuntimeError as error:
                if jax.process_count() > 1 and _broken(error):
                    raise lost("training") from error
                raise

        return run

    def program(self, function: Callable, *arguments: Any, donate: bool = True) -> Any:
        """Return what `compile` runs, JAX's compiled program.

        Args:
          function: see `compile`.
          *arguments: states, own, shared and blocks; arrays or shapes.
          donate: see `compile`.

        Returns:
          A `jax.stages.Compiled`.
        """
        return self._lower(function, arguments, donate=donate).compile()

    def output_shapes(self, function: Callable, *arguments: Any) -> Any:
        """Return the shapes that `fetch` gives of what a function returns, [members, ...].

        Args:
          function: as for `compile`.
          *arguments: of the compiled function, arrays or shapes.

        Returns:
          A tree of `jax.ShapeDtypeStruct`s.
        """
        lead = 2 if self.mode == "pmap" else 1

        def on_host(leaf):
            return jax.ShapeDtypeStruct((self.members, *leaf.shape[lead:]), leaf.dtype)

        lowered = self._lower(function, arguments, donate=False)
        return jax.tree.map(on_host, lowered.out_info)

    def _lower(self, function: Callable, arguments: tuple, *, donate: bool) -> Any:
        each = self.members // self._across
        donated = (0,) if donate else ()

        def share(states, own, shared, *blocks):
            if self.mode == "shard_map":
                blocks = jax.tree.map(lambda x: x[:, 0], blocks)
            if each > 1:
                axes = (0, 0, None, *(0 for _ in blocks))
                return jax.vmap(function, axes)(states, own, shared, *blocks)
            # A batch of one would cost the CPU its fastest matrix products.
            states, own, blocks = jax.tree.map(lambda x: x[0], (states, own, blocks))
            return jax.tree.map(lambda x: x[None], function(states, own, shared, *blocks))

        if self.mode == "pmap":
            axis = AXIS
            if self._across > 1:
                axis, share = MEMBER, _alone(share)
            devices = list(self._mesh.devices.flat)
            mapped = jax.pmap(share, axis_name=axis, devices=devices, donate_argnums=donated)
        else:
            mine, whole = PartitionSpec(MEMBER), PartitionSpec()
            mapped = jax.jit(
                # Gradients are reduced by hand, so the automatic reduction is switched off.
                jax.shard_map(
                    share,
                    mesh=self._mesh,
                    in_specs=(
                        mine,
                        mine,
                        whole,
                        *(PartitionSpec(MEMBER, AXIS),) * len(arguments[3:]),
                    ),
                    out_specs=mine,
                    check_vma=False,
                ),
                donate_argnums=donated,
            )
        return mapped.lower(*arguments)


def _broken(error: Exception) -> bool:
    """Say whether it is the connection between the processes that has failed."""
    return any(word in str(error) for word in ("Gloo", "NCCL", "RCCL", "Connection", "UNAVAILABLE"))


def _alone(share: Callable) -> Callable:
    """Give a function the axis "data" of one device."""

    def run(*args):
        out = jax.vmap(share, in_axes=None, axis_name=AXIS, axis_size=1)(*args)
        return jax.tree.map(lambda x: x[0], out)

    return run
