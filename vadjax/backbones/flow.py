"""Backbone of motion and appearance without weights: cells of optical flow and of contrast.

The input image holds the frame's grey and Farneback's flow (Farneback, SCIA 2003) from the frame
before it, so this backbone's preprocessing remembers a few frames; nothing looks ahead.
"""

import collections
import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.network import Architecture, Network
from vadjax.backbones.optical_flow import Expanded, flow_spec, optical_flow
from vadjax.backbones.preprocess import Preprocess
from vadjax.errors import UserError

CELL = 8  # px
STEPS, ZERO = 16, 128  # levels of a pixel a frame, and the level of no motion: +-8 px
_DOT = 2  # px that are averaged before contrast is measured


@dataclasses.dataclass(frozen=True)
class FlowPreprocess(Preprocess):
    """Frames to uint8 [h, w, 3]: grey, and flow to the right and down in levels of 1/16 px.

    The flow is the mean over the last `memory` pairs of frames; the first frame has none.
    """

    memory: int = 3

    def __post_init__(self):
        super().__post_init__()
        if self.size[0] % CELL or self.size[1] % CELL:
            raise UserError(
                f"input size {self.size} of backbone flow should be multiples of {CELL}"
            )

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Preprocess one frame without a past: no motion."""
        return self.reader()(frame)

    def reader(self) -> Callable[[np.ndarray], np.ndarray]:
        """Return the preprocessing of one video's frames, in their order."""
        past: collections.deque = collections.deque(maxlen=self.memory)
        last = None

        def read(frame: np.ndarray) -> np.ndarray:
            nonlocal last
            grey = super(FlowPreprocess, self).__call__(frame)[..., 0]
            newest = Expanded(grey)
            if last is not None:
                past.append(optical_flow(last, newest))
            last = newest
            flow = np.mean(past, axis=0) if past else np.zeros((*grey.shape, 2), np.float32)
            levels = np.rint(ZERO + STEPS * flow).clip(0, 255).astype(np.uint8)
            return np.dstack([grey, levels])

        return read

    def spec(self) -> dict:
        """Describe everything that determines the input, for a fingerprint."""
        return {**super().spec(), "farneback": flow_spec(), "cell": CELL, "steps": STEPS}


class Flow(Network):
    """Cells of 8 px: mean flow right, left, down, up, its length; then 16 values of contrast."""

    def stages(self):
        return {"map": lambda x, train: cells(x)}

    def head(self, x: jax.Array) -> dict[str, jax.Array]:
        return {"features": x.mean((1, 2))}  # [b, c]


def cells(images: jax.Array) -> jax.Array:
    """Images [b, h, w, 3] of `FlowPreprocess` to cells [b, h / 8, w / 8, 21] float32."""
    x = images.astype(jnp.float32)
    u, v = (x[..., i] / STEPS - ZERO / STEPS for i in (1, 2))  # [b, h, w] px a frame
    parts = [jax.nn.relu(u), jax.nn.relu(-u), jax.nn.relu(v), jax.nn.relu(-v), jnp.hypot(u, v)]
    motion = _blocks(jnp.stack(parts, -1), CELL).mean(-2)  # [b, h / 8, w / 8, 5]
    grey = _blocks(x[..., :1], _DOT).mean(-2)  # [b, h / 2, w / 2, 1]
    away = grey - _box_mean(grey)
    contrast = away / (jnp.sqrt(_box_mean(away**2)) + 6)  # 6 grey levels: noise stays small
    contrast = _blocks(contrast, CELL // _DOT)[..., 0]  # [b, h / 8, w / 8, 16]
    return jnp.concatenate([motion, contrast], -1)


def _blocks(x: jax.Array, side: int) -> jax.Array:
    """[b, h, w, c] to [b, h / side, w / side, side * side, c]."""
    b, h, w, c = x.shape
    x = x.reshape(b, h // side, side, w // side, side, c).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(b, h // side, w // side, side * side, c)


def _box_mean(x: jax.Array, side: int = 21) -> jax.Array:
    """Mean over the part of a box around each place that lies in the image."""

    def total(a):
        for window in ((1, side, 1, 1), (1, 1, side, 1)):
            a = jax.lax.reduce_window(a, 0.0, jax.lax.add, window, (1, 1, 1, 1), "SAME")
        return a

    return total(x) / total(jnp.ones_like(x[:1]))  # folded when compiled: keep it small


ARCHITECTURES = {
    "flow": Architecture(
        network=lambda num_classes, folded: Flow(),
        preprocess=FlowPreprocess(
            size=(160, 240), interpolation="bilinear", mean=(), std=(), channels=1
        ),
        taps=("map",),
        num_features=5 + (CELL // _DOT) ** 2,
    )
}
