"""Fast gradient sign: which pixels to change, and which way, so that a frame's score falls."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from vadjax.backbones.backbone import Backbone
from vadjax.explain.taps import INPUT, cut


def make_sign_fn(backbone: Backbone, *, rows: str) -> Callable:
    """Compile the sign of the gradient of a frame's score in the frame's pixels.

    FGSM (Goodfellow et al., ICLR 2015) moves every pixel by one amount along it. The gradient in
    the frame's row comes from `cam.make_gradient_fn`; earlier frames of the window are held fixed.

    Args:
        backbone: what `backbones.create` returned.
        rows: what the detector reads of it, see `taps.cut`.

    Returns:
        A function (images uint8 [b, h, w, c], gradients [b, ...] of their rows) -> int8
        [b, h, w, c] of -1, 0 and 1.
    """
    before, after = cut(backbone, tap=INPUT, rows=rows)
    variables = backbone.prepared()

    @jax.jit
    def run(variables, images, gradients):
        def score(x):
            return (after(variables, x).astype(jnp.float32) * gradients).sum()

        return jnp.sign(jax.grad(score)(before(variables, images))).astype(jnp.int8)

    return lambda images, gradients: run(variables, images, gradients)
