"""Copy-paste augmentation for maps of a fixed camera: objects of another window are added to one.

Copy and paste (Ghiasi et al., CVPR 2021) without outlines of objects: in maps that are standardised
by place, a cell with values far from 0 shows an object. The masks are mixed as the maps are.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from vadjax.training.state import MIX, key_of


def partners(
    seed: jax.Array, step: jax.Array, index: jax.Array, *, count: jax.Array | int, rate: float
) -> tuple[jax.Array, jax.Array]:
    """Draw for each window of a batch whether it is mixed, and with which other window.

    A pure function of (seed, step, index of the window), so that devices change nothing.

    Args:
      seed: uint32 scalar.
      step: int32 scalar.
      index: int32 [b], the windows.
      count: number of all windows.
      rate: probability that a window is mixed.

    Returns:
      (other int32 [b], mixed bool [b]).
    """
    key = jax.random.fold_in(key_of(seed, MIX), step)

    def draw(index):
        one, two = jax.random.split(jax.random.fold_in(key, index))
        return jax.random.randint(one, (), 0, count), jax.random.bernoulli(two, rate)

    return jax.vmap(draw)(index)


def mixed(batch: Mapping, other: Mapping, where: jax.Array) -> dict:
    """Copy the cells of another batch that are further from 0 into this one.

    Args:
      batch: windows float32 [b, t, h, w, c], standardised by place; cell_label [b, h, w].
      other: of the same shapes.
      where: bool [b], which windows are mixed.

    Returns:
      The mixed batch.
    """
    far, near = (jnp.abs(x["windows"]).mean(-1) for x in (other, batch))
    copied = (far > near) & where[:, None, None, None]  # [b, t, h, w]
    return {
        **batch,
        "windows": jnp.where(copied[..., None], other["windows"], batch["windows"]),
        "cell_label": jnp.where(copied[:, -1], other["cell_label"], batch["cell_label"]),
    }
