"""A student: a small convolutional network from an early map of a backbone to its later maps.

Two 3 x 3 convolutions with ReLU a map, the first with the stride between the maps, and a linear
layer that gives the map; the next map goes on from the hidden layer. After the students of STFPM
(Wang et al., BMVC 2021) and EfficientAD (Batzner et al., WACV 2024), which read pixels.
"""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from vadjax.errors import UserError

WIDTHS = (64, 128)  # hidden channels of the first map, and of those after it
Params = list[dict[str, jax.Array]]
Shape = tuple[int, int, int]  # [h, w, c] of a map


def init(key: jax.Array, shapes: Sequence[Shape]) -> Params:
    """Draw the variables.

    Args:
        key: from which they are drawn.
        shapes: of the map that is read, and of those that are given.

    Returns:
        A dict of each given map: kernels and biases, float32.
    """
    draw, width = jax.nn.initializers.he_normal(), shapes[0][2]
    params: Params = []
    for number, shape in enumerate(shapes[1:]):
        first, second, last = jax.random.split(jax.random.fold_in(key, number), 3)
        hidden = WIDTHS[min(number, len(WIDTHS) - 1)]
        params.append(
            {
                "first": draw(first, (3, 3, width, hidden), jnp.float32),
                "first_bias": jnp.zeros(hidden),
                "second": draw(second, (3, 3, hidden, hidden), jnp.float32),
                "second_bias": jnp.zeros(hidden),
                "last": draw(last, (hidden, shape[2]), jnp.float32),
                "last_bias": jnp.zeros(shape[2]),
            }
        )
        width = hidden
    return params


def check_shapes(shapes: Sequence[Shape]) -> None:
    """Refuse maps that do not become coarser by whole strides.

    Args:
        shapes: see `init`.

    Raises:
        UserError: there is one map alone, or no stride leads from a map to the next.
    """
    if len(shapes) < 2:
        raise UserError(
            "places.taps names one stage, and a student wants two at least: the one that it "
            "reads, and the one that it learns."
        )
    for before, after in itertools.pairwise(shapes):
        stride = stride_between(before, after)
        if any(
            -(-size // stride) != less for size, less in zip(before[:2], after[:2], strict=True)
        ):
            raise UserError(
                f"places.taps: no whole stride leads from a map of {before[0]}x{before[1]} to one "
                f"of {after[0]}x{after[1]}; name stages from fine to coarse."
            )


def stride_between(before: Shape, after: Shape) -> int:
    """Return the stride that leads from one map to the next.

    Args:
        before: shape of the finer map.
        after: shape of the coarser one.

    Returns:
        At least 1.
    """
    return max(1, round(before[0] / after[0]))


def apply(params: Params, maps: jax.Array, *, strides: Sequence[int]) -> list[jax.Array]:
    """Return the later maps.

    Args:
        params: see `init`.
        maps: float32 [b, h, w, c], the early map.
        strides: from each map to the next.

    Returns:
        float32 [b, h', w', c'] each.
    """
    found, x = [], maps
    for layer, stride in zip(params, strides, strict=True):
        x = jax.nn.relu(_convolved(x, layer["first"], stride) + layer["first_bias"])
        x = jax.nn.relu(_convolved(x, layer["second"], 1) + layer["second_bias"])
        found.append(x @ layer["last"] + layer["last_bias"])
    return found


def errors(params: Params, maps: Sequence[jax.Array], *, strides: Sequence[int]) -> list[jax.Array]:
    """Return how far each place of the later maps is from what the student gives.

    Args:
        params: see `init`.
        maps: float32 [b, h, w, c] each, standardised: the early map, and the later ones.
        strides: from each map to the next.

    Returns:
        float32 [b, h', w'] each, mean squared differences over channels.
    """
    given = apply(params, maps[0], strides=strides)
    return [jnp.square(own - wanted).mean(-1) for own, wanted in zip(given, maps[1:], strict=True)]


def _convolved(x: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    return jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
