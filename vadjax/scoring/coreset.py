"""A coreset: the points that are farthest from those that were taken before (greedy k-centre).

Sener and Savarese (ICLR 2018), as PatchCore thins its bank (Roth et al., CVPR 2022, algorithm 1).
A centre at a time, each takes a pass over all points, which waits for memory. Here the distances
from the `PANEL` farthest points are one matrix product, and centres are taken while the farthest
point is one of them: the same centres, but for ties in the last digit.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

State = tuple[jax.Array, jax.Array, jax.Array]  # centres, how many, squared distances from them
PANEL = 32  # points whose distances from all others are computed together


def k_centres(points: np.ndarray, *, count: int, first: int) -> np.ndarray:
    """Choose centres.

    Args:
        points: float32 [n, d].
        count: of centres, at most n.
        first: number of the first centre.

    Returns:
        int32 [count], in the order of their choice.

    Raises:
        ValueError: there are fewer points than centres.

    >>> k_centres(np.float32([[0], [1], [5], [9]]), count=3, first=0).tolist()
    [0, 3, 2]
    """
    if not 1 <= count <= len(points):
        raise ValueError(f"{count} centres of {len(points)} points")
    centred = np.asarray(points, np.float32) - np.mean(points, axis=0, dtype=np.float64)
    return np.asarray(_greedy(centred.astype(np.float32), np.int32(first), count=count))


@functools.partial(jax.jit, static_argnames="count")
def _greedy(points: jax.Array, first: jax.Array, *, count: int) -> jax.Array:
    squares = jnp.square(points).sum(1)

    def table(chosen: jax.Array) -> jax.Array:
        """Return squared distances [k, n] of some points from all."""
        products = jnp.matmul(points[chosen], points.T, precision="highest")
        return jnp.maximum(squares[chosen][:, None] + squares - 2 * products, 0)

    def panel(state: State) -> State:
        """Take centres as long as the farthest point is one whose distances are known."""
        centres, number, away = state
        candidates = jax.lax.top_k(away, min(PANEL, len(points)))[1]
        known = table(candidates)

        def more(inner: State) -> jax.Array:
            _, number, away = inner
            return (number < count) & (candidates == jnp.argmax(away)).any()

        def take(inner: State) -> State:
            centres, number, away = inner
            at = jnp.argmax(away)
            away = jnp.minimum(away, known[jnp.argmax(candidates == at)])
            return centres.at[number].set(at.astype(jnp.int32)), number + 1, away.at[at].set(-1)

        return jax.lax.while_loop(more, take, (centres, number, away))

    away = table(first[None])[0].at[first].set(-1)
    start = jnp.zeros(count, jnp.int32).at[0].set(first), jnp.int32(1), away
    return jax.lax.while_loop(lambda state: state[1] < count, panel, start)[0]
