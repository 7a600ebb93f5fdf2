"""Backbone of motion and pretrained appearance: `flow` beside a stage of EfficientNet-Lite0.

The third stage has one place for each cell of 8 px, so that appearance (by a network trained on
ImageNet) and motion lie on one grid.
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones import efficientnet, flow
from vadjax.backbones.network import spatial
from vadjax.backbones.preprocess import Preprocess
from vadjax.backbones.truncated import Truncated, ended

_NAME, _STAGE = "tf_efficientnet_lite0", "stage3"
_LOOK = efficientnet.ARCHITECTURES[_NAME]


@dataclasses.dataclass(frozen=True)
class LookPreprocess(flow.FlowPreprocess):
    """Frames to uint8 [h, w, 6]: red, green, blue; then grey and flow as in `FlowPreprocess`."""

    def reader(self) -> Callable[[np.ndarray], np.ndarray]:
        """Return the preprocessing of one video's frames, in their order."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        moves = flow.FlowPreprocess(**{**values, "channels": 1}).reader()
        return lambda frame: np.dstack([Preprocess.__call__(self, frame), moves(frame)])


class FlowBesideStage(Truncated):
    """The 21 channels of `flow.cells`, then those of the stage."""

    def stages(self) -> dict[str, Callable]:
        """Return the one stage, "map"."""
        return {"map": self._map}

    def _map(self, x: jax.Array, train: bool) -> jax.Array:
        mean, std = np.float32(_LOOK.preprocess.mean), np.float32(_LOOK.preprocess.std)
        look = (x[..., :3].astype(jnp.float32) / 255 - mean) / std
        if self.has_variable("params", "stem"):
            look = look.astype(self.get_variable("params", "stem")["kernel"].dtype)
        for stage in super().stages().values():
            look = stage(look, train)
        return jnp.concatenate([flow.cells(x[..., 3:]).astype(look.dtype), spatial(look)], -1)


def _architecture():
    truncated = ended(_NAME, _LOOK, _STAGE)
    motion = flow.ARCHITECTURES["flow"]
    values = {f.name: getattr(motion.preprocess, f.name) for f in dataclasses.fields(Preprocess)}
    return dataclasses.replace(
        truncated,
        network=lambda num_classes, folded: FlowBesideStage(
            _LOOK.network(num_classes, folded), _STAGE
        ),
        preprocess=LookPreprocess(**{**values, "channels": 6}),
        taps=("map",),
        num_features=motion.num_features + truncated.num_features,
        multiple=flow.CELL,
    )


ARCHITECTURES = {"flow_lite0": _architecture()}
