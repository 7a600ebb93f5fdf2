"""A network that ends at one of its stages; its features are the mean of that stage's map.

Later stages are never computed and need no weights, so that a file with only the first stages of a
network is enough, as detectors on mid-level features use it.
"""

import dataclasses
import functools
from collections.abc import Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import traverse_util

from vadjax.backbones.network import Architecture, Network, spatial
from vadjax.errors import UserError, unknown


class Truncated(Network):
    """The first stages of a network, the last of them under the name "map".

    Attributes:
        whole: The network; what of its variables is used lies where it lies in it.
        last: Its stage that is ours.
    """

    whole: Network
    last: str

    def setup(self):
        nn.share_scope(self, self.whole)

    @property
    def folded(self) -> bool:
        """Whether the variables are those of a folded network."""
        return getattr(self.whole, "folded", False)

    def stages(self) -> dict:
        """Return the stages up to the last, which is called "map"."""
        found = self.whole.stages()
        names = list(found)
        names = names[: names.index(self.last)]
        return {**{name: found[name] for name in names}, "map": found[self.last]}

    def head(self, x) -> dict[str, jax.Array]:
        """Return {"features": [b, c]}, the mean over places; there is no classifier."""
        return {"features": spatial(x).mean((1, 2))}


def ended(name: str, architecture: Architecture, last: str) -> Architecture:
    """Return the architecture of a network that ends with one of its stages.

    Args:
        name: Of the backbone, for messages.
        architecture: Of the whole network.
        last: The last stage.

    Returns:
        The architecture of the truncated network.

    Raises:
        UserError: It has no weights, or no such stage before its map.
    """
    stages = architecture.taps[:-1]
    if not architecture.layouts or not stages:
        raise UserError(f"backbone {name} has no stage before its map; set features.last_stage=''")
    if last not in stages:
        raise unknown(f"features.last_stage of {name}", last, stages)

    def network(num_classes: int, folded: bool) -> Truncated:
        return Truncated(architecture.network(num_classes, folded), last)

    image = jnp.zeros((1, *architecture.preprocess.size, 3))
    outputs, _ = jax.eval_shape(network(0, True).init_with_output, jax.random.key(0), image)
    return dataclasses.replace(
        architecture,
        network=network,
        taps=(*architecture.taps[: architecture.taps.index(last)], "map"),
        num_features=outputs["features"].shape[-1],
        settings={**architecture.settings, "last_stage": last},
    )


def unused(module: Network, template: Mapping, image: jax.ShapeDtypeStruct) -> frozenset[str]:
    """Return the leaves that only the whole network of a truncated one has.

    Args:
        module: Any network.
        template: Shapes of its variables.
        image: Shape and dtype of its input.

    Returns:
        Paths with "/"; none if the network is not a `Truncated`.
    """
    if not isinstance(module, Truncated):
        return frozenset()
    whole = jax.eval_shape(module.whole.init, jax.random.key(0), image)
    leaves = functools.partial(traverse_util.flatten_dict, sep="/")
    return frozenset(leaves(whole)) - frozenset(leaves(template))
