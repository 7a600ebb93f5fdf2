"""Two windows of a fixed camera in one: whoever walks in the other walks here too.

Copy and paste (Ghiasi et al., CVPR 2021) without anybody's outline: in standardised maps the place
that is further from what it usually shows is the one where somebody is. Masks are mixed alike.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from vadjax.training.state import MIX, State, key_of


def partners(state: State, batch: Mapping, *, count: jax.Array | int, rate: float) -> tuple:
    """Draw for each window of a batch whether it is mixed, and with which of `count` windows.

    A pure function of (seed, step, index of the window), so that devices change nothing.

    Returns:
      (which int32 [b], whether bool [b]).
    """
    key = jax.random.fold_in(key_of(state.seed, MIX), state.step)

    def draw(index):
        one, two = jax.random.split(jax.random.fold_in(key, index))
        return jax.random.randint(one, (), 0, count), jax.random.bernoulli(two, rate)

    return jax.vmap(draw)(batch["index"])


def mixed(batch: Mapping, other: Mapping, whether: jax.Array) -> dict:
    """Put what stands out in another batch into this one.

    Args:
      batch: windows float32 [b, t, h, w, c], standardised by place; cell_label [b, h, w].
      other: of the same shapes.
      whether: bool [b], which windows are mixed.
    """
    far, near = (jnp.abs(x["windows"]).mean(-1) for x in (other, batch))
    there = (far > near) & whether[:, None, None, None]  # [b, t, h, w]
    return {
        **batch,
        "windows": jnp.where(there[..., None], other["windows"], batch["windows"]),
        "cell_label": jnp.where(there[:, -1], other["cell_label"], batch["cell_label"]),
    }
