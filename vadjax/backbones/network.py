"""What a family of backbones provides: a network of named stages, how to build and fill it."""

import dataclasses
from collections.abc import Callable, Sequence

import flax.linen as nn
import jax

from vadjax.backbones.port import Rule
from vadjax.backbones.preprocess import Preprocess
from vadjax.backbones.weights import Package


class Network(nn.Module):
    """A chain of named stages that ends in "map", and a head on the map.

    A family subclasses it with `stages` and, where it differs, `head`; `__call__` can then start
    after any stage and stop at any other, so that explanations differentiate only what they need.
    """

    def stages(self) -> dict[str, Callable]:
        """Return the stages in their order, each `(x, train) -> x`; the last is "map"."""
        raise NotImplementedError

    def head(self, x: jax.Array) -> dict[str, jax.Array]:
        """Turn the map into {"features": [b, d]} and, with a classifier, {"logits": [b, k]}."""
        raise NotImplementedError

    def __call__(
        self,
        x: jax.Array,
        *,
        start: str = "",
        stop: str = "",
        taps: Sequence[str] = (),
        train: bool = False,
    ):
        """Run from after the stage `start` ("" is the image) to the stage `stop`.

        Returns:
            The output of `stop`; with stop="", a dict of "map", "taps" and what `head` returns.
        """
        stages = self.stages()
        names = list(stages)
        tapped = {}
        for name in names[names.index(start) + 1 if start else 0 :]:
            x = stages[name](x, train)
            if name in taps:
                tapped[name] = x
            if name == stop:
                return x
        return {**self.head(x), "map": x, "taps": tapped}


@dataclasses.dataclass(frozen=True)
class Architecture:
    """How to build a backbone of one name, and where its weights come from.

    Attributes:
        network: (num_classes, folded) -> Network; num_classes 0 is without classifier.
        preprocess: The checkpoint's own.
        taps: Names of the stages, in order.
        num_features: Length of the pooled feature vector; 0 means that the map is not pooled.
        layouts: (a key that only this layout has, its porting table) for each way in which
            checkpoints name the weights; the first is timm's. Empty: a network without weights.
        classifier: Keys of the classifier's weight, one of which tells the number of classes.
        ignore: Patterns of keys that hold nothing to port.
        eps: Batch norm's epsilon.
        stem: Path of the first convolution's kernel in the parameters.
        package: Python package that carries weights.
        checkpoint: Hub id of timm's checkpoint, named in the error for absent weights.
    """

    network: Callable[[int, bool], Network]
    preprocess: Preprocess
    taps: tuple[str, ...]
    num_features: int = 0
    layouts: tuple[tuple[str, tuple[Rule, ...]], ...] = ()
    classifier: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    eps: float = 1e-5
    stem: tuple[str, ...] = ()
    package: Package | None = None
    checkpoint: str = ""
