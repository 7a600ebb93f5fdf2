"""A differentiable optical flow without weights, in the place of a trained flow network.

Horn and Schunck, "Determining optical flow" (1981): few steps of their iteration at one scale. It
sees motion of a pixel or two and smooths over borders, which FlowNet does not; what a loss needs of
it is that equal frames have equal flow and that its gradient says in which direction they differ.
"""

import jax
import jax.numpy as jnp

STEPS = 16  # of the iteration: by so many pixels motion spreads into plain regions
SMOOTH = 0.01  # square of the weight of smoothness, for pixels in -1 .. 1


def flow(before: jax.Array, after: jax.Array) -> jax.Array:
    """Estimate the motion between two frames.

    Args:
        before: float32 [b, h, w, c] in -1 .. 1; channels are averaged.
        after: of the same shape.

    Returns:
        float32 [b, h, w, 2], pixels to the right and down.
    """
    first, second = before.mean(-1), after.mean(-1)
    middle = _padded((first + second) / 2)
    across = (middle[:, 1:-1, 2:] - middle[:, 1:-1, :-2]) / 2
    down = (middle[:, 2:, 1:-1] - middle[:, :-2, 1:-1]) / 2
    slope = jnp.stack([across, down], -1)  # [b, h, w, 2]
    change = second - first
    scale = SMOOTH + jnp.square(slope).sum(-1)

    def step(moved: jax.Array, _: None) -> tuple[jax.Array, None]:
        near = _neighbours(moved)
        wrong = (slope * near).sum(-1) + change  # of the assumption that brightness is kept
        return near - slope * (wrong / scale)[..., None], None

    return jax.lax.scan(step, jnp.zeros_like(slope), None, length=STEPS)[0]


def _neighbours(x: jax.Array) -> jax.Array:
    """Weighted mean of the eight neighbours: 1/6 beside, 1/12 across, edges repeated."""
    x = _padded(x)
    h, w = x.shape[1] - 2, x.shape[2] - 2
    at = lambda i, j: x[:, i : i + h, j : j + w]  # noqa: E731
    beside = at(0, 1) + at(2, 1) + at(1, 0) + at(1, 2)
    return beside / 6 + (at(0, 0) + at(0, 2) + at(2, 0) + at(2, 2)) / 12


def _padded(x: jax.Array) -> jax.Array:
    return jnp.pad(x, ((0, 0), (1, 1), (1, 1), *((0, 0),) * (x.ndim - 3)), mode="edge")
